#include "lower.h"

#include <stdlib.h>

#include "rarity.h"

/* Shortest and longest match of a node; VDL_INF: no bound. */
struct length { uint64_t lo, hi; };

static uint64_t sum(uint64_t a, uint64_t b)
{
    return a == VDL_INF || b == VDL_INF || a > VDL_INF - b ? VDL_INF : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return 0;
    return a == VDL_INF || b == VDL_INF || a > VDL_INF / b ? VDL_INF : a * b;
}

static struct length measure(const struct vdl_node *n, uint32_t *fuel)
{
    struct length all = { 0, 0 }, one;

    if (*fuel == 0)
        return (struct length){ 0, VDL_INF };
    --*fuel;
    switch ((enum vdl_kind)n->kind) {
    case VN_BYTES: return (struct length){ n->bytes.n, n->bytes.n };
    case VN_SET: return (struct length){ 1, 1 };
    case VN_GAP: return (struct length){ n->lo, n->hi };
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++) {
            one = measure(n->kids[i], fuel);
            all = (struct length){ sum(all.lo, one.lo), sum(all.hi, one.hi) };
        }
        return all;
    case VN_ALT:
        for (uint32_t i = 0; i < n->n_kids; i++) {
            one = measure(n->kids[i], fuel);
            all.lo = i && all.lo < one.lo ? all.lo : one.lo;
            all.hi = all.hi > one.hi ? all.hi : one.hi;
        }
        return all;
    case VN_REP:
        one = measure(n->kids[0], fuel);
        return (struct length){ times(one.lo, n->lo), times(one.hi, n->hi) };
    case VN_LOOSE:
    case VN_DIGITS:
        for (size_t i = 0; i < n->bytes.n; i++)
            all.lo += !loose_skips(n->kind, n->bytes.p[i]);
        return (struct length){ all.lo, all.lo > 1 || n->lo ? VDL_INF : all.lo };
    default: return all;
    }
}

void place_set(const struct vdl_node *n, size_t i, uint8_t set[32])
{
    unsigned mask = n->mask ? n->mask[i] : 0xff, b = n->bytes.p[i];

    memset(set, 0, 32);
    for (unsigned c = 0; c < 256; c++)
        if ((c & mask) == (b & mask) || (n->fold && ascii_is_alpha((uint8_t)c) && ((c ^ 0x20) & mask) == (b & mask)))
            set[c / 8] |= (uint8_t)(1u << c % 8);
}

/* ---- lists of elements ------------------------------------------------------------------------------------------ */

struct list { const struct vdl_node **p; size_t n, room; };

static bool list_add(struct list *l, const struct vdl_node *n)
{
    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 32;
        const struct vdl_node **grown = reallocarray(l->p, room, sizeof *grown);

        if (!grown)
            return false;
        l->p = grown;
        l->room = room;
    }
    l->p[l->n++] = n;
    return true;
}

/* A node of our own, made from another one. */
static struct vdl_node *node_like(struct emitter *e, const struct vdl_node *n)
{
    struct vdl_node *copy = arena_get(&e->arena, 1, sizeof *copy);

    if (copy)
        *copy = *n;
    return copy;
}

