#include "qpwide.h"

#include "base/cpu.h"

#ifdef CPU_IS_X86_64
#include <string.h>
#include <tmmintrin.h>

enum { WIDE = 16, QUIET = 3 };      /* QUIET: so many times in a row without an escape */

/* Which of four bytes are kept, a bit each: their places one behind the other, and how many they are. */
static const uint32_t places[16] = {
    0x80808080, 0x80808000, 0x80808001, 0x80800100, 0x80808002, 0x80800200, 0x80800201, 0x80020100,
    0x80808003, 0x80800300, 0x80800301, 0x80030100, 0x80800302, 0x80030200, 0x80030201, 0x03020100
};
static const uint8_t counts[16] = { 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4 };

#define WIDE_CODE static inline __attribute__((always_inline, target("ssse3")))

/* Values of hexadecimal digits; *is: which bytes are some. */
WIDE_CODE __m128i hex(__m128i x, __m128i *is)
{
    __m128i digit = _mm_sub_epi8(x, _mm_set1_epi8('0'));
    __m128i letter = _mm_sub_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
    __m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
    __m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);

    *is = _mm_or_si128(is_digit, is_letter);
    return _mm_or_si128(_mm_and_si128(is_digit, digit), _mm_and_si128(is_letter, _mm_add_epi8(letter, _mm_set1_epi8(10))));
}

/* Four bytes to to, of which n count: gives where the next go. */
WIDE_CODE uint8_t *put_four(uint8_t *to, __m128i y, size_t n)
{
    uint32_t four = (uint32_t)_mm_cvtsi128_si32(y);

    memcpy(to, &four, sizeof four);
    return to + n;
}

/* Those bytes of y that are kept, to to. Writes WIDE bytes at most; gives where the next go. */
WIDE_CODE uint8_t *squeeze(__m128i y, unsigned kept, uint8_t *to)
{
    const unsigned a = kept & 15, b = kept >> 4 & 15, c = kept >> 8 & 15, d = kept >> 12;
    __m128i order = _mm_setr_epi32((int)places[a], (int)places[b], (int)places[c], (int)places[d]);

    y = _mm_shuffle_epi8(y, _mm_add_epi8(order, _mm_setr_epi32(0, 0x04040404, 0x08080808, 0x0c0c0c0c)));
    to = put_four(to, y, counts[a]);
    to = put_four(to, _mm_shuffle_epi32(y, 1), counts[b]);
    to = put_four(to, _mm_shuffle_epi32(y, 2), counts[c]);
    return put_four(to, _mm_shuffle_epi32(y, 3), counts[d]);
}

/* Bytes of the soft line break at p, of which three are there; 0 for anything else. */
WIDE_CODE size_t soft_break(const uint8_t *p)
{
    if (p[1] == '\n')
        return 2;
    return p[1] == '\r' && p[2] == '\n' ? 3 : 0;
}

__attribute__((target("ssse3"))) static size_t wide(const uint8_t *p, size_t n, uint8_t *to, size_t room, size_t *made)
{
    size_t at = 0, n_break = 1;
    uint8_t *out = to, *full = room < WIDE ? to : to + room - WIDE;
    unsigned over = 0, n_quiet = 0;     /* over: bytes at the front, a bit each, that belong to the last escape */

    while (n - at >= WIDE + 2 && out < full && n_quiet < QUIET && n_break) {
        __m128i x = _mm_loadu_si128((const __m128i_u *)(p + at)), is_high, is_low;
        __m128i high = hex(_mm_loadu_si128((const __m128i_u *)(p + at + 1)), &is_high);
        __m128i low = hex(_mm_loadu_si128((const __m128i_u *)(p + at + 2)), &is_low);
        __m128i is = _mm_cmpeq_epi8(x, _mm_set1_epi8('=')), byte = _mm_or_si128(_mm_slli_epi16(high, 4), low);
        unsigned found = (unsigned)_mm_movemask_epi8(is), good = found & (unsigned)_mm_movemask_epi8(_mm_and_si128(is_high, is_low));
        unsigned gone = good << 1 | good << 2 | over;

        x = _mm_or_si128(_mm_andnot_si128(is, x), _mm_and_si128(is, byte));
        over = gone >> WIDE;
        n_quiet = found ? 0 : n_quiet + 1;
        if (found == good) {
            out = squeeze(x, ~gone & 0xffff, out);
            at += WIDE;
        } else {                        /* the escapes in front of such a '=' are complete */
            unsigned end = (unsigned)__builtin_ctz(found ^ good);
            out = squeeze(x, ~gone & ((1u << end) - 1), out);
            at += end;
            n_break = soft_break(p + at);
            at += n_break;
            over = 0;
        }
    }
    *made = (size_t)(out - to);
    return at + counts[over];
}

size_t qp_wide(const uint8_t *p, size_t n, uint8_t *to, size_t room, size_t *made)
{
    *made = 0;
    return cpu_has(SSSE3) ? wide(p, n, to, room, made) : 0;
}
#else
size_t qp_wide(const uint8_t *p, size_t n, uint8_t *to, size_t room, size_t *made)
{
    (void)p, (void)n, (void)to, (void)room;
    *made = 0;
    return 0;
}
#endif
