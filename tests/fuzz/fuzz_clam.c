/* Any bytes as a set of ClamAV's; the first byte chooses the format. */
#include "vdl/compile.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "f.ndb", "f.ldb", "f.hdb", "f.cdb", "f.mdb", "f.ign2", "f.db", "f.fp", "f.cvd", "f.cud", "f.ldu", "f.imp" };
    struct vdl_options o = { .trees_only = true, .with_pua = true, .memory = (size_t)64 << 20 };
    struct vdl_compiler *c;
    char *text = NULL;
    size_t len;

    if (size == 0)
        return 0;
    o.complaints = open_memstream(&text, &len);
    c = vdl_compiler_new(&o);
    if (c && vdl_compiler_add_text(c, names[data[0] % (sizeof names / sizeof *names)], slice_of(data + 1, size - 1)) == CS_NOMEM && size < 4096)
        abort();
    if (c && vdl_compiler_finish(c) == CS_NOMEM && size < 4096)
        abort();
    vdl_compiler_free(c);
    fclose(o.complaints);
    free(text);
    return 0;
}
