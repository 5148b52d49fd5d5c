#include "alz.h"

#include "bz.h"
#include "cut.h"

enum { STORED = 0, BZIP2 = 1, DEFLATED = 2, IS_ENCRYPTED = 1 };

static enum cs_status put_piece(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

static enum cs_status unpack(unsigned method, struct slice data, struct emit *out)
{
    struct inflate_result res = { 0 };
    enum cs_status st;

    if (method == STORED)
        return out->put(out, data);
    st = method == BZIP2 ? bz_all(data, put_piece, out, &res) : inflate_all(data, INFLATE_RAW, put_piece, out, &res);
    return st;
}

static enum cs_status member(const struct emit_child *c, unsigned method, struct slice data, struct emit *out)
{
    enum cs_status st;

    if (method > DEFLATED)
        return out->note(out, EMIT_ENCRYPTED, "method of an ALZ archive");
    st = out->open(out, c);
    if (st == CS_OK)
        st = unpack(method, data, out);
    return st == CS_OK ? out->close(out) : st;
}

/* A size of as many bytes as the head says. */
static uint64_t cut_size(struct cut *c, size_t n)
{
    struct slice s = cut_bytes(c, n);
    uint64_t v = 0;

    for (size_t i = s.n; i-- > 0; )
        v = v << 8 | s.p[i];
    return v;
}

/* One file's head and data, behind its mark. */
static enum cs_status file(struct cut *c, struct emit *out)
{
    struct emit_child child = { .kind = EMIT_MEMBER, .how = "alz" };
    size_t n_name = cut_le16(c), n_size;
    unsigned flags, method = STORED;
    struct slice data;

    (void)cut_bytes(c, 1 + 4);                      /* attributes, time */
    flags = cut_u8(c);
    (void)cut_u8(c);
    n_size = flags >> 4;
    if (n_size) {
        method = cut_u8(c);
        (void)cut_bytes(c, 1 + 4);                  /* unknown, checksum */
        child.packed = cut_size(c, n_size);
        child.size = cut_size(c, n_size);
    }
    child.name = cut_bytes(c, n_name);
    if (flags & IS_ENCRYPTED)
        (void)cut_bytes(c, 12);
    data = cut_bytes(c, child.packed < SIZE_MAX ? (size_t)child.packed : SIZE_MAX);
    if (n_size == 0)
        return CS_OK;
    return flags & IS_ENCRYPTED ? out->note(out, EMIT_ENCRYPTED, "ALZ archive") : member(&child, method, data, out);
}

enum cs_status alz_decode(struct slice object, struct emit *out)
{
    struct cut c = { slice_drop(object, 8), false };
    enum cs_status st = CS_OK;

    while (st == CS_OK && slice_starts(c.left, SLICE("BLZ\1"))) {
        (void)cut_bytes(&c, 4);
        st = file(&c, out);
    }
    if (st == CS_OK && (c.is_out || (c.left.n && !slice_starts(c.left, SLICE("CLZ\1")))))
        st = out->note(out, EMIT_DAMAGED, "ALZ archive");
    return st;
}
