#include "openpgp.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "bz.h"
#include "mime/mime.h"

/* RFC 9580 5. */
enum tag {
    KEY_ENCRYPTED = 1, SIGNATURE = 2, PASSWORD_ENCRYPTED = 3, ONE_PASS = 4, COMPRESSED = 8, ENCRYPTED = 9, MARKER = 10, LITERAL = 11,
    ENCRYPTED_MDC = 18, ENCRYPTED_AEAD = 20, PADDING = 21
};

struct packet {
    unsigned tag;
    struct slice body;          /* the first piece */
    struct slice more;          /* what follows it; further pieces stand here, each with its length in front */
    bool is_partial, is_open;   /* goes on in pieces; has no length and ends with the message */
    bool is_cut;
};

/* RFC 9580 4.2.1: a length of the new form. */
static bool length(struct slice *in, uint32_t *n, bool *is_partial)
{
    unsigned first = in->n ? in->p[0] : 0;
    size_t took = first < 192 ? 1 : first < 224 ? 2 : first == 255 ? 5 : 1;

    if (in->n < took)
        return false;
    *is_partial = first >= 224 && first < 255;
    *n = first < 192 ? first : first < 224 ? ((first - 192) << 8) + in->p[1] + 192 : first == 255 ? get_be32(in->p + 1)
                                                                                      : 1u << (first & 31);
    *in = slice_drop(*in, took);
    return true;
}

/* RFC 9580 4.2.2: the old form; its last kind has no length at all. */
static bool old_length(struct slice *in, unsigned kind, uint32_t *n, bool *is_open)
{
    size_t took = kind == 3 ? 0 : (size_t)1 << kind;

    *is_open = kind == 3;
    if (in->n < took)
        return false;
    *n = kind == 0 ? in->p[0] : kind == 1 ? get_be16(in->p) : kind == 2 ? get_be32(in->p) : 0;
    *in = slice_drop(*in, took);
    return true;
}

static void cut(struct packet *p, struct slice in, uint32_t n)
{
    p->is_cut = !p->is_open && n > in.n;
    p->body = slice_take(in, p->is_open ? in.n : n);
    p->more = slice_drop(in, p->body.n);
}

static bool next(struct slice in, struct packet *p)
{
    uint32_t n = 0;
    unsigned first;

    *p = (struct packet){ .tag = 0 };
    if (in.n < 2 || !(in.p[0] & 0x80))
        return false;
    first = in.p[0];
    in = slice_drop(in, 1);
    p->tag = first & 0x40 ? first & 0x3f : first >> 2 & 0xf;
    if (first & 0x40 ? !length(&in, &n, &p->is_partial) : !old_length(&in, first & 3, &n, &p->is_open))
        return false;
    cut(p, in, n);
    return true;
}

/* The next piece of the packet becomes its body; false: there is none. */
static bool next_piece(struct packet *p)
{
    struct slice in = p->more;
    bool was_cut = p->is_cut;
    uint32_t n;

    if (!p->is_partial || !length(&in, &n, &p->is_partial))
        return false;
    cut(p, in, n);
    p->is_cut = p->is_cut || was_cut;
    return true;
}

/* The data of a literal packet behind format, name and date (RFC 9580 5.9); false when that is not what stands there. */
static bool literal(struct slice body, struct slice *name, struct slice *data)
{
    size_t n;

    if (body.n < 6 || !body.p[0] || !strchr("btuml1", body.p[0]))
        return false;
    n = body.p[1];
    *name = slice_sub(body, 2, n);
    *data = slice_drop(body, 2 + n + 4);
    return body.n >= 2 + n + 4;
}

static bool is_packed(struct slice body)
{
    if (body.n < 3)
        return false;
    switch (body.p[0]) {
    case 0: return (body.p[1] & 0x80) != 0;
    case 1: return (body.p[1] & 6) != 6;                /* a kind of block that deflate has */
    case 2: return (body.p[1] & 0xf) == 8 && get_be16(body.p + 1) % 31 == 0;
    case 3: return slice_starts(slice_drop(body, 1), SLICE("BZh"));
    default: return false;
    }
}

