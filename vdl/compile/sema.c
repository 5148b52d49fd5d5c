#include "sema.h"

static uint64_t plus(uint64_t a, uint64_t b)
{
    return a == VDL_INF || b == VDL_INF || a > VDL_INF - 1 - b ? VDL_INF : a + b;
}

static uint64_t times(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return 0;
    return a == VDL_INF || b == VDL_INF || a > (VDL_INF - 1) / b ? VDL_INF : a * b;
}

struct width vdl_sema_width(const struct vdl_node *n)
{
    struct width w = { 0, 0 }, k;

    switch (n->kind) {
    case VN_BYTES: return (struct width){ n->bytes.n, n->bytes.n };
    case VN_LOOSE: case VN_DIGITS: return (struct width){ n->bytes.n, VDL_INF };
    case VN_SET: return (struct width){ 1, 1 };
    case VN_GAP: return (struct width){ n->lo, n->hi };
    case VN_REP:
        k = vdl_sema_width(n->kids[0]);
        return (struct width){ times(k.lo, n->lo), times(k.hi, n->hi) };
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++) {
            k = vdl_sema_width(n->kids[i]);
            w = (struct width){ plus(w.lo, k.lo), plus(w.hi, k.hi) };
        }
        return w;
    case VN_ALT:
        w.lo = VDL_INF;
        for (uint32_t i = 0; i < n->n_kids; i++) {
            k = vdl_sema_width(n->kids[i]);
            w.lo = k.lo < w.lo ? k.lo : w.lo;
            w.hi = k.hi > w.hi ? k.hi : w.hi;
        }
        return w;
    default: return w;
    }
}

static bool fits(const struct vdl_node *n, unsigned depth, size_t *left)
{
    if (depth > VDL_DEPTH_MAX || *left == 0)
        return false;
    --*left;
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!fits(n->kids[i], depth + 1, left))
            return false;
    return true;
}

bool vdl_sema_fits(const struct vdl_node *n)
{
    size_t left = SEMA_NODES;

    return fits(n, 1, &left);
}

static void warn(struct vdl_reader *r, const struct vdl_node *n, const char *hint, const char *text)
{
    complain(&r->complaints, r->source, COMPLAIN_WARNING, n->line, n->column, hint, "%s", text);
}

static bool wrong(struct vdl_reader *r, const struct vdl_node *n, const char *hint, const char *text)
{
    complain(&r->complaints, r->source, COMPLAIN_ERROR, n->line, n->column, hint, "%s", text);
    return false;
}

/* Is everything that b says already said by a? Only what is surely so. */
static bool covers(const struct vdl_node *a, const struct vdl_node *b)
{
    return a->kind == VN_BYTES && b->kind == VN_BYTES && !a->mask && !b->mask &&
        (a->fold ? slice_ieq(a->bytes, b->bytes) : !b->fold && slice_eq(a->bytes, b->bytes));
}

static void check_alternatives(struct vdl_reader *r, const struct vdl_node *n)
{
    uint32_t end = n->n_kids > 64 ? 64 : n->n_kids;

    for (uint32_t i = 1; i < end; i++)
        for (uint32_t k = 0; k < i; k++)
            if (covers(n->kids[k], n->kids[i])) {
                warn(r, n->kids[i], NULL, "this alternative is never reached: an earlier one says the same");
                break;
            }
}

static bool check_low(struct vdl_reader *r, const struct vdl_node *n)
{
    if (n->kind == VN_REP && vdl_sema_width(n->kids[0]).lo == 0)
        return wrong(r, n, "repeat something that is at least one byte", "what is repeated here may be empty");
    if (n->kind == VN_ALT)
        check_alternatives(r, n);
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!check_low(r, n->kids[i]))
            return false;
    return true;
}

static bool is_gap_first(const struct vdl_node *n)
{
    return n->kind == VN_GAP || (n->kind == VN_CAT && n->kids[0]->kind == VN_GAP);
}

static bool check_segment(struct vdl_reader *r, const struct vdl_node *n)
{
    const struct vdl_node *body = n->kids[0];

    if (!check_low(r, body))
        return false;
    if (vdl_sema_width(body).lo == 0)
        return wrong(r, body, "a segment must hold at least one byte", "this segment matches everywhere, also in an empty object");
    if (is_gap_first(body) && !n->anchor)
        warn(r, body, "leave the gap out", "a segment that begins with a gap is slow and finds nothing more");
    return true;
}

static bool check_high(struct vdl_reader *r, struct vdl_node *n)
{
    if (n->kind == VN_SEGMENT)
        return check_segment(r, n);
    if (n->kind == VN_REGEX && n->n_kids == 0) {
        struct vdl_node *trigger = vdl_regex_trigger(r, n->bytes, n->regex, 3);
        if (r->status != CS_OK)
            return false;
        if (!trigger)
            return wrong(r, n, "/regex/ WITH \"text\" names a segment that must occur first",
                         "this regular expression holds no literal of three bytes that is always there");
        n->kids = reader_get(r, 1, sizeof *n->kids);
        if (!n->kids)
            return false;
        n->kids[0] = trigger;
        n->n_kids = 1;
        return true;
    }
    if (n->kind == VN_OF && n->lo > n->n_kids)
        return wrong(r, n, NULL, "more are asked for than are in the list");
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!check_high(r, n->kids[i]))
            return false;
    return true;
}

struct vdl_node *vdl_sema_rule(struct vdl_reader *r, struct vdl_node *expr, struct slice name, uint32_t line, uint32_t column)
{
    (void)name;
    if (!vdl_sema_fits(expr)) {
        complain(&r->complaints, r->source, COMPLAIN_ERROR, line, column, NULL, "this rule is nested too deep or too large");
        return NULL;
    }
    return check_high(r, expr) ? expr : NULL;
}
