#include "sieve.h"

#include <stdlib.h>
#include <string.h>

#include "rarity.h"

/* What a byte costs, in thousandths of a nanosecond as match_bench showed it: what all sets share, each set, and a place that is let
 * through. Without a sieve it is 1,600. */
static const double shared = 200, each_set = 26, passed = 16000, worth = 1200;
enum { ROUNDS = 3, SETS = VDB_SIEVE_SETS, BUCKETS = SETS * 8 };

void sieve_release(struct sieve *s)
{
    free(s->items);
    *s = (struct sieve){ 0 };
}

static struct sieve_item item_of(const uint8_t (*sets)[32])
{
    struct sieve_item item = { 0 };

    for (unsigned k = 0; k < VDB_SIEVE_PLACES; k++)
        for (unsigned c = 0; c < 256; c++)
            if (sets[k][c / 8] >> c % 8 & 1) {
                item.low[k] |= (uint16_t)(1u << (c & 15));
                item.high[k] |= (uint16_t)(1u << (c >> 4));
            }
    return item;
}

bool sieve_add(struct sieve *s, const uint8_t (*sets)[32])
{
    struct sieve_item item = item_of(sets);

    if (!s->items)
        s->items = calloc(SIEVE_ITEMS, sizeof *s->items);
    if (!s->items)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(&s->items[i], &item, sizeof item) == 0)
            return true;
    s->is_over |= s->n == SIEVE_ITEMS;
    if (!s->is_over)
        s->items[s->n++] = item;
    return true;
}

/* Shares of bytes with this upper half whose lower half is in a set of eight of the sixteen. */
struct shares { double of[16][2][256]; };

static void shares_make(struct shares *t)
{
    for (unsigned c = 0; c < 256; c++)
        for (unsigned set = 0; set < 256; set++)
            if (set >> c % 8 & 1)
                t->of[c >> 4][c >> 3 & 1][set] += rarity_bytes(&(uint8_t){ (uint8_t)c }, 1);
}

/* The share of places that a bucket lets through. */
static double let_through(const struct shares *t, const struct sieve_item *b)
{
    double all = 1;

    for (unsigned k = 0; k < VDB_SIEVE_PLACES; k++) {
        double one = 0;

        for (unsigned h = b->high[k]; h; h &= h - 1) {
            unsigned high = (unsigned)__builtin_ctz(h);

            one += t->of[high][0][b->low[k] & 255] + t->of[high][1][b->low[k] >> 8];
        }
        all *= one;
    }
    return all;
}

static struct sieve_item both(struct sieve_item a, const struct sieve_item *b)
{
    for (unsigned k = 0; k < VDB_SIEVE_PLACES; k++) {
        a.low[k] |= b->low[k];
        a.high[k] |= b->high[k];
    }
    return a;
}

/* The buckets as the items in them make them, but for one. */
static struct sieve_item bucket_of(const struct sieve *s, const uint8_t *in, uint8_t bucket, size_t without)
{
    struct sieve_item b = { 0 };

    for (size_t i = 0; i < s->n; i++)
        if (in[i] == bucket && i != without)
            b = both(b, &s->items[i]);
    return b;
}

/* The bucket that becomes the least worse by this item. */
static uint8_t cheapest(const struct shares *t, const struct sieve_item *buckets, unsigned n, const struct sieve_item *item)
{
    double best = 2;
    uint8_t found = 0;

    for (uint8_t b = 0; b < n; b++) {
        struct sieve_item more = both(buckets[b], item);
        double cost = let_through(t, &more) - let_through(t, &buckets[b]);

        if (cost < best) {
            best = cost;
            found = b;
        }
    }
    return found;
}

/* Items into n buckets: each where it does the least harm, looked at again when all have their place. What all let through. */
static double distribute(const struct sieve *s, const struct shares *t, struct sieve_item *buckets, unsigned n)
{
    uint8_t in[SIEVE_ITEMS];
    double all = 0;

    memset(in, UINT8_MAX, sizeof in);
    memset(buckets, 0, n * sizeof *buckets);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < s->n; i++) {
            if (round)
                buckets[in[i]] = bucket_of(s, in, in[i], i);
            in[i] = cheapest(t, buckets, n, &s->items[i]);
            buckets[in[i]] = both(buckets[in[i]], &s->items[i]);
        }
    for (unsigned b = 0; b < n; b++)
        all += let_through(t, &buckets[b]);
    return all;
}

/* Of set s, the bits of its eight buckets: for each place 16 bytes of lower halves, 16 of upper ones. */
static void write_tables(uint8_t *out, const struct sieve_item *buckets, unsigned sets)
{
    for (unsigned b = 0; b < sets * 8; b++)
        for (unsigned k = 0; k < VDB_SIEVE_PLACES; k++)
            for (unsigned half = 0; half < 16; half++) {
                uint8_t *place = out + b / 8 * VDB_SIEVE_SET + (size_t)k * 32 + half;

                place[0] |= (uint8_t)((buckets[b].low[k] >> half & 1) << b % 8);
                place[16] |= (uint8_t)((buckets[b].high[k] >> half & 1) << b % 8);
            }
}

static bool write_row(struct image *im, uint32_t group, const struct sieve_item *buckets, unsigned sets)
{
    uint32_t at = image_at(im, VDB_FILTER);
    uint8_t *tables = image_grow(im, VDB_FILTER, (size_t)sets * VDB_SIEVE_SET), *row = image_grow(im, VDB_SIEVES, VDB_SIEVE);

    if (!tables || !row)
        return false;
    write_tables(tables, buckets, sets);
    put_le32(row + VDB_V_GROUP, group);
    put_le32(row + VDB_V_SETS, sets);
    put_le32(row + VDB_V_TABLES, at);
    return true;
}

bool sieve_write(struct image *im, uint32_t group, const struct sieve *s)
{
    struct sieve_item buckets[BUCKETS], best[BUCKETS];
    struct shares *t;
    double least = worth;
    unsigned found = 0;

    if (s->n == 0 || s->is_over)
        return true;
    t = calloc(1, sizeof *t);
    if (!t)
        return false;
    shares_make(t);
    for (unsigned sets = 1; sets <= SETS; sets++) {
        double cost = shared + each_set * sets + passed * distribute(s, t, buckets, sets * 8);

        if (cost < least) {
            least = cost;
            found = sets;
            memcpy(best, buckets, sizeof best);
        }
    }
    free(t);
    return !found || write_row(im, group, best, found);
}
