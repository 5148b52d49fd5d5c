/* A status file from another host, drawn. */
#include <stdlib.h>

#include "imta/topview.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct snapshot s;
    static struct topview v;

    if (!snapshot_parse(&s, slice_of(data, size)))
        return 0;
    topview_draw(&v, &s, size % 200, 1e9);
    for (size_t i = 0; i < v.n; i++)
        for (const char *c = v.line[i]; *c; c++)
            if (*c < ' ' || *c > '~')
                abort();
    return 0;
}
