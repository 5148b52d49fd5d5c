#include "b64.h"

enum { CHUNK = 6144, LINE = 76, NO = 0x80, PAD = 0xC0, LONG = 1 << 20, TAIL = 4096 };

/* 0 to 63, PAD for '=', NO for the rest: bit 7 says "not a digit". */
#define NO4 NO, NO, NO, NO
#define NO16 NO4, NO4, NO4, NO4
static const uint8_t digit[256] = {
    NO16, NO16, NO4, NO4, NO, NO, NO, 62, NO, NO, NO, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, PAD, NO, NO,
    NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO,
    NO, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
    NO, NO, NO, NO, NO, NO16, NO16, NO16, NO16, NO16, NO16, NO16, NO16
};

/* Whole groups of four digits, as many as there are from p. Gives the groups done. */
static size_t groups(const uint8_t *p, size_t n, uint8_t *out)
{
    size_t done = 0;

    for (; done < n; done++, p += 4, out += 3) {
        uint32_t a = digit[p[0]], b = digit[p[1]], c = digit[p[2]], d = digit[p[3]];
        uint32_t v = a << 18 | b << 12 | c << 6 | d;
        if ((a | b | c | d) & NO)
            break;
        out[0] = (uint8_t)(v >> 16);
        out[1] = (uint8_t)(v >> 8);
        out[2] = (uint8_t)v;
    }
    return done;
}

/* The bytes of a group that was not filled. */
static size_t close_group(struct b64 *b, uint8_t *out)
{
    size_t n = 0;

    if (b->n_digits >= 2)
        out[n++] = (uint8_t)(b->n_digits == 2 ? b->bits >> 4 : b->bits >> 10);
    if (b->n_digits == 3)
        out[n++] = (uint8_t)(b->bits >> 2);
    if (b->n_digits == 1)
        b->is_damaged = true;
    b->n_digits = 0;
    b->bits = 0;
    b->n_padding = 0;
    return n;
}

/* A digit, or what has the place of one. */
static size_t add_digit(struct b64 *b, uint8_t d, uint8_t *out)
{
    size_t n = 3;

    b->bits = b->bits << 6 | d;
    if (++b->n_digits < 4)
        return 0;
    out[0] = (uint8_t)(b->bits >> 16);
    out[1] = (uint8_t)(b->bits >> 8);
    out[2] = (uint8_t)b->bits;
    if (b->how == MIME_ENC_BASE64_SHORT)
        n -= b->n_padding < 3 ? b->n_padding : 3;
    b->n_digits = 0;
    b->bits = 0;
    b->n_padding = 0;
    return n;
}

/* A '=' that has a place in its group but no bits: with it the group may be full. */
static size_t add_place(struct b64 *b, uint8_t *out)
{
    b->n_padding++;
    return b->n_digits + b->n_padding < 4 ? 0 : close_group(b, out);
}

static size_t add_padding(struct b64 *b, uint8_t *out)
{
    switch (b->how) {
    case MIME_ENC_BASE64_LOOSE:
        return 0;
    case MIME_ENC_BASE64_FOURS:
        return add_place(b, out);
    case MIME_ENC_BASE64_SHORT:
        b->n_padding++;
        return add_digit(b, 0, out);
    case MIME_ENC_BASE64_ZEROS:
        return add_digit(b, 0, out);
    default:
        return b->n_digits >= 2 ? close_group(b, out) : 0;
    }
}

static void end_line(struct b64 *b)
{
    b->is_over = false;
    if (b->how == MIME_ENC_BASE64_LINES)
        b->n_digits = b->bits = 0;
}

/* One byte on the slow way: line ends, padding, junk, and groups that lines cut. */
static size_t one(struct b64 *b, uint8_t c, uint8_t *out)
{
    uint8_t d = digit[c];

    if (c == '\n' || c == '\r')
        end_line(b);
    if (b->is_over || ascii_is_space(c))
        return 0;
    if (b->how == MIME_ENC_BASE64_URL && (c == '-' || c == '_'))
        d = c == '-' ? 62 : 63;
    if (d == PAD)
        return add_padding(b, out);
    if (d == NO) {
        b->is_damaged = true;
        b->is_over = b->how == MIME_ENC_BASE64_LINES || b->how == MIME_ENC_BASE64_CUT;
        return 0;
    }
    if (b->n_padding && b->how == MIME_ENC_BASE64_FOURS && b->n_digits + b->n_padding == 3) {
        b->bits = b->bits << 6 | d;
        b->n_digits++;
        return close_group(b, out);
    }
    return add_digit(b, d, out);
}

static bool can_hurry(const struct b64 *b)
{
    return b->n_digits == 0 && b->n_padding == 0 && !b->is_over;
}

