#include "record.h"

#include <stdlib.h>

enum { SEEDED_MOST = VDB_CHAIN_MAX / 2 };     /* by choice */

/* ---- stages ------------------------------------------------------------------------------------------------------ */

struct stage {
    const struct vdl_node **el;
    size_t n;
    uint64_t gap_lo, gap_hi;        /* between the stage before and this one */
    bool is_first, is_last;
    const struct vdl_anchor *anchor;
    uint32_t segment, need, n_seeded;   /* n_seeded: stages directly before this one that are not searched for */
    bool has_place;
    double cost;                    /* of the search that leads here: about how often it finds something, a byte */
};

static bool is_anywhere(const struct vdl_anchor *a)
{
    return !a || a->where == VW_ANYWHERE;
}

/* A repetition at a free end adds nothing beyond its least number: x+ stands where x stands. */
static bool trim_end(struct emitter *e, struct stage *s, bool is_front)
{
    while (s->n) {
        size_t at = is_front ? 0 : s->n - 1;
        const struct vdl_node *n = s->el[at];
        struct vdl_node *copy;

        if ((n->kind != VN_REP && n->kind != VN_GAP) || n->lo == n->hi)
            return true;
        if (n->lo) {
            copy = node_like(e, n);
            if (!copy)
                return false;
            copy->hi = copy->lo;
            s->el[at] = copy;
            return true;
        }
        s->n--;
        s->el += is_front;
    }
    return true;
}

/* Split at the first element without an upper bound; what can be known of it goes to the front part. */
static enum cs_status split_tail(struct emitter *e, const struct stage *s, struct list *head, struct list *tail)
{
    size_t i = 0;
    uint32_t fuel = 100000;
    uint64_t hi = 0;

    for (; i < s->n && hi <= LOWER_LITERAL; i++) {
        uint64_t more = length_sum(hi, length_of(s->el[i], &fuel).hi);

        if (more > LOWER_LITERAL && hi > 0 && more != VDL_INF)
            break;
        if (more == VDL_INF)
            break;
        hi = more;
        if (!list_add(head, s->el[i]))
            return CS_NOMEM;
    }
    if (i < s->n && (s->el[i]->kind == VN_LOOSE || s->el[i]->kind == VN_DIGITS) && s->el[i]->lo == 0) {
        struct vdl_node *front = node_like(e, s->el[i]), *rest = node_like(e, s->el[i]);
        size_t k = 0;

        if (!front || !rest)
            return CS_NOMEM;
        while (k < front->bytes.n && loose_skips(front->kind, front->bytes.p[k]))
            k++;
        front->kind = VN_BYTES;
        front->fold = true;
        front->mask = NULL;
        front->bytes = slice_sub(rest->bytes, k, 1);
        rest->bytes = slice_drop(rest->bytes, k + 1);
        rest->lo = 1;
        if (!list_add(head, front) || !list_add(tail, rest))
            return CS_NOMEM;
        i++;
    } else if (i < s->n && s->el[i]->kind == VN_REP && s->el[i]->lo > 0 && s->el[i]->hi == VDL_INF &&
               length_of_list((const struct vdl_node *const *)s->el[i]->kids, 1).hi < 64 && s->el[i]->lo < 16) {
        struct vdl_node *front = node_like(e, s->el[i]), *rest = node_like(e, s->el[i]);

        if (!front || !rest)
            return CS_NOMEM;
        front->hi = front->lo;
        rest->lo = 0;
        if (!list_add(head, front) || !list_add(tail, rest))
            return CS_NOMEM;
        i++;
    }
    for (; i < s->n; i++)
        if (!list_add(tail, s->el[i]))
            return CS_NOMEM;
    return CS_OK;
}

/* Where nothing can be searched for: an automaton over all bytes, from the start of the object or the stage before. */
static enum cs_status seeded_program(struct emitter *e, const struct stage *s, uint32_t *first, uint32_t *n)
{
    struct vdl_node gap = { .kind = VN_GAP, .lo = s->gap_lo, .hi = s->gap_hi };
    struct code c;

