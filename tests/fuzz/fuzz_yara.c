/* Any bytes as YARA rules. */
#include "vdl/compile.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct vdl_options o = { .trees_only = true, .memory = (size_t)64 << 20 };
    struct vdl_compiler *c;
    char *text = NULL;
    size_t len;

    o.complaints = open_memstream(&text, &len);
    c = vdl_compiler_new(&o);
    if (c && vdl_compiler_add_text(c, "fuzz.yar", slice_of(data, size)) == CS_NOMEM && size < 1024)
        abort();
    vdl_compiler_free(c);
    fclose(o.complaints);
    free(text);
    return 0;
}
