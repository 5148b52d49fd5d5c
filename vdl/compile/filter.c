#include "filter.h"

#include <stdlib.h>

#include "emit.h"
#include "rarity.h"
#include "sieve.h"

enum { G_LONG, G_REST, G_MIDDLE, G_TINY, G_ONE, GROUPS };

struct plan {
    uint32_t window, stride, least;
    size_t anchors;
    uint8_t *pairs;             /* NULL, or a map of byte pairs: windows begin only with one of them */
};

/* From here on windows that begin with chosen pairs of bytes: one entry a signature, not one for each alignment. */
enum { PAIRS_FROM = 300000, PAIRS = 65536, FEW = 500 };

struct anchor *anchors_add(struct anchors *a)
{
    if (a->n == a->room) {
        size_t room = a->room ? a->room * 2 : 256;
        struct anchor *grown = reallocarray(a->p, room, sizeof *grown);

        if (!grown)
            return NULL;
        a->p = grown;
        a->room = room;
    }
    a->p[a->n] = (struct anchor){ 0 };
    return &a->p[a->n++];
}

static void plan_groups(struct plan *plans, struct anchors *a)
{
    uint32_t least = UINT32_MAX;
    size_t n_long = 0;
    bool is_every = false;

    for (size_t i = 0; i < a->n; i++)
        n_long += a->p[i].n >= 11;
    plans[G_LONG] = n_long >= PAIRS_FROM ? (struct plan){ 8, 1, 8, 0, NULL }
                  : n_long <= 50000     ? (struct plan){ 8, 5, 12, 0, NULL }
                                        : (struct plan){ 8, 4, 11, 0, NULL };
    plans[G_REST] = (struct plan){ 8, 4, 11, 0, NULL };
    plans[G_TINY] = (struct plan){ 2, 1, 2, 0, NULL };
    plans[G_ONE] = (struct plan){ 1, 1, 1, 0, NULL };
    for (size_t i = 0; i < a->n; i++)
        is_every |= a->p[i].n >= 4 && a->p[i].n < 5;
    /* Where every place is looked at anyway, few long ones are found by the way. */
    if (is_every && n_long <= FEW)
        plans[G_LONG].least = UINT32_MAX;
    for (size_t i = 0; i < a->n; i++) {
        struct anchor *x = &a->p[i];

        x->group = x->n >= plans[G_LONG].least ? G_LONG : x->n >= 4 ? G_MIDDLE : x->n >= 2 ? G_TINY : G_ONE;
        if (x->group == G_MIDDLE && x->n < least)
            least = x->n;
    }
    plans[G_MIDDLE] = (struct plan){ 4, least >= 7 ? 4 : least >= 5 ? 2 : 1, 4, 0, NULL };
    for (size_t i = 0; i < a->n; i++)
        plans[a->p[i].group].anchors++;
}

