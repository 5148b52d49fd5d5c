#include "xar.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "bz.h"
#include "inflate.h"
#include "xz.h"

enum { HEAD = 28 };

struct xar {
    struct slice heap;
    struct emit *out;
    uint64_t work;               /* heap bytes that may still be read */
    bool is_damaged, is_limited;
};

static enum cs_status keep(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

/* What stands between <word> and the next tag. */
static struct slice element(struct slice in, const char *word)
{
    for (size_t at = slice_find(in, slice_str(word)); at < in.n; at = slice_find(in, slice_str(word))) {
        struct slice rest = slice_drop(in, at + strlen(word));
        if (at && in.p[at - 1] == '<' && rest.n && (rest.p[0] == '>' || ascii_is_space(rest.p[0]))) {
            rest = slice_drop(rest, slice_chr(rest, '>') + 1);
            return slice_take(rest, slice_chr(rest, '<'));
        }
        in = rest;
    }
    return slice_take(in, 0);
}

static uint64_t number(struct slice s)
{
    uint64_t v = 0;

    s = slice_trim(s);
    for (size_t i = 0; i < s.n && ascii_is_digit(s.p[i]) && v < UINT64_MAX / 100; i++)
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    return v;
}

static bool says(struct slice s, const char *word)
{
    return slice_find(s, slice_str(word)) < s.n;
}

static enum cs_status unpack(struct xar *x, struct slice how, struct slice in)
{
    struct emit *out = x->out;
    struct inflate_result res = { 0 };
    enum cs_status st;

    if (says(how, "x-gzip") || says(how, "x-zlib"))
        st = inflate_all(in, INFLATE_ZLIB, emit_put, out, &res);
    else if (says(how, "bzip2"))
        st = bz_all(in, emit_put, out, &res);
    else if (says(how, "x-lzma"))
        st = xz_all(in, in.n && in.p[0] == 0xfd ? XZ_XZ : XZ_ALONE, UINT64_MAX, emit_put, out, &res);
    else if (says(how, "x-xz"))
        st = xz_all(in, XZ_XZ, UINT64_MAX, emit_put, out, &res);
    else
        st = in.n ? out->put(out, in) : CS_OK;
    x->is_damaged |= res.is_damaged;
    x->is_limited |= res.is_limited;
    return st;
}

/* One <data>, or <ea>, element and the name of its file. */
static enum cs_status emit_data(struct xar *x, struct slice data, struct slice name)
{
    uint64_t offset = number(element(data, "offset")), n = number(element(data, "length"));
    size_t at = slice_find(data, SLICE("<encoding"));
    struct slice how = slice_drop(data, at), in = slice_sub(x->heap, offset < x->heap.n ? offset : x->heap.n, n);
    struct emit_child c = { .kind = EMIT_MEMBER, .name = name, .how = "xar", .size = number(element(data, "size")), .packed = n };
    enum cs_status st;

    if (in.n > x->work)
        return x->out->note(x->out, EMIT_LIMITED, "XAR members overlap too often");
    x->work -= in.n;
    x->is_damaged |= in.n < n;
    st = x->out->open(x->out, &c);
    if (st == CS_OK)
        st = unpack(x, slice_take(how, slice_chr(how, '>')), in);
    return st == CS_OK ? x->out->close(x->out) : st;
}

/* Up to the closing tag. */
static struct slice until(struct slice s, const char *end)
{
    return slice_take(s, slice_find(s, slice_str(end)));
}

static enum cs_status walk(struct xar *x, struct slice toc)
{
    struct slice name = slice_take(toc, 0);
    enum cs_status st = CS_OK;

    for (size_t at = slice_chr(toc, '<'); at < toc.n && st == CS_OK && x->work; at = slice_chr(toc, '<')) {
        struct slice rest = slice_drop(toc, at + 1);
        bool is_data = slice_starts(rest, SLICE("data>")) || slice_starts(rest, SLICE("data "));
        bool is_extra = slice_starts(rest, SLICE("ea>")) || slice_starts(rest, SLICE("ea "));
        if (slice_starts(rest, SLICE("file"))) {
            name = slice_take(rest, 0);
        } else if (slice_starts(rest, SLICE("name"))) {
            name = slice_drop(rest, slice_chr(rest, '>') + 1);
            name = slice_take(name, slice_chr(name, '<'));
        } else if (is_data || is_extra) {
            struct slice data = until(rest, is_data ? "</data>" : "</ea>"), after = slice_drop(rest, data.n);
            struct slice later = element(until(slice_take(after, 4096), "</file>"), "name");
            st = emit_data(x, data, later.n ? later : name);
            rest = after;
        }
        toc = rest;
    }
    return st;
}

static enum cs_status with_toc(struct xar *x, struct slice toc)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = SLICE("[TOC].xml"), .how = "xar", .type = "XML", .size = toc.n,
                            .packed = UINT64_MAX };
    enum cs_status st = emit_whole(x->out, &c, toc);

    if (st == CS_OK)
        st = walk(x, toc);
    if (st == CS_OK && x->is_limited)
        st = x->out->note(x->out, EMIT_LIMITED, "a XAR member wants a large window");
    return st == CS_OK && x->is_damaged ? x->out->note(x->out, EMIT_DAMAGED, "damaged XAR member") : st;
}

enum cs_status xar_decode(struct slice object, struct emit *out)
{
    struct xar x = { .out = out, .work = (uint64_t)object.n * 8 + 4096 };
    struct buf toc = buf_init(XAR_TOC);
    struct inflate_result res;
    uint64_t packed;
    size_t head;
    enum cs_status st;

    if (object.n < HEAD)
        return out->note(out, EMIT_DAMAGED, "short XAR archive");
    head = get_be16(object.p + 4);
    packed = get_be64(object.p + 8);
    x.heap = slice_drop(slice_drop(object, head), packed);
    st = inflate_all(slice_sub(object, head, packed), INFLATE_ZLIB, keep, &toc, &res);
    if (st == CS_TOOBIG)
        st = out->note(out, EMIT_LIMITED, "large XAR table of contents");
    if (st == CS_OK)
        st = with_toc(&x, buf_slice(&toc));
    buf_release(&toc);
    return st;
}
