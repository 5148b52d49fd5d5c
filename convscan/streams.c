#include "base/bytes.h"
#include "bz.h"
#include "formats.h"
#include "inflate.h"
#include "lz4.h"
#include "xz.h"
#include "zst.h"

/*
 * streams.c - gzip, bzip2, xz, lzma, zstd and lz4: one child, whatever came out before the damage included. Streams that stand one behind
 * the other are one file, as the tools that wrote them see it; anything else behind the first is padding.
 */

enum { LARGE = 64 << 10 };           /* from here on what is quicker in the long run pays */

typedef enum cs_status one_fn(struct slice in, struct emit *out, struct inflate_result *res);

struct stream {
    const char *how;
    struct slice magic;         /* of the next one; empty: there is one */
    bool skips_frames;          /* frames that readers pass over may stand between */
    one_fn *one;
};

static uint8_t *room(void *to, size_t n)
{
    struct emit *e = to;

    return e->room ? e->room(e, n) : NULL;
}

/* The last four bytes say how much comes out, when nothing follows the stream. */
static enum cs_status one_gzip(struct slice in, struct emit *e, struct inflate_result *res)
{
    if (in.n < LARGE)
        return inflate_all(in, INFLATE_GZIP, emit_put, e, res);
    return inflate_sized(in, INFLATE_GZIP, get_le32(in.p + in.n - 4), room, emit_put, e, res);
}

static enum cs_status one_bzip2(struct slice in, struct emit *e, struct inflate_result *res)
{
    return bz_all(in, emit_put, e, res);
}

static enum cs_status one_xz(struct slice in, struct emit *e, struct inflate_result *res)
{
    return xz_all(in, XZ_XZ, UINT64_MAX, emit_put, e, res);
}

static enum cs_status one_lzma(struct slice in, struct emit *e, struct inflate_result *res)
{
    return xz_all(in, XZ_ALONE, UINT64_MAX, emit_put, e, res);
}

static enum cs_status one_zstd(struct slice in, struct emit *e, struct inflate_result *res)
{
    return lz4_is_skipped(in) ? lz4_frame(in, emit_put, e, res) : zst_all(in, emit_put, e, res);
}

static enum cs_status one_lz4(struct slice in, struct emit *e, struct inflate_result *res)
{
    return lz4_frame(in, emit_put, e, res);
}

/* What a compressed stream holds is called like the stream, without the last extension. */
static struct slice inner_name(struct slice name)
{
    for (size_t i = name.n; i > 1; i--)
        if (name.p[i - 1] == '.')
            return slice_take(name, i - 1);
    return slice_of(NULL, 0);
}

/* RFC 1952 2.3: what gzip was told that the file is called. */
static struct slice gzip_name(struct slice in)
{
    enum { HEAD = 10, FLAG_EXTRA = 4, FLAG_NAME = 8 };
    unsigned flags = in.n > HEAD && in.p[0] == 0x1f && in.p[1] == 0x8b ? in.p[3] : 0;
    struct slice rest = slice_drop(in, HEAD);

    if (flags & FLAG_EXTRA)
        rest = rest.n >= 2 ? slice_drop(rest, 2 + (size_t)get_le16(rest.p)) : slice_take(rest, 0);
    return flags & FLAG_NAME ? slice_take(rest, slice_chr(rest, '\0')) : slice_of(NULL, 0);
}

/* Padding between streams is zeros. */
static bool has_next(const struct stream *s, struct slice *in)
{
    struct slice rest = *in;

    if (s->magic.n == 0)
        return false;
    while (rest.n && rest.p[0] == 0)
        rest = slice_drop(rest, 1);
    if (!slice_starts(rest, s->magic) && !(s->skips_frames && (lz4_is_skipped(rest) || lz4_is(rest))))
        return false;
    *in = rest;
    return true;
}

static enum cs_status decode(struct slice in, struct emit *out, const struct stream *s)
{
    const struct slice own = gzip_name(in);
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = s->how, .name = inner_name(out->name), .size = UINT64_MAX,
                                  .packed = in.n, .names = &own, .n_names = own.n != 0 };
    struct inflate_result res = { .used = 1 };
    enum cs_status st = out->open(out, &c);
    bool is_damaged = false, is_far = false, has_any = false, is_first = true;

    while (st == CS_OK && in.n && res.used && (is_first || has_next(s, &in))) {
        st = s->one(in, out, &res);
        is_damaged = is_damaged || res.is_damaged;
        is_far = is_far || (res.is_far && !is_first);
        has_any = has_any || res.made;
        is_first = false;
        in = slice_drop(in, res.used);
    }
    if (st == CS_OK)
        st = out->close(out);
    if (st == CS_OK && is_far)                              /* GNU gzip finds there what the stream in front left */
        st = out->note(out, EMIT_ENCRYPTED, "match before the stream");
    if (st != CS_OK || !is_damaged)
        return st;
    return out->note(out, has_any ? EMIT_DAMAGED : EMIT_ENCRYPTED, has_any ? s->how : "unreadable stream");
}

#define STREAM(name, how, magic, skips)                                    \
    enum cs_status name##_decode(struct slice object, struct emit *out)    \
    {                                                                      \
        static const struct stream s = { how, magic, skips, one_##name };  \
        return decode(object, out, &s);                                    \
    }
#define LITERAL(s) { (const uint8_t *)(s), sizeof(s) - 1 }

STREAM(gzip, "gzip", LITERAL("\x1f\x8b"), false)
STREAM(bzip2, "bzip2", LITERAL("BZh"), false)
STREAM(xz, "xz", LITERAL("\xfd" "7zXZ"), false)
STREAM(lzma, "lzma", LITERAL(""), false)
STREAM(zstd, "zstd", LITERAL("\x28\xb5\x2f\xfd"), true)
STREAM(lz4, "lz4", LITERAL("\x04\x22\x4d\x18"), true)