static uint64_t load_window(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;

    if (n == 8)
        return get_le64(p);
    for (uint32_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

/* How often a window stands in the set itself: a set of many pieces of files knows what is common in files. */
struct census { uint8_t *counts; unsigned bits; double weight; };

static uint8_t *census_slot(const struct census *c, uint64_t window)
{
    return &c->counts[(vdb_hash(window) ^ vdb_hash(window) << 7) >> (64 - c->bits)];
}

static enum cs_status census_take(struct census *c, const struct anchors *a, uint8_t group, uint32_t window)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        if (a->p[i].group == group && a->p[i].bytes)
            n += a->p[i].n - window + 1;
    for (c->bits = 16; c->bits < 27 && ((size_t)1 << c->bits) < n * 4; c->bits++)
        ;
    c->weight = n ? 1.0 / (double)n : 0;
    c->counts = calloc((size_t)1 << c->bits, 1);
    if (!c->counts)
        return CS_NOMEM;
    for (size_t i = 0; i < a->n; i++) {
        const struct anchor *x = &a->p[i];

        for (uint32_t k = 0; x->group == group && x->bytes && k + window <= x->n; k++) {
            uint8_t *slot = census_slot(c, load_window(x->bytes + k, window));

            *slot = (uint8_t)(*slot + (*slot < 255));
        }
    }
    return CS_OK;
}

static uint32_t pair_at(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8;
}

static bool pair_in(const uint8_t *pairs, const uint8_t *p)
{
    return pairs[pair_at(p) / 8] >> (pair_at(p) % 8) & 1;
}

enum { PLACES_MAX = 4096 };

/* How often the window at each place of an anchor is expected: the statistic's guess, or what the set itself shows. */
static void expect(const struct anchor *x, uint32_t window, const struct census *c, double *out)
{
    for (uint32_t k = 0; x->bytes && k + window <= x->n && k < PLACES_MAX; k++)
        __builtin_prefetch(census_slot(c, load_window(x->bytes + k, window)));
    for (uint32_t k = 0; k + window <= x->n && k < PLACES_MAX; k++) {
        double seen = 0;

        out[k] = x->bytes ? rarity_bytes(x->bytes + k, window) : rarity_sets(x->sets + k, window);
        if (x->bytes)
            seen = c->weight * (*census_slot(c, load_window(x->bytes + k, window)) - 1);
        out[k] = out[k] > seen ? out[k] : seen;
    }
}

/* The run of window + stride - 1 bytes whose windows are the rarest, all together. */
static double choose(struct anchor *x, const struct plan *p, const struct census *c)
{
    static double rarity[PLACES_MAX];
    uint32_t span = p->window + p->stride - 1;
    double best = -1;

    expect(x, p->window, c, rarity);
    for (uint32_t k = 0; k + span <= x->n && k + p->stride <= PLACES_MAX; k++) {
        double cost = 0;

        if (p->pairs && !pair_in(p->pairs, x->bytes + k))
            continue;
        for (uint32_t a = 0; a < p->stride; a++)
            cost += rarity[k + a];
        if (best < 0 || cost < best) {
            best = cost;
            x->at = k;
        }
    }
    return best;
}

struct entry { uint64_t hash; uint32_t bucket, ref, check; };
struct entries { struct entry *p; size_t n, room; };

/* The bytes beside the window that tell most: eight where there are so many, else three. */
static uint32_t check_of(const struct anchor *x, uint32_t at, uint32_t window)
{
    double best = 2;
    uint32_t check = VDB_CHECK_NONE;

    for (unsigned kind = VDB_CHECK_BEHIND; x->bytes && kind < VDB_CHECKS; kind++) {
        unsigned n;
        int64_t q = (int64_t)at + vdb_check_at(kind, window, &n);
        double rarity;

        /* Half a check only where there is no whole one. */
        if (q < 0 || q + n > x->n || (kind >= VDB_CHECK_2_BEHIND && check))
            continue;
        rarity = rarity_bytes(x->bytes + q, n);
        if (rarity < best) {
            best = rarity;
            check = vdb_check(kind, load_window(x->bytes + q, n));
        }
    }
    return check;
}

static bool entry_add(struct entries *e, uint64_t window, uint32_t ref, uint32_t check)
{
    if (e->n == e->room) {
        size_t room = e->room ? e->room * 2 : 1024;
        struct entry *grown = reallocarray(e->p, room, sizeof *grown);

        if (!grown)
            return false;
        e->p = grown;
        e->room = room;
    }
    e->p[e->n++] = (struct entry){ vdb_hash(window), 0, ref, check };
    return true;
}

/* Every window that the sets allow, counted through like the digits of a number. */
static bool add_variants(struct entries *e, const uint8_t (*sets)[32], uint32_t n, uint32_t ref)
{
    uint8_t list[8][256], at[8] = { 0 };
    unsigned count[8] = { 0 };

    for (uint32_t i = 0; i < n; i++)
        for (unsigned c = 0; c < 256; c++)
            if (sets[i][c / 8] >> (c % 8) & 1)
                list[i][count[i]++] = (uint8_t)c;
    for (;;) {
        uint64_t w = 0;
        uint32_t i = 0;

        for (uint32_t k = 0; k < n; k++)
            w |= (uint64_t)list[k][at[k]] << 8 * k;
        if (!entry_add(e, w, ref, 0))
            return false;
        while (i < n && ++at[i] == count[i] % 256)
            at[i++] = 0;
        if (i == n)
            return true;
    }
}

static bool add_entries(struct image *im, struct entries *e, const struct anchor *x, const struct plan *p)
{
    put_le16(im->sec[VDB_RECORDS].p + x->record + VDB_C_AT, (uint16_t)(x->shift + x->at));
    for (uint32_t a = 0; a < p->stride; a++) {
        uint32_t ref = x->record << VDB_E_SHIFT | a, at = x->at + a;

        if (x->bytes ? !entry_add(e, load_window(x->bytes + at, p->window), ref, check_of(x, at, p->window))
                     : !add_variants(e, x->sets + at, p->window, ref))
            return false;
    }
    return true;
}

static bool entry_before(const struct entry *a, const struct entry *b)
{
    if (a->hash != b->hash)
        return a->hash < b->hash;
    return a->check != b->check ? a->check < b->check : a->ref < b->ref;
}

static int entry_order(const void *a, const void *b)
{
    return entry_before(a, b) ? -1 : entry_before(b, a);
}

/* By bucket: counted, then each bucket on its own. slots[i + 1] becomes the end of bucket i. */
static struct entry *sort_entries(const struct entries *e, uint32_t *slots, uint32_t buckets)
{
    struct entry *out = malloc((e->n ? e->n : 1) * sizeof *out);

    for (size_t i = 0; i < e->n; i++)
        slots[e->p[i].bucket + 1]++;
    for (uint32_t i = 0; i < buckets; i++)
        slots[i + 1] += slots[i];
    for (size_t i = e->n; out && i-- > 0;)
        out[--slots[e->p[i].bucket + 1]] = e->p[i];
    /* Now slots[i + 1] is where bucket i begins. */
    for (uint32_t i = 0; out && i < buckets; i++) {
        size_t from = slots[i + 1], to = i + 1 < buckets ? slots[i + 2] : e->n;

        if (to - from > 1)
            qsort(out + from, to - from, sizeof *out, entry_order);
    }
    return out;
}

/* About bits bits an entry, a power of two of words, at most 2^most. */
static uint32_t filter_words(size_t n, unsigned bits, unsigned most)
{
    uint32_t words = 16;

    while (words < 1u << most && (uint64_t)words * 64 < (uint64_t)n * bits)
        words *= 2;
    return words;
}

static unsigned shift_of(uint32_t words)
{
    return 64 - (unsigned)__builtin_ctz(words);
}

static void filter_add(uint8_t *word, uint64_t bits)
{
    put_le64(word, get_le64(word) | bits);
}

static enum cs_status write_entries(struct image *im, struct entries *e, uint32_t buckets)
{
    uint32_t *begin = calloc((size_t)buckets + 2, sizeof *begin);
    uint8_t *slots = image_grow(im, VDB_BUCKETS, ((size_t)buckets + 1) * 4);
    uint8_t *out = image_grow(im, VDB_ENTRIES, e->n * VDB_ENTRY);
    struct entry *sorted;

    for (size_t i = 0; i < e->n; i++)
        e->p[i].bucket = vdb_bucket(vdb_second(e->p[i].hash, e->p[i].check), buckets);
    sorted = begin ? sort_entries(e, begin, buckets) : NULL;
    if (!slots || !out || !sorted) {
        free(begin);
        free(sorted);
        return CS_NOMEM;
    }
    for (size_t i = 0; i < e->n; i++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): sort_entries() fills every place of those it gives */
        put_le32(out + i * VDB_ENTRY + VDB_E_REF, sorted[i].ref);
        put_le32(out + i * VDB_ENTRY + VDB_E_CHECK, sorted[i].check);
    }
    for (uint32_t i = 0; i < buckets; i++)
        put_le32(slots + 4 * (size_t)i, begin[i + 1]);
    put_le32(slots + 4 * (size_t)buckets, (uint32_t)e->n);
    free(begin);
    free(sorted);
    return CS_OK;
}

