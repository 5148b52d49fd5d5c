#include "scan.h"

#include <stdlib.h>

#include "exe.h"

enum { SPANS = 32 };            /* of one hit; what has more is found again when these are gone */

/* A piece of a lane's mapping, straight from the kernel's zeros: arena_get() would touch every page. */
static void *piece(uint8_t *base, uint64_t *at, uint64_t n, size_t size)
{
    void *p = base ? base + (size_t)*at : NULL;

    *at += (n * size + 63) / 64 * 64;
    return p;
}

/* How long it gets, in 64 bits: the numbers are the image's. base is NULL the first time, to see just that. */
static uint64_t lane_layout(struct lane *l, uint8_t *base)
{
    uint64_t at = 0;
    const struct vdl_db *db = l->db;

    /* What every object touches is small and comes first; of what follows, mostly the beginning is used. */
    l->done = piece(base, &at, db->rules, sizeof *l->done);
    l->types = piece(base, &at, db->types, sizeof *l->types);
    l->active = piece(base, &at, db->stages, sizeof *l->active);
    l->touched = piece(base, &at, db->plans, sizeof *l->touched);
    l->touch_epoch = piece(base, &at, db->plans, sizeof *l->touch_epoch);
    l->stages = piece(base, &at, db->stages, sizeof *l->stages);
    l->segments = piece(base, &at, db->segments, sizeof *l->segments);
    l->starts = piece(base, &at, STARTS, sizeof *l->starts);
    l->state = piece(base, &at, db->state, 1);
    l->work = piece(base, &at, (uint64_t)VDB_THREADS_MAX / 64 * 2 + VDB_THREADS_MAX, sizeof *l->work);
    l->events = piece(base, &at, l->events_room, sizeof *l->events);
    return at;
}

/* Like a lane's: memory of the heap would have its borders touched. */
static uint64_t scan_layout(struct vdl_scan *s, uint8_t *base)
{
    uint64_t at = 0;

    s->found = piece(base, &at, BLOCK + 16, sizeof *s->found);
    s->places = piece(base, &at, BLOCK, sizeof *s->places);
    s->exe = piece(base, &at, 1, sizeof *s->exe);
    return at;
}

static enum cs_status lane_open(struct lane *l, struct vdl_scan *s, const struct vdl_db *db)
{
    enum cs_status st;
    uint64_t size;

    *l = (struct lane){ .db = db, .scan = s, .events_room = EVENTS + (size_t)db->stages * 2 };
    size = lane_layout(l, NULL);
    st = size <= SIZE_MAX ? arena_init_zeroed(&l->arena, (size_t)size) : CS_NOMEM;
    if (st == CS_OK)
        lane_layout(l, l->arena.base);
    s->whole_needed |= (db->flags & VDB_F_WHOLE) != 0;
    s->back = s->back > db->back ? s->back : db->back;
    s->ahead = s->ahead > db->ahead ? s->ahead : db->ahead;
    return st;
}

struct vdl_scan *vdl_scan_new(struct vdl_db *const *dbs, size_t n, vdl_hit_fn *hit, void *ctx)
{
    struct vdl_scan *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->hit = hit;
    s->ctx = ctx;
    s->lanes = calloc(n ? n : 1, sizeof *s->lanes);
    s->imports = buf_init(EXE_IMPORTS);
    s->back = 16;
    s->ahead = 16;
    if (!s->lanes || arena_init(&s->room, (size_t)scan_layout(s, NULL)) != CS_OK)
        goto fail;
    scan_layout(s, s->room.base);
    for (; s->n_lanes < n; s->n_lanes++)
        if (lane_open(&s->lanes[s->n_lanes], s, dbs[s->n_lanes]) != CS_OK)
            goto fail;
    return s;
fail:
    vdl_scan_free(s);
    return NULL;
}

void vdl_scan_free(struct vdl_scan *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n_lanes; i++)
        arena_release(&s->lanes[i].arena);
    free(s->lanes);
    arena_release(&s->room);
    buf_release(&s->imports);
    free(s->carry);
    free(s);
}

