#include "rarity.h"

#include <math.h>
#include <stdbool.h>

#include "base/bytes.h"
#include "rarity_table.h"

static double share(char c)
{
    int level = c - '@' - (c > '\\');

    return exp2(-level / 3.0);
}

/* Both tables as shares; made once, since exp2 is slow. */
static double single[256], pair[65536];

static void prepare(void)
{
    static bool is_ready;

    if (is_ready)
        return;
    for (int i = 0; i < 256; i++)
        single[i] = share(rarity_single[i]);
    for (int i = 0; i < 65536; i++)
        pair[i] = share(rarity_pair[i]);
    is_ready = true;
}

double rarity_bytes(const uint8_t *p, uint32_t n)
{
    double s;

    prepare();
    s = single[p[0]];
    for (uint32_t i = 1; i < n; i++)
        s *= pair[p[i - 1] << 8 | p[i]];
    return s;
}

enum { NARROW = 32 };

/* The members of a set, or 0 when there are too many to follow each. */
static int members(const uint8_t *set, uint8_t *out)
{
    int n = 0;

    for (unsigned from = 0; from < 256; from += 64)
        for (uint64_t bits = get_le64(set + from / 8); bits; bits &= bits - 1) {
            if (n == NARROW)
                return 0;
            out[n++] = (uint8_t)(from + (unsigned)__builtin_ctzll(bits));
        }
    return n;
}

double rarity_sets(const uint8_t (*sets)[32], uint32_t n)
{
    uint8_t had[NARROW], have[NARROW];
    double now[NARROW], next[NARROW], before = 1;
    int n_had = 0;

    prepare();
    for (uint32_t i = 0; i < n; i++) {
        int n_have = members(sets[i], have);

        for (int k = 0; k < n_have; k++) {
            next[k] = n_had ? 0 : before * single[have[k]];
            for (int h = 0; h < n_had; h++)
                next[k] += now[h] * pair[had[h] << 8 | have[k]];
        }
        /* A wide set says nothing; what follows it starts anew. */
        for (int h = 0; n_have == 0 && h < n_had; h++)
            before = h == 0 ? now[h] : before + now[h];
        for (int k = 0; k < n_have; k++) {
            now[k] = next[k];
            had[k] = have[k];
        }
        n_had = n_have;
    }
    for (int h = 0; h < n_had; h++)
        before = h == 0 ? now[h] : before + now[h];
    return before < 1 ? before : 1;
}
