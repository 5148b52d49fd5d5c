#include "scan.h"

static inline uint64_t load64(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
#else
    return get_le64(p);
#endif
}

/* Places in [from, to) whose window passes the filter; all have eight readable bytes. Nothing here depends on the data
 * except addresses, so that the processor never guesses wrong. */
static inline size_t probe_every(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *restrict out,
                                 uint32_t stride)
{
    const uint8_t *filter = g->filter;
    const uint64_t mask = g->mask;
    const unsigned shift = g->shift;
    size_t n = 0;

    for (size_t i = from; i < to; i += stride) {
        uint64_t h = vdb_hash(load64(p + i) & mask);
        uint64_t w = load64(filter + (h >> shift) * 8);

        out[n] = (uint32_t)i;
        n += w >> (h >> 34 & 63) & w >> (h >> 40 & 63) & 1;
    }
    return n;
}

static size_t probe(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    switch (g->stride) {
    case 8: return probe_every(g, p, from, to, out, 8);
    case 4: return probe_every(g, p, from, to, out, 4);
    case 2: return probe_every(g, p, from, to, out, 2);
    case 1: return probe_every(g, p, from, to, out, 1);
    default: return probe_every(g, p, from, to, out, g->stride);
    }
}

/* The window at a place, also where fewer than eight bytes are left. */
static uint64_t window_at(const struct view *v, size_t at, uint64_t mask)
{
    uint8_t pad[8] = { 0 };

    if (v->n - at >= 8)
        return get_le64(v->p + at) & mask;
    memcpy(pad, v->p + at, v->n - at);
    return get_le64(pad) & mask;
}

/* The last places of an object, where a window may be shorter than a load. */
static size_t probe_tail(const struct group *g, const struct view *v, size_t from, size_t to, uint32_t *out)
{
    size_t n = 0;

    for (size_t i = from; i < to; i += g->stride) {
        uint64_t h = vdb_hash(window_at(v, i, g->mask)), bits = vdb_bits(h);

        out[n] = (uint32_t)i;
        n += (get_le64(g->filter + vdb_word(h, g->shift, g->words) * 8) & bits) == bits;
    }
    return n;
}

/* Do the three bytes beside the window agree? What is out of reach here cannot match later. */
static bool check_ok(const struct view *v, size_t at, uint32_t check)
{
    int32_t off = (int8_t)(check & 0xff);
    size_t q;

    if (off == 0)
        return true;
    if (off < 0 ? at < (size_t)-off : v->n - at < (size_t)off)
        return false;
    q = at + (size_t)(ptrdiff_t)off;
    return v->n - q >= 3 && (v->p[q] | (uint32_t)v->p[q + 1] << 8 | (uint32_t)v->p[q + 2] << 16) == check >> 8;
}

static bool literal_ok(const uint8_t *data, const uint8_t *lit, size_t n, enum vdb_record kind)
{
    if (kind == VDB_K_EXACT)
        return memcmp(data, lit, n) == 0;
    for (size_t i = 0; i < n; i++)
        if ((data[i] & lit[n + i]) != lit[i])
            return false;
    return true;
}

/* A record whose match is decided by a program: from every place where it may have begun. */
static bool verify_program(struct lane *l, const struct view *v, uint64_t at, const uint8_t *r)
{
    uint64_t least = get_le32(r + VDB_C_BACK_MIN), most = get_le32(r + VDB_C_BACK_MAX), place = v->base + at;

    if (least > most || most > VDB_REACH_MAX || get_le32(r + VDB_C_MAX) > VDB_REACH_MAX)
        return false;
    for (uint64_t back = most > place ? place : most; back >= least; back--) {
        if (place - back < v->base && v->base)
            return false;
        if (!nfa_run(l, v, get_le32(r + VDB_C_PROGRAM), get_le32(r + VDB_C_N), place - back, get_le32(r + VDB_C_MAX),
                     get_le32(r + VDB_C_OWNER)))
            return false;
        if (back == 0 || l->is_full)
            break;
    }
    return true;
}

