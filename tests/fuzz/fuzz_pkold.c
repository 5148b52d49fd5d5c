/*
 * The compressors that we read ourselves, without a container around them: shrink, reduce, implode, deflate64, Outlook's packed RTF.
 * The first byte picks which, the next two are the size that the header would tell.
 */
#include "convscan/deflate64.h"
#include "convscan/lzfu.h"
#include "convscan/pkold.h"
#include "tests/unit/recorder.h"

enum { LAST = 8192 };    /* the longest string of shrink: the size is looked at between strings */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum cs_status keep(void *to, struct slice bytes)
{
    assert(bytes.n && bytes.p);
    return buf_put(to, bytes);
}

static enum cs_status unpack(uint8_t kind, uint64_t size, struct slice in, struct buf *out, struct inflate_result *res)
{
    switch (kind % 4) {
    case 0: return pkold_shrink(in, size, keep, out, res);
    case 1: return pkold_reduce(in, 1 + kind / 4 % 4, size, keep, out, res);
    case 2: return pkold_implode(in, kind / 4 % 8, size, keep, out, res);
    default: return deflate64_all(in, keep, out, res);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf out = buf_init(1 << 20);
    struct inflate_result res = { 0 };
    struct slice in = slice_of(data, size);
    uint64_t told;

    if (size < 3)
        return 0;
    told = (uint64_t)(data[1] << 8 | data[2]);
    in = slice_drop(in, 3);
    if (data[0] & 0x80) {
        enum cs_status st = lzfu_unpack(in, &out);

        assert(st == CS_OK || st == CS_TOOBIG);
    } else if (unpack(data[0], told, in, &out, &res) == CS_OK) {
        assert(res.used <= in.n && res.made == out.n);
        assert(data[0] % 4 == 3 || out.n < told + LAST);
    }
    buf_release(&out);
    return 0;
}