    if (s->is_first) {
        gap.lo = 0;
        gap.hi = VDL_INF;
        if (!is_anywhere(s->anchor)) {
            if (s->anchor->where != VW_START)
                return refuse(e, "an offset for a segment without a literal");
            gap.lo = (uint64_t)(s->anchor->lo < 0 ? 0 : s->anchor->lo);
            gap.hi = s->anchor->hi >= INT64_MAX ? VDL_INF : (uint64_t)s->anchor->hi;
        }
    }
    if ((gap.hi == VDL_INF || length_of_list(s->el, s->n).hi == VDL_INF) && !e->automaton.is_there) {
        e->automaton = (struct vdl_automaton){ .is_there = true, .is_behind = !s->is_first };
        for (size_t i = 0; i < s->n && e->automaton.line == 0; i++) {
            e->automaton.line = s->el[i]->line;
            e->automaton.column = s->el[i]->column;
        }
    }
    if (s->need > 1 || s->has_place)
        return refuse(e, s->need > 1 ? "COUNT of a segment without a literal" : "the place of a segment without a literal");
    code_begin(&c, e);
    code_node(&c, &gap);
    for (size_t i = 0; i < s->n; i++)
        code_node(&c, s->el[i]);
    return code_end(&c, first, n);
}

static enum cs_status alt_records(struct emitter *e, const struct list *head, uint32_t owner, bool *done)
{
    const struct vdl_node *alt = head->n == 1 ? head->p[0] : NULL;

    *done = false;
    if (!alt || alt->kind != VN_ALT)
        return CS_OK;
    for (uint32_t i = 0; i < alt->n_kids; i++)
        if (alt->kids[i]->kind != VN_BYTES || alt->kids[i]->bytes.n < 2)
            return CS_OK;
    for (uint32_t i = 0; i < alt->n_kids; i++) {
        bool one = false;
        enum cs_status st = record_row(e, (const struct vdl_node *const *)&alt->kids[i], 1, owner, &one);

        if (st != CS_OK)
            return st;
        if (!one)
            return refuse(e, "an alternative without a literal");
    }
    *done = true;
    return CS_OK;
}

/* What comes shortly behind a rare piece is looked for there, where searching all of the object for it would find it all over. */
static bool better_behind(const struct stage *s, const struct picks *picks, struct length len)
{
    uint64_t span = length_sum(s->gap_hi, len.hi);

    if (s->has_place || s->n_seeded == SEEDED_MOST || span > LOWER_LITERAL)
        return false;
    return picks->cost > 1e-5 && picks->cost * 4 > s->cost * (double)span;
}

/* Small fixed places at the start are looked at there, and not searched for everywhere. */
static bool better_seeded(const struct stage *s, const struct picks *picks, struct length len)
{
    if (s->need > 1)
        return false;
    if (!s->is_first)
        return better_behind(s, picks, len);
    if (is_anywhere(s->anchor) || s->anchor->where != VW_START)
        return false;
    return s->anchor->lo >= 0 && s->anchor->hi <= LOWER_GAP_LONG && (picks->n == 0 || picks->cost > 1e-4);
}

/* Records for the front part; *is_found is false when there is nothing to search for. */
static enum cs_status head_records(struct emitter *e, struct stage *s, const struct list *head, uint32_t owner, bool *is_found)
{
    const struct vdl_node *const *el = head->p;
    struct length len = length_of_list(el, head->n);
    struct picks *picks = malloc(sizeof *picks);
    uint32_t fuel = 100000;
    enum cs_status st = CS_OK;
    bool done = false;

