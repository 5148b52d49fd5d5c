#include "libmagic.h"

#include <stdio.h>
#include <stdlib.h>

#include <magic.h>

enum { LOOKED_AT = 256 << 10 };

static magic_t table(void)
{
    static magic_t m;           /* one a process: opening it costs more than most parts do */
    static bool is_tried;

    if (is_tried)
        return m;
    is_tried = true;
    /* The system's table, not one that the environment names nor one in somebody's home. */
    unsetenv("MAGIC");
    unsetenv("HOME");
    m = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_TAR | MAGIC_ERROR);
    if (m && magic_load(m, NULL) != 0) {
        magic_close(m);
        m = NULL;
    }
    return m;
}

bool magic_media(struct slice bytes, char out[128])
{
    magic_t m = table();
    const char *type = m ? magic_buffer(m, bytes.p, bytes.n < LOOKED_AT ? bytes.n : LOOKED_AT) : NULL;

    return type && snprintf(out, 128, "%s", type) > 0 && strcmp(out, "application/octet-stream") != 0;
}
