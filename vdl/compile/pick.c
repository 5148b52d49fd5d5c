#include "pick.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "rarity.h"

uint64_t length_sum(uint64_t a, uint64_t b)
{
    return a == VDL_INF || b == VDL_INF || a > VDL_INF - b ? VDL_INF : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return 0;
    return a == VDL_INF || b == VDL_INF || a > VDL_INF / b ? VDL_INF : a * b;
}

struct length length_of(const struct vdl_node *n, uint32_t *fuel)
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
            one = length_of(n->kids[i], fuel);
            all = (struct length){ length_sum(all.lo, one.lo), length_sum(all.hi, one.hi) };
        }
        return all;
    case VN_ALT:
        for (uint32_t i = 0; i < n->n_kids; i++) {
            one = length_of(n->kids[i], fuel);
            all.lo = i && all.lo < one.lo ? all.lo : one.lo;
            all.hi = all.hi > one.hi ? all.hi : one.hi;
        }
        return all;
    case VN_REP:
        one = length_of(n->kids[0], fuel);
        return (struct length){ times(one.lo, n->lo), times(one.hi, n->hi) };
    case VN_LOOSE:
    case VN_DIGITS:
        for (size_t i = 0; i < n->bytes.n; i++)
            all.lo += !loose_skips(n->kind, n->bytes.p[i]);
        return (struct length){ all.lo, all.lo > 1 || n->lo ? VDL_INF : all.lo };
    default: return all;
    }
}

struct length length_of_list(const struct vdl_node *const *el, size_t n)
{
    struct length all = { 0, 0 };
    uint32_t fuel = 100000;

    for (size_t i = 0; i < n; i++) {
        struct length one = length_of(el[i], &fuel);

        all = (struct length){ length_sum(all.lo, one.lo), length_sum(all.hi, one.hi) };
    }
    return all;
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

bool list_add(struct list *l, const struct vdl_node *n)
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

struct vdl_node *node_like(struct emitter *e, const struct vdl_node *n)
{
    struct vdl_node *copy = arena_get(&e->arena, 1, sizeof *copy);

    if (copy)
        *copy = *n;
    return copy;
}

bool list_flatten(struct emitter *e, struct list *l, const struct vdl_node *n)
{
    if (n->kind == VN_CAT) {
        for (uint32_t i = 0; i < n->n_kids; i++)
            if (!list_flatten(e, l, n->kids[i]))
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

int set_size(const uint8_t *set)
{
    int n = 0;

    for (int i = 0; i < 32; i += 8)
        for (uint64_t bits = get_le64(set + i); bits; bits &= bits - 1)
            n++;
    return n;
}

uint8_t set_first(const uint8_t *set)
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

void pick_best(const struct run *r, struct pick *best)
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

void pick_widen(struct pick *p)
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

static void keep_better(struct picks *best, const struct picks *other)
{
    if (other->n && (best->n == 0 || other->cost < best->cost)) {
        memcpy(best->p, other->p, other->n * sizeof *best->p);
        best->n = other->n;
        best->cost = other->cost;
    }
}

static void close_run(struct run *r, struct picks *best)
{
    struct pick pick = { .cost = 2 };

    if (r->n)
        pick_best(r, &pick);
    if (pick.cost < 2 && (best->n == 0 || pick.cost < best->cost)) {
        pick_widen(&pick);
        best->p[0] = pick;
        best->n = 1;
        best->cost = pick.cost;
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
        is_ok = list_flatten(e, &l, n->kids[i]) && pick_list(e, l.p, l.n, lo, hi, kid, fuel);
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

bool run_places(struct emitter *e, struct run *r, const struct vdl_node *n)
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
        if (!(n->kind == VN_GAP ? run_add(e, r, set) : run_places(e, r, n->kids[0])))
            return false;
    return true;
}

bool node_is_row(const struct vdl_node *n)
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

bool pick_list(struct emitter *e, const struct vdl_node *const *el, size_t n, uint64_t lo, uint64_t hi, struct picks *out,
                      uint32_t *fuel)
{
    struct run r = { 0 };
    struct picks *alt = malloc(sizeof *alt);
    bool is_ok = alt != NULL;

    for (size_t i = 0; i < n && is_ok && hi <= VDB_REACH_MAX / 2; i++) {
        struct length len = length_of(el[i], fuel);

        if (node_is_row(el[i])) {
            if (r.n == 0) {
                r.back_lo = lo;
                r.back_hi = hi;
            }
            is_ok = run_places(e, &r, el[i]);
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
        lo = length_sum(lo, len.lo);
        hi = length_sum(hi, len.hi);
    }
    close_run(&r, out);
    free(alt);
    return is_ok;
}
