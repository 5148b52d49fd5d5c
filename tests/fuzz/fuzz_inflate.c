#include "convscan/inflate.h"
#include "decoder.h"

static enum cs_status put(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

struct sized {
    uint8_t *room;
    struct buf out;
};

static uint8_t *room(void *to, size_t n)
{
    struct sized *s = to;

    free(s->room);
    s->room = malloc(n);
    return s->room;
}

static enum cs_status keep(void *to, struct slice bytes)
{
    struct sized *s = to;

    return buf_put(&s->out, bytes);
}

/* All at once gives what comes out piece by piece, and perhaps more where the data is broken. */
static void compare(struct slice in)
{
    size_t size = in.n ? (size_t)in.p[in.n - 1] * 64 : 0;
    struct sized a = { .out = buf_init(1 << 20) }, b = { .out = buf_init(1 << 20) };

    for (int kind = INFLATE_RAW; kind <= INFLATE_GZIP; kind++) {
        struct inflate_result ra, rb;
        enum cs_status sa = inflate_all(in, (enum inflate_kind)kind, keep, &a, &ra);
        enum cs_status sb = inflate_sized(in, (enum inflate_kind)kind, size, room, keep, &b, &rb);

        assert(b.out.n >= a.out.n || sb != CS_OK);
        assert(slice_starts(buf_slice(&b.out), buf_slice(&a.out)) || sb != CS_OK);
        assert(sa != CS_OK || sb != CS_OK || ra.is_damaged || (a.out.n == b.out.n && ra.used == rb.used && !rb.is_damaged));
        a.out.n = b.out.n = 0;
    }
    free(b.room);
    buf_release(&a.out);
    buf_release(&b.out);
}

static enum cs_status decode(struct slice in, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "inflate" };
    enum cs_status st = CS_OK;

    compare(in);

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
