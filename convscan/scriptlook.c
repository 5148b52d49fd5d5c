#include "scriptlook.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Where a comparison holds, a byte of the answer is 255. */
typedef uint8_t sixteen __attribute__((vector_size(16)));
enum { LANES = sizeof(sixteen), BLOCK = 64 };

/* A bit for each of 64 bytes: of what kind is it? */
struct kinds { uint64_t word, digit, comma, plus, c_or_f, quote, bracket, slash, star, in_list; };

static uint64_t bits_of(sixteen holds)
{
#ifdef __SSE2__
    return (uint32_t)_mm_movemask_epi8((__m128i)holds);
#else
    uint64_t bits = 0;

    for (unsigned i = 0; i < LANES; i++)
        bits |= (uint64_t)(holds[i] & 1) << i;
    return bits;
#endif
}

static struct kinds kinds_of(const uint8_t p[BLOCK])
{
    struct kinds k = { 0 };

    for (unsigned i = 0; i < BLOCK; i += LANES) {
        sixteen c, lower, digit, slash, under;

        memcpy(&c, p + i, sizeof c);
        lower = c | 32;
        digit = (sixteen)(c - '0' < 10);
        slash = (sixteen)(c == '/');
        under = (sixteen)(c == '_');
        k.word |= bits_of((sixteen)(lower - 'a' < 26) | digit | under | (sixteen)(c == '$')) << i;
        k.c_or_f |= bits_of((sixteen)(lower == 'c') | (sixteen)(lower == 'f')) << i;
        k.quote |= bits_of((sixteen)(c == '"') | (sixteen)(c == '\'') | (sixteen)(c == '`')) << i;
        k.bracket |= bits_of((sixteen)(lower == '{') | (sixteen)(c == '(')) << i;
        k.slash |= bits_of(slash) << i;
        k.digit |= bits_of(digit) << i;
        k.comma |= bits_of((sixteen)(c == ',')) << i;
        k.plus |= bits_of((sixteen)(c == '+')) << i;
        k.star |= bits_of((sixteen)(c == '*')) << i;
        k.in_list |= bits_of(digit | slash | under | (sixteen)(c == ' ') | (sixteen)(c - '\t' < 5) | (sixteen)(c == '-') |
                             (sixteen)(c == '&')) << i;
    }
    return k;
}

/* Is it so at the next n places, too? Of what is behind the block nothing is known: it may be. */
static uint64_t further(uint64_t bits, unsigned n)
{
    return bits & (bits >> n | ~(UINT64_MAX >> n));
}

/* Runs of more than SCRIPT_WORD_MAX, by their first places; and those that reach the end of the block. */
static uint64_t long_ones(uint64_t word)
{
    uint64_t runs = word;

    for (unsigned n = 1; n < 16; n *= 2)
        runs = further(runs, n);
    return further(runs, SCRIPT_WORD_MAX + 1 - 16);
}

/* Within the next SCRIPT_NEAR places? Behind the block it may be. */
static uint64_t near(uint64_t bits)
{
    uint64_t any = 0;

    for (unsigned n = 1; n <= SCRIPT_NEAR; n++)
        any |= bits >> n | ~(UINT64_MAX >> n);
    return any;
}

/* behind: the byte after the block; before: the one in front of it. */
static uint64_t places_of(const uint8_t p[BLOCK], uint8_t behind, uint8_t before)
{
    struct kinds k = kinds_of(p);
    uint64_t list = k.in_list >> 1 | (uint64_t)script_may_list(behind) << 63;
    uint64_t comment = (k.slash | k.star) >> 1 | (uint64_t)(behind == '/' || behind == '*') << 63;
    uint64_t starts = k.word & ~(k.word << 1 | script_is_word(before));
    uint64_t coded = k.word | k.plus | k.slash, coded_starts = coded & ~(coded << 1 | script_is_coded(before));

    return k.quote | (k.bracket & list) | (k.slash & comment) | (starts & (k.c_or_f | long_ones(k.word) | (k.digit & near(k.comma)))) |
           (coded_starts & long_ones(coded));
}

static void read_block(struct scriptlook *l, size_t base)
{
    struct slice s = slice_drop(l->in, base);
    uint8_t before = base ? l->in.p[base - 1] : 0;
    uint8_t padded[BLOCK] = { 0 };

    l->base = base;
    if (s.n > BLOCK) {
        l->places = places_of(s.p, s.p[BLOCK], before);
        return;
    }
    memcpy(padded, s.p, s.n);
    l->places = places_of(padded, 0, before);
}

struct scriptlook scriptlook_of(struct slice in)
{
    return (struct scriptlook){ .in = in, .base = 1 };
}

size_t scriptlook_next(struct scriptlook *l, size_t at)
{
    for (size_t base = at / BLOCK * BLOCK; base < l->in.n; base += BLOCK) {
        uint64_t places;

        if (base != l->base)
            read_block(l, base);
        places = at > base ? l->places & UINT64_MAX << at % BLOCK : l->places;
        if (places)
            return base + (size_t)__builtin_ctzll(places);
    }
    return l->in.n;
}
