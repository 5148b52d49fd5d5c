#include "inflate.h"

#include <limits.h>
#include <zlib.h>

#if __has_include(<libdeflate.h>)
#include <libdeflate.h>
#define HAS_LIBDEFLATE 1
#endif

enum { PIECE = 32768, REACH = 32768, RATIO_COMMON = 32 };

static bool is_zlib_head(struct slice in)
{
    return in.n >= 2 && (in.p[0] & 0x0f) == 8 && in.p[0] <= 0x78 && (in.p[0] << 8 | in.p[1]) % 31 == 0;
}

static bool is_gzip_head(struct slice in)
{
    return in.n >= 3 && in.p[0] == 0x1f && in.p[1] == 0x8b && in.p[2] == 8;
}

/* Bytes of the zlib header: 2, with a preset dictionary 6, 0 when there is none. */
static size_t zlib_head(struct slice in)
{
    if (!is_zlib_head(in))
        return 0;
    return in.p[1] & 0x20 ? 6 : 2;
}

/* Bytes of the gzip header with its optional fields; in.n when it never ends. */
static size_t gzip_head(struct slice in)
{
    size_t at = 10;
    uint8_t flags;

    if (in.n < 10)
        return in.n;
    flags = in.p[3];
    if (flags & 0x04) {                                     /* extra field */
        struct slice len = slice_sub(in, at, 2);
        if (len.n < 2)
            return in.n;
        at += 2 + (size_t)(len.p[0] | len.p[1] << 8);
    }
    for (int bit = 0x08; bit <= 0x10; bit <<= 1) {          /* name, comment */
        struct slice rest = slice_drop(in, at);
        if (flags & bit)
            at += slice_chr(rest, 0) + 1;
    }
    if (flags & 0x02)
        at += 2;
    return at < in.n ? at : in.n;
}

struct sink {
    inflate_put *put;
    void *to;
    uint64_t skip;                  /* bytes that were put before */
};

static enum cs_status sink_put(struct sink *s, struct slice piece)
{
    struct slice rest = slice_drop(piece, s->skip < piece.n ? (size_t)s->skip : piece.n);

    s->skip -= piece.n - rest.n;
    return rest.n ? s->put(s->to, rest) : CS_OK;
}

static enum cs_status run(z_stream *z, struct slice in, struct sink *s, struct inflate_result *res)
{
    uint8_t out[PIECE];
    size_t fed = 0;
    int ret = Z_OK;

    while (ret == Z_OK) {
        if (z->avail_in == 0) {
            struct slice more = slice_sub(in, fed, UINT_MAX);
            z->next_in = (z_const Bytef *)(uintptr_t)more.p;
            z->avail_in = (uInt)more.n;
            fed += more.n;
        }
        z->next_out = out;
        z->avail_out = sizeof out;
        ret = inflate(z, Z_NO_FLUSH);
        if (sizeof out - z->avail_out) {
            struct slice piece = { out, sizeof out - z->avail_out };
            enum cs_status st = sink_put(s, piece);
            if (st != CS_OK)
                return st;
            res->made += piece.n;
        }
    }
    res->used += fed - z->avail_in;
    res->is_damaged = ret != Z_STREAM_END;
    res->is_far = ret == Z_DATA_ERROR && z->msg && strstr(z->msg, "too far back");
    return ret == Z_MEM_ERROR ? CS_NOMEM : CS_OK;
}

/* Raw data from in[head] on with tail bytes behind it. window: what matches that reach in front of it find there; empty: damage. */
static enum cs_status inflate_raw(struct slice in, size_t head, size_t tail, struct slice window, struct sink *s,
                                  struct inflate_result *res)
{
    z_stream z = { 0 };
    enum cs_status st = CS_NOMEM;

    *res = (struct inflate_result){ .used = head };
    if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
        return CS_NOMEM;
    if (window.n == 0 || inflateSetDictionary(&z, window.p, (uInt)window.n) == Z_OK)
        st = run(&z, slice_drop(in, head), s, res);
    inflateEnd(&z);
    if (st == CS_OK && !res->is_damaged)
        res->used += slice_sub(in, res->used, tail).n;
    return st;
}

