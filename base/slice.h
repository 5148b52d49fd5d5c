/*
 * slice.h - a borrowed run of bytes.
 *
 *   Borrows   everything; a slice never owns.
 *   Fails     never. Positions past the end give empty slices.
 *   Bounded   by n. No NUL is promised; p is never NULL for a slice made here.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/find.h"

struct slice {
    const uint8_t *p;
    size_t n;
};

/* A string literal, without its NUL. */
#define SLICE(lit) ((struct slice){ (const uint8_t *)(lit), sizeof(lit) - 1 })

static inline struct slice slice_of(const void *p, size_t n)
{
    return (struct slice){ p ? p : (const void *)"", p ? n : 0 };
}

static inline struct slice slice_str(const char *s)
{
    return slice_of(s, s ? strlen(s) : 0);
}

/* The first n bytes, or all of them. */
static inline struct slice slice_take(struct slice s, size_t n)
{
    return (struct slice){ s.p, n < s.n ? n : s.n };
}

/* What follows the first n bytes, or nothing. */
static inline struct slice slice_drop(struct slice s, size_t n)
{
    if (n > s.n)
        n = s.n;
    return (struct slice){ s.p + n, s.n - n };
}

static inline struct slice slice_sub(struct slice s, size_t at, size_t n)
{
    return slice_take(slice_drop(s, at), n);
}

static inline bool slice_eq(struct slice a, struct slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool slice_starts(struct slice s, struct slice head)
{
    return s.n >= head.n && slice_eq(slice_take(s, head.n), head);
}

static inline bool slice_ends(struct slice s, struct slice tail)
{
    return s.n >= tail.n && slice_eq(slice_drop(s, s.n - tail.n), tail);
}

/* ASCII only: no locale may change what a header means. */
static inline uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static inline bool ascii_is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool ascii_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(uint8_t c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

/* 0 to 15, or -1. */
static inline int ascii_hex(uint8_t c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static inline bool slice_ieq(struct slice a, struct slice b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (ascii_lower(a.p[i]) != ascii_lower(b.p[i]))
            return false;
    return true;
}

static inline bool slice_istarts(struct slice s, struct slice head)
{
    return s.n >= head.n && slice_ieq(slice_take(s, head.n), head);
}

/* Position of the first c, or s.n. */
static inline size_t slice_chr(struct slice s, uint8_t c)
{
    const uint8_t *q = s.n ? memchr(s.p, c, s.n) : NULL;
    return q ? (size_t)(q - s.p) : s.n;
}

/* Position of the first byte string, or s.n. Linear, also in bytes made to be slow. */
static inline size_t slice_find(struct slice s, struct slice what)
{
    const uint8_t *q;

    if (what.n == 0 || s.n < what.n)            /* memmem() is promised no NULL, also for nothing */
        return what.n == 0 ? 0 : s.n;
    if (s.n >= FIND_LONG)
        return find_bytes(s.p, s.n, what.p, what.n);
    q = memmem(s.p, s.n, what.p, what.n);
    return q ? (size_t)(q - s.p) : s.n;
}

/* Does the word stand in it, in any case of letters? For short texts: labels, names, the front of a file. */
static inline bool slice_ihas(struct slice s, struct slice word)
{
    for (size_t i = 0; i + word.n <= s.n; i++)
        if (slice_istarts(slice_drop(s, i), word))
            return true;
    return false;
}

static inline struct slice slice_trim(struct slice s)
{
    while (s.n && ascii_is_space(s.p[0]))
        s = slice_drop(s, 1);
    while (s.n && ascii_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

#endif
