/* Bytes given to every decoder behind libarchive, whatever they look like; the first byte picks which. */
#include "convscan/formats.h"
#include "convscan/unpack.h"
#include "decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* As in the cage: what is too much is refused, and a reader has to live with that. */
const char *__asan_default_options(void)
{
    return "max_allocation_size_mb=512:allocator_may_return_null=1";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static decode_fn *const all[] = { unpack_rar, unpack_7z,  unpack_tar, unpack_cpio,     unpack_ar,   unpack_cab,  lha_decode,
                                      unpack_iso, lz4_decode, unpack_compress, unpack_lzip, gzip_decode, bzip2_decode, xz_decode,
                                      lzma_decode, zstd_decode, unpack_rpm };

    return size ? fuzz_decoder(all[data[0] % (sizeof all / sizeof *all)], data + 1, size - 1) : 0;
}
