#include "qp.h"

#include "base/bytes.h"

enum { CHUNK = 4096, LINE = 76, SHORT_RUN = 6 };

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

/*
 * What stands at '=': the length of a complete escape in *len (0: not enough bytes yet), and its byte, or -1 for a soft
 * line break, -2 for a '=' that begins nothing.
 */
static int escape(struct slice s, size_t *len)
{
    size_t i = 1;

    *len = 0;
    if (s.n >= 2 && ascii_hex(s.p[1]) >= 0) {
        if (s.n < 3)
            return -2;
        *len = 3;
        if (ascii_hex(s.p[2]) >= 0)
            return ascii_hex(s.p[1]) << 4 | ascii_hex(s.p[2]);
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

/* A '=' that begins nothing: keep it alone, or drop it; "=" with one hex digit is three bytes long here. */
static enum cs_status broken(struct out *o, struct slice s, size_t *len)
{
    bool is_half = *len == 3;

    o->q->is_damaged = true;
    if (!o->q->is_loose) {
        *len = 1;
        return give(o, slice_take(s, 1));
    }
    if (!is_half)
        *len = 1;
    return CS_OK;
}

/* The escape at the start of s. *len is 0 when more input is needed. */
static enum cs_status take_escape(struct out *o, struct slice s, size_t *len)
{
    int c = escape(s, len);
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

/* Position of the first '=' among eight bytes, or 8. */
static size_t first_equals(const uint8_t *p)
{
    uint64_t x = get_le64(p) ^ 0x3D3D3D3D3D3D3D3Du;
    uint64_t hit = (x - 0x0101010101010101u) & ~x & 0x8080808080808080u;

    return hit ? (size_t)__builtin_ctzll(hit) / 8 : 8;
}

/*
 * The fast way through text where escapes are dense: good escapes, soft line breaks and short runs, until something else
 * comes or the room is nearly full. Eight bytes are copied at a time, though fewer may count: no branch depends on the
 * length of a run. Gives the bytes read.
 */
static size_t sprint(struct out *o, struct slice s)
{
    const uint8_t *p = s.p, *end = s.p + s.n;
    uint8_t *to = o->room + o->n, *full = o->room + CHUNK - 8;
    unsigned n_plain = 0;

    while (end - p >= 16 && to < full && n_plain < SHORT_RUN) {
        size_t n = first_equals(p);
        unsigned high, low;
        memcpy(to, p, 8);
        p += n;
        to += n;
        n_plain++;
        if (n == 8)
            continue;
        high = hex_value[p[1]];
        low = hex_value[p[2]];
        n_plain = 0;
        if (high && low) {
            *to++ = (uint8_t)((high - 1) << 4 | (low - 1));
            p += 3;
        } else if (p[1] == '\n') {
            p += 2;
        } else if (p[1] == '\r' && p[2] == '\n') {
            p += 3;
        } else {
            break;
        }
    }
    o->n = (size_t)(to - o->room);
    return (size_t)(p - s.p);
}

/* All of s but an escape that is cut by its end. */
static enum cs_status run(struct out *o, struct slice s, size_t *used)
{
    enum cs_status st = CS_OK;

    *used = 0;
    while (st == CS_OK && *used < s.n) {
        struct slice left;
        size_t len;
        *used += sprint(o, slice_drop(s, *used));
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
    if (n < 2 || ascii_hex(q->held[1]) < 0)
        return CS_OK;
    q->is_damaged = true;
    return q->is_loose ? CS_OK : q->put(q->ctx, slice_of(q->held, n));
}

bool qp_is_ambiguous(struct slice in)
{
    size_t at = 0, len;

    while ((at += slice_chr(slice_drop(in, at), '=')) < in.n) {
        if (escape(slice_drop(in, at), &len) == -2 && len)
            return true;
        at += len ? len : 1;
    }
    return false;
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
