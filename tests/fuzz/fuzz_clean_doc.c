#include <assert.h>

#include "convscan/clean.h"

static void clean(clean_fn *fn, struct slice in, struct buf *out)
{
    bool is_changed;

    out->n = 0;
    if (fn(in, out, &is_changed) == CS_OK)
        assert(is_changed || slice_eq(in, buf_slice(out)));
    else
        assert(out->n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct slice in = slice_of(p, n);
    struct buf out = buf_init(1 << 24), again = buf_init(1 << 24);

    clean(clean_rtf, in, &out);
    if (out.n) {                            /* clean text needs no more cleaning */
        clean(clean_rtf, buf_slice(&out), &again);
        assert(slice_eq(buf_slice(&out), buf_slice(&again)));
    }
    clean(clean_ole2, in, &out);            /* streams that share sectors may need it: the second scan tells */
    assert(out.n == 0 || out.n == n);
    buf_release(&out);
    buf_release(&again);
    return 0;
}