    *is_found = false;
    if (!picks)
        return CS_NOMEM;
    picks->n = 0;
    picks->cost = 0;
    if (len.hi <= (uint64_t)LOWER_LITERAL * 2 && len.lo > 0 && !pick_list(e, el, head->n, 0, 0, picks, &fuel))
        st = CS_NOMEM;
    if (st == CS_OK && picks->n && fuel && !better_seeded(s, picks, length_of_list(s->el, s->n))) {
        *is_found = true;
        s->cost = picks->cost;
        st = record_row(e, el, head->n, owner, &done);
        if (st == CS_OK && !done)
            st = alt_records(e, head, owner, &done);
        if (st == CS_OK && !done)
            st = record_programs(e, el, head->n, len, picks, owner);
    }
    free(picks);
    return st;
}

static uint64_t state_get(struct emitter *e, uint64_t bytes)
{
    uint64_t at = e->state;

    e->state += (bytes + 7) / 8 * 8;
    return at;
}

static unsigned ring_bits(uint64_t reach_back)
{
    unsigned bits = 6;

    while (bits < 22 && ((uint64_t)1 << bits) < reach_back)
        bits++;
    return bits;
}

/* next: the stage behind this one, or NULL. */
static enum cs_status lower_stage(struct emitter *e, struct stage *s, const struct stage *next)
{
    struct list head = { 0 }, tail = { 0 };
    uint32_t number = e->n_stages++, first = 0, n = 0, flags = s->is_last ? VDB_SF_LAST : 0;
    uint8_t *p = image_grow(&e->image, VDB_STAGES, VDB_STAGE);
    enum cs_status st = p ? CS_OK : CS_NOMEM;
    bool is_found = false, is_free = s->need <= 1 && !s->has_place;
    uint64_t ring = 0;

    if (st == CS_OK && is_free && s->is_first && is_anywhere(s->anchor) && !trim_end(e, s, true))
        st = CS_NOMEM;
    if (st == CS_OK && is_free && s->is_last && !trim_end(e, s, false))
        st = CS_NOMEM;
    if (st == CS_OK)
        st = split_tail(e, s, &head, &tail);
    if (st == CS_OK)
        st = head_records(e, s, &head, VDB_OWNER_STAGE | number, &is_found);
    s->n_seeded = is_found ? 0 : s->n_seeded + 1;
    if (st == CS_OK && !is_found) {
        flags |= VDB_SF_SEEDED;
        st = seeded_program(e, s, &first, &n);
        if (s->is_first)
            image_put32(&e->image, VDB_SEEDED, number);
    } else if (st == CS_OK && tail.n) {
        struct code c;

        if (s->need > 1)
            st = refuse(e, "COUNT of a segment with unbounded parts");
        code_begin(&c, e);
        for (size_t i = 0; i < tail.n; i++)
            code_node(&c, tail.p[i]);
        if (st == CS_OK)
            st = code_end(&c, &first, &n);
    }
    if (st == CS_OK && next && next->gap_hi != VDL_INF)
        ring = next->gap_hi + (uint64_t)2 * LOWER_LITERAL + 2;
    if (st == CS_OK) {
        p = e->image.sec[VDB_STAGES].p + (size_t)number * VDB_STAGE;
        put_le32(p + VDB_ST_SEGMENT, s->segment);
        put_le32(p + VDB_ST_FLAGS, flags);
        put_le32(p + VDB_ST_GAP_LO, s->is_first ? 0 : (uint32_t)s->gap_lo);
        put_le32(p + VDB_ST_GAP_HI, s->is_first ? 0 : s->gap_hi == VDL_INF ? VDB_MANY : (uint32_t)s->gap_hi);
        put_le32(p + VDB_ST_TAIL, first);
        put_le32(p + VDB_ST_TAIL_N, n);
        put_le64(p + VDB_ST_STATE, state_get(e, ((uint64_t)n + 63) / 64 * 8 + (ring ? ((uint64_t)1 << ring_bits(ring)) / 8 : 0)));
        put_le32(p + VDB_ST_RING_BITS, ring ? ring_bits(ring) : 0);
        put_le32(p + VDB_ST_LEAST, (uint32_t)length_of_list(s->el, s->n).lo);
    }
    free(head.p);
    free(tail.p);
    return st;
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

/* A gap that the program of one stage had better not hold. Matches are counted inside one stage: there it holds what it can. */
static bool is_wide(const struct vdl_node *n, uint32_t need)
{
    uint64_t most = need > 1 ? LOWER_GAP_LONG : LOWER_GAP;

    return n->kind == VN_GAP && (n->hi == VDL_INF || n->hi - n->lo > most || n->hi > LOWER_GAP_LONG);
}

/* Cut the list at its wide gaps, and where a stage would grow too long. */
static enum cs_status cut(struct emitter *e, struct list *l, uint32_t need, struct stage **out, size_t *n_out)
{
    struct stage *s = calloc(l->n + 1, sizeof *s);
    size_t n = 0, from = 0;
    uint64_t lo = 0, hi = 0, long_so_far = 0;
    uint32_t fuel = 1000000;

