#include "unbase.h"

/* 0 to 63 in both alphabets, and one of these. A table of what is to be taken off, so that what is not named is OTHER. */
enum { PADDING = 64, SPACE, OTHER };
#define V(n) (OTHER - (n))
static const uint8_t taken_off[256] = {
    ['A'] = V(0),  ['B'] = V(1),  ['C'] = V(2),  ['D'] = V(3),  ['E'] = V(4),  ['F'] = V(5),  ['G'] = V(6),  ['H'] = V(7),
    ['I'] = V(8),  ['J'] = V(9),  ['K'] = V(10), ['L'] = V(11), ['M'] = V(12), ['N'] = V(13), ['O'] = V(14), ['P'] = V(15),
    ['Q'] = V(16), ['R'] = V(17), ['S'] = V(18), ['T'] = V(19), ['U'] = V(20), ['V'] = V(21), ['W'] = V(22), ['X'] = V(23),
    ['Y'] = V(24), ['Z'] = V(25), ['a'] = V(26), ['b'] = V(27), ['c'] = V(28), ['d'] = V(29), ['e'] = V(30), ['f'] = V(31),
    ['g'] = V(32), ['h'] = V(33), ['i'] = V(34), ['j'] = V(35), ['k'] = V(36), ['l'] = V(37), ['m'] = V(38), ['n'] = V(39),
    ['o'] = V(40), ['p'] = V(41), ['q'] = V(42), ['r'] = V(43), ['s'] = V(44), ['t'] = V(45), ['u'] = V(46), ['v'] = V(47),
    ['w'] = V(48), ['x'] = V(49), ['y'] = V(50), ['z'] = V(51), ['0'] = V(52), ['1'] = V(53), ['2'] = V(54), ['3'] = V(55),
    ['4'] = V(56), ['5'] = V(57), ['6'] = V(58), ['7'] = V(59), ['8'] = V(60), ['9'] = V(61), ['+'] = V(62), ['-'] = V(62),
    ['/'] = V(63), ['_'] = V(63), ['='] = V(PADDING), [' '] = V(SPACE), ['\t' ... '\r'] = V(SPACE),
};
#undef V

static unsigned value(uint8_t c)
{
    return (unsigned)OTHER - taken_off[c];
}

enum cs_status unbase64(struct slice in, struct buf *out)
{
    uint32_t v = 0;
    size_t n = 0;
    enum cs_status st = buf_reserve(out, in.n / 4 * 3 + 3);

    if (st != CS_OK)
        return st;
    for (size_t i = 0; i < in.n; i++) {
        unsigned c = value(in.p[i]);
        if (c >= PADDING)
            continue;
        v = v << 6 | c;
        if (++n % 4 == 0) {
            out->p[out->n++] = (uint8_t)(v >> 16);
            out->p[out->n++] = (uint8_t)(v >> 8);
            out->p[out->n++] = (uint8_t)v;
        }
    }
    if (n % 4 >= 2) {
        v <<= 6 * (4 - n % 4);
        out->p[out->n++] = (uint8_t)(v >> 16);
        if (n % 4 == 3)
            out->p[out->n++] = (uint8_t)(v >> 8);
    }
    return CS_OK;
}

enum cs_status unbase_hex(struct slice in, struct buf *out)
{
    enum cs_status st = buf_reserve(out, in.n / 2 + 1);
    int high = -1;

    for (size_t i = 0; i < in.n && st == CS_OK; i++) {
        int v = ascii_hex(in.p[i]);
        if (v < 0)
            continue;
        if (high >= 0)
            out->p[out->n++] = (uint8_t)(high << 4 | v);
        high = high >= 0 ? -1 : v;
    }
    return st;
}

/* The value of n hex digits, or -1. */
static int hex_of(struct slice in, size_t n)
{
    int v = 0;

    if (in.n < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int d = ascii_hex(in.p[i]);
        if (d < 0)
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* Bytes that the escape at the front takes, 0 when there is none. */
static size_t escape(struct slice in, int *v)
{
    if (in.n < 3 || in.p[0] != '%')
        return 0;
    *v = hex_of(slice_drop(in, 1), 2);
    if (*v >= 0)
        return 3;
    *v = ascii_lower(in.p[1]) == 'u' ? hex_of(slice_drop(in, 2), 4) : -1;
    return *v >= 0 ? 6 : 0;
}

enum cs_status unbase_percent(struct slice in, struct buf *out)
{
    enum cs_status st = buf_reserve(out, in.n);

    while (in.n && st == CS_OK) {
        int v = 0;
        size_t n = escape(in, &v);
        out->p[out->n++] = n ? (uint8_t)v : in.p[0];
        if (n == 6)
            out->p[out->n++] = (uint8_t)(v >> 8);
        in = slice_drop(in, n ? n : 1);
    }
    return st;
}

bool unbase_is_64(struct slice in, size_t min)
{
    size_t n = 0, blanks = 0;

    if (in.n < min)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        unsigned c = value(in.p[i]);
        if (c == OTHER)
            return false;
        n += c < PADDING;
        blanks += in.p[i] == ' ';
        if (blanks * 32 > n + 32)
            return false;
    }
    return n >= min;
}

bool unbase_is_hex(struct slice in, size_t min)
{
    size_t n = 0;

    if (in.n < min)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        if (ascii_hex(in.p[i]) >= 0)
            n++;
        else if (!ascii_is_space(in.p[i]))
            return false;
    }
    return n >= min && n % 2 == 0;
}

size_t unbase_percents(struct slice in, size_t max)
{
    size_t count = 0;

    while (in.n && count < max) {
        int v;
        size_t n = slice_chr(in, '%');
        in = slice_drop(in, n);
        n = escape(in, &v);
        count += n > 0;
        in = slice_drop(in, n ? n : 1);
    }
    return count;
}
