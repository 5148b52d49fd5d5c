#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_splits(MIME_ENC_UU, slice_of(data, size));
    fuzz_splits(MIME_ENC_UU_BARE, slice_of(data, size));
    return 0;
}
