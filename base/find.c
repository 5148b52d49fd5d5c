#include "find.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>

enum { LANES = 16, STEP = 4 * LANES, MISSES = 64, MISS_STEP = 256 };

static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* 255 in each of 16 lanes where the first byte stands and, m - 1 further on, the last one. */
static __m128i ends(const uint8_t *p, size_t m, __m128i first, __m128i last)
{
    return _mm_and_si128(_mm_cmpeq_epi8(load(p), first), _mm_cmpeq_epi8(load(p + m - 1), last));
}

/*
 * 64 places at a time, by the first and the last byte; few are left that have to be compared. *at: how far it went, when it found nothing:
 * as far as whole steps do, or as it was allowed to miss.
 */
static int look(const uint8_t *p, size_t n, const uint8_t *what, size_t m, size_t *at)
{
    const __m128i first = _mm_set1_epi8((char)what[0]), last = _mm_set1_epi8((char)what[m - 1]);
    size_t misses = 0;

    for (*at = 0; n - *at >= STEP + m - 1 && misses <= MISSES + *at / MISS_STEP; *at += STEP) {
        const uint8_t *q = p + *at;
        const __m128i a = ends(q, m, first, last), b = ends(q + LANES, m, first, last), c = ends(q + 2 * LANES, m, first, last),
                      d = ends(q + 3 * LANES, m, first, last);
        uint64_t places;

        if (_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(a, b), _mm_or_si128(c, d))) == 0)
            continue;
        places = (uint64_t)(uint32_t)_mm_movemask_epi8(a) | (uint64_t)(uint32_t)_mm_movemask_epi8(b) << LANES |
                 (uint64_t)(uint32_t)_mm_movemask_epi8(c) << 2 * LANES | (uint64_t)(uint32_t)_mm_movemask_epi8(d) << 3 * LANES;
        for (; places; places &= places - 1, misses++)
            if (memcmp(q + __builtin_ctzll(places), what, m) == 0) {
                *at += (size_t)__builtin_ctzll(places);
                return 1;
            }
    }
    return 0;
}
#else
static int look(const uint8_t *p, size_t n, const uint8_t *what, size_t m, size_t *at)
{
    (void)p, (void)n, (void)what, (void)m;
    *at = 0;
    return 0;
}
#endif

size_t find_bytes(const uint8_t *p, size_t n, const uint8_t *what, size_t m)
{
    const uint8_t *q;
    size_t at;

    if (n < m)
        return n;
    if (look(p, n, what, m, &at))
        return at;
    q = n - at < m ? NULL : memmem(p + at, n - at, what, m);
    return q ? (size_t)(q - p) : n;
}
