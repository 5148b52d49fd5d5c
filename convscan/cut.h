/*
 * cut.h - pieces off the front of untrusted bytes. Once something was missing, is_out stays set; numbers that are missing are 0.
 *
 *   Borrows   the bytes.
 */
#ifndef CONVSCAN_CUT_H
#define CONVSCAN_CUT_H

#include "base/bytes.h"
#include "base/slice.h"

struct cut {
    struct slice left;
    bool is_out;
};

static inline struct slice cut_bytes(struct cut *c, size_t n)
{
    struct slice s = slice_take(c->left, n);

    c->is_out = c->is_out || s.n < n;
    c->left = slice_drop(c->left, n);
    return s;
}

static inline uint8_t cut_u8(struct cut *c)
{
    struct slice s = cut_bytes(c, 1);

    return s.n ? s.p[0] : 0;
}

static inline uint16_t cut_le16(struct cut *c)
{
    struct slice s = cut_bytes(c, 2);

    return s.n == 2 ? get_le16(s.p) : 0;
}

static inline uint32_t cut_le32(struct cut *c)
{
    struct slice s = cut_bytes(c, 4);

    return s.n == 4 ? get_le32(s.p) : 0;
}

/* Up to a NUL, which is taken as well. */
static inline struct slice cut_string(struct cut *c)
{
    struct slice s = slice_take(c->left, slice_chr(c->left, 0));

    (void)cut_bytes(c, s.n + 1);
    return s;
}

#endif
