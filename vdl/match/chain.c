/*
 * Segments that are more than one row of bytes: stages one behind the other, with gaps between them.
 *
 * Events come in the order of their ends. A stage keeps where it ended: only the first time when any gap will do, else in a
 * ring of bits as long as the gap can be. So each event costs the same, whatever the data.
 */
#include "scan.h"

static const uint8_t *stage_row(const struct lane *l, uint32_t k)
{
    return k < l->db->stages ? db_row(l->db, VDB_STAGES, k, VDB_STAGE) : NULL;
}

static const uint8_t *segment_row(const struct lane *l, uint32_t k)
{
    return k < l->db->segments ? db_row(l->db, VDB_SEGMENTS, k, VDB_SEGMENT) : NULL;
}

static void damaged(struct lane *l)
{
    l->scan->is_damaged = true;
}

struct segment_state *segment_get(struct lane *l, uint32_t number)
{
    struct segment_state *s = &l->segments[number];

    if (s->epoch != l->epoch)
        *s = (struct segment_state){ .epoch = l->epoch };
    return s;
}

/* A piece of the state; NULL when the image asks for more than it announced. */
static uint64_t *state_at(struct lane *l, uint64_t at, uint64_t bytes)
{
    if (at % 8 || at > l->db->state || bytes > l->db->state - at)
        return NULL;
    return (uint64_t *)(void *)(l->state + at);
}

/* ---- rings ------------------------------------------------------------------------------------------------------- */

static uint64_t ring_size(uint32_t bits)
{
    return bits >= 6 && bits <= 22 ? (uint64_t)1 << bits : 0;
}

/* Put a place in; what is older than the ring is long goes. True when it was there already. */
static bool ring_put(uint64_t *ring, uint64_t size, uint64_t *top, uint64_t at)
{
    uint64_t *w = &ring[at % size / 64], bit = (uint64_t)1 << at % 64;
    bool was;

    if (at > *top) {
        if (at - *top >= size)
            memset(ring, 0, size / 8);
        else
            for (uint64_t q = *top + 1; q <= at;) {
                if (q % 64 == 0 && at - q >= 63) {
                    ring[q % size / 64] = 0;
                    q += 64;
                } else {
                    ring[q % size / 64] &= ~((uint64_t)1 << q % 64);
                    q++;
                }
            }
        *top = at;
    } else if (*top - at >= size)
        return true;
    was = *w & bit;
    *w |= bit;
    return was;
}