static uint32_t write_filter(struct image *im, uint32_t words, const struct entries *e, bool is_second)
{
    uint32_t at = image_at(im, VDB_FILTER);
    uint8_t *filter = image_grow(im, VDB_FILTER, (size_t)words * 8);

    for (size_t i = 0; filter && i < e->n; i++) {
        uint64_t h = e->p[i].hash, s = vdb_second(h, e->p[i].check);

        if (is_second)
            filter_add(filter + (vdb_line(h, shift_of(words)) + (s >> 61)) * 8, vdb_second_bits(s));
        else
            filter_add(filter + vdb_word(h, shift_of(words), words) * 8, vdb_bits(h));
    }
    return at;
}

static enum cs_status write_group(struct image *im, struct entries *e, const struct plan *p)
{
    uint32_t words = filter_words(e->n, e->n <= 65536 ? 32 : p->pairs ? 8 : 16, 18), second = filter_words(e->n, 16, 20), buckets = (uint32_t)(e->n / 2 + 1);
    uint32_t first = image_at(im, VDB_ENTRIES) / VDB_ENTRY, bucket_at = image_at(im, VDB_BUCKETS) / 4;
    uint32_t checks = 0;
    uint8_t *g = image_grow(im, VDB_GROUPS, VDB_GROUP);
    enum cs_status st;

