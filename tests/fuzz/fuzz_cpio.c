#include "convscan/cpio.h"
#include "decoder.h"

/* Whatever another reader found: another number of files. */
static enum cs_status decode(struct slice object, struct emit *out)
{
    return cpio_has(object) ? cpio_again(object, SIZE_MAX, 0, out) : CS_OK;
}

FUZZ_DECODER(decode)
