/* Images of disks; the first byte picks how they are kept. */
#include "convscan/formats.h"
#include "decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static decode_fn *const all[] = { disk_decode, vhd_decode, vhdx_decode };

    return size ? fuzz_decoder(all[data[0] % 3], data + 1, size - 1) : 0;
}