    if (!s)
        return CS_NOMEM;
    *out = s;
    for (size_t i = 0; i <= l->n; i++) {
        bool is_gap = i < l->n && is_wide(l->p[i], need), is_end = i == l->n;
        struct length len = is_end || is_gap ? (struct length){ 0, 0 } : length_of(l->p[i], &fuel);
        bool is_long = !is_end && !is_gap && i > from && len.hi != VDL_INF && length_sum(long_so_far, len.hi) > LOWER_LITERAL;

        if (is_gap && i == from && n > 0 && i > 0) {        /* two gaps in a row are one */
            lo = length_sum(lo, l->p[i]->lo);
            hi = length_sum(hi, l->p[i]->hi);
            from = i + 1;
            continue;
        }
        if ((is_gap || is_end || is_long) && i > from)
            s[n++] = (struct stage){ .el = l->p + from, .n = i - from, .gap_lo = lo, .gap_hi = hi };
        if (is_gap) {
            lo = l->p[i]->lo;
            hi = l->p[i]->hi;
            from = i + 1;
            long_so_far = 0;
        } else if (is_long) {
            lo = hi = 0;
            from = i;
            long_so_far = len.hi;
        } else
            long_so_far = len.hi == VDL_INF ? 0 : length_sum(long_so_far, len.hi);
    }
    *n_out = n;
    if (fuel == 0)
        return refuse(e, "an expression with too many nodes");
    if (n > 4096)
        return refuse(e, "a segment of more than 4096 parts");
    for (size_t i = 1; i < n; i++)
        if (s[i].gap_hi != VDL_INF ? s[i].gap_hi > LOWER_WIDE : s[i].gap_lo > UINT32_MAX / 2)
            return refuse(e, "a bounded gap of more than a million bytes");
    return CS_OK;
}

/* A gap in front of all: the segment begins no earlier than that. A gap behind all: that many bytes must follow. */
static enum cs_status trim_gaps(struct emitter *e, const struct use *u, struct list *l, const struct vdl_anchor **anchor)
{
    if (l->n && is_wide(l->p[0], 1) && (u->need > 1 || u->has_place))
        return refuse(e, "COUNT or the place of a segment that begins with a gap");
    while (l->n && is_wide(l->p[0], 1)) {
        struct vdl_anchor *a = arena_get(&e->arena, 1, sizeof *a);
        uint64_t lo = l->p[0]->lo;

        if (!a)
            return CS_NOMEM;
        if (lo && !is_anywhere(*anchor))
            return refuse(e, "an offset before a gap");
        *a = (struct vdl_anchor){ .where = VW_START, .lo = (int64_t)(lo & INT64_MAX), .hi = INT64_MAX };
        if (lo)
            *anchor = a;
        l->p++;
        l->n--;
    }
    while (l->n && is_wide(l->p[l->n - 1], 1)) {
        if (l->p[l->n - 1]->lo > LOWER_GAP_LONG)
            return refuse(e, "a long gap at the end of a segment");
        if (l->p[l->n - 1]->lo == 0) {
            l->n--;
            continue;
        }
        struct vdl_node *fixed = node_like(e, l->p[l->n - 1]);

        if (!fixed)
            return CS_NOMEM;
        fixed->hi = fixed->lo;
        l->p[l->n - 1] = fixed;
    }
    return l->n ? CS_OK : refuse(e, "a segment of gaps alone; SIZE says how many bytes there must be");
}

static const uint8_t wheres[] = {
    [VW_ANYWHERE] = VDB_WH_ANYWHERE, [VW_START] = VDB_WH_START, [VW_END] = VDB_WH_END, [VW_ENTRY] = VDB_WH_ENTRY,
    [VW_SECTION] = VDB_WH_SECTION, [VW_LAST_SECTION] = VDB_WH_LAST_SECTION, [VW_IN_SECTION] = VDB_WH_IN_SECTION,
    [VW_VERSION_INFO] = VDB_WH_VERSION_INFO,
};

static enum cs_status put_segment(struct emitter *e, const struct vdl_anchor *a, uint32_t plan, uint32_t need, uint32_t n_stages,
                                  uint64_t longest)
{
    uint8_t *p = image_grow(&e->image, VDB_SEGMENTS, VDB_SEGMENT);

    if (!p)
        return CS_NOMEM;
    put_le32(p + VDB_S_PLAN, plan);
    put_le32(p + VDB_S_FIRST, e->n_stages);
    put_le32(p + VDB_S_STAGES, n_stages);
    put_le32(p + VDB_S_NEED, need);
    put_le32(p + VDB_S_WHERE, a ? wheres[a->where] : VDB_WH_ANYWHERE);
    put_le32(p + VDB_S_SECTION, a ? a->section : 0);
    put_le64(p + VDB_S_LO, a ? (uint64_t)a->lo : 0);
    put_le64(p + VDB_S_HI, a ? (uint64_t)a->hi : 0);
    if (need > 1) {
        unsigned bits = ring_bits(2 * longest + 2);

        put_le64(p + VDB_S_RING, state_get(e, ((uint64_t)1 << bits) / 8));
        put_le32(p + VDB_S_RING_BITS, bits);
    }
    if (a && a->where != VW_ANYWHERE && a->where != VW_START)
        e->flags |= VDB_F_WHOLE;
    return CS_OK;
}

enum cs_status lower_segment(struct emitter *e, struct use *u, uint32_t plan)
{
    const struct vdl_node *n = u->node;
    const struct vdl_anchor *anchor = n->anchor;
    struct list l = { 0 };
    const struct vdl_node **own;
    struct stage *s = NULL;
    size_t count = 0;
    enum cs_status st = CS_OK;