/* The last place in [a, b] that is in the ring. */
static bool ring_last(const uint64_t *ring, uint64_t size, uint64_t top, uint64_t a, uint64_t b, uint64_t *out)
{
    if (b > top)
        b = top;
    if (top >= size && a <= top - size)
        a = top - size + 1;
    while (a <= b) {
        uint64_t w = ring[b % size / 64] & (UINT64_MAX >> (63 - b % 64));
        uint64_t low = b - b % 64;

        if (w) {
            *out = low + 63 - (uint64_t)__builtin_clzll(w);
            return *out >= a;
        }
        if (low == 0)
            return false;
        b = low - 1;
    }
    return false;
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

struct stage {
    const uint8_t *row;
    struct stage_state *st;
    uint64_t *set, *ring, size;
    uint32_t number, segment, flags, n;
};

static bool stage_get(struct lane *l, uint32_t k, struct stage *s)
{
    const uint8_t *row = stage_row(l, k);
    uint64_t words, at;

    if (!row)
        return false;
    *s = (struct stage){ .row = row, .st = &l->stages[k], .number = k, .segment = get_le32(row + VDB_ST_SEGMENT),
                         .flags = get_le32(row + VDB_ST_FLAGS), .n = get_le32(row + VDB_ST_TAIL_N),
                         .size = ring_size(get_le32(row + VDB_ST_RING_BITS)) };
    if (s->segment >= l->db->segments || s->n > VDB_THREADS_MAX)
        return false;
    words = (s->n + 63) / 64;
    at = get_le64(row + VDB_ST_STATE);
    s->set = state_at(l, at, words * 8);
    s->ring = s->set ? state_at(l, at + words * 8, s->size / 8) : NULL;
    if (!s->ring)
        return false;
    if (s->st->epoch != l->epoch) {
        *s->st = (struct stage_state){ .epoch = l->epoch };
        memset(s->set, 0, words * 8);
        memset(s->ring, 0, s->size / 8);
    }
    return true;
}

static bool is_first(const struct lane *l, const struct stage *s)
{
    const uint8_t *seg = segment_row(l, s->segment);

    return seg && get_le32(seg + VDB_S_FIRST) == s->number;
}

static enum cs_status segment_match(struct lane *l, uint32_t number, uint64_t start, uint64_t end);
static enum cs_status stage_end(struct lane *l, struct stage *s, uint64_t start, uint64_t end, unsigned depth);

/* Let the automaton look at every place before to. */
static enum cs_status advance(struct lane *l, struct stage *s, uint64_t to, unsigned depth)
{
    enum cs_status st = CS_OK;

    l->at_work = VDB_OWNER_STAGE | s->number;
    while (s->st->is_active && s->st->tail_at < to && st == CS_OK) {
        uint64_t q = s->st->tail_at++, any = 0;
        bool is_match;

        if (!nfa_step(l, l->view, get_le32(s->row + VDB_ST_TAIL), s->n, s->set, q, &is_match)) {
            damaged(l);
            s->st->is_active = false;
            return CS_OK;
        }
        for (uint32_t w = 0; w < (s->n + 63) / 64; w++)
            any |= s->set[w];
        s->st->is_active = any != 0;
        if (is_match) {
            uint64_t least = get_le32(s->row + VDB_ST_LEAST);

            /* Where it began is not known; no later than this. */
            st = stage_end(l, s, q > least ? q - least : 0, q, depth);
        }
    }
    return st;
}

static enum cs_status seed(struct lane *l, struct stage *s, uint64_t at, unsigned depth)
{
    enum cs_status st = advance(l, s, at, depth);

    if (s->n == 0)
        return damaged(l), CS_OK;
    if (!s->st->is_active) {
        s->st->is_active = true;
        s->st->tail_at = at;
        if (!s->st->is_listed && l->n_active < l->db->stages) {
            s->st->is_listed = true;
            l->active[l->n_active++] = s->number;
        }
    }
    s->set[0] |= 1;
    return st;
}

/* Bring a stage up to a place, and before it those that feed it. */
static enum cs_status pull(struct lane *l, uint32_t k, uint64_t to)
{
    uint32_t from = k;
    struct stage s;
    enum cs_status st = CS_OK;

    for (; k - from < VDB_CHAIN_MAX; from--) {
        if (!stage_get(l, from, &s))
            return damaged(l), CS_OK;
        if (!(s.flags & VDB_SF_SEEDED) || is_first(l, &s) || from == 0)
            break;
    }
    for (; from <= k && st == CS_OK; from++) {
        if (!stage_get(l, from, &s))
            return damaged(l), CS_OK;
        st = advance(l, &s, to, 0);
    }
    return st;
}

static enum cs_status stage_end(struct lane *l, struct stage *s, uint64_t start, uint64_t end, unsigned depth)
{
    struct stage next;

    if (depth > VDB_CHAIN_MAX)
        return damaged(l), CS_OK;
    if (s->flags & VDB_SF_LAST)
        return segment_match(l, s->segment, start, end);
    if (!s->st->has_end || end < s->st->first_end)
        s->st->first_end = end;
    s->st->has_end = true;
    if (s->size)
        ring_put(s->ring, s->size, &s->st->top, end);
    if (!stage_get(l, s->number + 1, &next) || next.segment != s->segment)
        return damaged(l), CS_OK;
    return next.flags & VDB_SF_SEEDED ? seed(l, &next, end, depth + 1) : CS_OK;
}

/* Did the stage before end at a place from which the gap leads to start? */
static bool gap_ok(struct stage *before, const struct stage *s, uint64_t start)
{
    uint64_t lo = get_le32(s->row + VDB_ST_GAP_LO), hi = get_le32(s->row + VDB_ST_GAP_HI), a, b;
    struct stage_state *st = before->st;

    if (!st->has_end || start < lo)
        return false;
    if (hi == VDB_MANY)
        return st->first_end <= start - lo;
    if (!before->size)
        return false;
    a = start > hi ? start - hi : 0;
    b = start - lo;
    if (st->has_latest && b < st->asked) {
        uint64_t found;

        return st->latest <= b ? st->latest >= a : ring_last(before->ring, before->size, st->top, a, b, &found);
    }
    /* Places are asked for nearly in order: only what is new since the last question is looked through. */
    st->has_latest |= ring_last(before->ring, before->size, st->top, st->has_latest ? st->asked + 1 : 0, b, &st->latest);
    if (st->has_latest)
        st->asked = b;
    return st->has_latest && st->latest >= a;
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */


static bool anchor_ok(struct lane *l, const uint8_t *seg, uint64_t start)
{
    uint32_t where = get_le32(seg + VDB_S_WHERE);

    return where == VDB_WH_ANYWHERE || scan_place_ok(l, where, get_le32(seg + VDB_S_SECTION), (int64_t)get_le64(seg + VDB_S_LO),
                                                     (int64_t)get_le64(seg + VDB_S_HI), start);
}

static enum cs_status plan_touch(struct lane *l, uint32_t plan)
{
    const uint8_t *row = plan < l->db->plans ? db_row(l->db, VDB_PLANS, plan, VDB_PLAN) : NULL;
    bool is_true = false;
    enum cs_status st;

    if (!row)
        return damaged(l), CS_OK;
    if (l->touch_epoch[plan] != l->epoch) {
        l->touch_epoch[plan] = l->epoch;
        l->touched[l->n_touched++] = plan;
    }
    if (!(get_le32(row + VDB_P_FLAGS) & VDB_PF_RISING))
        return CS_OK;
    st = cond_check(l, plan, &is_true);
    return st == CS_OK && is_true ? scan_report(l, get_le32(row + VDB_P_RULE), l->plan_offset, false) : st;
}

static enum cs_status segment_match(struct lane *l, uint32_t number, uint64_t start, uint64_t end)
{
    const uint8_t *seg = segment_row(l, number);
    struct segment_state *s;
    uint32_t need;

    if (!seg)
        return damaged(l), CS_OK;
    s = segment_get(l, number);
    need = get_le32(seg + VDB_S_NEED);
    if (s->count == 0 || start < s->least_start)
        s->least_start = start;
    if (s->count >= need)
        return CS_OK;
    if (!s->has_start)
        s->first_start = start;
    s->has_start = true;
    if (need > 1) {
        uint64_t size = ring_size(get_le32(seg + VDB_S_RING_BITS));
        uint64_t *ring = state_at(l, get_le64(seg + VDB_S_RING), size / 8);

        if (!ring || !size)
            return damaged(l), CS_OK;
        if (s->count == 0)
            memset(ring, 0, size / 8);
        if (ring_put(ring, size, &s->top, start))
            return CS_OK;
    }
    if (s->count++ == 0)
        s->first_end = end;
    s->last_end = end;
    return plan_touch(l, get_le32(seg + VDB_S_PLAN));
}

/* Nothing more to learn for this rule, or nothing to be learned at all. */
static bool is_settled(struct lane *l, const uint8_t *seg)
{
    const uint8_t *plan = db_row(l->db, VDB_PLANS, get_le32(seg + VDB_S_PLAN), VDB_PLAN);
    uint32_t rule = plan ? get_le32(plan + VDB_P_RULE) : 0;

    if (!plan || rule >= l->db->rules)
        return damaged(l), true;
    return l->done[rule] == l->epoch || !scan_types_ok(l, get_le32(plan + VDB_P_TYPES));
}

bool chain_wants(struct lane *l, uint32_t owner)
{
    const uint8_t *row = stage_row(l, owner & ~VDB_OWNER_STAGE);
    const uint8_t *seg = row ? segment_row(l, get_le32(row + VDB_ST_SEGMENT)) : NULL;

    if (!seg)
        return damaged(l), false;
    return !is_settled(l, seg);
}

bool chain_may_begin(struct lane *l, uint32_t owner, uint64_t start)
{
    const uint8_t *row = stage_row(l, owner & ~VDB_OWNER_STAGE), *seg;

    seg = row ? segment_row(l, get_le32(row + VDB_ST_SEGMENT)) : NULL;
    return !seg || get_le32(seg + VDB_S_FIRST) != (owner & ~VDB_OWNER_STAGE) || anchor_ok(l, seg, start);
}

enum cs_status chain_event(struct lane *l, const struct event *e)
{
    struct stage s, before;
    struct segment_state *state;
    const uint8_t *seg;
    enum cs_status st = CS_OK;

    if (!stage_get(l, e->owner & ~VDB_OWNER_STAGE, &s) || !(seg = segment_row(l, s.segment)))
        return damaged(l), CS_OK;
    if (is_settled(l, seg))
        return CS_OK;
    state = segment_get(l, s.segment);
    if (get_le32(seg + VDB_S_FIRST) == s.number) {
        if (!anchor_ok(l, seg, e->start))
            return CS_OK;
        if (!state->has_start)
            state->first_start = e->start;
        state->has_start = true;
    } else {
        if (s.number == 0)
            return damaged(l), CS_OK;
        st = pull(l, s.number - 1, e->start + 1);
        if (st != CS_OK || !stage_get(l, s.number - 1, &before))
            return st;
        if (before.segment != s.segment || !gap_ok(&before, &s, e->start))
            return CS_OK;
    }
    if (s.n)
        return seed(l, &s, e->end, 0);
    return stage_end(l, &s, e->start, e->end, 0);
}

void chain_begin(struct lane *l)
{
    size_t n = l->db->sec[VDB_SEEDED].n / 4;

    l->n_active = 0;
    l->n_touched = 0;
    for (size_t i = 0; i < n; i++) {
        struct stage s;
        const uint8_t *seg;

        if (!stage_get(l, get_le32(l->db->sec[VDB_SEEDED].p + i * 4), &s) || !(seg = segment_row(l, s.segment)))
            damaged(l);
        else if (!is_settled(l, seg) && seed(l, &s, 0, 0) != CS_OK)
            damaged(l);
    }
}

enum cs_status chain_advance(struct lane *l, uint64_t to)
{
    enum cs_status st = CS_OK;
    uint32_t n = 0;

    for (uint32_t i = 0; i < l->n_active && st == CS_OK; i++) {
        struct stage s;
        const uint8_t *seg;

        if (!stage_get(l, l->active[i], &s) || !(seg = segment_row(l, s.segment)))
            return damaged(l), CS_OK;
        if (is_settled(l, seg))
            s.st->is_active = false;
        st = pull(l, s.number, to);
    }
    for (uint32_t i = 0; i < l->n_active; i++) {
        struct stage_state *state = &l->stages[l->active[i]];

        state->is_listed = state->is_active;
        if (state->is_active)
            l->active[n++] = l->active[i];
    }
    l->n_active = n;
    return st;
}
