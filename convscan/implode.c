#include "pkold.h"

#include "window.h"

struct trees {
    struct codes literals, lengths, distances;
    bool has_literals;
    unsigned low_bits;           /* of a distance, not coded */
};

/* Lengths of a tree in runs: a count of bytes, then in each byte how many and how long, both less one. */
static bool read_tree(struct bits *b, struct codes *c, size_t n)
{
    uint8_t lengths[256];
    size_t at = 0;

    for (unsigned runs = bits_get(b, 8) + 1; runs; runs--) {
        uint8_t len = (uint8_t)(bits_get(b, 4) + 1);
        unsigned times = bits_get(b, 4) + 1;
        if (times > n - at)
            return false;
        memset(lengths + at, len, times);
        at += times;
    }
    return at == n && !b->is_over && codes_make(c, lengths, n) >= 0;
}

static bool match(struct bits *b, struct window *w, const struct trees *t)
{
    unsigned distance = bits_get(b, t->low_bits);
    int high = codes_get(&t->distances, b, 1), n = codes_get(&t->lengths, b, 1);
    size_t length;

    if (high < 0 || n < 0)
        return false;
    length = (size_t)n + (t->has_literals ? 3 : 2);
    if (n == 63)
        length += bits_get(b, 8);
    window_copy(w, (distance | (unsigned)high << t->low_bits) + 1, length);
    return true;
}

static bool run(struct bits *b, struct window *w, const struct trees *t, uint64_t size)
{
    while (w->made < size && w->st == CS_OK) {
        if (b->is_over)
            return false;
        if (!bits_get(b, 1)) {
            if (!match(b, w, t))
                return false;
        } else {
            int c = t->has_literals ? codes_get(&t->literals, b, 1) : (int)bits_get(b, 8);
            if (c < 0)
                return false;
            window_byte(w, (uint8_t)c);
        }
    }
    return true;
}

enum cs_status pkold_implode(struct slice in, unsigned flags, uint64_t size, inflate_put *put, void *to,
                             struct inflate_result *res)
{
    struct window w = { .put = put, .to = to };
    struct bits b = { .in = in };
    struct trees t = { .has_literals = flags & 4, .low_bits = flags & 2 ? 7 : 6 };
    bool is_good = (!t.has_literals || read_tree(&b, &t.literals, 256)) && read_tree(&b, &t.lengths, 64) &&
                   read_tree(&b, &t.distances, 64) && run(&b, &w, &t, size);

    window_flush(&w);
    *res = (struct inflate_result){ .used = bits_used(&b), .made = w.made, .is_damaged = !is_good };
    return w.st;
}
