/* What hides in text and behind other bytes, under every label: the first byte picks what the server said about the charset. */
#include "convscan/formats.h"
#include "tests/unit/recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const charsets[] = { "", "utf-8", "utf-7", "utf-16", "utf-32be", "iso-2022-jp", "iso-2022-kr", "hz-gb-2312", "shift_jis",
                                            "koi8-r", "us-ascii\"", "no-such-set", "windows-1252", "big5", "gb18030", "ebcdic-us" };
    static decode_fn *const all[] = { text_decode, normtext_decode, inside_decode, xmlbomb_decode };

    for (size_t i = 0; size && i < 4; i++) {
        struct recorder r;

        recorder_init(&r);
        r.max_bytes = 16 << 20;
        r.max_items = 10000;
        r.emit.charset = slice_str(charsets[data[0] % 16]);
        assert(all[i](slice_of(data + 1, size - 1), &r.emit) == CS_OK || r.is_stopped);
        recorder_release(&r);
    }
    return 0;
}
