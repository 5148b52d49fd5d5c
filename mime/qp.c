#include "qp.h"

#include "qpwide.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { CHUNK = 4096, LINE = 76, BLOCK = 64, SLACK = 16, DENSE = 5 };

/* Output is gathered while it is short, and given on with the next long run. */
struct out {
    struct qp *q;
    size_t n;
    uint8_t room[CHUNK];
};

static enum cs_status flush(struct out *o)
{
    size_t n = o->n;

    o->n = 0;
    return n ? o->q->put(o->q->ctx, slice_of(o->room, n)) : CS_OK;
}

static enum cs_status give(struct out *o, struct slice s)
{
    enum cs_status st = CS_OK;

    if (s.n > CHUNK - o->n)
        st = flush(o);
    if (st != CS_OK)
        return st;
    if (s.n >= CHUNK / 2) {
        st = flush(o);
        return st == CS_OK ? o->q->put(o->q->ctx, s) : st;
    }
    memcpy(o->room + o->n, s.p, s.n);
    o->n += s.n;
    return CS_OK;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool knows_small(enum mime_encoding how)
{
    return how != MIME_ENC_QP_UPPER_TWO && how != MIME_ENC_QP_UPPER_THREE;
}

static int hex(uint8_t c, enum mime_encoding how)
{
    return c >= 'a' && !knows_small(how) ? -1 : ascii_hex(c);
}

/*
 * What stands at '=': the length of a complete escape in *len (0: not enough bytes yet), and its byte, or -1 for a soft
 * line break, -2 for a '=' that begins nothing.
 */
static int escape(struct slice s, enum mime_encoding how, size_t *len)
{
    size_t i = 1;

    *len = 0;
    if (s.n >= 2 && hex(s.p[1], how) >= 0) {
        if (s.n < 3)
            return -2;
        *len = 3;
        if (hex(s.p[2], how) >= 0)
            return hex(s.p[1], how) * 16 + hex(s.p[2], how);
        return -2;
    }
    while (i < s.n && i < QP_HELD - 2 && is_blank(s.p[i]))
        i++;
    if (i == s.n)
        return -2;
    *len = 1;
    if (s.p[i] == '\n') {
        *len = i + 1;
        return -1;
    }
    if (s.p[i] != '\r')
        return -2;
    if (i + 1 == s.n) {
        *len = 0;
        return -2;
    }
    *len = s.p[i + 1] == '\n' ? i + 2 : i + 1;
    return -1;
}

/* A '=' that begins nothing: keep it alone, or drop it; "=" with one hex digit is three bytes long here. *len is 0 when more is needed. */
static enum cs_status broken(struct out *o, struct slice s, size_t *len)
{
    bool is_half = *len == 3;

    o->q->is_damaged = true;
    switch (o->q->how) {
    case MIME_ENC_QP_LOOSE:
        *len = is_half ? 3 : 1;
        return CS_OK;
    case MIME_ENC_QP_TWO:
    case MIME_ENC_QP_UPPER_TWO:
        *len = 2;               /* there are two: one is no digit */
        return CS_OK;
    case MIME_ENC_QP_THREE:
    case MIME_ENC_QP_UPPER_THREE:
        *len = s.n < 3 ? 0 : 3;
        return CS_OK;
    default:
        *len = 1;
        return give(o, slice_take(s, 1));
    }
}

/* The escape at the start of s. *len is 0 when more input is needed. */
static enum cs_status take_escape(struct out *o, struct slice s, size_t *len)
{
    int c = escape(s, o->q->how, len);
    uint8_t byte = (uint8_t)c;

    if (*len == 0 || c == -1)
        return CS_OK;
    if (c == -2)
        return broken(o, s, len);
    return give(o, slice_of(&byte, 1));
}

/* Value of a hexadecimal digit plus one; 0 for what is none. */
static const uint8_t hex_value[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16
};

/* Which of BLOCK bytes are '=': a bit each. */
static uint64_t equals_in(const uint8_t *p)
{
    uint64_t m = 0;

#ifdef __SSE2__
    for (int i = 0; i < BLOCK / 16; i++) {
        __m128i x = _mm_loadu_si128((const __m128i_u *)(p + 16 * (size_t)i));
        m |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8('='))) << 16 * i;
    }
