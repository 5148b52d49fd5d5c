#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splits(MIME_ENC_QP, slice_of(data, size));
    fuzz_splits(MIME_ENC_QP_LOOSE, slice_of(data, size));
    return 0;
}
