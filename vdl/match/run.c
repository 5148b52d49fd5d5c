#include "probe.h"

/* Bytes [from, to) of a literal of n. */
static bool literal_ok(const uint8_t *data, const uint8_t *lit, size_t n, size_t from, size_t to, enum vdb_record kind)
{
    if (kind == VDB_K_EXACT)
        return memcmp(data + from, lit + from, to - from) == 0;
    for (size_t i = from; i < to; i++)
        if ((data[i] & lit[n + i]) != lit[i])
            return false;
    return true;
}

/* So much of a literal is compared before anybody looks whether it matters: nearly always that settles it, and whether a rule was reported
 * already stands in memory that nobody may have touched yet. */
enum { HEAD = 64 };

static bool is_wanted(struct lane *l, uint32_t owner)
{
    return owner & VDB_OWNER_STAGE ? chain_wants(l, owner) : l->done[owner] != l->epoch;
}

static bool verify_literal(struct lane *l, const struct view *v, uint64_t at, uint32_t owner, const uint8_t *lit, uint32_t len, enum vdb_record kind)
{
    const uint8_t *data = v->p + at;
    uint32_t head = len < HEAD ? len : HEAD;

    if (literal_ok(data, lit, len, 0, head, kind) && is_wanted(l, owner) && literal_ok(data, lit, len, head, len, kind))
        event_add(l, v->base + at, v->base + at + len, owner);
    return true;
}

/* A record whose match is decided by a program: from every place where it may have begun. row: what must stand at this place, of len. */
static bool verify_program(struct lane *l, const struct view *v, uint64_t at, const uint8_t *r, const uint8_t *row, uint32_t len)
{
    uint64_t least = get_le32(r + VDB_C_BACK_MIN), most = get_le32(r + VDB_C_BACK_MAX), place = v->base + at;

    if (least > most || most > VDB_REACH_MAX || get_le32(r + VDB_C_MAX) > VDB_REACH_MAX)
        return false;
    if (!literal_ok(v->p + at, row, len, 0, len, VDB_K_MASK) || !is_wanted(l, get_le32(r + VDB_C_OWNER)))
        return true;
    for (uint64_t back = most > place ? place : most; back >= least; back--) {
        if (place - back < v->base && v->base)
            return false;
        if (chain_may_begin(l, get_le32(r + VDB_C_OWNER), place - back) &&
            !nfa_run(l, v, get_le32(r + VDB_C_PROGRAM), get_le32(r + VDB_C_N), place - back, get_le32(r + VDB_C_MAX),
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
    if (kind > VDB_K_MASK && (kind != VDB_K_PROGRAM || !(owner & VDB_OWNER_STAGE)))
        return false;
    lit = db_at(l->db, VDB_RECORDS, at + (kind == VDB_K_PROGRAM ? VDB_C_PROGRAM_BYTES : VDB_C_BYTES), kind == VDB_K_EXACT ? len : len * 2);
    if (!lit)
        return false;
    if (f.at < before || v->n - (f.at - before) < len)
        return true;
    return kind == VDB_K_PROGRAM ? verify_program(l, v, f.at - before, r, lit, len) : verify_literal(l, v, f.at - before, owner, lit, len, kind);
}

static enum cs_status verify_all(struct lane *l, const struct view *v, size_t n)
{
    const struct slice records = l->db->sec[VDB_RECORDS];

    for (size_t k = 0; k < n; k++) {
        if (k + SOON < n && l->scan->places[k + SOON].ref >> VDB_E_SHIFT < records.n)
            __builtin_prefetch(records.p + (l->scan->places[k + SOON].ref >> VDB_E_SHIFT));
        if (!verify(l, v, l->scan->places[k]))
            return CS_CORRUPT;
    }
    return CS_OK;
}

/* Entries with this window and this check go to the list; it is worked off when it is full. */
static enum cs_status look_in(struct lane *l, const struct view *v, const struct group *g, size_t at, uint64_t s, uint32_t check,
                              size_t *n)
{
    const uint8_t *slot = g->buckets + (size_t)vdb_bucket(s, g->n_buckets) * 4;
    uint32_t from = get_le32(slot), to = get_le32(slot + 4);
    enum cs_status st = CS_OK;

    if (from > to || to > g->n_entries)
        return CS_CORRUPT;
    l->steps += to - from;
    if (l->steps > l->steps_most) {
        scan_limited(l, VDB_NONE);
        return CS_OK;
    }
    for (; from < to && st == CS_OK; from++) {
        const uint8_t *e = g->entries + (size_t)from * VDB_ENTRY;

        if (get_le32(e + VDB_E_CHECK) != check)
            continue;
        l->scan->places[(*n)++] = (struct place){ (uint32_t)at, get_le32(e + VDB_E_REF) };
        if (*n == BLOCK) {
            st = verify_all(l, v, *n);
            *n = 0;
        }
    }
    return st;
}

static enum cs_status look_up(struct lane *l, const struct view *v, const struct group *g, const uint32_t *at, size_t n_at)
{
    enum cs_status st = CS_OK;
    size_t n = 0;

    for (size_t i = 0; i < n_at && st == CS_OK; i++) {
        uint64_t h = probe_hash(g, v, at[i]);

        for (uint32_t left = g->checks; left && st == CS_OK; left &= left - 1) {
            unsigned kind = (unsigned)__builtin_ctz(left);
            uint32_t check = 0;
            uint64_t s;

            if (kind >= VDB_CHECKS || (kind != VDB_CHECK_NONE && !probe_check(g, v, at[i], kind, &check)))
                continue;
            s = vdb_second(h, check);
            if (!g->second || probe_in_line(probe_line(g, h), s))
                st = look_in(l, v, g, at[i], s, check, &n);
        }
    }
    return st == CS_OK ? verify_all(l, v, n) : st;
}

enum cs_status run_block(struct lane *l, const struct view *v, uint64_t from, uint64_t to)
{
    for (uint32_t k = 0; k < l->db->n_groups; k++) {
        const struct group *g = &l->db->groups[k];
        uint64_t first = (from + g->stride - 1) / g->stride * g->stride;
        size_t at = (size_t)(first - v->base), end = (size_t)(to - v->base), last = v->n >= g->window ? v->n - g->window + 1 : 0;
        enum cs_status st;

        end = end < last ? end : last;
        if (at >= end)
            continue;
        st = look_up(l, v, g, l->scan->found, probe_find(g, v, at, end, l->scan->found));
        if (st != CS_OK)
            return st;
    }
    return CS_OK;
}
