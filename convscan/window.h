/*
 * window.h - what the old and rare methods of zip share: bits from the low end, a sliding window, codes by their lengths.
 *
 *   Borrows   the input. The window hands on its bytes in pieces of 64 KB, by put().
 *   Fails     only with put()'s status, kept in window.st; after it nothing is put.
 *   Bounded   by the input: past its end bits are 0 and bits.is_over is set.
 */
#ifndef CONVSCAN_WINDOW_H
#define CONVSCAN_WINDOW_H

#include "inflate.h"

struct bits {
    struct slice in;
    size_t at;
    uint32_t hold;
    unsigned n;
    bool is_over;
};

/* The next n bits, n at most 16. */
static inline unsigned bits_get(struct bits *b, unsigned n)
{
    unsigned v;

    while (b->n < n) {
        if (b->at < b->in.n)
            b->hold |= (uint32_t)b->in.p[b->at++] << b->n;
        else
            b->is_over = true;
        b->n += 8;
    }
    v = b->hold & ((1u << n) - 1);
    b->hold >>= n;
    b->n -= n;
    return v;
}

/* Whole bytes of the input that were needed. */
static inline size_t bits_used(const struct bits *b)
{
    return b->is_over ? b->in.n : b->at - b->n / 8;
}

enum { WINDOW = 65536, WINDOW_LENGTHS = 16, WINDOW_SYMBOLS = 320 };

struct window {
    uint8_t data[WINDOW];
    uint32_t at;                 /* where the next byte goes */
    uint64_t made;
    inflate_put *put;
    void *to;
    enum cs_status st;
};

void window_flush(struct window *w);

static inline void window_byte(struct window *w, uint8_t c)
{
    w->data[w->at++] = c;
    w->made++;
    if (w->at == WINDOW)
        window_flush(w);
}

/* Repeat n bytes from distance back; what lies before the start is zero. */
void window_copy(struct window *w, uint32_t distance, size_t n);

/* Canonical codes: how many of each length, and the symbols in order. Length 0 is unused. */
struct codes {
    uint16_t count[WINDOW_LENGTHS + 1];
    uint16_t symbol[WINDOW_SYMBOLS];
};

/* How the lengths fill the code space: 0 exactly, above 0 with room left, below 0 too many. */
int codes_make(struct codes *c, const uint8_t *lengths, size_t n);

/* The next symbol, or -1. With flip 1 the bits of every code are turned over. */
int codes_get(const struct codes *c, struct bits *b, unsigned flip);

#endif
