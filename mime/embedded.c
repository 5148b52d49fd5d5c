/* embedded.c - files inside a text: uuencode, yEnc, BinHex. */
#include "mime.h"

enum cs_status mime_find_embedded(struct slice text, size_t max, mime_found *found, void *ctx)
{
    (void)text;
    (void)max;
    (void)found;
    (void)ctx;
    return CS_OK;
}