/* Could this packet stand in a message? */
static bool makes_sense(const struct packet *p)
{
    unsigned version = p->body.n ? p->body.p[0] : 0;
    struct slice name, data;

    switch (p->tag) {
    case KEY_ENCRYPTED: return version == 3 || version == 6;
    case PASSWORD_ENCRYPTED: return version >= 4 && version <= 6;
    case SIGNATURE: return version >= 3 && version <= 6;
    case ONE_PASS: return (version == 3 && p->body.n == 13) || version == 6;
    case COMPRESSED: return is_packed(p->body);
    case MARKER: return slice_eq(p->body, SLICE("PGP"));
    case LITERAL: return literal(p->body, &name, &data);
    case ENCRYPTED: return p->body.n > 18;
    case ENCRYPTED_MDC: return version == 1 || version == 2;
    case ENCRYPTED_AEAD: return version == 1;
    case PADDING: return true;
    default: return false;
    }
}

static bool is_data(unsigned tag)
{
    return tag == COMPRESSED || tag == LITERAL || tag == ENCRYPTED || tag == ENCRYPTED_MDC || tag == ENCRYPTED_AEAD;
}

/* Sense in every packet, no byte left over, and data of some kind among them. */
bool openpgp_is(struct slice object)
{
    struct packet p;
    bool has_data = false;

    for (unsigned n = 0; object.n && n < OPENPGP_PACKETS; n++) {
        if (!next(object, &p) || !makes_sense(&p) || (n == 0 && p.tag == ENCRYPTED))
            return false;
        while (next_piece(&p))
            ;
        if (p.is_cut || p.is_partial)
            return false;
        has_data = has_data || is_data(p.tag);
        object = p.more;
    }
    return has_data && object.n == 0;
}

static enum cs_status emit_literal(struct packet *p, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "pgp", .size = UINT64_MAX, .packed = UINT64_MAX };
    struct slice data;
    enum cs_status st;

    if (!literal(p->body, &c.name, &data))
        return out->note(out, EMIT_DAMAGED, "OpenPGP data");
    st = out->open(out, &c);
    if (st == CS_OK)
        st = out->put(out, data);
    while (st == CS_OK && next_piece(p))
        st = out->put(out, p->body);
    return st == CS_OK ? out->close(out) : st;
}

static enum cs_status unpack(struct slice in, struct emit *out, struct inflate_result *res)
{
    unsigned how = in.n ? in.p[0] : 0;

    in = slice_drop(in, 1);
    if (how == 1 || how == 2)
        return inflate_all(in, how == 1 ? INFLATE_RAW : INFLATE_ZLIB, emit_put, out, res);
    return how == 3 ? bz_all(in, emit_put, out, res) : out->put(out, in);
}

/* What was compressed is a message again. */
static enum cs_status emit_unpacked(struct packet *p, struct emit *out)
{
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = "pgp-compressed", .type = "PGP", .size = UINT64_MAX, .packed = p->body.n,
                                  .name = SLICE("") };
    struct inflate_result res = { 0 };
    struct buf joined = buf_init(OPENPGP_JOINED);
    struct slice all = p->body;
    enum cs_status st = p->is_partial ? buf_put(&joined, all) : CS_OK;

    while (st == CS_OK && next_piece(p)) {
        st = buf_put(&joined, p->body);
        all = buf_slice(&joined);
    }
    if (st == CS_TOOBIG) {
        buf_release(&joined);
        return out->note(out, EMIT_LIMITED, "compressed OpenPGP data in pieces");
    }
    if (st == CS_OK)
        st = out->open(out, &c);
    if (st == CS_OK)
        st = unpack(all, out, &res);
    if (st == CS_OK)
        st = out->close(out);
    buf_release(&joined);
    return st == CS_OK && res.is_damaged ? out->note(out, EMIT_DAMAGED, "OpenPGP data") : st;
}

enum cs_status openpgp_decode(struct slice object, struct emit *out)
{
    bool is_encrypted = false;
    struct packet p;
    enum cs_status st = CS_OK;

    for (unsigned n = 0; st == CS_OK && next(object, &p); n++) {
        if (n == OPENPGP_PACKETS)
            return out->note(out, EMIT_LIMITED, "packets of OpenPGP");
        if (p.tag == LITERAL)
            st = emit_literal(&p, out);
        else if (p.tag == COMPRESSED)
            st = emit_unpacked(&p, out);
        else
            is_encrypted = is_encrypted || is_data(p.tag);
        while (next_piece(&p))
            ;
        object = p.more;
    }
    return st == CS_OK && is_encrypted ? out->note(out, EMIT_ENCRYPTED, "OpenPGP") : st;
}
