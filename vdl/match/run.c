#include "scan.h"

/* Places in [from, to) whose window passes the filter; all have eight readable bytes. Nothing here depends on the data
 * except addresses, so that the processor never guesses wrong. */
static size_t probe(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    const uint8_t *filter = g->filter;
    const uint64_t mask = g->mask;
    const uint32_t words = g->words;
    size_t n = 0;

    for (size_t i = from; i < to; i += g->stride) {
        uint64_t h = vdb_hash(get_le64(p + i) & mask);
        uint64_t w = get_le64(filter + vdb_word(h, words) * 8);

        out[n] = (uint32_t)i;
        n += w >> (h >> 34 & 63) & w >> (h >> 40 & 63) & 1;
    }
    return n;
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
        n += (get_le64(g->filter + vdb_word(h, g->words) * 8) & bits) == bits;
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
    switch (kind) {
    case VDB_K_EXACT:
        return memcmp(data, lit, n) == 0;
    case VDB_K_FOLD:
        for (size_t i = 0; i < n; i++)
            if (ascii_lower(data[i]) != lit[i])
                return false;
        return true;
    default:
        for (size_t i = 0; i < n; i++)
            if ((data[i] & lit[n + i]) != lit[i])
                return false;
        return true;
    }
}

/* The whole record behind an entry, at the place of its window. False: the image contradicts itself. */
static bool verify(struct lane *l, const struct view *v, struct place f)
{
    const uint8_t *r = db_at(l->db, VDB_RECORDS, f.ref >> VDB_E_SHIFT, VDB_C_BYTES), *lit;
    uint32_t owner, len, before;
    enum vdb_record kind;

    if (!r)
        return false;
    owner = get_le32(r + VDB_C_OWNER);
    len = get_le16(r + VDB_C_LEN);
    kind = (enum vdb_record)(len >> VDB_C_KIND);
    len &= VDB_C_LEN_MASK;
    before = (uint32_t)get_le16(r + VDB_C_AT) + (f.ref & ((1u << VDB_E_SHIFT) - 1));
    lit = db_at(l->db, VDB_RECORDS, (uint64_t)(f.ref >> VDB_E_SHIFT) + VDB_C_BYTES, kind == VDB_K_MASK ? len * 2 : len);
    if (!lit || (!(owner & VDB_OWNER_STAGE) && owner >= l->db->rules))
        return false;
    if (!(owner & VDB_OWNER_STAGE) && l->done[owner] == l->epoch)
        return true;
    if (f.at < before || v->n - (f.at - before) < len || !literal_ok(v->p + f.at - before, lit, len, kind))
        return true;
    event_add(l, v->base + f.at - before, v->base + f.at - before + len, owner);
    return true;
}

enum { AHEAD = 8 };

/* From places to entries: three passes, so that each one's cache misses overlap. */
static enum cs_status look_up(struct lane *l, const struct view *v, const struct group *g, const uint32_t *at, size_t n)
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
        st = look_up(l, v, g, l->scan->found, n);
        if (st != CS_OK)
            return st;
    }
    return CS_OK;
}
