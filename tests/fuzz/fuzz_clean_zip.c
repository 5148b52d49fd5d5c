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

static enum cs_status clean(int how, struct slice in, struct buf *out, bool *is_changed)
{
    unsigned some = 0, none = 2;

    switch (how) {
    case 0: return clean_zip(in, false, pick, &none, out, is_changed);
    case 1: return clean_zip(in, false, pick, &some, out, is_changed);
    case 2: return clean_zip(in, true, pick, &some, out, is_changed);
    case 3: return clean_ooxml(in, out, is_changed);
    default: return clean_odf(in, out, is_changed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool is_changed;

    for (int how = 0; how < 5; how++) {
        struct buf out = buf_init(1 << 20);
        enum cs_status st = clean(how, slice_of(data, size), &out, &is_changed);
        assert(st != CS_OK || (how == 0 ? !is_changed : is_changed || out.n >= 22));
        buf_release(&out);
    }
    return 0;
}
