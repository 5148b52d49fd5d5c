#include "cms.h"

#include "base/buf.h"
#include "inflate.h"

/* Tags, with the bit for "holds other values" (X.690 8.1.2). */
enum { END = 0x00, STRING = 0x04, OID = 0x06, PIECES = 0x24, SEQUENCE = 0x30, CONTENT = 0xa0, HOLDS_VALUES = 0x20 };

struct value {
    unsigned tag;
    struct slice body;          /* with no end known: all that follows */
    bool is_endless, is_cut;
};

enum kind { DATA, WRAPPED, COMPRESSED, ENCRYPTED };

static const struct content {
    struct slice oid;
    enum kind kind;
} contents[] = {
#define PKCS7 "\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define SMIME "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
    { SLICE(PKCS7 "\1"), DATA },      { SLICE(PKCS7 "\2"), WRAPPED },      { SLICE(PKCS7 "\3"), ENCRYPTED },
    { SLICE(PKCS7 "\4"), ENCRYPTED }, { SLICE(PKCS7 "\5"), WRAPPED },      { SLICE(PKCS7 "\6"), ENCRYPTED },
    { SLICE(SMIME "\2"), WRAPPED },   { SLICE(SMIME "\x09"), COMPRESSED }, { SLICE(SMIME "\x17"), ENCRYPTED },
};

/* The value at the front; *in moves behind its head when it holds values without an end, else behind all of it. */
static bool next(struct slice *in, struct value *v)
{
    struct slice s = *in;
    uint64_t n;

    if (s.n < 2)
        return false;
    *v = (struct value){ .tag = s.p[0] };
    n = s.p[1];
    s = slice_drop(s, 2);
    if (n == 0x80) {
        v->is_endless = true;
        v->body = s;
        *in = s;
        return (v->tag & HOLDS_VALUES) != 0;
    }
    if (n > 0x80) {
        size_t digits = (size_t)n & 0x7f;
        if (digits > 8 || digits > s.n)
            return false;
        n = 0;
        for (size_t i = 0; i < digits; i++)
            n = n << 8 | s.p[i];
        s = slice_drop(s, digits);
    }
    v->is_cut = n > s.n;
    v->body = slice_take(s, n < s.n ? (size_t)n : s.n);
    *in = slice_drop(s, v->body.n);
    return true;
}

/* next(), and over a value without an end as well. */
static bool next_whole(struct slice *in, struct value *v)
{
    size_t depth = 1;

    if (!next(in, v))
        return false;
    if (!v->is_endless)
        return true;
    while (depth) {
        struct slice before = *in;
        struct value inner;
        if (!next(in, &inner))
            break;
        depth += inner.is_endless;
        depth -= inner.tag == END && inner.body.n == 0;
        if (depth == 0)
            v->body = slice_take(v->body, (size_t)(before.p - v->body.p));
    }
    v->is_cut = depth != 0;
    return true;
}

static const struct content *content_of(struct slice oid)
{
    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++)
        if (slice_eq(contents[i].oid, oid))
            return &contents[i];
    return NULL;
}

/* A type and, where it is not kept elsewhere, the content: what all these messages are made of (RFC 5652 3 and 5.2). */
static bool type_and_content(struct slice in, struct slice *oid, struct slice *content)
{
    struct value v;

    if (!next(&in, &v) || v.tag != OID)
        return false;
    *oid = v.body;
    if (!next_whole(&in, &v) || v.tag != CONTENT)
        return false;
    *content = v.body;
    return true;
}

static bool outermost(struct slice in, struct slice *oid, struct slice *content)
{
    struct value v;

    return next(&in, &v) && v.tag == SEQUENCE && type_and_content(v.body, oid, content);
}

bool cms_is(struct slice head)
{
    struct slice oid, content;

    return outermost(head, &oid, &content) && content_of(oid);
}

/* Where the content stands among version, algorithms and signers: the first sequence of a type and a content. */
static bool find_content(struct slice in, struct slice *content)
{
    struct slice oid;
    struct value v;

    if (!next(&in, &v) || v.tag != SEQUENCE)
        return false;
    in = v.body;
    while (next_whole(&in, &v))
        if (v.tag == SEQUENCE && type_and_content(v.body, &oid, content))
            return true;
    return false;
}

/* The piece of a string at the front, whatever it is nested in; empty at the end. Content that is no string at all is one piece. */
static struct slice next_piece(struct slice *in, bool is_first, bool *is_cut)
{
    struct slice all = *in;
    struct value v;

    while (in->n) {
        if (in->p[0] == PIECES) {
            struct slice behind = *in;
            if (!next(&behind, &v))
                break;
            *in = slice_drop(*in, (size_t)(v.body.p - in->p));
            continue;
        }
        if (!next(in, &v) || (v.tag != STRING && v.tag != END))
            break;
        *is_cut = *is_cut || v.is_cut;
        if (v.tag == STRING && v.body.n)
            return v.body;
        is_first = is_first && v.tag != STRING;
    }
    *in = slice_drop(all, all.n);
    return is_first ? all : *in;
}

static enum cs_status inflate_pieces(struct slice content, struct emit *out, bool *is_damaged)
{
    struct buf joined = buf_init(CMS_JOINED);
    struct inflate_result res = { 0 };
    struct slice piece = next_piece(&content, true, is_damaged), more = next_piece(&content, false, is_damaged);
    enum cs_status st = CS_OK;

    if (more.n) {
        st = buf_put(&joined, piece);
        for (; st == CS_OK && more.n; more = next_piece(&content, false, is_damaged))
            st = buf_put(&joined, more);
        piece = buf_slice(&joined);
    }
    if (st == CS_OK)
        st = inflate_all(piece, INFLATE_AUTO, emit_put, out, &res);
    *is_damaged = *is_damaged || res.is_damaged;
    buf_release(&joined);
    return st;
}

static enum cs_status copy_pieces(struct slice content, struct emit *out, bool *is_damaged)
{
    struct slice piece = next_piece(&content, true, is_damaged);
    enum cs_status st = CS_OK;

    for (; st == CS_OK && piece.n; piece = next_piece(&content, false, is_damaged))
        st = out->put(out, piece);
    return st;
}

/* S/MIME signs a MIME entity with its header, which need not look like a whole mail's. */
static bool is_entity(struct slice content)
{
    bool is_cut = false;

    return slice_istarts(next_piece(&content, true, &is_cut), SLICE("content-"));
}

enum cs_status cms_decode(struct slice object, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "cms", .size = UINT64_MAX, .packed = object.n, .name = SLICE("") };
    const struct content *type;
    struct slice oid, content;
    bool is_damaged = false;
    enum cs_status st;

    if (!outermost(object, &oid, &content) || !(type = content_of(oid)))
        return CS_OK;
    if (type->kind == ENCRYPTED)
        return out->note(out, EMIT_ENCRYPTED, "S/MIME");
    if (type->kind != DATA && !find_content(content, &content))
        return CS_OK;           /* a signature of its own, or certificates alone */
    c.type = type->kind != COMPRESSED && is_entity(content) ? "mail" : NULL;
    st = out->open(out, &c);
    if (st == CS_OK)
        st = type->kind == COMPRESSED ? inflate_pieces(content, out, &is_damaged) : copy_pieces(content, out, &is_damaged);
    if (st == CS_TOOBIG) {
        st = out->close(out);
        return st == CS_OK ? out->note(out, EMIT_LIMITED, "compressed S/MIME in pieces") : st;
    }
    if (st == CS_OK)
        st = out->close(out);
    return st == CS_OK && is_damaged ? out->note(out, EMIT_DAMAGED, "S/MIME") : st;
}
