/* Any bytes as an executable: sections, entry point, version information, imports. */
#include "vdl/match/exe.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf imports = buf_init(EXE_IMPORTS);
    struct exe x;

    if (!exe_read(&x, slice_of(data, size)))
        return 0;
    if (exe_imports(&x, slice_of(data, size), &imports) == CS_NOMEM || imports.n > EXE_IMPORTS)
        abort();
    buf_release(&imports);
    exe_read_keys(&x, slice_of(data, size));
    if (x.n > EXE_SECTIONS || x.n_keys > EXE_KEYS)
        abort();
    for (uint32_t i = 0; i < x.n_keys; i++)
        if (x.keys[i] > size)
            abort();
    return 0;
}
