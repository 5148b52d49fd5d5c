#include "probe.h"

#include "base/cpu.h"

#ifdef CPU_IS_X86_64
#include <immintrin.h>
#endif

#define ALWAYS static inline __attribute__((always_inline))

/* The compiler leaves loops as they are written: these are written out four times, which spares a fifth of their instructions. */
enum { AT_ONCE = 4 };

/* Odd when the word that the window chooses has both bits. */
ALWAYS uint64_t passes(const uint8_t *filter, unsigned shift, uint64_t window)
{
    uint64_t h = vdb_hash(window), w = load64(filter + (h >> shift) * 8);

    return bit_of(w, h, 34) & bit_of(w, h, 40);
}

ALWAYS size_t put(uint32_t *out, size_t n, size_t at, uint64_t is_kept)
{
    out[n] = (uint32_t)at;
    return n + (is_kept & 1);
}

/* Places in [from, to) whose window passes the filter; all have eight readable bytes. Hardly any does, so that four of them share one
 * question. */
ALWAYS size_t probe_every(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *restrict out, size_t stride,
                          uint64_t mask)
{
    const uint8_t *filter = g->filter;
    const unsigned shift = g->shift;
    const size_t fours = from < to ? (to - from + stride - 1) / stride / AT_ONCE * AT_ONCE * stride : 0;
    size_t n = 0, i = from;

    for (const size_t end = from + fours; i != end; i += AT_ONCE * stride) {
        uint64_t a = passes(filter, shift, load64(p + i) & mask);
        uint64_t b = passes(filter, shift, load64(p + i + stride) & mask);
        uint64_t c = passes(filter, shift, load64(p + i + 2 * stride) & mask);
        uint64_t d = passes(filter, shift, load64(p + i + 3 * stride) & mask);

        if ((a | b | c | d) & 1) {
            n = put(out, n, i, a);
            n = put(out, n, i + stride, b);
            n = put(out, n, i + 2 * stride, c);
            n = put(out, n, i + 3 * stride, d);
        }
    }
    for (; i < to; i += stride)
        n = put(out, n, i, passes(filter, shift, load64(p + i) & mask));
    return n;
}

/* Odd when a chosen pair stands at p. */
ALWAYS uint64_t begins(const uint8_t *pairs, const uint8_t *p)
{
    uint32_t pair = get_le16(p);

    return load64(pairs + (size_t)(pair >> 6) * 8) >> (pair & 63);
}

/* Places in [from, to) where a chosen pair of bytes stands; all have eight readable bytes. */
ALWAYS size_t mark(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *restrict out)
{
    const uint8_t *pairs = g->pairs;
    size_t n = 0, i = from;

    for (; to - i >= AT_ONCE; i += AT_ONCE) {
        n = put(out, n, i, begins(pairs, p + i));
        n = put(out, n, i + 1, begins(pairs, p + i + 1));
        n = put(out, n, i + 2, begins(pairs, p + i + 2));
        n = put(out, n, i + 3, begins(pairs, p + i + 3));
    }
    for (; i < to; i++)
        n = put(out, n, i, begins(pairs, p + i));
    return n;
}

/* Of those places keep the ones that pass the filter. */
ALWAYS size_t probe_marked(const struct group *g, const uint8_t *p, uint32_t *at, size_t n_at, uint64_t mask)
{
    const uint8_t *filter = g->filter;
    const unsigned shift = g->shift;
    size_t n = 0;

    for (size_t i = 0; i < n_at; i++) {
        if (i + SOON < n_at)
            __builtin_prefetch(filter + (vdb_hash(load64(p + at[i + SOON]) & mask) >> shift) * 8);
        n = put(at, n, at[i], passes(filter, shift, load64(p + at[i]) & mask));
    }
    return n;
}

#ifdef CPU_IS_X86_64
/* Bytes at 32 places, as a sieve looks them up: the lower half of each and the upper one. */
struct halves { __m256i low, high; };

__attribute__((target("avx2"))) ALWAYS struct halves halves_of(const uint8_t *p)
{
    const __m256i low = _mm256_set1_epi8(15), bytes = _mm256_loadu_si256((const void *)p);

    return (struct halves){ _mm256_and_si256(bytes, low), _mm256_and_si256(_mm256_srli_epi16(bytes, 4), low) };
}

__attribute__((target("avx2"))) ALWAYS __m256i table_at(const uint8_t *p)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)p));
}

/* The buckets that have room for these bytes. */
__attribute__((target("avx2"))) ALWAYS __m256i with(const uint8_t *tables, struct halves h)
{
    return _mm256_and_si256(_mm256_shuffle_epi8(table_at(tables), h.low), _mm256_shuffle_epi8(table_at(tables + 16), h.high));
}

/* Places in [from, to) that the sieve lets through; all have eight readable bytes. */
__attribute__((target("avx2,bmi,bmi2"))) static size_t sift(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    const uint8_t *end = g->sieve + (size_t)g->sieve_sets * VDB_SIEVE_SET;
    size_t n = 0, i = from;

    for (; to - i >= 32; i += 32) {
        struct halves a = halves_of(p + i), b = halves_of(p + i + 1), c = halves_of(p + i + 2), d = halves_of(p + i + 3);
        __m256i any = _mm256_setzero_si256();
        uint32_t places;

        for (const uint8_t *t = g->sieve; t != end; t += VDB_SIEVE_SET)
            any = _mm256_or_si256(any, _mm256_and_si256(_mm256_and_si256(with(t, a), with(t + 32, b)),
                                                        _mm256_and_si256(with(t + 64, c), with(t + 96, d))));
        places = ~(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(any, _mm256_setzero_si256()));
        for (; places; places &= places - 1)
            out[n++] = (uint32_t)i + (uint32_t)__builtin_ctz(places);
    }
    for (; i < to; i++)
        out[n++] = (uint32_t)i;
    return n;
}
#endif

