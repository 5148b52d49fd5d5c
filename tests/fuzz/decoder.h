/*
 * decoder.h - one input through one decoder, with the recorder watching that the decoder keeps to the contract.
 */
#ifndef FUZZ_DECODER_H
#define FUZZ_DECODER_H

#include "tests/unit/recorder.h"

typedef enum cs_status decoder(struct slice object, struct emit *out);

static inline int fuzz_decoder(decoder *decode, const uint8_t *p, size_t n)
{
    struct recorder r;
    enum cs_status st;

    recorder_init(&r);
    r.max_bytes = 16 << 20;
    r.max_items = 10000;
    r.stop_at = n && p[n - 1] == 's' ? p[0] : 0;        /* some inputs are stopped on the way */
    st = decode(slice_of(p, n), &r.emit);
    assert(st == CS_OK || r.is_stopped);
    assert(st != CS_OK || !r.is_open);
    recorder_release(&r);
    return 0;
}

#define FUZZ_DECODER(decode)                                                                                        \
    int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);                                                         \
    int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)                                                          \
    {                                                                                                               \
        return fuzz_decoder(decode, p, n);                                                                          \
    }

#endif
