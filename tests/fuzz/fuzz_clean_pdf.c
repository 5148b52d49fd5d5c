#include <assert.h>

#include "convscan/clean.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing moves, and what is clean stays as it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = buf_init(1 << 20);
    bool is_changed;

    if (clean_pdf(slice_of(data, size), &out, &is_changed) == CS_OK) {
        assert(out.n == size);
        assert(is_changed || slice_eq(buf_slice(&out), slice_of(data, size)));
    }
    buf_release(&out);
    return 0;
}