    if (!g)
        return CS_NOMEM;
    for (size_t i = 0; i < e->n; i++)
        checks |= 1u << (e->p[i].check & 0xff);
    put_le32(g + VDB_G_WINDOW, p->window);
    put_le32(g + VDB_G_STRIDE, p->stride);
    put_le32(g + VDB_G_FILTER, write_filter(im, words, e, false));
    put_le32(g + VDB_G_WORDS, words);
    put_le32(g + VDB_G_BUCKETS, bucket_at);
    put_le32(g + VDB_G_N_BUCKETS, buckets);
    put_le32(g + VDB_G_ENTRIES, first);
    put_le32(g + VDB_G_N_ENTRIES, (uint32_t)e->n);
    put_le32(g + VDB_G_SECOND, write_filter(im, second, e, true));
    put_le32(g + VDB_G_SECOND_WORDS, second);
    put_le32(g + VDB_G_CHECKS, checks);
    if (p->pairs) {
        put_le32(g + VDB_G_PAIRS, image_at(im, VDB_FILTER) + 1);
        image_put(im, VDB_FILTER, (struct slice){ p->pairs, PAIRS / 8 });
    }
    st = write_entries(im, e, buckets);
    return im->is_short ? CS_NOMEM : im->is_large ? CS_LIMIT : st;
}

/* ---- pairs ------------------------------------------------------------------------------------------------------- */

struct pairs { double cost[PAIRS], use[PAIRS], score[PAIRS]; uint32_t sorted[PAIRS]; uint8_t map[PAIRS / 8]; };

/* What it costs to look closer at every place with this pair: in ordinary files, and twice as much in random bytes. */
static void pairs_cost(struct pairs *q)
{
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint8_t p[2] = { (uint8_t)i, (uint8_t)(i >> 8) };

        q->cost[i] = rarity_bytes(p, 2) + 2.0 / PAIRS;
    }
}

static const struct pairs *order;

static int by_score(const void *pa, const void *pb)
{
    uint32_t a = *(const uint32_t *)pa, b = *(const uint32_t *)pb;
    double x = order->score[a], y = order->score[b];

    return x != y ? (x > y) - (x < y) : (a > b) - (a < b);
}

/* What one signature may cost: places that are looked at closer for its sake, windows that are found and mean nothing (each
 * of them as dear as LOOK places). */
enum { LOOK = 20, NOTHING = 100000 };

/* Whether a chosen pair stands where the window is rare. If not, the pairs of its rare windows share its vote. */
static bool is_served(struct pairs *q, const struct anchor *x, uint32_t window, const struct census *c)
{
    static double rarity[PLACES_MAX];
    uint32_t rare = 0;

    expect(x, window, c, rarity);
    for (uint32_t k = 0; k + window <= x->n && k < PLACES_MAX; k++) {
        rare += rarity[k] < 1.0 / NOTHING;
        if (rarity[k] < 1.0 / NOTHING && pair_in(q->map, x->bytes + k))
            return true;
    }
    for (uint32_t k = 0; k + window <= x->n && k < PLACES_MAX; k++)
        if (rarity[k] < 1.0 / NOTHING)
            q->use[pair_at(x->bytes + k)] += 1.0 / rare;
    return rare == 0;
}

