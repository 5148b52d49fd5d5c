#include <assert.h>

#include "convscan/clean_zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every second member goes; keeping all must give the file back. */
static bool pick(void *to, struct slice name, struct buf *notice)
{
    unsigned *turn = to;

    (void)name;
    return *turn < 2 && ++*turn % 2 && buf_puts(notice, "removed") == CS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    unsigned some = 0, none = 2;
    bool is_changed;

    for (int i = 0; i < 3; i++) {
        struct buf out = buf_init(1 << 20);
        enum cs_status st = i == 2 ? clean_ooxml(in, &out, &is_changed)
                                   : clean_zip(in, pick, i ? &none : &some, &out, &is_changed);
        assert(!(i && st == CS_OK && !is_changed) || out.n >= 22);
        buf_release(&out);
    }
    return 0;
}
