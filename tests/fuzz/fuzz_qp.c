#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splits(MIME_ENC_QP, slice_of(data, size));
    for (enum mime_encoding e = MIME_ENC_QP_UPPER_TWO; e != MIME_ENC_NONE; e = mime_encoding_next(e))
        fuzz_splits(e, slice_of(data, size));
    return 0;
}
