#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splits(MIME_ENC_BASE64, slice_of(data, size));
    fuzz_splits(MIME_ENC_BASE64_LOOSE, slice_of(data, size));
    fuzz_round_trip(MIME_ENC_BASE64, slice_of(data, size));
    return 0;
}