#else
    for (int i = 0; i < BLOCK; i++)
        m |= (uint64_t)(p[i] == '=') << i;
#endif
    return m;
}

/* Of a short run: sixteen bytes at a time, though fewer may count, or none: whether there is a run is a guess too many. */
static uint8_t *copy_run(uint8_t *to, const uint8_t *p, size_t n)
{
    memcpy(to, p, SLACK);
    for (size_t i = SLACK; i < n; i += SLACK)
        memcpy(to + i, p + i, SLACK);
    return to + n;
}

/* The escape at e: its byte goes to *to, which moves on. Gives the bytes read; 0 for what is no plain escape or soft line break. */
static size_t plain_escape(const uint8_t *e, uint8_t **to)
{
    unsigned high = hex_value[e[1]], low = hex_value[e[2]];

    if (high && low) {
        *(*to)++ = (uint8_t)((high - 1) << 4 | (low - 1));
        return 3;
    }
    if (e[1] == '\n')
        return 2;
    return e[1] == '\r' && e[2] == '\n' ? 3 : 0;
}

/*
 * The fast way through text where escapes are dense: good escapes, soft line breaks and the runs between, until something else
 * comes, two blocks in a row have no escape, or the room is nearly full. Where the escapes of a block stand is known before the first
 * of them is read, so that the processor need not wait for one to find the next. Gives the bytes read.
 */
static size_t sprint(struct out *o, struct slice s)
{
    const uint8_t *p = s.p, *block = s.p, *end = s.p + s.n;
    uint8_t *to = o->room + o->n, *full = o->room + CHUNK - BLOCK - SLACK;
    unsigned n_plain = 0;

    for (; end - block >= BLOCK + SLACK && to < full && n_plain < 2; block += BLOCK) {
        uint64_t m = equals_in(block);

        n_plain = m ? 0 : n_plain + 1;
        for (; m; m &= m - 1) {
            const uint8_t *e = block + __builtin_ctzll(m);
            size_t n;
            to = copy_run(to, p, (size_t)(e - p));
            n = plain_escape(e, &to);
            p = e + n;
            if (n == 0)
                goto odd;
        }
        if (p < block + BLOCK) {
            to = copy_run(to, p, (size_t)(block + BLOCK - p));
            p = block + BLOCK;
        }
    }
odd:
    o->n = (size_t)(to - o->room);
    return (size_t)(p - s.p);
}

/* The fastest way, where nearly everything is escaped. Gives the bytes read. */
static size_t fly(struct out *o, struct slice s)
{
    size_t n = 0, made = 0;

    if (s.n >= BLOCK && __builtin_popcountll(equals_in(s.p)) >= DENSE)
        n = qp_wide(s.p, s.n, o->room + o->n, CHUNK - o->n, &made);
    o->n += made;
    return n;
}

/* All of s but an escape that is cut by its end. */
static enum cs_status run(struct out *o, struct slice s, size_t *used)
{
    enum cs_status st = CS_OK;

    *used = 0;
    while (st == CS_OK && *used < s.n) {
        struct slice left;
        size_t len = knows_small(o->q->how) ? fly(o, slice_drop(s, *used)) : 0;
        *used += len || !knows_small(o->q->how) ? len : sprint(o, slice_drop(s, *used));
        left = slice_drop(s, *used);
        if (left.n && left.p[0] == '=') {
            st = take_escape(o, left, &len);
            if (len == 0)
                return st;
        } else {
            len = slice_chr(left, '=');
            st = give(o, slice_take(left, len));
        }
        *used += len;
    }
    return st;
}

enum cs_status qp_feed(struct qp *q, struct slice in)
{
    struct out o;
    enum cs_status st = CS_OK;
    size_t used;

