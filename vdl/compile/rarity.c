#include "rarity.h"

#include <math.h>
#include <stdbool.h>

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

double rarity_sets(const uint8_t (*sets)[32], uint32_t n)
{
    double now[256] = { 0 }, next[256], sum = 0;

    prepare();
    for (int c = 0; c < 256; c++)
        if (sets[0][c / 8] >> (c % 8) & 1)
            now[c] = single[c];
    for (uint32_t i = 1; i < n; i++) {
        for (int c = 0; c < 256; c++) {
            next[c] = 0;
            if (!(sets[i][c / 8] >> (c % 8) & 1))
                continue;
            for (int b = 0; b < 256; b++)
                if (now[b] > 0)
                    next[c] += now[b] * pair[b << 8 | c];
        }
        for (int c = 0; c < 256; c++)
            now[c] = next[c];
    }
    for (int c = 0; c < 256; c++)
        sum += now[c];
    return sum;
}
