#include "convscan/inflate.h"
#include "decoder.h"

static enum cs_status put(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

static enum cs_status decode(struct slice in, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "inflate" };
    enum cs_status st = CS_OK;

    for (int kind = INFLATE_RAW; st == CS_OK && kind <= INFLATE_AUTO; kind++) {
        struct inflate_result res;
        st = out->open(out, &c);
        if (st == CS_OK)
            st = inflate_all(in, (enum inflate_kind)kind, put, out, &res);
        if (st == CS_OK)
            assert(res.used <= in.n);
        if (st == CS_OK)
            st = out->close(out);
    }
    return st;
}

FUZZ_DECODER(decode)