/* Once more where a match reached too far; what came out before is not put again. */
static enum cs_status inflate_far(struct slice in, size_t head, size_t tail, struct sink *s, struct inflate_result *res)
{
    const uint8_t zeros[REACH] = { 0 };
    enum cs_status st;

    s->skip = res->made;
    st = inflate_raw(in, head, tail, slice_of(zeros, REACH), s, res);
    res->is_far = true;
    return st;
}

enum cs_status inflate_all(struct slice in, enum inflate_kind kind, inflate_put *put, void *to, struct inflate_result *res)
{
    const struct slice no_window = { NULL, 0 };
    struct sink s = { .put = put, .to = to };
    size_t head, tail;
    enum cs_status st;

    if (kind == INFLATE_AUTO)
        kind = is_gzip_head(in) ? INFLATE_GZIP : is_zlib_head(in) ? INFLATE_ZLIB : INFLATE_RAW;
    head = kind == INFLATE_GZIP ? gzip_head(in) : kind == INFLATE_ZLIB ? zlib_head(in) : 0;
    tail = kind == INFLATE_GZIP ? 8 : head ? 4 : 0;
    st = inflate_raw(in, head, tail, no_window, &s, res);
    if (st == CS_OK && kind == INFLATE_ZLIB && res->is_damaged && res->made == 0 && (head || in.n > 2)) {
        const struct inflate_result first = *res;
        const size_t other = head ? 0 : 2;                  /* raw data that happens to look like a header; one with a wrong check */

        st = inflate_raw(in, other, 0, no_window, &s, res);
        if (st == CS_OK && res->made == 0 && first.is_far) {
            *res = first;
        } else {
            head = other;
            tail = 0;
        }
    }
    return st == CS_OK && res->is_far ? inflate_far(in, head, tail, &s, res) : st;
}

#ifdef HAS_LIBDEFLATE

/* All of it at once, when size is at least what comes out; false, and nothing was put, when that does not work out. */
static bool at_once(struct slice in, size_t head, size_t tail, size_t size, inflate_room *room, void *to, struct slice *made,
                    struct inflate_result *res)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    uint8_t *out = d ? room(to, size) : NULL;
    struct slice body = slice_drop(in, head);
    size_t used = 0, n = 0;
    bool is_done = out && libdeflate_deflate_decompress_ex(d, body.p, body.n, out, size, &used, &n) == LIBDEFLATE_SUCCESS;

    libdeflate_free_decompressor(d);
    if (!is_done)
        return false;
    *made = slice_of(out, n);
    *res = (struct inflate_result){ .used = head + used + slice_sub(in, head + used, tail).n, .made = n };
    return true;
}

enum cs_status inflate_sized(struct slice in, enum inflate_kind kind, uint64_t size, inflate_room *room, inflate_put *put, void *to,
                             struct inflate_result *res)
{
    size_t head = kind == INFLATE_GZIP ? gzip_head(in) : 0, tail = kind == INFLATE_GZIP ? 8 : 0;
    struct slice made;

    /* What swells beyond the common is read piece by piece, so that the budget is looked at on the way. */
    if (room && size && size / RATIO_COMMON <= in.n && (kind == INFLATE_RAW || kind == INFLATE_GZIP) &&
        at_once(in, head, tail, (size_t)size, room, to, &made, res))
        return made.n ? put(to, made) : CS_OK;
    return inflate_all(in, kind, put, to, res);
}

#else

enum cs_status inflate_sized(struct slice in, enum inflate_kind kind, uint64_t size, inflate_room *room, inflate_put *put, void *to,
                             struct inflate_result *res)
{
    (void)size;
    (void)room;
    return inflate_all(in, kind, put, to, res);
}

#endif

uint32_t inflate_crc32(uint32_t crc, struct slice bytes)
{
    return (uint32_t)crc32_z(crc, bytes.p, bytes.n);
}

enum cs_status inflate_pack(struct slice in, struct buf *out)
{
    uLong room = compressBound(in.n);
    enum cs_status st = buf_reserve(out, room);

    if (st != CS_OK)
        return st;
    if (compress2(out->p + out->n, &room, in.p, in.n, Z_BEST_COMPRESSION) != Z_OK)
        return CS_NOMEM;
    out->n += room;
    return CS_OK;
}
