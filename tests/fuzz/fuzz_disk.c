/*
 * Images of disks; the first byte picks how they are kept. What tells about a VHDX stands behind 192 KB that nobody looks at: there the
 * two bytes behind say how much of the rest stands in front of that, as a block of the disk.
 */
#include "base/bytes.h"
#include "convscan/formats.h"
#include "decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { REGIONS = 192 << 10 };

static int far_apart(struct slice in)
{
    size_t n_front;
    uint8_t *file;
    int answer;

    if (in.n < 2)
        return 0;
    n_front = get_le16(in.p);
    in = slice_drop(in, 2);
    n_front = n_front < in.n ? n_front : in.n;
    file = calloc(1, REGIONS + in.n - n_front);
    assert(file);
    memcpy(file, in.p, n_front);
    memcpy(file + REGIONS, in.p + n_front, in.n - n_front);
    answer = fuzz_decoder(vhdx_decode, file, REGIONS + in.n - n_front);
    free(file);
    return answer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static decode_fn *const all[] = { disk_decode, vhd_decode, vhdx_decode };
    enum { FAR_APART = 3 };

    if (size == 0)
        return 0;
    return data[0] % 4 == FAR_APART ? far_apart(slice_of(data + 1, size - 1)) : fuzz_decoder(all[data[0] % 4], data + 1, size - 1);
}