static bool flatten(struct emitter *e, struct list *l, const struct vdl_node *n)
{
    if (n->kind == VN_CAT) {
        for (uint32_t i = 0; i < n->n_kids; i++)
            if (!flatten(e, l, n->kids[i]))
                return false;
        return l->n < 100000;
    }
    for (size_t at = 0; n->kind == VN_BYTES && at < n->bytes.n; at += LOWER_LITERAL) {
        struct vdl_node *piece = n->bytes.n > LOWER_LITERAL ? node_like(e, n) : NULL;

        if (n->bytes.n <= LOWER_LITERAL)
            return list_add(l, n);
        if (!piece)
            return false;
        piece->bytes = slice_sub(n->bytes, at, LOWER_LITERAL);
        piece->mask = n->mask ? n->mask + at : NULL;
        if (!list_add(l, piece))
            return false;
    }
    return n->kind == VN_BYTES || list_add(l, n);
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

/* A run of places at fixed distance, and how far its first one is from the start of the stage. */
struct run { uint8_t (*sets)[32]; uint32_t n; uint64_t back_lo, back_hi; };

struct pick { struct run run; uint32_t at, n; bool is_exact; double cost; };
enum { PICKS = 64 };
struct picks { struct pick p[PICKS]; size_t n; double cost; };

static int set_size(const uint8_t *set)
{
    int n = 0;

    for (int i = 0; i < 32; i++)
        n += __builtin_popcount(set[i]);
    return n;
}

static uint8_t set_first(const uint8_t *set)
{
    for (unsigned c = 0; c < 256; c++)
        if (set[c / 8] >> (c % 8) & 1)
            return (uint8_t)c;
    return 0;
}

static bool few_variants(const uint8_t (*sets)[32], uint32_t n)
{
    int all = 1;

    for (uint32_t i = 0; i < n; i++) {
        int size = set_size(sets[i]);

        if (size == 0 || size > VARIANTS_MAX / all)
            return false;
        all *= size;
    }
    return true;
}

/* Lengths to try: how many places, the window inside them, and what a pass over the data for such windows costs. */
static const struct { uint32_t n, window; double cost; } shapes[] = {
    { 11, 8, 0 }, { 7, 4, 1e-7 }, { 5, 4, 2e-6 }, { 4, 4, 4e-6 }, { 3, 2, 5e-4 }, { 2, 2, 5e-4 }, { 1, 1, 5e-3 },
};

static bool sets_exact(const uint8_t (*sets)[32], uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (set_size(sets[i]) != 1)
            return false;
    return true;
}

static double window_cost(const uint8_t (*sets)[32], uint32_t n, uint32_t window)
{
    double cost = 0;

    for (uint32_t a = 0; a + window <= n; a++) {
        if (!few_variants(sets + a, window))
            return 2;
        cost += rarity_sets(sets + a, window) / (n - window + 1);
    }
    return cost;
}

static void pick_best(const struct run *r, struct pick *best)
{
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (uint32_t k = 0; k + shapes[s].n <= r->n; k++) {
            const uint8_t (*sets)[32] = (const uint8_t (*)[32])r->sets + k;
            double cost = window_cost(sets, shapes[s].n, shapes[s].window) + shapes[s].cost;
            bool is_exact = cost < best->cost && sets_exact(sets, shapes[s].n);

            /* Long windows of many letters in either case would be thousands of entries. */
            if (cost < best->cost && (is_exact || shapes[s].n <= 7))
                *best = (struct pick){ *r, k, shapes[s].n, is_exact, cost };
        }
}

/* An exact pick may grow to all the exact places around it: the filter knows better which of them are rare in the set. */
static void widen(struct pick *p)
{
    const uint8_t (*sets)[32] = (const uint8_t (*)[32])p->run.sets;

    if (!p->is_exact || p->n < 4)
        return;
    while (p->at > 0 && set_size(sets[p->at - 1]) == 1) {
        p->at--;
        p->n++;
    }
    while (p->at + p->n < p->run.n && set_size(sets[p->at + p->n]) == 1)
        p->n++;
}

static bool run_add(struct emitter *e, struct run *r, const uint8_t *set)
{
    uint8_t (*p)[32] = arena_get(&e->arena, 1, 32);

    if (!p)
        return false;
    /* The arena is one line: sets that are made one behind the other are an array. */
    if (r->n == 0)
        r->sets = p;
    memcpy(*p, set, 32);
    r->n++;
    return true;
}

static bool pick_list(struct emitter *e, const struct vdl_node *const *el, size_t n, uint64_t lo, uint64_t hi, struct picks *out,
                      uint32_t *fuel);

static void keep_better(struct picks *best, const struct picks *other)
{
    if (other->n && (best->n == 0 || other->cost < best->cost))
        *best = *other;
}

static void close_run(struct run *r, struct picks *best)
{
    struct picks one = { .n = 1, .cost = 2 };
    struct pick pick = { .cost = 2 };

    if (r->n)
        pick_best(r, &pick);
    if (pick.cost < 2) {
        widen(&pick);
        one.p[0] = pick;
        one.cost = pick.cost;
        keep_better(best, &one);
    }
    r->n = 0;
}

/* One of the alternatives must be found: the windows of all of them together. */
static bool pick_alt(struct emitter *e, const struct vdl_node *n, uint64_t lo, uint64_t hi, struct picks *out, uint32_t *fuel)
{
    struct picks *kid = malloc(sizeof *kid);
    bool is_ok = kid != NULL;

    out->n = 0;
    out->cost = 0;
    for (uint32_t i = 0; i < n->n_kids && is_ok; i++) {
        struct list l = { 0 };

        kid->n = 0;
        is_ok = flatten(e, &l, n->kids[i]) && pick_list(e, l.p, l.n, lo, hi, kid, fuel);
        free(l.p);
        if (!is_ok || kid->n == 0 || out->n + kid->n > PICKS) {
            out->n = 0;
            break;
        }
        memcpy(out->p + out->n, kid->p, kid->n * sizeof *kid->p);
        out->n += kid->n;
        out->cost += kid->cost;
    }
    free(kid);
    return is_ok;
}

static bool add_places(struct emitter *e, struct run *r, const struct vdl_node *n)
{
    uint8_t set[32];

    if (n->kind == VN_SET)
        return run_add(e, r, n->set);
    if (n->kind == VN_BYTES) {
        for (size_t i = 0; i < n->bytes.n; i++) {
            place_set(n, i, set);
            if (!run_add(e, r, set))
                return false;
        }
        return true;
    }
    memset(set, 0xff, sizeof set);
    for (uint64_t i = 0; i < n->lo; i++)
        if (!(n->kind == VN_GAP ? run_add(e, r, set) : add_places(e, r, n->kids[0])))
            return false;
    return true;
}

/* Something that is a plain row of places. */
static bool is_row(const struct vdl_node *n)
{
    switch ((enum vdl_kind)n->kind) {
    case VN_BYTES:
    case VN_SET: return true;
    case VN_GAP: return n->lo == n->hi && n->lo <= LOWER_GAP_LONG;
    case VN_REP: return n->lo == n->hi && n->lo <= 64 && (n->kids[0]->kind == VN_SET || n->kids[0]->kind == VN_BYTES) &&
                        n->lo * (n->kids[0]->kind == VN_SET ? 1 : n->kids[0]->bytes.n) <= LOWER_LITERAL;
    default: return false;
    }
}

/* The best windows such that every match of the list holds one of them. lo..hi: how far the list is from its stage's start. */
static bool pick_list(struct emitter *e, const struct vdl_node *const *el, size_t n, uint64_t lo, uint64_t hi, struct picks *out,
                      uint32_t *fuel)
{
    struct run r = { 0 };
    struct picks *alt = malloc(sizeof *alt);
    bool is_ok = alt != NULL;

    for (size_t i = 0; i < n && is_ok && hi <= VDB_REACH_MAX / 2; i++) {
        struct length len = measure(el[i], fuel);

        if (is_row(el[i])) {
            if (r.n == 0) {
                r.back_lo = lo;
                r.back_hi = hi;
            }
            is_ok = add_places(e, &r, el[i]);
        } else if (el[i]->kind != VN_EDGE) {
            close_run(&r, out);
            alt->n = 0;
            if (el[i]->kind == VN_ALT)
                is_ok = pick_alt(e, el[i], lo, hi, alt, fuel);
            else if (el[i]->kind == VN_REP && el[i]->lo > 0)
                is_ok = pick_list(e, (const struct vdl_node *const *)el[i]->kids, 1, lo, hi, alt, fuel);
            else if (el[i]->kind == VN_CAT)
                is_ok = pick_list(e, (const struct vdl_node *const *)el[i]->kids, el[i]->n_kids, lo, hi, alt, fuel);
            keep_better(out, alt);
        }
        lo = sum(lo, len.lo);
        hi = sum(hi, len.hi);
    }
    close_run(&r, out);
    free(alt);
    return is_ok;
}

/* ---- records ----------------------------------------------------------------------------------------------------- */

static void reach(struct emitter *e, uint64_t back, uint64_t ahead)
{
    if (back > e->back)
        e->back = (uint32_t)back;
    if (ahead > e->ahead)
        e->ahead = (uint32_t)ahead;
}

static uint8_t *record_new(struct emitter *e, size_t n, uint32_t *at)
{
    *at = image_at(&e->image, VDB_RECORDS);
    if (*at >= 1u << (32 - VDB_E_SHIFT)) {
        e->image.is_large = true;
        return NULL;
    }
    return image_grow(&e->image, VDB_RECORDS, n);
}

enum cs_status lower_literal(struct emitter *e, struct slice s, uint32_t owner)
{
    struct anchor *a = anchors_add(&e->anchors);
    uint8_t *p;

    if (!a)
        return CS_NOMEM;
    p = record_new(e, VDB_C_BYTES + s.n, &a->record);
    if (!p)
        return e->image.is_large ? CS_LIMIT : CS_NOMEM;
    a->bytes = s.p;
    a->n = (uint32_t)s.n;
    put_le32(p + VDB_C_OWNER, owner);
    put_le16(p + VDB_C_LEN, (uint16_t)(s.n | VDB_K_EXACT << VDB_C_KIND));
    memcpy(p + VDB_C_BYTES, s.p, s.n);
    reach(e, s.n, s.n);
    return CS_OK;
}

/* An anchor for a window inside a run of sets; shift: of the run in the record. */
static enum cs_status add_anchor(struct emitter *e, const struct pick *p, uint32_t record, uint32_t shift)
{
    struct anchor *a = anchors_add(&e->anchors);
    const uint8_t (*sets)[32] = (const uint8_t (*)[32])p->run.sets + p->at;
    uint8_t *bytes = p->is_exact ? arena_get(&e->arena, p->n, 1) : NULL;

    if (!a || (p->is_exact && !bytes))
        return CS_NOMEM;
    for (uint32_t i = 0; bytes && i < p->n; i++)
        bytes[i] = set_first(sets[i]);
    a->bytes = bytes;
    a->sets = sets;
    a->n = p->n;
    a->record = record;
    a->shift = shift + p->at;
    return CS_OK;
}

/* (value, mask) that says the same as a set, where there is one. */
static bool set_as_mask(const uint8_t *set, uint8_t *value, uint8_t *mask)
{
    unsigned all = 0xff, any = 0, same;

    for (unsigned c = 0; c < 256; c++)
        if (set[c / 8] >> (c % 8) & 1) {
            all &= c;
            any |= c;
        }
    same = ~(all ^ any) & 0xff;
    *value = (uint8_t)(all & same);
    *mask = (uint8_t)same;
    return set_size(set) == 1 << __builtin_popcount(~same & 0xff);
}

/* A stage that is one row of places: compared in place, no automaton. *done: whether it was. */
static enum cs_status row_record(struct emitter *e, const struct vdl_node *const *el, size_t n, uint32_t owner, bool *done)
{
    struct run r = { 0 };
    struct pick pick = { .cost = 2 };
    uint8_t value[LOWER_LITERAL], mask[LOWER_LITERAL], *p;
    bool is_exact = true;
    uint32_t record;

    *done = false;
    for (size_t i = 0; i < n; i++) {
        if (!is_row(el[i]))
            return CS_OK;
        if (!add_places(e, &r, el[i]))
            return CS_NOMEM;
    }
    if (r.n == 0 || r.n > LOWER_LITERAL)
        return CS_OK;
    for (uint32_t i = 0; i < r.n; i++) {
        if (!set_as_mask(r.sets[i], &value[i], &mask[i]))
            return CS_OK;
        is_exact = is_exact && mask[i] == 0xff;
    }
    pick_best(&r, &pick);
    if (pick.cost >= 2)
        return CS_OK;
    *done = true;
    widen(&pick);
    p = record_new(e, VDB_C_BYTES + (size_t)r.n * (is_exact ? 1 : 2), &record);
    if (!p)
        return e->image.is_large ? CS_LIMIT : CS_NOMEM;
    put_le32(p + VDB_C_OWNER, owner);
    put_le16(p + VDB_C_LEN, (uint16_t)(r.n | (unsigned)(is_exact ? VDB_K_EXACT : VDB_K_MASK) << VDB_C_KIND));
    memcpy(p + VDB_C_BYTES, value, r.n);
    if (!is_exact)
        memcpy(p + VDB_C_BYTES + r.n, mask, r.n);
    reach(e, r.n, r.n);
    return add_anchor(e, &pick, record, 0);
}

static enum cs_status program_records(struct emitter *e, const struct vdl_node *const *el, size_t n, struct length len,
                                      const struct picks *picks, uint32_t owner)
{
    struct code c;
    uint32_t first, count;
    enum cs_status st;

    code_begin(&c, e);
    for (size_t i = 0; i < n; i++)
        code_node(&c, el[i]);
    st = code_end(&c, &first, &count);
    for (size_t i = 0; i < picks->n && st == CS_OK; i++) {
        const struct pick *p = &picks->p[i];
        uint32_t record;
        uint8_t *r = record_new(e, VDB_C_PROGRAM_BYTES, &record);

        if (!r)
            return e->image.is_large ? CS_LIMIT : CS_NOMEM;
        put_le32(r + VDB_C_OWNER, owner);
        put_le16(r + VDB_C_LEN, VDB_K_PROGRAM << VDB_C_KIND);
        put_le32(r + VDB_C_PROGRAM, first);
        put_le32(r + VDB_C_N, count);
        put_le32(r + VDB_C_BACK_MIN, (uint32_t)p->run.back_lo);
        put_le32(r + VDB_C_BACK_MAX, (uint32_t)p->run.back_hi);
        put_le32(r + VDB_C_MAX, (uint32_t)len.hi);
        reach(e, p->run.back_hi + p->run.n + 2, len.hi + 2);
        st = add_anchor(e, p, record, 0);
    }
    return st;
}

/* ---- stages ------------------------------------------------------------------------------------------------------ */

struct stage {
    const struct vdl_node **el;
    size_t n;
    uint64_t gap_lo, gap_hi;        /* between the stage before and this one */
    bool is_first, is_last;
    const struct vdl_anchor *anchor;
    uint32_t segment, need;
    bool has_place;
};

static bool is_anywhere(const struct vdl_anchor *a)
{
    return !a || a->where == VW_ANYWHERE;
}

static struct length measure_list(const struct vdl_node *const *el, size_t n)
{
    struct length all = { 0, 0 };
    uint32_t fuel = 100000;

    for (size_t i = 0; i < n; i++) {
        struct length one = measure(el[i], &fuel);

        all = (struct length){ sum(all.lo, one.lo), sum(all.hi, one.hi) };
    }
    return all;
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
        uint64_t more = sum(hi, measure(s->el[i], &fuel).hi);

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
               measure_list((const struct vdl_node *const *)s->el[i]->kids, 1).hi < 64 && s->el[i]->lo < 16) {
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
        enum cs_status st = row_record(e, (const struct vdl_node *const *)&alt->kids[i], 1, owner, &one);

        if (st != CS_OK)
            return st;
        if (!one)
            return refuse(e, "an alternative without a literal");
    }
    *done = true;
    return CS_OK;
}