enum cs_status b64_feed(struct b64 *b, struct slice in)
{
    uint8_t out[CHUNK + 64];
    size_t n = 0;

    while (in.n) {
        if (can_hurry(b)) {
            size_t most = (CHUNK - n) / 3, done = groups(in.p, most < in.n / 4 ? most : in.n / 4, out + n);
            in = slice_drop(in, done * 4);
            n += done * 3;
        }
        /* At most the rest of a group and a line end, then the fast way again. */
        for (int i = 0; i < 8 && in.n && (i == 0 || b->n_digits || (digit[in.p[0]] & NO)); i++) {
            n += one(b, in.p[0], out + n);
            in = slice_drop(in, 1);
        }
        if (n + 3 >= CHUNK || in.n == 0) {
            enum cs_status st = n ? b->put(b->ctx, slice_of(out, n)) : CS_OK;
            if (st != CS_OK)
                return st;
            n = 0;
        }
    }
    return CS_OK;
}

enum cs_status b64_end(struct b64 *b)
{
    uint8_t out[3];
    size_t n = close_group(b, out);

    return n ? b->put(b->ctx, slice_of(out, n)) : CS_OK;
}

size_t b64_decode_small(struct slice in, uint8_t *out)
{
    struct b64 b = { 0 };
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++)
        n += one(&b, in.p[i], out + n);
    return n + close_group(&b, out + n);
}

/* A digit counts one; junk, which is no digit, no padding and no white space, counts more than there can be digits. */
#define JUNK (1ull << 40)
static const uint64_t weight[256] = {
    [0 ... 8] = JUNK, [14 ... 31] = JUNK, ['!' ... '*'] = JUNK, [',' ... '.'] = JUNK, [':' ... '<'] = JUNK, ['>' ... '@'] = JUNK,
    ['[' ... '`'] = JUNK, ['{' ... 255] = JUNK, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, ['0' ... '9'] = 1, ['+'] = 1, ['/'] = 1
};

static uint64_t weigh(struct slice s)
{
    uint64_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += weight[s.p[i]];
    return n;
}

/* Does a line break the rules? before: how much of it has a digit behind it; that of a line with more lines of digits to come is all. */
static bool is_odd_line(struct slice line, size_t before, bool is_last)
{
    uint64_t n = weigh(line);

    return n >= JUNK || slice_chr(line, '=') < before || (!is_last && n % 4 != 0);
}

static size_t last_digit(struct slice s)
{
    while (s.n && (digit[s.p[s.n - 1]] & NO))
        s.n--;
    return s.n;
}

/* Where the first line stands that breaks the rules. */
static size_t first_oddity(struct slice in)
{
    size_t end = last_digit(in);

    for (size_t at = 0; at < in.n;) {
        size_t n = slice_chr(slice_drop(in, at), '\n'), left = end > at ? end - at : 0;

        if (is_odd_line(slice_sub(in, at, n), left < n ? left : n, left <= n))
            return at;
        at += n + 1;
    }
    return in.n;
}

/* A long body with a few words behind it is not decoded in eight ways: they could not differ in what comes before. */
enum mime_encoding b64_ambiguity(struct slice in)
{
    size_t odd = first_oddity(in);

    if (odd == in.n)
        return MIME_ENC_NONE;
    return in.n > LONG && in.n - odd < TAIL ? MIME_ENC_BASE64_LOOSE : MIME_ENC_BASE64_FOURS;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Up to three bytes to four digits. */
static void encode_group(const uint8_t *p, size_t n, uint8_t *out)
{
    uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0) | (n > 2 ? (uint32_t)p[2] : 0);

    out[0] = (uint8_t)alphabet[v >> 18];
    out[1] = (uint8_t)alphabet[v >> 12 & 63];
    out[2] = n > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
    out[3] = n > 2 ? (uint8_t)alphabet[v & 63] : '=';
}

enum cs_status b64_encode(struct slice in, const char *eol, mime_put *put, void *ctx)
{
    uint8_t line[LINE + 2];
    size_t n_eol = strlen(eol) < 2 ? strlen(eol) : 2;

    while (in.n) {
        struct slice now = slice_take(in, (size_t)LINE / 4 * 3);
        size_t n = 0;
        enum cs_status st;
        for (size_t i = 0; i < now.n; i += 3, n += 4)
            encode_group(now.p + i, now.n - i, line + n);
        memcpy(line + n, eol, n_eol);
        st = put(ctx, slice_of(line, n + n_eol));
        if (st != CS_OK)
            return st;
        in = slice_drop(in, now.n);
    }
    return CS_OK;
}