/* Types are known when there is a word other than "unknown". */
static bool types_known(const struct vdl_object *o)
{
    for (int i = 0; i < VDL_TYPES_MAX && o->types[i]; i++)
        if (strcmp(o->types[i], "unknown") != 0)
            return true;
    return false;
}

static bool word_fits(const struct vdl_object *o, struct slice word, bool is_exact)
{
    for (int i = 0; i < VDL_TYPES_MAX && o->types[i]; i++) {
        struct slice have = slice_str(o->types[i]);

        if (is_exact ? slice_eq(have, word) : slice_find(have, word) + word.n <= have.n)
            return true;
    }
    return false;
}

static bool types_decide(struct lane *l, uint32_t number)
{
    const struct vdl_db *db = l->db;
    const uint8_t *slot = db_at(db, VDB_TYPES, (uint64_t)(number - 1) * 4, 4), *p;
    uint32_t flags, n;

    p = slot ? db_at(db, VDB_TYPES, get_le32(slot), 8) : NULL;
    if (!p) {
        l->scan->is_damaged = true;
        return true;
    }
    flags = get_le32(p);
    n = get_le32(p + 4);
    if (!(flags & VDB_TF_EXACT) && !types_known(&l->scan->object))
        return true;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *w = db_at(db, VDB_TYPES, (uint64_t)get_le32(slot) + 8 + (uint64_t)i * 4, 4);
        struct slice word;

        if (!w || !db_string(db, get_le32(w), &word)) {
            l->scan->is_damaged = true;
            return true;
        }
        if (word_fits(&l->scan->object, word, flags & VDB_TF_EXACT))
            return !(flags & VDB_TF_NOT);
    }
    return flags & VDB_TF_NOT;
}

bool scan_types_ok(struct lane *l, uint32_t types)
{
    if (types == 0)
        return true;
    if (types > l->db->types) {
        l->scan->is_damaged = true;
        return true;
    }
    if (l->types[types - 1] / 2 != l->epoch)
        l->types[types - 1] = l->epoch * 2 + types_decide(l, types);
    return l->types[types - 1] & 1;
}