    o.q = q;
    o.n = 0;
    /* What was held back grows byte by byte until it is an escape or shows that it is none. */
    while (q->n_held && in.n) {
        uint8_t held[QP_HELD];
        size_t n = q->n_held;
        memcpy(held, q->held, n);
        held[n++] = in.p[0];
        in = slice_drop(in, 1);
        q->n_held = 0;
        st = run(&o, slice_of(held, n), &used);
        if (st != CS_OK)
            return st;
        memcpy(q->held, held + used, n - used);
        q->n_held = (uint8_t)(n - used);
    }
    st = run(&o, in, &used);
    if (st == CS_OK && used < in.n) {
        q->n_held = (uint8_t)(in.n - used);
        memcpy(q->held, in.p + used, in.n - used);
    }
    return st == CS_OK ? flush(&o) : st;
}

/* A message that was cut: "=" and blanks are a soft break, "=4" is kept. */
enum cs_status qp_end(struct qp *q)
{
    size_t n = q->n_held;

    q->n_held = 0;
    if (n < 2 || hex(q->held[1], q->how) < 0)
        return CS_OK;
    q->is_damaged = true;
    return q->how > MIME_ENC_QP ? CS_OK : q->put(q->ctx, slice_of(q->held, n));
}

static bool is_letter(uint8_t c, uint8_t first)
{
    return c >= first && c < first + 6;
}

enum mime_encoding qp_ambiguity(struct slice in)
{
    bool is_broken = false, has_small = false, has_large = false;
    size_t at = 0, len;

    while ((at += slice_chr(slice_drop(in, at), '=')) < in.n) {
        struct slice s = slice_drop(in, at);
        int c = escape(s, MIME_ENC_QP, &len);

        is_broken |= c == -2 && len;
        if (len == 3 && c >= 0) {
            has_small |= is_letter(s.p[1], 'a') || is_letter(s.p[2], 'a');
            has_large |= is_letter(s.p[1], 'A') || is_letter(s.p[2], 'A');
        }
        at += len ? len : 1;
    }
    if (has_small && (has_large || is_broken))
        return MIME_ENC_QP_UPPER_TWO;
    return is_broken ? MIME_ENC_QP_TWO : MIME_ENC_NONE;
}

/* Must this byte be written as an escape? Blanks only at the end of a line, "." and "F" where a line begins with them. */
static bool needs_escape(struct slice in, size_t column)
{
    uint8_t c = in.p[0];

    if (is_blank(c))
        return in.n == 1 || in.p[1] == '\n' || (in.p[1] == '\r' && in.n > 2 && in.p[2] == '\n');
    if (column == 0 && (c == '.' || c == '-' || (c == 'F' && slice_starts(in, SLICE("From ")))))
        return true;
    return c < 33 || c > 126 || c == '=';
}

/* "\r\n" and "\n" of the input are line ends; any other control byte is escaped. */
enum cs_status qp_encode(struct slice in, const char *eol, mime_put *put, void *ctx)
{
    static const char hex[] = "0123456789ABCDEF";
    uint8_t line[LINE + 8];
    size_t n = 0, n_eol = strlen(eol) < 2 ? strlen(eol) : 2;
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n) {
        size_t end = in.p[0] == '\n' ? 1 : slice_starts(in, SLICE("\r\n")) ? 2 : 0;
        bool is_escaped = !end && needs_escape(in, n);
        if (end || n + (is_escaped ? 3 : 1) > LINE - 1) {
            if (!end)
                line[n++] = '=';
            memcpy(line + n, eol, n_eol);
            st = put(ctx, slice_of(line, n + n_eol));
            n = 0;
            in = slice_drop(in, end);
            continue;
        }
        if (is_escaped) {
            line[n++] = '=';
            line[n++] = (uint8_t)hex[in.p[0] >> 4];
            line[n++] = (uint8_t)hex[in.p[0] & 15];
        } else {
            line[n++] = in.p[0];
        }
        in = slice_drop(in, 1);
    }
    return st == CS_OK && n ? put(ctx, slice_of(line, n)) : st;
}
