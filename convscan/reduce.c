#include "pkold.h"

#include "window.h"

enum { MARK = 144 };

struct followers {
    uint8_t n, bits;             /* bits: that an index takes */
    uint8_t set[64];
};

static void read_followers(struct bits *b, struct followers f[256])
{
    for (int c = 255; c >= 0; c--) {
        f[c].n = (uint8_t)bits_get(b, 6);
        f[c].bits = 1;
        while ((1u << f[c].bits) < f[c].n)
            f[c].bits++;
        for (size_t i = 0; i < f[c].n; i++)
            f[c].set[i] = (uint8_t)bits_get(b, 8);
    }
}

static uint8_t next_byte(struct bits *b, const struct followers *f)
{
    if (f->n == 0 || bits_get(b, 1))
        return (uint8_t)bits_get(b, 8);
    return f->set[bits_get(b, f->bits) & 63];
}

/* What a byte means depends on the bytes since the last mark. */
struct reducer {
    enum { PLAIN, MARKED, LONGER, DISTANCE } state;
    unsigned factor, first;
    size_t length;
};

static void take(struct reducer *r, struct window *w, uint8_t c)
{
    unsigned most = 0xffu >> r->factor;

    switch (r->state) {
    case PLAIN:
        if (c == MARK)
            r->state = MARKED;
        else
            window_byte(w, c);
        break;
    case MARKED:
        r->first = c;
        r->length = c & most;
        r->state = r->length == most ? LONGER : DISTANCE;
        if (c == 0) {
            window_byte(w, MARK);
            r->state = PLAIN;
        }
        break;
    case LONGER:
        r->length += c;
        r->state = DISTANCE;
        break;
    case DISTANCE:
        window_copy(w, (r->first >> (8 - r->factor)) * 256 + c + 1, r->length + 3);
        r->state = PLAIN;
        break;
    }
}

enum cs_status pkold_reduce(struct slice in, unsigned factor, uint64_t size, inflate_put *put, void *to,
                            struct inflate_result *res)
{
    struct followers f[256] = { 0 };
    struct window w = { .put = put, .to = to };
    struct bits b = { .in = in };
    struct reducer r = { .factor = factor };
    uint8_t last = 0;

    read_followers(&b, f);
    while (w.made < size && w.st == CS_OK && !b.is_over) {
        last = next_byte(&b, &f[last]);
        if (!b.is_over)
            take(&r, &w, last);
    }
    window_flush(&w);
    *res = (struct inflate_result){ .used = bits_used(&b), .made = w.made, .is_damaged = w.made < size };
    return w.st;
}
