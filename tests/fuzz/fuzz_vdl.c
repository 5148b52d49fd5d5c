/* Any bytes as a VDL source: complaints or trees, in bounded time. What was read is printed and checked too. */
#include "vdl/compile.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vdl_options o = { .trees_only = true, .memory = (size_t)64 << 20 };
    struct vdl_compiler *c;
    struct vdl_counts n;
    char *text = NULL;
    size_t len;

    o.confirmed_only = size && data[0] == 'c';
    o.complaints = open_memstream(&text, &len);
    c = vdl_compiler_new(&o);
    if (c && vdl_compiler_add_text(c, "fuzz.vdl", slice_of(data, size)) == CS_OK) {
        vdl_compiler_counts(c, &n);
        if (n.errors == 0 && n.loaded == 0 && n.duplicates)
            abort();
    }
    vdl_compiler_free(c);
    fclose(o.complaints);
    free(text);
    return 0;
}