/* The segments of a plan stand one behind the other, in the order of the plans. In a damaged image they may not: then some are missed. */
static uint32_t first_segment(const struct vdl_db *db, uint32_t plan)
{
    uint32_t lo = 0, hi = db->segments;

    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;

        if (get_le32(db_row(db, VDB_SEGMENTS, mid, VDB_SEGMENT) + VDB_S_PLAN) < plan)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool is_of_plan(const struct vdl_db *db, uint32_t segment, uint32_t plan)
{
    return segment < db->segments && get_le32(db_row(db, VDB_SEGMENTS, segment, VDB_SEGMENT) + VDB_S_PLAN) == plan;
}

/* Where the segments of a rule with "clean=" matched. A plan is one rule's, so that all rules together look at each segment once. */
static void find_spans(struct lane *l, uint32_t rule, uint32_t plan, struct vdl_span spans[SPANS], struct vdl_hit *hit)
{
    const uint8_t *row = db_row(l->db, VDB_PLANS, plan, VDB_PLAN);
    uint32_t clean = row ? (get_le32(row + VDB_P_FLAGS) & VDB_PF_CLEAN) >> VDB_PF_CLEAN_SHIFT : VDL_KEEP;

    hit->spans = spans;
    if (clean == VDL_KEEP || get_le32(row + VDB_P_RULE) != rule)
        return;
    hit->clean = (enum vdl_clean)clean;
    for (uint32_t i = first_segment(l->db, plan); is_of_plan(l->db, i, plan) && hit->n_spans < SPANS; i++) {
        const struct segment_state *s = &l->segments[i];

        if (s->epoch == l->epoch && s->count)
            spans[hit->n_spans++] = (struct vdl_span){ s->first_start, s->first_end };
    }
}

enum cs_status scan_report(struct lane *l, uint32_t rule, uint64_t offset, bool is_digest)
{
    const uint8_t *row = db_row(l->db, VDB_RULES, rule, VDB_RULE);
    struct vdl_hit hit = { .db = l->db, .rule = rule, .offset = offset };
    struct vdl_span spans[SPANS];
    uint32_t what, plan;

    if (!row || rule >= l->db->rules)
        return CS_CORRUPT;
    if (l->done[rule] == l->epoch)
        return CS_OK;
    l->done[rule] = l->epoch;
    what = get_le32(row + VDB_R_WHAT);
    plan = what >> VDB_W_SHIFT;
    if (what & VDB_W_PRIVATE)
        return CS_OK;
    hit.cls = (enum vdl_class)(what & VDB_W_CLASS);
    if (hit.cls >= VDL_CLASSES || !db_rule_name(l->db, rule, &hit.name))
        return CS_CORRUPT;
    if (what & VDB_W_PLAN)
        find_spans(l, rule, plan, spans, &hit);
    if (hit.cls == VDL_ALLOW)
        hit.is_by_bytes = what & VDB_W_PLAN ? is_of_plan(l->db, first_segment(l->db, plan), plan) : !is_digest;
    return l->scan->hit(l->scan->ctx, &hit) ? CS_OK : CS_STOP;
}

static bool event_before(const struct event *a, const struct event *b)
{
    if (a->end != b->end)
        return a->end < b->end;
    return a->start != b->start ? a->start < b->start : a->owner < b->owner;
}

static void sift(struct event *e, size_t at, size_t n)
{
    for (size_t kid; (kid = 2 * at + 1) < n; at = kid) {
        struct event t;

        if (kid + 1 < n && event_before(&e[kid], &e[kid + 1]))
            kid++;
        if (!event_before(&e[at], &e[kid]))
            return;
        t = e[at];
        e[at] = e[kid];
        e[kid] = t;
    }
}

/* In the order of their ends; a heap, because it needs no memory. */
static void sort_events(struct event *e, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift(e, i, n);
    for (size_t i = n; i-- > 1;) {
        struct event t = e[0];

        e[0] = e[i];
        e[i] = t;
        sift(e, 0, i);
    }
}

static enum cs_status take_event(struct lane *l, const struct event *e)
{
    const uint8_t *row;

    if (e->owner & VDB_OWNER_STAGE)
        return chain_event(l, e);
    row = db_row(l->db, VDB_RULES, e->owner, VDB_RULE);
    if (!row)
        return CS_CORRUPT;
    if (!scan_types_ok(l, get_le32(row + VDB_R_WHAT) >> VDB_W_SHIFT))
        return CS_OK;
    return scan_report(l, e->owner, e->start, false);
}

static uint32_t owner_rule(const struct lane *l, uint32_t owner)
{
    const uint8_t *stage, *segment, *plan;

    if (!(owner & VDB_OWNER_STAGE))
        return owner;
    stage = db_row(l->db, VDB_STAGES, owner & ~VDB_OWNER_STAGE, VDB_STAGE);
    segment = stage ? db_row(l->db, VDB_SEGMENTS, get_le32(stage + VDB_ST_SEGMENT), VDB_SEGMENT) : NULL;
    plan = segment ? db_row(l->db, VDB_PLANS, get_le32(segment + VDB_S_PLAN), VDB_PLAN) : NULL;
    return plan ? get_le32(plan + VDB_P_RULE) : VDB_NONE;
}

void scan_limited(struct lane *l, uint32_t owner)
{
    struct vdl_scan *s = l->scan;
    uint32_t rule;

    s->is_limited = true;
    if (s->limited_by.n)
        return;
    rule = owner_rule(l, owner);
    if (rule >= l->db->rules || !db_rule_name(l->db, rule, &s->limited_by))
        s->limited_by = slice_of(NULL, 0);
}

struct slice vdl_scan_limited_by(const struct vdl_scan *s)
{
    return s->limited_by;
}

/* Whatever ends at or before the horizon can no longer be overtaken by something that is found later. */
static enum cs_status take_events(struct lane *l, uint64_t horizon)
{
    enum cs_status st = CS_OK;
    size_t i = 0;

    sort_events(l->events, l->n_events);
    for (; i < l->n_events && l->events[i].end <= horizon && st == CS_OK; i++)
        if (i == 0 || event_before(&l->events[i - 1], &l->events[i]))
            st = take_event(l, &l->events[i]);
    memmove(l->events, l->events + i, (l->n_events - i) * sizeof *l->events);
    l->n_events -= i;
    return st;
}

/* Windows in [from, to). Where more is found than there is room for, in halves. */
static enum cs_status lane_range(struct lane *l, const struct view *v, uint64_t from, uint64_t to)
{
    size_t before = l->n_events;
    enum cs_status st;

    l->is_full = false;
    st = run_block(l, v, from, to);
    if (st != CS_OK)
        return st;
    if (!l->is_full) {
        if (l->n_events)
            st = take_events(l, to);
        return st == CS_OK && l->n_active ? chain_advance(l, to) : st;
    }
    l->n_events = before;
    if (to - from <= 1)
        return CS_LIMIT;
    st = lane_range(l, v, from, from + (to - from) / 2);
    return st == CS_OK ? lane_range(l, v, from + (to - from) / 2, to) : st;
}

static enum cs_status plans_decide(struct lane *l, const uint8_t *list, size_t n)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < n && st == CS_OK; i++) {
        uint32_t plan = list ? get_le32(list + 4 * i) : l->touched[i];
        const uint8_t *row = db_row(l->db, VDB_PLANS, plan, VDB_PLAN);
        bool is_true = false;