ALWAYS size_t probe_any(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
#ifdef CPU_IS_X86_64
    if (g->sieve && cpu_has(AVX2))
        return probe_marked(g, p, out, sift(g, p, from, to, out), g->mask);
#endif
    if (g->pairs)
        return probe_marked(g, p, out, mark(g, p, from, to, out), UINT64_MAX);
    if (g->window == 8 && g->stride == 5)
        return probe_every(g, p, from, to, out, 5, UINT64_MAX);
    if (g->window == 8 && g->stride == 4)
        return probe_every(g, p, from, to, out, 4, UINT64_MAX);
    return probe_every(g, p, from, to, out, g->stride, g->mask);
}

/* The last places of an object, where a window may be shorter than a load. */
ALWAYS size_t probe_tail(const struct group *g, const struct view *v, size_t from, size_t to, uint32_t *out)
{
    size_t n = 0;

    for (size_t i = from; i < to; i += g->stride) {
        uint64_t h = probe_hash(g, v, i), bits = vdb_bits(h);

        out[n] = (uint32_t)i;
        n += (get_le64(g->filter + vdb_word(h, g->shift, g->words) * 8) & bits) == bits;
    }
    return n;
}

/* Are these bytes beside the window, as a check of this kind, known together with it? */
ALWAYS uint64_t is_beside(const struct group *g, const uint8_t *line, uint64_t h, unsigned kind, uint64_t bytes)
{
    return g->checks >> kind & 1 ? probe_in_line(line, vdb_second(h, vdb_check(kind, bytes))) : 0;
}

/* All kinds of checks at a place that has eight bytes on both sides of its window. */
ALWAYS uint64_t passes_second(const struct group *g, const uint8_t *p, uint64_t h)
{
    const uint8_t *line = probe_line(g, h);
    uint64_t before = load64(p - 8), behind = load64(p + g->window);

    return (g->checks & 1 ? probe_in_line(line, vdb_second(h, 0)) : 0) | is_beside(g, line, h, VDB_CHECK_BEHIND, behind) |
           is_beside(g, line, h, VDB_CHECK_BEFORE, before) | is_beside(g, line, h, VDB_CHECK_3_BEHIND, behind) |
           is_beside(g, line, h, VDB_CHECK_3_BEFORE, before >> 40) |
           is_beside(g, line, h, VDB_CHECK_2_BEHIND, behind << 8 | p[g->window - 1]) |
           is_beside(g, line, h, VDB_CHECK_2_BEFORE, before >> 48 | (uint64_t)p[0] << 16);
}

/* The same near the ends of the view, where some of those bytes are not there. */
static uint64_t passes_second_slowly(const struct group *g, const struct view *v, size_t at, uint64_t h)
{
    uint64_t pass = 0;
    uint32_t check = 0;

    for (unsigned kind = VDB_CHECK_NONE; kind < VDB_CHECKS; kind++)
        if (g->checks >> kind & 1 && (kind == VDB_CHECK_NONE || probe_check(g, v, at, kind, &check)))
            pass |= probe_in_line(probe_line(g, h), vdb_second(h, check));
    return pass;
}

/* Keep those places whose window and neighbours pass the second filter. */
ALWAYS size_t probe_second(const struct group *g, const struct view *v, uint32_t *at, size_t n_at)
{
    size_t n = 0;

    for (size_t i = 0; i < n_at; i++) {
        uint64_t h = probe_hash(g, v, at[i]);
        bool has_room = at[i] >= 8 && v->n - at[i] >= g->window + 8;

        if (i + SOON < n_at)
            __builtin_prefetch(probe_line(g, probe_hash(g, v, at[i + SOON])));
        n = put(at, n, at[i], has_room ? passes_second(g, v->p + at[i], h) : passes_second_slowly(g, v, at[i], h));
    }
    return n;
}

ALWAYS size_t find(const struct group *g, const struct view *v, size_t at, size_t end, uint32_t *out)
{
    size_t fast = v->n >= 8 ? v->n - 7 : 0, n = 0;

    fast = fast < end ? fast : end;
    if (at < fast) {
        n = probe_any(g, v->p, at, fast, out);
        at += (fast - at + g->stride - 1) / g->stride * g->stride;
    }
    n += probe_tail(g, v, at, end, out + n);
    return g->second ? probe_second(g, v, out, n) : n;
}

#ifdef CPU_IS_X86_64
/* The same code with shifts that need no fixed register. */
__attribute__((target("bmi,bmi2"))) static size_t find_bmi(const struct group *g, const struct view *v, size_t at, size_t end, uint32_t *out)
{
    return find(g, v, at, end, out);
}

size_t probe_find(const struct group *g, const struct view *v, size_t at, size_t end, uint32_t *out)
{
    return cpu_has(BMI2) ? find_bmi(g, v, at, end, out) : find(g, v, at, end, out);
}
#else
size_t probe_find(const struct group *g, const struct view *v, size_t at, size_t end, uint32_t *out)
{
    return find(g, v, at, end, out);
}
#endif
