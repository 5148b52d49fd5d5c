#include "convscan/zip.h"
#include "tests/unit/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice words[] = { { (const uint8_t *)"infected", 8 }, { (const uint8_t *)"secret", 6 } };
    struct recorder r;

    recorder_init(&r);
    r.max_bytes = 1 << 20;
    r.max_items = 1000;
    r.emit.passwords = words;
    r.emit.n_passwords = 2;
    (void)zip_is(slice_of(data, size));
    (void)zip_is_behind(slice_of(data, size));
    if (zip_decode(slice_of(data, size), &r.emit) == CS_OK)
        assert(!r.is_open);
    recorder_release(&r);
    return 0;
}