/* More pairs, those that serve most for the least cost, until a share of the votes is served. What all pairs cost by then. */
static double pairs_round(struct pairs *q, size_t votes)
{
    double left = (double)votes / 20, cost = 0;

    for (uint32_t i = 0; i < PAIRS; i++) {
        q->score[i] = q->use[i] > 0 ? q->cost[i] / q->use[i] : 1e9;
        q->sorted[i] = i;
    }
    order = q;
    qsort(q->sorted, PAIRS, sizeof *q->sorted, by_score);
    for (uint32_t i = 0; i < PAIRS && left > 0 && q->score[q->sorted[i]] < 1e9; i++) {
        left -= q->use[q->sorted[i]];
        q->map[q->sorted[i] / 8] |= (uint8_t)(1u << q->sorted[i] % 8);
    }
    for (uint32_t i = 0; i < PAIRS; i++)
        cost += q->map[i / 8] >> (i % 8) & 1 ? q->cost[i] : 0;
    return cost;
}

/* Pairs that serve nearly all signatures; round by round, for a pair counts only for signatures that no other pair serves. The last ones
 * would cost more than the group of all alignments. One signature in SAMPLE has a vote. */
enum { SAMPLE = 8 };

static void pairs_vote(struct pairs *q, const struct anchors *a, uint32_t *open, uint32_t window, const struct census *c)
{
    const double most = 0.24;       /* the statistic takes the worst kind of file for each pair: this is a tenth of the places */
    size_t n_open = 0;

    for (size_t i = 0; i < a->n; i += SAMPLE)
        if (a->p[i].group == G_LONG)
            open[n_open++] = (uint32_t)i;
    for (double cost = 0; n_open && cost < most; cost = pairs_round(q, n_open)) {
        size_t n = 0;

        memset(q->use, 0, sizeof q->use);
        for (size_t i = 0; i < n_open; i++)
            if (!is_served(q, &a->p[open[i]], window, c))
                open[n++] = open[i];
        n_open = n;
    }
}

/* Its place: a window at a pair that is chosen already, the group of all alignments, or a pair of its own. A row of zeros, say,
 * has few places where it is rare. */
static void pairs_settle(struct pairs *q, struct anchor *x, uint32_t window, const struct census *c)
{
    static const struct plan rest = { 8, 4, 11, 0, NULL };
    static double rarity[PLACES_MAX];
    struct plan marked = { window, 1, window, 0, q->map };
    double here = choose(x, &marked, c), there, best;
    uint32_t own = UINT32_MAX;

    x->is_chosen = here >= 0 && here < 1.0 / NOTHING;
    if (x->is_chosen)
        return;
    there = x->n >= 11 ? choose(x, &rest, c) : 1;
    best = LOOK * (here >= 0 && here < there ? here : there);
    if (best > (double)LOOK / NOTHING || x->n < 11) {
        expect(x, window, c, rarity);
        for (uint32_t k = 0; k + window <= x->n && k < PLACES_MAX; k++)
            if (rarity[k] * LOOK + q->cost[pair_at(x->bytes + k)] < best) {
                best = rarity[k] * LOOK + q->cost[pair_at(x->bytes + k)];
                own = pair_at(x->bytes + k);
            }
    }
    if (own == UINT32_MAX && here < 0 && x->n < 11)
        own = pair_at(x->bytes);
    if (own != UINT32_MAX)
        q->map[own / 8] |= (uint8_t)(1u << own % 8);
    else if (here < 0 || there < here)
        x->group = G_REST;
}

/* The map, and each signature's place or group. NULL: no memory. */
static uint8_t *pairs_choose(struct anchors *a, uint32_t window, const struct census *c)
{
    struct pairs *q = calloc(1, sizeof *q);
    uint32_t *open = malloc((a->n / SAMPLE + 1) * sizeof *open);
    uint8_t *map = malloc(PAIRS / 8);

    if (q && open && map) {
        pairs_cost(q);
        pairs_vote(q, a, open, window, c);
        for (size_t i = 0; i < a->n; i++)
            if (a->p[i].group == G_LONG)
                pairs_settle(q, &a->p[i], window, c);
        memcpy(map, q->map, PAIRS / 8);
    } else {
        free(map);
        map = NULL;
    }
    free(q);
    free(open);
    return map;
}

