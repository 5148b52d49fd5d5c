/* The first byte chooses the charset; what comes out must be UTF-8, whatever goes in. */
#include <assert.h>

#include "mime/charset.h"
#include "splits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = { "", "utf-8", "latin1", "windows-1252", "utf-7", "utf-16", "utf-16le", "utf-16be",
                                         "utf-32", "utf-32le", "utf-32be", "iso-2022-jp", "iso-2022-kr", "iso-2022-cn",
                                         "shift_jis", "gb18030", "big5", "koi8-r", "euc-tw", "windows-1258" };
    struct buf out = buf_init(SPLITS_MAX);
    struct slice in = slice_drop(slice_of(data, size), 1);
    bool is_damaged;

    if (size == 0 || size > 1 << 16)
        return 0;
    (void)mime_charset_detect(in);
    assert(mime_charset_to_utf8(slice_str(names[data[0] % (sizeof names / sizeof *names)]), in, splits_put, &out,
                                &is_damaged) == CS_OK);
    assert(utf8_is_valid(buf_slice(&out)));
    assert(out.n <= in.n * 3 + 3 || data[0] % (sizeof names / sizeof *names) > 10);
    buf_release(&out);
    return 0;
}
