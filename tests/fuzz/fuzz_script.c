#include "convscan/script.h"
#include "tests/unit/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recorder r;

    recorder_init(&r);
    r.max_bytes = 1 << 20;
    r.max_items = 1000;
    if (script_decode(slice_of(data, size), &r.emit) == CS_OK)
        assert(!r.is_open);
    recorder_release(&r);
    return 0;
}
