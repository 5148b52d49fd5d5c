/* splits.h - a decoder must say the same for one piece, for pieces cut as the input's bytes say, and for single bytes. */
#ifndef TESTS_SPLITS_H
#define TESTS_SPLITS_H

#include <assert.h>

#include "base/buf.h"
#include "mime/mime.h"

enum { SPLITS_MAX = 8 << 20 };

static inline enum cs_status splits_put(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

/* step 0: all at once; else pieces of 1 to step bytes, their lengths from the input itself. */
static inline bool splits_run(enum mime_encoding e, struct slice in, size_t step, struct buf *out)
{
    struct mime_decoder d;

    mime_decoder_init(&d, e, splits_put, out);
    while (in.n) {
        size_t n = step ? in.p[0] % step + 1 : in.n;
        if (mime_decoder_feed(&d, slice_take(in, n)) != CS_OK)
            return false;
        in = slice_drop(in, n);
    }
    assert(mime_decoder_end(&d) == CS_OK);
    return d.is_damaged;
}

static inline void fuzz_splits(enum mime_encoding e, struct slice in)
{
    static const size_t steps[] = { 0, 1, 7, 200 };
    struct buf out[4];
    bool is_damaged[4];

    if (in.n > 1 << 16)
        return;
    for (size_t i = 0; i < 4; i++) {
        out[i] = buf_init(SPLITS_MAX);
        is_damaged[i] = splits_run(e, in, steps[i], &out[i]);
        assert(slice_eq(buf_slice(&out[i]), buf_slice(&out[0])) && is_damaged[i] == is_damaged[0]);
    }
    for (size_t i = 0; i < 4; i++)
        buf_release(&out[i]);
}

/* What was encoded decodes to the same bytes. */
static inline void fuzz_round_trip(enum mime_encoding e, struct slice in)
{
    struct buf text = buf_init(SPLITS_MAX), back = buf_init(SPLITS_MAX);

    assert(mime_encode(e, in, "\r\n", splits_put, &text) == CS_OK);
    assert(!splits_run(e, buf_slice(&text), 0, &back));
    assert(slice_eq(buf_slice(&back), in));
    buf_release(&text);
    buf_release(&back);
}

#endif