        if (!row || plan >= l->db->plans || get_le32(row + VDB_P_RULE) >= l->db->rules)
            return CS_CORRUPT;
        if (l->done[get_le32(row + VDB_P_RULE)] == l->epoch || !scan_types_ok(l, get_le32(row + VDB_P_TYPES)))
            continue;
        st = cond_check(l, plan, &is_true);
        if (st == CS_OK && is_true)
            st = scan_report(l, get_le32(row + VDB_P_RULE), l->plan_offset, false);
    }
    return st;
}

/* All bytes have been seen. */
static enum cs_status lane_end(struct lane *l)
{
    enum cs_status st = take_events(l, UINT64_MAX);

    if (st == CS_OK)
        st = chain_advance(l, l->scan->size + 1);
    if (st == CS_OK)
        st = plans_decide(l, NULL, l->n_touched);
    if (st == CS_OK)
        st = plans_decide(l, l->db->sec[VDB_ALWAYS].p, l->db->always);
    return st == CS_OK && l->db->hash_rules ? digests_check(l) : st;
}

static enum cs_status scan_view(struct vdl_scan *s, const struct view *v, uint64_t from, uint64_t to)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s->n_lanes; i++) {
        s->lanes[i].view = v;
        s->lanes[i].steps_most += STEPS_BYTE * (to - from);
    }
    for (uint64_t at = from; at < to && st == CS_OK;) {
        uint64_t next = to - at > BLOCK ? at + BLOCK : to;

        for (size_t i = 0; i < s->n_lanes && st == CS_OK; i++)
            st = lane_range(&s->lanes[i], v, at, next);
        at = next;
    }
    if (!v->is_end || st != CS_OK)
        return st;
    s->size = v->base + v->n;
    s->at_end = true;
    for (size_t i = 0; i < s->n_lanes && st == CS_OK; i++)
        st = lane_end(&s->lanes[i]);
    return st;
}

enum cs_status vdl_scan_begin(struct vdl_scan *s, const struct vdl_object *o)
{
    s->object = *o;
    s->status = CS_OK;
    s->is_damaged = s->is_limited = s->has_exe = s->has_imports = s->at_end = false;
    s->limited_by = slice_of(NULL, 0);
    s->is_whole = s->whole_needed;
    s->size = VDL_SIZE_UNKNOWN;
    s->scanned = 0;
    s->carry_n = 0;
    s->carry_base = 0;
    for (unsigned i = 0; i < VDB_ALGOS; i++)
        s->has_digest[i] = false;
    for (size_t i = 0; i < s->n_lanes; i++) {
        struct lane *l = &s->lanes[i];

        l->epoch++;
        l->n_events = 0;
        l->n_active = l->n_touched = 0;
        l->steps = 0;
        l->steps_most = STEPS_LEAST;
        if (l->db->sec[VDB_SEEDED].n)
            chain_begin(l);
    }
    return CS_OK;
}