/* The whole record behind an entry, at the place of its window. False: the image contradicts itself. */
static bool verify(struct lane *l, const struct view *v, struct place f)
{
    uint64_t at = f.ref >> VDB_E_SHIFT;
    const uint8_t *r = db_at(l->db, VDB_RECORDS, at, VDB_C_BYTES), *lit;
    uint32_t owner, len, before;
    enum vdb_record kind;

    if (!r)
        return false;
    owner = get_le32(r + VDB_C_OWNER);
    len = get_le16(r + VDB_C_LEN);
    kind = (enum vdb_record)(len >> VDB_C_KIND);
    len &= VDB_C_LEN_MASK;
    before = (uint32_t)get_le16(r + VDB_C_AT) + (f.ref & ((1u << VDB_E_SHIFT) - 1));
    if (!(owner & VDB_OWNER_STAGE) && owner >= l->db->rules)
        return false;
    if (owner & VDB_OWNER_STAGE ? !chain_wants(l, owner) : l->done[owner] == l->epoch)
        return true;
    if (kind > VDB_K_MASK) {
        r = db_at(l->db, VDB_RECORDS, at, VDB_C_PROGRAM_BYTES);
        return r && kind == VDB_K_PROGRAM && owner & VDB_OWNER_STAGE && (f.at < before || verify_program(l, v, f.at - before, r));
    }
    lit = db_at(l->db, VDB_RECORDS, at + VDB_C_BYTES, kind == VDB_K_MASK ? len * 2 : len);
    if (!lit)
        return false;
    if (f.at < before || v->n - (f.at - before) < len || !literal_ok(v->p + f.at - before, lit, len, kind))
        return true;
    event_add(l, v->base + f.at - before, v->base + f.at - before + len, owner);
    return true;
}

static inline uint32_t load24(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static inline uint64_t in_second(const struct group *g, uint64_t h, uint32_t check)
{
    uint64_t s = vdb_second(h, check), w = load64(g->second + vdb_word(s, g->second_shift, g->second_words) * 8);

    return w >> (s >> 34 & 63) & w >> (s >> 40 & 63) & 1;
}

/* Keep those places whose window and neighbours pass the second filter. */
static size_t probe_second(const struct group *g, const struct view *v, uint32_t *at, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t h = vdb_hash(window_at(v, at[i], g->mask)), pass = g->has_unchecked ? in_second(g, h, 0) : 0;

        for (int k = 0; k < 4; k++) {
            size_t q = at[i] + (size_t)(ptrdiff_t)g->checks[k];

            /* Before the first byte q wraps to a large number. */
            if (g->checks[k] && q < v->n && v->n - q >= 3)
                pass |= in_second(g, h, (uint8_t)g->checks[k] | load24(v->p + q) << 8);
        }
        at[out] = at[i];
        out += pass;
    }
    return out;
}

/* From places to entries: three passes, so that each one's cache misses overlap. */
static enum cs_status look_up(struct lane *l, const struct view *v, const struct group *g, const uint32_t *at,
                              size_t n)
{
    struct place *out = l->scan->places;
    size_t n_out = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t b = vdb_bucket(vdb_hash(window_at(v, at[i], g->mask)), g->n_buckets);
        const uint8_t *slot = g->buckets + (size_t)b * 4;
        uint32_t from = get_le32(slot), to = get_le32(slot + 4);

        if (from > to || to > g->n_entries)
            return CS_CORRUPT;
        for (; from < to; from++) {
            const uint8_t *e = g->entries + (size_t)from * VDB_ENTRY;

            if (!check_ok(v, at[i], get_le32(e + VDB_E_CHECK)))
                continue;
            out[n_out++] = (struct place){ at[i], get_le32(e + VDB_E_REF) };
            if (n_out == BLOCK) {
                for (size_t k = 0; k < n_out; k++)
                    if (!verify(l, v, out[k]))
                        return CS_CORRUPT;
                n_out = 0;
            }
        }
    }
    for (size_t k = 0; k < n_out; k++)
        if (!verify(l, v, out[k]))
            return CS_CORRUPT;
    return CS_OK;
}

enum cs_status run_block(struct lane *l, const struct view *v, uint64_t from, uint64_t to)
{
    for (uint32_t k = 0; k < l->db->n_groups; k++) {
        const struct group *g = &l->db->groups[k];
        uint64_t first = (from + g->stride - 1) / g->stride * g->stride;
        size_t at = (size_t)(first - v->base), end = (size_t)(to - v->base), n;
        size_t fast = v->n >= 8 ? v->n - 7 : 0, last = v->n >= g->window ? v->n - g->window + 1 : 0;
        enum cs_status st;

        end = end < last ? end : last;
        if (at >= end)
            continue;
        fast = fast < end ? fast : end;
        n = at < fast ? probe(g, v->p, at, fast, l->scan->found) : 0;
        if (at < fast)
            at += (fast - at + g->stride - 1) / g->stride * g->stride;
        n += probe_tail(g, v, at, end, l->scan->found + n);
        if (g->second)
            n = probe_second(g, v, l->scan->found, n);
        st = look_up(l, v, g, l->scan->found, n);
        if (st != CS_OK)
            return st;
    }
    return CS_OK;
}
