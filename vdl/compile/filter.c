#include "filter.h"

#include <stdlib.h>

#include "emit.h"
#include "rarity.h"

enum { G_LONG, G_MIDDLE, G_TINY, G_ONE, GROUPS };

struct plan { uint32_t window, stride, least; size_t anchors; };

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

    for (size_t i = 0; i < a->n; i++)
        n_long += a->p[i].n >= 11;
    /* Few signatures: shorter windows at every eighth place. Many: longer ones at every fourth. */
    plans[G_LONG] = n_long <= 0 ? (struct plan){ 5, 8, 12, 0 } : (struct plan){ 8, 4, 11, 0 };
    plans[G_TINY] = (struct plan){ 2, 1, 2, 0 };
    plans[G_ONE] = (struct plan){ 1, 1, 1, 0 };
    for (size_t i = 0; i < a->n; i++) {
        struct anchor *x = &a->p[i];

        x->group = x->n >= plans[G_LONG].least ? G_LONG : x->n >= 4 ? G_MIDDLE : x->n >= 2 ? G_TINY : G_ONE;
        if (x->group == G_MIDDLE && x->n < least)
            least = x->n;
    }
    plans[G_MIDDLE] = (struct plan){ 4, least >= 7 ? 4 : least >= 5 ? 2 : 1, 4, 0 };
    for (size_t i = 0; i < a->n; i++)
        plans[a->p[i].group].anchors++;
}