    u->number = e->n_segments++;
    if (n->n_kids != 1 || !list_flatten(e, &l, n->kids[0]))
        return n->n_kids != 1 ? refuse(e, "an empty segment") : CS_NOMEM;
    own = l.p;
    st = trim_gaps(e, u, &l, &anchor);
    if (st == CS_OK)
        st = cut(e, &l, u->need, &s, &count);
    if (st == CS_OK && count == 0)
        st = refuse(e, "an empty segment");
    if (st == CS_OK && length_of_list(l.p, l.n).lo == 0)
        st = refuse(e, "a segment that may be empty");
    if (st == CS_OK && u->need > 1 && count > 1)
        st = refuse(e, "COUNT of a segment with wide gaps");
    if (st == CS_OK)
        st = put_segment(e, anchor, plan, u->need, (uint32_t)count, count ? length_of_list(s[0].el, s[0].n).hi : 0);
    for (size_t i = 0; i < count && st == CS_OK; i++) {
        s[i].is_first = i == 0;
        s[i].is_last = i + 1 == count;
        s[i].anchor = anchor;
        s[i].segment = u->number;
        s[i].need = u->need;
        s[i].has_place = u->has_place;
        s[i].cost = i ? s[i - 1].cost : 1;
        s[i].n_seeded = i ? s[i - 1].n_seeded : 0;
        st = lower_stage(e, &s[i], i + 1 < count ? &s[i + 1] : NULL);
    }
    free(s);
    free(own);
    return st;
}
