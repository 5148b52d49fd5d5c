#include "convscan/lha.h"
#include "convscan/lzh.h"
#include "decoder.h"

static enum cs_status put(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

/* Each method on the bytes as they are, then the archive. */
static enum cs_status decode(struct slice in, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "lzh" };
    struct inflate_result res;
    enum cs_status st = out->open(out, &c);

    if (st == CS_OK)
        st = lzh_unpack(slice_drop(in, 1), (char)('4' + (in.n ? in.p[0] % 4 : 0)), 100000, put, out, &res);
    if (st == CS_OK)
        st = lzh_unpack_lh1(slice_drop(in, 1), 100000, put, out, &res);
    if (st == CS_OK)
        st = lzh_unpack_lz5(slice_drop(in, 1), 100000, put, out, &res);
    if (st == CS_OK)
        st = out->close(out);
    return st == CS_OK ? lha_decode(in, out) : st;
}

FUZZ_DECODER(decode)