/* Small fixed places at the start are looked at there, and not searched for everywhere. */
static bool better_seeded(const struct stage *s, const struct picks *picks)
{
    if (!s->is_first || is_anywhere(s->anchor) || s->anchor->where != VW_START || s->need > 1)
        return false;
    return s->anchor->lo >= 0 && s->anchor->hi <= LOWER_GAP_LONG && (picks->n == 0 || picks->cost > 1e-4);
}

/* Records for the front part; *is_found is false when there is nothing to search for. */
static enum cs_status head_records(struct emitter *e, const struct stage *s, const struct list *head, uint32_t owner, bool *is_found)
{
    const struct vdl_node *const *el = head->p;
    struct length len = measure_list(el, head->n);
    struct picks *picks = calloc(1, sizeof *picks);
    uint32_t fuel = 100000;
    enum cs_status st = CS_OK;
    bool done = false;

    *is_found = false;
    if (!picks)
        return CS_NOMEM;
    if (len.hi <= LOWER_LITERAL * 2 && len.lo > 0 && !pick_list(e, el, head->n, 0, 0, picks, &fuel))
        st = CS_NOMEM;
    if (st == CS_OK && picks->n && fuel && !better_seeded(s, picks)) {
        *is_found = true;
        st = row_record(e, el, head->n, owner, &done);
        if (st == CS_OK && !done)
            st = alt_records(e, head, owner, &done);
        if (st == CS_OK && !done)
            st = program_records(e, el, head->n, len, picks, owner);
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
        ring = next->gap_hi + 2 * LOWER_LITERAL + 2;
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
        put_le32(p + VDB_ST_LEAST, (uint32_t)measure_list(s->el, s->n).lo);
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
        struct length len = is_end || is_gap ? (struct length){ 0, 0 } : measure(l->p[i], &fuel);
        bool is_long = !is_end && !is_gap && i > from && len.hi != VDL_INF && sum(long_so_far, len.hi) > LOWER_LITERAL;

        if (is_gap && i == from && n > 0 && i > 0) {        /* two gaps in a row are one */
            lo = sum(lo, l->p[i]->lo);
            hi = sum(hi, l->p[i]->hi);
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
            long_so_far = len.hi == VDL_INF ? 0 : sum(long_so_far, len.hi);
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
static enum cs_status trim_gaps(struct emitter *e, struct list *l, const struct vdl_anchor **anchor)
{
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
    return l->n ? CS_OK : refuse(e, "an empty segment");
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
    if (n->n_kids != 1 || !flatten(e, &l, n->kids[0]))
        return n->n_kids != 1 ? refuse(e, "an empty segment") : CS_NOMEM;
    own = l.p;
    st = trim_gaps(e, &l, &anchor);
    if (st == CS_OK)
        st = cut(e, &l, u->need, &s, &count);
    if (st == CS_OK && count == 0)
        st = refuse(e, "an empty segment");
    if (st == CS_OK && measure_list(l.p, l.n).lo == 0)
        st = refuse(e, "a segment that may be empty");
    if (st == CS_OK && u->need > 1 && count > 1)
        st = refuse(e, "COUNT of a segment with wide gaps");
    if (st == CS_OK)
        st = put_segment(e, anchor, plan, u->need, (uint32_t)count, count ? measure_list(s[0].el, s[0].n).hi : 0);
    for (size_t i = 0; i < count && st == CS_OK; i++) {
        s[i].is_first = i == 0;
        s[i].is_last = i + 1 == count;
        s[i].anchor = anchor;
        s[i].segment = u->number;
        s[i].need = u->need;
        s[i].has_place = u->has_place;
        st = lower_stage(e, &s[i], i + 1 < count ? &s[i + 1] : NULL);
    }
    free(s);
    free(own);
    return st;
}
