/* embedded.c - files inside a text: uuencode, XXencode, yEnc, BinHex. */
#include "base/buf.h"
#include "binhex.h"
#include "field.h"
#include "uu.h"
#include "yenc.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { ALIKE = 16 };

struct hunt {
    size_t max;
    mime_found *found;
    void *ctx;
    struct buf out;
};

static enum cs_status gather(void *ctx, struct slice s)
{
    struct buf *b = ctx;
    struct slice fits = slice_take(s, b->max - b->n);
    enum cs_status st = buf_put(b, fits);

    return st == CS_OK && fits.n < s.n ? CS_LIMIT : st;
}

/* Hands over what was gathered, also when it was cut at the limit: its start is worth a look. */
static enum cs_status hand_over(struct hunt *h, struct slice name, const char *how, enum cs_status st)
{
    enum cs_status told = CS_OK;

    if (st != CS_OK && st != CS_LIMIT)
        return st;
    if (h->out.n)
        told = h->found(h->ctx, name, buf_slice(&h->out), how);
    h->out.n = 0;
    return told == CS_OK ? st : told;
}

/* With its end, which may be a CR alone. */
static struct slice line_at(struct slice text, size_t at)
{
    struct slice s = slice_drop(text, at);
    size_t n = 0;

    while (n < s.n && s.p[n] != '\n' && s.p[n] != '\r')
        n++;
    return slice_take(s, slice_starts(slice_drop(s, n), SLICE("\r\n")) ? n + 2 : n + 1);
}

/* The length of a uuencoded file from its "begin" line on: with its "end" line, or to the next "begin", or to the end. */
static size_t uu_len(struct slice s)
{
    struct slice line = line_at(s, 0), other;
    size_t at = line.n;

    while (at < s.n) {
        line = line_at(s, at);
        if (uu_is_begin(line, &other))
            break;
        at += line.n;
        if (uu_is_end(line))
            break;
    }
    return at;
}

static enum cs_status take_uu(struct hunt *h, struct slice s, struct slice name, bool is_xx)
{
    struct uu u = uu_init(gather, &h->out);
    enum cs_status st;

    u.is_xx = is_xx;
    st = uu_feed(&u, s);
    if (st == CS_OK)
        st = uu_end(&u);
    return hand_over(h, name, is_xx ? "xxencode" : "uuencode", st);
}

/* What may be either is read as both. */
static enum cs_status take_begun(struct hunt *h, struct slice s, struct slice begin, struct slice name, size_t *len)
{
    struct slice first = line_at(s, begin.n);
    bool is_xx = begin.p[5] != '-' && uu_is_xx(first), is_uu = begin.p[5] == '-' || uu_is_data(first);
    enum cs_status st = CS_OK;

    if (!is_xx && !is_uu)
        return CS_OK;
    *len = uu_len(s);
    if (is_uu)
        st = take_uu(h, slice_take(s, *len), name, false);
    return st == CS_OK && is_xx ? take_uu(h, slice_take(s, *len), name, true) : st;
}

static enum cs_status take_yenc(struct hunt *h, struct slice s, struct slice name, size_t *len)
{
    struct yenc y = yenc_init(gather, &h->out);
    size_t end = slice_find(s, SLICE("\n=yend"));
    enum cs_status st;

    end = end < s.n ? end + 1 : end;
    end += line_at(s, end).n;
    *len = end;
    st = yenc_feed(&y, slice_take(s, end));
    if (st == CS_OK)
        st = yenc_end(&y);
    return hand_over(h, name, "yenc", st);
}

static enum cs_status take_fork(struct hunt *h, struct slice s, enum binhex_fork fork)
{
    struct binhex b = binhex_init(fork, gather, &h->out);
    enum cs_status st = binhex_feed(&b, s);

    if (st == CS_OK)
        st = binhex_end(&b);
    return hand_over(h, binhex_name(&b), fork == BINHEX_DATA ? "binhex" : "binhex-resource", st);
}

/* The text between the two colons. */
static enum cs_status take_binhex(struct hunt *h, struct slice s, size_t *len)
{
    size_t from = line_at(s, 0).n, colon = from + slice_chr(slice_drop(s, from), ':');
    enum cs_status st;

    colon++;
    colon += slice_chr(slice_drop(s, colon), ':');
    *len = colon < s.n ? colon + 1 : s.n;
    st = take_fork(h, slice_sub(s, from, *len - from), BINHEX_DATA);
    return st == CS_OK ? take_fork(h, slice_sub(s, from, *len - from), BINHEX_RESOURCE) : st;
}

/* What begins with this line? *len is 0 when nothing does. */
static enum cs_status take_at(struct hunt *h, struct slice s, size_t *len)
{
    struct slice whole = line_at(s, 0), line = whole, name;

    *len = 0;
    while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
        line.n--;
    if (uu_is_begin(line, &name))
        return take_begun(h, s, whole, name, len);
    if (yenc_is_begin(line, &name))
        return take_yenc(h, s, name, len);
    if (binhex_is_begin(line))
        return take_binhex(h, s, len);
    return CS_OK;
}

/* What a line may begin with that begins a file. */
static bool may_begin(uint8_t c)
{
    return c == 'b' || c == '=' || c == '(';
}

/* The next line at or behind the line end at place at that may begin a file; text.n when there is none. Nearly every text has none. */
static size_t next_line(struct slice text, size_t at)
{
#ifdef __SSE2__
    for (; text.n - at > ALIKE; at += ALIKE) {
        __m128i ends = _mm_loadu_si128((const __m128i_u *)(text.p + at)), x = _mm_loadu_si128((const __m128i_u *)(text.p + at + 1));
        __m128i is = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('b')),
                                  _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('=')), _mm_cmpeq_epi8(x, _mm_set1_epi8('('))));
        __m128i eol = _mm_or_si128(_mm_cmpeq_epi8(ends, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(ends, _mm_set1_epi8('\r')));
        int m = _mm_movemask_epi8(_mm_and_si128(is, eol));

        if (m)
            return at + (size_t)__builtin_ctz((unsigned)m) + 1;
    }
#endif
    for (; at + 1 < text.n; at++)
        if ((text.p[at] == '\n' || text.p[at] == '\r') && may_begin(text.p[at + 1]))
            return at + 1;
    return text.n;
}

enum cs_status mime_find_embedded(struct slice text, size_t max, mime_found *found, void *ctx)
{
    struct hunt h = { .max = max, .found = found, .ctx = ctx, .out = buf_init(max) };
    enum cs_status st = CS_OK;
    size_t at = 0;

    while (st == CS_OK && at < text.n) {
        size_t len = 0;
        if (may_begin(text.p[at]))
            st = take_at(&h, slice_drop(text, at), &len);
        at = len ? at + len : next_line(text, at);
    }
    buf_release(&h.out);
    return st;
}
