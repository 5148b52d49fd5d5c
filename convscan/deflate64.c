#include "deflate64.h"

#include "window.h"

enum { N_LITERALS = 286, N_DISTANCES = 32, END = 256 };

static const uint16_t length_base[29] = { 3,  4,  5,  6,  7,  8,  9,  10, 11, 13, 15, 17,  19,  23, 27,
                                          31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 3 };
static const uint8_t length_extra[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 16 };

static bool stored(struct bits *b, struct window *w)
{
    unsigned n, check;

    bits_get(b, b->n & 7);
    n = bits_get(b, 16);
    check = bits_get(b, 16);
    if (n != (~check & 0xffff))
        return false;
    while (n-- && !b->is_over && w->st == CS_OK)
        window_byte(w, (uint8_t)bits_get(b, 8));
    return !b->is_over;
}

/* One length and distance pair. */
static bool match(struct bits *b, struct window *w, const struct codes *distances, int symbol)
{
    size_t n, distance;
    int code;

    symbol -= END + 1;
    if (symbol >= 29)
        return false;
    n = (size_t)length_base[symbol] + bits_get(b, length_extra[symbol]);
    code = codes_get(distances, b, 0);
    if (code < 0)
        return false;
    distance = (size_t)code + 1;
    if (code >= 4) {
        unsigned extra = (unsigned)code / 2 - 1;
        distance = ((2 + ((size_t)code & 1)) << extra) + 1 + bits_get(b, extra);
    }
    window_copy(w, (uint32_t)distance, n);
    return true;
}

static bool block(struct bits *b, struct window *w, const struct codes *literals, const struct codes *distances)
{
    while (!b->is_over && w->st == CS_OK) {
        int symbol = codes_get(literals, b, 0);
        if (symbol < 0)
            return false;
        if (symbol == END)
            return true;
        if (symbol < END)
            window_byte(w, (uint8_t)symbol);
        else if (!match(b, w, distances, symbol))
            return false;
    }
    return false;
}

static bool fixed(struct bits *b, struct window *w)
{
    struct codes literals, distances;
    uint8_t lengths[288];

    memset(lengths, 8, 144);
    memset(lengths + 144, 9, 112);
    memset(lengths + 256, 7, 24);
    memset(lengths + 280, 8, 8);
    codes_make(&literals, lengths, 288);
    memset(lengths, 5, 32);
    codes_make(&distances, lengths, 32);
    return block(b, w, &literals, &distances);
}

/* The code lengths of both trees, themselves coded. */
static bool read_lengths(struct bits *b, const struct codes *meta, uint8_t *lengths, size_t n)
{
    for (size_t i = 0; i < n;) {
        int symbol = codes_get(meta, b, 0);
        uint8_t value = 0;
        size_t times;
        if (symbol < 0 || b->is_over)
            return false;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16) {
            if (i == 0)
                return false;
            value = lengths[i - 1];
        }
        times = symbol == 16 ? 3 + bits_get(b, 2) : symbol == 17 ? 3 + bits_get(b, 3) : 11 + bits_get(b, 7);
        if (times > n - i)
            return false;
        memset(lengths + i, value, times);
        i += times;
    }
    return true;
}

static bool dynamic(struct bits *b, struct window *w)
{
    static const uint8_t order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15 };
    uint8_t lengths[N_LITERALS + N_DISTANCES + 2] = { 0 };
    struct codes literals, distances;
    size_t n_literals = bits_get(b, 5) + 257, n_distances = bits_get(b, 5) + 1, n_meta = bits_get(b, 4) + 4;

    if (n_literals > N_LITERALS)
        return false;
    for (size_t i = 0; i < n_meta; i++)
        lengths[order[i]] = (uint8_t)bits_get(b, 3);
    if (codes_make(&literals, lengths, 19) != 0)
        return false;
    memset(lengths, 0, 19);
    if (!read_lengths(b, &literals, lengths, n_literals + n_distances))
        return false;
    if (codes_make(&literals, lengths, n_literals) < 0 || codes_make(&distances, lengths + n_literals, n_distances) < 0)
        return false;
    return block(b, w, &literals, &distances);
}

enum cs_status deflate64_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    struct window w = { .put = put, .to = to };
    struct bits b = { .in = in };
    bool is_last = false, is_good = true;

    while (is_good && !is_last && w.st == CS_OK) {
        is_last = bits_get(&b, 1);
        switch (bits_get(&b, 2)) {
        case 0: is_good = stored(&b, &w); break;
        case 1: is_good = fixed(&b, &w); break;
        case 2: is_good = dynamic(&b, &w); break;
        default: is_good = false;
        }
    }
    window_flush(&w);
    *res = (struct inflate_result){ .used = bits_used(&b), .made = w.made, .is_damaged = !is_good || b.is_over };
    return w.st;
}