/* What may stand at the first places of an anchor's window. */
static bool sift(struct sieve *s, const struct anchor *x)
{
    uint8_t sets[VDB_SIEVE_PLACES][32] = { { 0 } };

    if (!x->bytes)
        return sieve_add(s, x->sets + x->at);
    for (unsigned k = 0; k < VDB_SIEVE_PLACES; k++)
        sets[k][x->bytes[x->at + k] / 8] |= (uint8_t)(1u << x->bytes[x->at + k] % 8);
    return sieve_add(s, (const uint8_t (*)[32])sets);
}

static enum cs_status build_group(struct image *im, struct anchors *a, uint8_t group, struct plan *p)
{
    struct census c = { 0 };
    struct entries e = { 0 };
    struct sieve sieve = { 0 };
    bool is_sifted = p->stride == 1 && !p->pairs && p->window == VDB_SIEVE_PLACES;
    enum cs_status st = census_take(&c, a, group, p->window);

    if (st == CS_OK && p->least == p->window && group == G_LONG) {
        p->pairs = pairs_choose(a, p->window, &c);
        st = p->pairs ? CS_OK : CS_NOMEM;
    }
    for (size_t i = 0; i < a->n && st == CS_OK; i++) {
        if (a->p[i].group != group)
            continue;
        if (!a->p[i].is_chosen)
            choose(&a->p[i], p, &c);
        if (!add_entries(im, &e, &a->p[i], p) || (is_sifted && !sift(&sieve, &a->p[i])))
            st = CS_NOMEM;
    }
    free(c.counts);
    if (st == CS_OK && e.n)
        st = write_group(im, &e, p);
    if (st == CS_OK && e.n && !sieve_write(im, image_at(im, VDB_GROUPS) / VDB_GROUP - 1, &sieve))
        st = CS_NOMEM;
    sieve_release(&sieve);
    free(p->pairs);
    free(e.p);
    return st;
}

enum cs_status filter_build(struct image *im, struct anchors *a)
{
    struct plan plans[GROUPS];
    enum cs_status st = CS_OK;

    plan_groups(plans, a);
    for (uint8_t g = 0; g < GROUPS && st == CS_OK; g++)
        if (plans[g].anchors || (g == G_REST && plans[G_LONG].least == plans[G_LONG].window))
            st = build_group(im, a, g, &plans[g]);
    return st;
}

void filter_window(const struct anchor *x, struct arena *a, struct vdl_window *out)
{
    static const struct plan plans[GROUPS] = { { 8, 4, 11, 0, NULL }, { 8, 4, 11, 0, NULL }, { 4, 4, 7, 0, NULL }, { 2, 1, 2, 0, NULL }, { 1, 1, 1, 0, NULL } };
    struct anchor copy = *x;
    struct census c = { 0 };
    uint32_t n;
    uint8_t *bytes;

    copy.group = x->n >= 11 ? G_LONG : x->n >= 4 ? G_MIDDLE : x->n >= 2 ? G_TINY : G_ONE;
    struct plan p = plans[copy.group];

    if (x->n < p.window + p.stride - 1)
        p.stride = x->n - p.window + 1;
    if (!x->bytes)
        copy.at = 0;
    else if (census_take(&c, &(struct anchors){ &copy, 1, 1 }, copy.group, p.window) == CS_OK)
        choose(&copy, &p, &c);
    free(c.counts);
    n = p.window + p.stride - 1;
    bytes = arena_get(a, n, 1);
    for (uint32_t i = 0; bytes && i < n; i++)
        for (unsigned b = 256; b-- > 0;)
            if (x->bytes ? x->bytes[copy.at + i] == b : x->sets[copy.at + i][b / 8] >> (b % 8) & 1)
                bytes[i] = (uint8_t)b;
    *out = (struct vdl_window){ .bytes = slice_of(bytes, bytes ? n : 0), .at = x->shift + copy.at, .window = p.window };
    for (uint32_t i = 0; i < p.stride; i++)
        out->rarity += 1e6 / p.stride * (x->bytes ? rarity_bytes(x->bytes + copy.at + i, p.window) : rarity_sets(x->sets + copy.at + i, p.window));
}
