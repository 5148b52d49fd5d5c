#include "unbase.h"

/* 0 to 63; 64 padding, 65 white space, 66 anything else. Both alphabets. */
static unsigned value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    if (c == '/' || c == '_')
        return 63;
    return c == '=' ? 64 : ascii_is_space(c) ? 65 : 66;
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
        if (c >= 64)
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
        if (c == 66)
            return false;
        n += c < 64;
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
