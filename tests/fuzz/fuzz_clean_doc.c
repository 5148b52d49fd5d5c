#include <assert.h>

#include "convscan/clean.h"

/* A cleaned document is a document that needs no more cleaning. */
static void twice(clean_fn *clean, struct slice in)
{
    struct buf out = buf_init(1 << 24), again = buf_init(1 << 24);
    bool is_changed;

    if (clean(in, &out, &is_changed) == CS_OK) {
        assert(is_changed || slice_eq(in, buf_slice(&out)));
        if (clean(buf_slice(&out), &again, &is_changed) == CS_OK)
            assert(slice_eq(buf_slice(&out), buf_slice(&again)));
    }
    buf_release(&out);
    buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    twice(clean_rtf, slice_of(p, n));
    twice(clean_ole2, slice_of(p, n));
    return 0;
}
