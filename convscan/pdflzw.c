#include "pdflzw.h"

enum { CODES = 4096, CLEAR = 256, END = 257, FIRST = 258, PIECE = 16384 };

struct lzw {
    uint16_t parent[CODES];
    uint8_t last_of[CODES], first_of[CODES];
    uint16_t length[CODES];
    unsigned next, last;         /* last: the code before, CODES when there is none */
    uint8_t out[PIECE + CODES];
    size_t n;
};

static void lzw_clear(struct lzw *z)
{
    z->next = FIRST;
    z->last = CODES;
}

/* Behind the last string, c: the string of a new code. */
static void lzw_add(struct lzw *z, uint8_t c)
{
    if (z->last == CODES || z->next == CODES)
        return;
    z->parent[z->next] = (uint16_t)z->last;
    z->last_of[z->next] = c;
    z->first_of[z->next] = z->first_of[z->last];
    z->length[z->next] = (uint16_t)(z->length[z->last] + 1);
    z->next++;
}

static bool lzw_string(struct lzw *z, unsigned code)
{
    if (code > z->next || (code == z->next && (z->last == CODES || z->next == CODES)) || code == CLEAR || code == END)
        return false;
    lzw_add(z, code == z->next ? z->first_of[z->last] : z->first_of[code]);
    z->last = code;
    z->n += z->length[code];
    for (size_t at = z->n, left = z->length[code]; left; left--) {
        z->out[--at] = z->last_of[code];
        code = z->parent[code];
    }
    return true;
}

static void lzw_init(struct lzw *z)
{
    memset(z, 0, sizeof *z);
    for (unsigned i = 0; i < CLEAR; i++) {
        z->last_of[i] = z->first_of[i] = (uint8_t)i;
        z->length[i] = 1;
    }
    lzw_clear(z);
}

static unsigned width_for(unsigned next)
{
    return next < 512 ? 9 : next < 1024 ? 10 : next < 2048 ? 11 : 12;
}

enum cs_status pdflzw_all(struct slice in, bool is_early, inflate_put *put, void *to, bool *is_damaged)
{
    struct lzw z;
    uint32_t hold = 0;
    unsigned bits = 0;
    size_t at = 0;
    enum cs_status st = CS_OK;

    lzw_init(&z);
    *is_damaged = true;
    while (st == CS_OK) {
        unsigned width = width_for(z.next + is_early), code;
        while (bits < width && at < in.n) {
            hold = hold << 8 | in.p[at++];
            bits += 8;
        }
        if (bits < width)
            break;
        bits -= width;
        code = hold >> bits & ((1u << width) - 1);
        *is_damaged = code != END;
        if (code == END)
            break;
        if (code == CLEAR)
            lzw_clear(&z);
        else if (!lzw_string(&z, code))
            break;
        if (z.n >= PIECE) {
            st = put(to, slice_of(z.out, z.n));
            z.n = 0;
        }
    }
    if (st == CS_OK && z.n)
        st = put(to, slice_of(z.out, z.n));
    return st;
}