static enum cs_status scan_over(struct vdl_scan *s, enum cs_status st)
{
    s->status = st != CS_OK ? st : s->is_damaged ? CS_CORRUPT : s->is_limited ? CS_LIMIT : CS_OK;
    return s->status;
}

/* Some rule must see the object whole: keep it all. */
static enum cs_status keep(struct vdl_scan *s, struct slice bytes)
{
    size_t need = s->carry_n + bytes.n, room;
    uint8_t *grown;

    if (bytes.n > WHOLE_MAX - s->carry_n)
        return CS_LIMIT;
    if (need > s->carry_room) {
        room = need + need / 2 + 65536;
        grown = realloc(s->carry, room);
        if (!grown)
            return CS_NOMEM;
        s->carry = grown;
        s->carry_room = room;
    }
    if (bytes.n)
        memcpy(s->carry + s->carry_n, bytes.p, bytes.n);
    s->carry_n = need;
    return CS_OK;
}

/* Look at what is there, as far as what follows cannot change it; keep what may be looked at again. */
static enum cs_status scan_carry(struct vdl_scan *s)
{
    struct view v = { .p = s->carry, .base = s->carry_base, .n = s->carry_n };
    uint64_t end = v.base + v.n, to = end > s->ahead ? end - s->ahead : 0, from;
    enum cs_status st = CS_OK;

    if (to > s->scanned) {
        st = scan_view(s, &v, s->scanned, to);
        s->scanned = to;
    }
    from = s->scanned > s->back ? s->scanned - s->back : 0;
    if (from > s->carry_base) {
        memmove(s->carry, s->carry + (from - s->carry_base), (size_t)(end - from));
        s->carry_n = (size_t)(end - from);
        s->carry_base = from;
    }
    return st;
}

enum cs_status vdl_scan_feed(struct vdl_scan *s, struct slice bytes)
{
    size_t room = s->back + s->ahead + (size_t)4 * BLOCK;
    enum cs_status st = CS_OK;

    if (s->status != CS_OK)
        return s->status;
    if (s->is_whole) {
        st = keep(s, bytes);
        return st == CS_OK ? CS_OK : scan_over(s, st);
    }
    if (room > s->carry_room) {
        uint8_t *grown = realloc(s->carry, room);

        if (!grown)
            return scan_over(s, CS_NOMEM);
        s->carry = grown;
        s->carry_room = room;
    }
    while (bytes.n && st == CS_OK) {
        struct slice some = slice_take(bytes, s->carry_room - s->carry_n);

        memcpy(s->carry + s->carry_n, some.p, some.n);
        s->carry_n += some.n;
        bytes = slice_drop(bytes, some.n);
        if (s->carry_n == s->carry_room)
            st = scan_carry(s);
    }
    return st == CS_OK ? CS_OK : scan_over(s, st);
}

enum cs_status vdl_scan_end(struct vdl_scan *s)
{
    struct view v = { .p = s->carry ? s->carry : (const uint8_t *)"", .base = s->carry_base, .n = s->carry_n, .is_end = true };

    if (s->status != CS_OK)
        return s->status;
    if (s->is_whole)
        s->size = v.n;
    return scan_over(s, scan_view(s, &v, s->scanned, v.base + v.n));
}

enum cs_status vdl_scan_bytes(struct vdl_scan *s, const struct vdl_object *o, struct slice bytes)
{
    struct view v = { .p = bytes.p, .n = bytes.n, .is_end = true };
    enum cs_status st = vdl_scan_begin(s, o);

    if (st != CS_OK)
        return st;
    s->is_whole = true;
    s->size = bytes.n;
    return scan_over(s, scan_view(s, &v, 0, v.n));
}
