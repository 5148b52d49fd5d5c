/*
 * probe.h - where in the bytes at hand may a literal stand? Two bit filters, then nothing is left but buckets and records (run.c).
 *
 *   Borrows   the group and the view.
 *   Bounded   one look at each place; nothing is allocated.
 *   Threads   nothing is kept.
 */
#ifndef VDL_MATCH_PROBE_H
#define VDL_MATCH_PROBE_H

#include "scan.h"

/* So far ahead are lines of cache asked for. */
enum { SOON = 12 };

/* Places in [at, end) of the view, multiples of the stride from at on, whose window passes the filters; out has room for all and one
 * more. A window ends inside the view. */
size_t probe_find(const struct group *g, const struct view *v, size_t at, size_t end, uint32_t *out);

static inline uint64_t load64(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
#else
    return get_le64(p);
#endif
}

/* The window at a place, also where fewer than eight bytes are left; hashed. */
static inline uint64_t probe_hash(const struct group *g, const struct view *v, size_t at)
{
    uint8_t pad[8] = { 0 };

    if (v->n - at >= 8)
        return vdb_hash(load64(v->p + at) & g->mask);
    memcpy(pad, v->p + at, v->n - at);
    return vdb_hash(load64(pad) & g->mask);
}

/* What an entry's check of this kind must be at this place. Bytes that are not there cannot be part of a literal. */
static inline bool probe_check(const struct group *g, const struct view *v, size_t at, unsigned kind, uint32_t *check)
{
    unsigned n;
    size_t q = at + (size_t)(ptrdiff_t)vdb_check_at(kind, g->window, &n);

    /* Before the first byte q wraps to a large number. */
    if (q >= v->n || v->n - q < n)
        return false;
    *check = vdb_check(kind, n == 8 ? load64(v->p + q) : v->p[q] | (uint32_t)v->p[q + 1] << 8 | (uint32_t)v->p[q + 2] << 16);
    return true;
}

/* The bit of a word that six bits of a hash choose, lowest. A rotation, for it needs no copy of the hash where a shift does. */
static inline uint64_t bit_of(uint64_t word, uint64_t h, unsigned n)
{
    return word >> ((h >> n | h << (64 - n)) & 63);
}

/* line: of the window, in the second filter. */
static inline uint64_t probe_in_line(const uint8_t *line, uint64_t s)
{
    uint64_t w = load64(line + (s >> 61) * 8);

    return bit_of(w, s, 34) & bit_of(w, s, 40) & bit_of(w, s, 46) & bit_of(w, s, 52) & 1;
}

static inline const uint8_t *probe_line(const struct group *g, uint64_t h)
{
    return g->second + vdb_line(h, g->second_shift) * 8;
}

#endif
