/* habit.c - which programs' readings a variant stands for. */
#include "walker.h"

#include <assert.h>

enum { N_DOUBTS = 17, N_PAIR_ROWS = 7 };
static_assert(1 + N_DOUBTS + N_PAIR_ROWS + BOUNDARIES - 2 == MIME_VARIANTS, "variants");

/*
 * Variant 0 reads as most programs do and splits a multipart by the first reading of its boundary that turns up. Then come
 * programs that differ in one thing; then seven in which any two doubts meet in all four ways (each doubt is read the other
 * way in four of seven, no two in the same four); then those that know one reading of a boundary alone.
 */
static const uint8_t pair_rows[N_DOUBTS] = { 0x0f, 0x17, 0x27, 0x47, 0x1b, 0x2b, 0x4b, 0x33, 0x53,
                                             0x63, 0x1d, 0x2d, 0x4d, 0x35, 0x55, 0x65, 0x39 };

struct habit habit_of(unsigned variant)
{
    struct habit h = { 0, ANY_READING };

    if (variant == 0 || variant >= MIME_VARIANTS)
        return h;
    variant--;
    if (variant < N_DOUBTS) {
        h.flips = 1u << variant;
        return h;
    }
    variant -= N_DOUBTS;
    for (unsigned i = 0; variant < N_PAIR_ROWS && i < N_DOUBTS; i++)
        h.flips |= (unsigned)(pair_rows[i] >> variant & 1) << i;
    if (variant >= N_PAIR_ROWS)
        h.reading = variant - N_PAIR_ROWS;
    return h;
}