static uint64_t load_window(const uint8_t *p, uint32_t n)
{
    uint64_t v = 0;

    for (uint32_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

/* How often a window stands in the set itself: a set of many pieces of files knows what is common in files. */
struct census { uint8_t *counts; unsigned bits; };

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

/* The run of window + stride - 1 bytes whose windows are the rarest, all together. */
static void choose(struct anchor *x, const struct plan *p, const struct census *c)
{
    uint32_t span = p->window + p->stride - 1;
    double best = 0;

    for (uint32_t k = 0; k + span <= x->n; k++) {
        double cost = 0;

        for (uint32_t a = 0; a < p->stride; a++) {
            cost += x->bytes ? rarity_bytes(x->bytes + k + a, p->window) : rarity_sets(x->sets + k + a, p->window);
            if (x->bytes)
                cost += 1e-7 * (*census_slot(c, load_window(x->bytes + k + a, p->window)) - 1);
        }
        if (k == 0 || cost < best) {
            best = cost;
            x->at = k;
        }
    }
}

struct entry { uint64_t hash; uint32_t bucket, ref, check; };
struct entries { struct entry *p; size_t n, room; };

/* Where three known bytes stand beside the window: behind it, before it, or half inside. Only these, see VDB_G_CHECKS. */
static uint32_t check_of(const struct anchor *x, uint32_t at, uint32_t window)
{
    const int places[4] = { (int)window, -3, (int)window - 1, -2 };

    for (int i = 0; x->bytes && i < 4; i++) {
        int64_t q = (int64_t)at + places[i];

        if (places[i] == 0 || q < 0 || q + 3 > x->n)
            continue;
        return (uint32_t)(uint8_t)places[i] | (uint32_t)x->bytes[q] << 8 | (uint32_t)x->bytes[q + 1] << 16 |
               (uint32_t)x->bytes[q + 2] << 24;
    }
    return 0;
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

static int entry_order(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;

    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->check != b->check)
        return a->check < b->check ? -1 : 1;
    return a->ref < b->ref ? -1 : a->ref > b->ref;
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

static void filter_add(uint8_t *filter, uint32_t words, uint64_t hash)
{
    uint8_t *w = filter + vdb_word(hash, shift_of(words), words) * 8;

    put_le64(w, get_le64(w) | vdb_bits(hash));
}

static enum cs_status write_entries(struct image *im, struct entries *e, uint32_t buckets)
{
    uint8_t *slots = image_grow(im, VDB_BUCKETS, ((size_t)buckets + 1) * 4);
    uint8_t *out = image_grow(im, VDB_ENTRIES, e->n * VDB_ENTRY);
    uint32_t at = 0;

    if (!slots || !out)
        return CS_NOMEM;
    for (size_t i = 0; i < e->n; i++)
        e->p[i].bucket = vdb_bucket(e->p[i].hash, buckets);
    qsort(e->p, e->n, sizeof *e->p, entry_order);
    for (uint32_t i = 0; i < e->n; i++) {
        put_le32(out + (size_t)i * VDB_ENTRY + VDB_E_REF, e->p[i].ref);
        put_le32(out + (size_t)i * VDB_ENTRY + VDB_E_CHECK, e->p[i].check);
        while (at <= e->p[i].bucket)
            put_le32(slots + 4 * (size_t)at++, i);
    }
    while (at <= buckets)
        put_le32(slots + 4 * (size_t)at++, (uint32_t)e->n);
    return CS_OK;
}

static uint32_t write_filter(struct image *im, uint32_t words, const struct entries *e, bool is_second)
{
    uint32_t at = image_at(im, VDB_FILTER);
    uint8_t *filter = image_grow(im, VDB_FILTER, (size_t)words * 8);

    for (size_t i = 0; filter && i < e->n; i++)
        filter_add(filter, words, is_second ? vdb_second(e->p[i].hash, e->p[i].check) : e->p[i].hash);
    return at;
}

static enum cs_status write_group(struct image *im, struct entries *e, const struct plan *p)
{
    uint32_t words = filter_words(e->n, 16, 18), second = filter_words(e->n, 16, 20), buckets = (uint32_t)(e->n / 2 + 1);
    uint32_t first = image_at(im, VDB_ENTRIES) / VDB_ENTRY, bucket_at = image_at(im, VDB_BUCKETS) / 4;
    uint32_t flags = 0, checks = 0;
    uint8_t *g = image_grow(im, VDB_GROUPS, VDB_GROUP);
    enum cs_status st;

    if (!g)
        return CS_NOMEM;
    for (size_t i = 0; i < e->n; i++)
        if (e->p[i].check == 0)
            flags |= VDB_GF_UNCHECKED;
        else
            checks |= (e->p[i].check & 0xff) == p->window ? 1u : (e->p[i].check & 0xff) == 0xfd ? 2u
                    : (e->p[i].check & 0xff) == 0xfe ? 8u : 4u;
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
    put_le32(g + VDB_G_CHECKS, (checks & 1 ? p->window : 0) | (checks & 2 ? 0xfdu << 8 : 0) |
                                   (checks & 4 ? (p->window - 1) << 16 : 0) | (checks & 8 ? 0xfeu << 24 : 0));
    put_le32(g + VDB_G_FLAGS, flags);
    st = write_entries(im, e, buckets);
    return im->is_short ? CS_NOMEM : im->is_large ? CS_LIMIT : st;
}

static enum cs_status build_group(struct image *im, struct anchors *a, uint8_t group, const struct plan *p)
{
    struct census c = { 0 };
    struct entries e = { 0 };
    enum cs_status st = census_take(&c, a, group, p->window);

    for (size_t i = 0; i < a->n && st == CS_OK; i++) {
        if (a->p[i].group != group)
            continue;
        choose(&a->p[i], p, &c);
        if (!add_entries(im, &e, &a->p[i], p))
            st = CS_NOMEM;
    }
    if (st == CS_OK)
        st = write_group(im, &e, p);
    free(c.counts);
    free(e.p);
    return st;
}

enum cs_status filter_build(struct image *im, struct anchors *a)
{
    struct plan plans[GROUPS];
    enum cs_status st = CS_OK;

    plan_groups(plans, a);
    for (uint8_t g = 0; g < GROUPS && st == CS_OK; g++)
        if (plans[g].anchors)
            st = build_group(im, a, g, &plans[g]);
    return st;
}

void filter_window(const struct anchor *x, struct arena *a, struct vdl_window *out)
{
    static const struct plan plans[GROUPS] = { { 8, 4, 11, 0 }, { 4, 4, 7, 0 }, { 2, 1, 2, 0 }, { 1, 1, 1, 0 } };
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
    *out = (struct vdl_window){ .bytes = slice_of(bytes, bytes ? n : 0), .at = x->shift + copy.at, .group = copy.group };
    for (uint32_t i = 0; i < p.stride; i++)
        out->rarity += 1e6 / p.stride * (x->bytes ? rarity_bytes(x->bytes + copy.at + i, p.window) : rarity_sets(x->sets + copy.at + i, p.window));
}
