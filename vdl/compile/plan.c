#include "lower.h"

#include <stdlib.h>

enum cs_status types_number(struct emitter *e, const struct vdl_types *t, uint32_t *number)
{
    uint32_t words;

    *number = 0;
    if (!t || t->n == 0)
        return CS_OK;
    for (uint32_t i = e->n_types; i-- > (e->n_types > 64 ? e->n_types - 64 : 0);)
        if (e->types[i] == t) {
            *number = i + 1;
            return CS_OK;
        }
    if (e->n_types == VDB_TYPES_MAX)
        return refuse(e, "more than 65536 type restrictions");
    words = (uint32_t)t->n;
    e->types[e->n_types++] = t;
    *number = e->n_types;
    /* The words now, the table of offsets in front when all are known: see emit.c. */
    image_put32(&e->image, VDB_TYPES, (t->is_not ? VDB_TF_NOT : 0u) | (t->is_exact ? VDB_TF_EXACT : 0u));
    image_put32(&e->image, VDB_TYPES, words);
    for (uint32_t i = 0; i < words; i++) {
        image_put32(&e->image, VDB_TYPES, image_string(&e->image, t->words[i]));
        if (slice_eq(t->words[i], SLICE("normalised-text")))
            e->flags |= VDB_F_NORMALISED;
    }
    return CS_OK;
}

/* ---- which segments, and what of them ---------------------------------------------------------------------------- */

struct uses { struct use *p; size_t n, room; };

static struct use *use_of(struct uses *u, const struct vdl_node *n)
{
    for (size_t i = 0; i < u->n; i++)
        if (u->p[i].node == n)
            return &u->p[i];
    if (u->n == u->room) {
        size_t room = u->room ? u->room * 2 : 16;
        struct use *grown = reallocarray(u->p, room, sizeof *grown);

        if (!grown)
            return NULL;
        u->p = grown;
        u->room = room;
    }
    u->p[u->n] = (struct use){ .node = n, .need = 1 };
    return &u->p[u->n++];
}

static bool holds(uint64_t n, enum vdl_cmp cmp, uint64_t value)
{
    switch (cmp) {
    case VC_EQ: return n == value;
    case VC_GT: return n > value;
    case VC_LT: return n < value;
    case VC_GE: return n >= value;
    case VC_LE: return n <= value;
    default: return n != value;
    }
}

/* How far must be counted before the answer is fixed. */
static uint64_t count_need(const struct vdl_node *n)
{
    uint64_t least = n->lo > 1 ? n->lo : 1;
    bool one = holds(1, n->cmp, n->lo), is_any = one == holds(least, n->cmp, n->lo) && one == holds(least + 1, n->cmp, n->lo);

    return is_any ? 1 : n->cmp == VC_GE || n->cmp == VC_LT ? n->lo : n->lo + 1;
}

static enum cs_status find_uses(struct emitter *e, struct uses *u, const struct vdl_node *n, uint64_t need, bool has_place)
{
    enum cs_status st = CS_OK;

    if (e->fuel-- == 0)
        return refuse(e, "an expression with too many nodes");
    if (n->kind == VN_SEGMENT) {
        struct use *one = use_of(u, n);

        if (!one)
            return CS_NOMEM;
        if (need > UINT32_MAX / 4)
            return refuse(e, "COUNT beyond a thousand million");
        one->need = one->need > need ? one->need : (uint32_t)need;
        one->has_place = one->has_place || has_place;
        return CS_OK;
    }
    if (n->kind == VN_COUNT)
        need = count_need(n) > need ? count_need(n) : need;
    if (n->kind == VN_ORDER && need < 2)
        need = 2;                   /* counted segments are those of which it is known where each match begins */
    has_place = n->kind == VN_INTEGER || n->kind == VN_ORDER;
    for (uint32_t i = 0; i < n->n_kids && st == CS_OK; i++)
        st = find_uses(e, u, n->kids[i], need, has_place);
    return st;
}

/* ---- postfix code ------------------------------------------------------------------------------------------------ */

/* rising: once true, always true. empty: may be true though no segment matched. */
struct fact { bool rising, empty; };

struct planner { struct emitter *e; struct uses uses; uint32_t depth, deepest; bool has_regex; };

static void word(struct planner *p, uint32_t v)
{
    image_put32(&p->e->image, VDB_CODE, v);
}

static void word64(struct planner *p, uint64_t v)
{
    word(p, (uint32_t)v);
    word(p, (uint32_t)(v >> 32));
}

static enum cs_status put_expr(struct planner *p, const struct vdl_node *n, struct fact *f);

static enum cs_status put_kids(struct planner *p, const struct vdl_node *n, enum vdb_code op, struct fact *f)
{
    struct fact kid;
    uint32_t n_empty = 0;
    enum cs_status st = CS_OK;

    f->rising = op != VDB_X_XOR;
    for (uint32_t i = 0; i < n->n_kids && st == CS_OK; i++) {
        st = put_expr(p, n->kids[i], &kid);
        n_empty += kid.empty;
        f->rising = f->rising && kid.rising;
        p->depth++;
    }
    p->depth -= n->n_kids;
    f->empty = op == VDB_X_AND ? n_empty == n->n_kids : op == VDB_X_OF ? n_empty >= n->lo : n_empty > 0;
    if (n->n_kids == 0)
        return st == CS_OK ? refuse(p->e, "an operator without operands") : st;
    word(p, op);
    if (op == VDB_X_OF)
        word(p, n->lo > UINT32_MAX ? UINT32_MAX : (uint32_t)n->lo);
    word(p, n->n_kids);
    return st;
}

static const uint8_t cmps[] = {
    [VC_EQ] = VDB_EQ, [VC_GT] = VDB_GT, [VC_LT] = VDB_LT, [VC_GE] = VDB_GE, [VC_LE] = VDB_LE, [VC_NE] = VDB_NE,
};

/* Each written segment once, in the order of the tree. */
static enum cs_status counted(struct planner *p, const struct vdl_node *n, uint32_t *list, uint32_t *n_list, uint32_t room)
{
    enum cs_status st = CS_OK;

    if (n->kind == VN_SEGMENT) {
        struct use *u = use_of(&p->uses, n);

        if (!u)
            return CS_NOMEM;
        for (uint32_t i = 0; i < *n_list; i++)
            if (list[i] == u->number)
                return CS_OK;
        if (*n_list == room)
            return refuse(p->e, "COUNT over more than 1024 segments");
        list[(*n_list)++] = u->number;
        return CS_OK;
    }
    for (uint32_t i = 0; i < n->n_kids && st == CS_OK; i++)
        st = counted(p, n->kids[i], list, n_list, room);
    return st;
}

static enum cs_status put_count(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    uint32_t list[1024], n_list = 0;
    struct fact kid;
    enum cs_status st;

    if (n->n_kids != 1)
        return refuse(p->e, "COUNT without a segment");
    st = put_expr(p, n->kids[0], &kid);
    if (st == CS_OK)
        st = counted(p, n->kids[0], list, &n_list, 1024);
    if (st != CS_OK)
        return st;
    word(p, VDB_X_COUNT);
    word(p, cmps[n->cmp]);
    word(p, n->lo > UINT32_MAX ? UINT32_MAX : (uint32_t)n->lo);
    word(p, n->distinct);
    word(p, n_list);
    for (uint32_t i = 0; i < n_list; i++)
        word(p, list[i]);
    f->rising = kid.rising && (n->cmp == VC_GE || n->cmp == VC_GT);
    f->empty = holds(0, n->cmp, n->lo) && n->distinct == 0;
    return CS_OK;
}

static enum cs_status put_order(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    struct use *a = use_of(&p->uses, n->kids[0]), *b = n->n_kids > 1 ? use_of(&p->uses, n->kids[1]) : NULL;

    if (!a || (n->n_kids > 1 && !b))
        return CS_NOMEM;
    *f = (struct fact){ false, false };
    word(p, VDB_X_ORDER);
    word(p, a->number);
    word(p, cmps[n->cmp]);
    word(p, b ? b->number : VDB_NONE);
    word64(p, n->lo);
    return CS_OK;
}

static enum cs_status put_range(struct planner *p, const struct vdl_node *n, enum vdb_code op, struct fact *f)
{
    *f = (struct fact){ true, true };
    word(p, op);
    word64(p, n->lo);
    word64(p, n->hi);
    return CS_OK;
}

static enum cs_status put_pattern(struct planner *p, const struct vdl_node *n, enum vdb_code op, bool has_fold, struct fact *f)
{
    *f = (struct fact){ true, true };
    word(p, op);
    word(p, image_string(&p->e->image, n->bytes));
    if (has_fold)
        word(p, n->fold);
    return CS_OK;
}

static enum cs_status put_hash(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    static const uint8_t algos[] = { [VH_MD5] = VDB_MD5, [VH_SHA1] = VDB_SHA1, [VH_SHA256] = VDB_SHA256 };
    static const uint8_t lengths[] = { [VH_MD5] = 16, [VH_SHA1] = 20, [VH_SHA256] = 32 };

    if (n->bytes.n != lengths[n->algo])
        return refuse(p->e, "a digest of the wrong length");
    *f = (struct fact){ true, true };
    word(p, VDB_X_HASH);
    word(p, algos[n->algo]);
    word64(p, n->lo);
    word(p, image_string(&p->e->image, n->bytes));
    word(p, hash_kind(n));
    p->e->flags |= VDB_F_WHOLE;
    return CS_OK;
}

static const uint8_t regex_wheres[] = {
    [VW_ANYWHERE] = VDB_WH_ANYWHERE, [VW_START] = VDB_WH_START, [VW_END] = VDB_WH_END, [VW_ENTRY] = VDB_WH_ENTRY,
    [VW_SECTION] = VDB_WH_SECTION, [VW_LAST_SECTION] = VDB_WH_LAST_SECTION, [VW_IN_SECTION] = VDB_WH_IN_SECTION,
};

static enum cs_status put_regex(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    enum cs_status st = CS_OK;
    uint32_t pattern = image_string(&p->e->image, n->bytes), number = image_at(&p->e->image, VDB_TESTS) / VDB_TEST;
    uint8_t *t = image_grow(&p->e->image, VDB_TESTS, VDB_TEST);

    if (!t)
        return CS_NOMEM;
    if (n->anchor && n->anchor->where == VW_VERSION_INFO)
        return refuse(p->e, "offset VI");
    put_le32(t + VDB_TT_PATTERN, pattern);
    put_le32(t + VDB_TT_RFLAGS, n->regex);
    put_le32(t + VDB_TT_WHERE, n->anchor ? regex_wheres[n->anchor->where] : VDB_WH_ANYWHERE);
    put_le32(t + VDB_TT_SECTION, n->anchor ? n->anchor->section : 0);
    put_le64(t + VDB_TT_LO, n->anchor ? (uint64_t)n->anchor->lo : 0);
    put_le64(t + VDB_TT_HI, n->anchor ? (uint64_t)n->anchor->hi : 0);
    *f = (struct fact){ true, true };
    if (n->n_kids)
        st = put_expr(p, n->kids[0], f);
    else
        word(p, VDB_X_TRUE);
    p->has_regex = true;
    word(p, VDB_X_REGEX);
    word(p, number);
    p->e->flags |= VDB_F_WHOLE;
    return st;
}

static enum cs_status put_integer(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    const struct vdl_integer *x = n->integer;
    uint32_t number = image_at(&p->e->image, VDB_TESTS) / VDB_TEST, segment = VDB_NONE;
    uint8_t *t = image_grow(&p->e->image, VDB_TESTS, VDB_TEST);

    if (!t)
        return CS_NOMEM;
    if (!x || x->n_cmp > 2 || x->bytes == 0 || (!x->is_text && x->bytes > 8))
        return refuse(p->e, "an integer test of this form");
    if (n->n_kids) {
        struct use *u = n->kids[0]->kind == VN_SEGMENT ? use_of(&p->uses, n->kids[0]) : NULL;

        if (!u)
            return refuse(p->e, "an integer test relative to an expression");
        segment = u->number;
    }
    put_le64(t + VDB_TT_OFFSET, (uint64_t)x->offset);
    put_le32(t + VDB_TT_BYTES, x->bytes);
    put_le32(t + VDB_TT_FORMAT, (x->is_text ? VDB_XF_TEXT : 0u) | (x->is_hex ? VDB_XF_HEX : 0u) | (x->is_auto ? VDB_XF_AUTO : 0u) |
                                    (x->is_exact ? VDB_XF_EXACT : 0u) | (x->is_big ? VDB_XF_BIG : 0u));
    put_le32(t + VDB_TT_CMP0, cmps[x->cmp[0]]);
    put_le32(t + VDB_TT_CMP1, cmps[x->cmp[1]]);
    put_le32(t + VDB_TT_N, x->n_cmp);
    put_le64(t + VDB_TT_VALUE0, x->value[0]);
    put_le64(t + VDB_TT_VALUE1, x->value[1]);
    put_le64(t + VDB_TT_AND, x->and_mask);
    put_le32(t + VDB_TT_FROM_SIZE, x->from_bytes | (x->from_bytes && x->from_big ? (uint32_t)VDB_XF_BIG << 8 : 0));
    put_le32(t + VDB_TT_FROM, x->from);
    word(p, VDB_X_INTEGER);
    word(p, number);
    word(p, segment);
    p->e->flags |= VDB_F_WHOLE;
    *f = (struct fact){ true, segment == VDB_NONE };
    return CS_OK;
}

static enum cs_status put_leaf(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    switch ((enum vdl_kind)n->kind) {
    case VN_SEGMENT: {
        struct use *u = use_of(&p->uses, n);

        if (!u)
            return CS_NOMEM;
        word(p, VDB_X_SEGMENT);
        word(p, u->number);
        return CS_OK;
    }
    case VN_TRUE:
    case VN_FALSE:
        f->empty = n->kind == VN_TRUE;
        word(p, n->kind == VN_TRUE ? VDB_X_TRUE : VDB_X_FALSE);
        return CS_OK;
    case VN_SIZE: return put_range(p, n, VDB_X_SIZE, f);
    case VN_DEPTH: return put_range(p, n, VDB_X_DEPTH, f);
    case VN_NAME: return put_pattern(p, n, VDB_X_NAME, true, f);
    case VN_SENDER: return put_pattern(p, n, VDB_X_SENDER, true, f);
    case VN_PARENT: return put_pattern(p, n, VDB_X_PARENT, false, f);
    case VN_CONTAINER: return put_pattern(p, n, VDB_X_CONTAINER, false, f);
    case VN_HASH:
    case VN_SECTION_HASH: case VN_IMPORT_HASH: return put_hash(p, n, f);
    case VN_REGEX: return put_regex(p, n, f);
    case VN_INTEGER: return put_integer(p, n, f);
    case VN_ORDER: return put_order(p, n, f);
    default: return refuse(p->e, "a pattern where an expression belongs");
    }
}

static enum cs_status put_expr(struct planner *p, const struct vdl_node *n, struct fact *f)
{
    enum cs_status st;

    *f = (struct fact){ true, false };
    if (p->e->fuel-- == 0)
        return refuse(p->e, "an expression with too many nodes");
    if (p->depth + 1 >= VDB_STACK)
        return refuse(p->e, "an expression with more than 255 operands at once");
    switch ((enum vdl_kind)n->kind) {
    case VN_AND: return put_kids(p, n, VDB_X_AND, f);
    case VN_OR: return put_kids(p, n, VDB_X_OR, f);
    case VN_XOR: return put_kids(p, n, VDB_X_XOR, f);
    case VN_OF: return put_kids(p, n, VDB_X_OF, f);
    case VN_COUNT: return put_count(p, n, f);
    case VN_NOT:
        if (n->n_kids != 1)
            return refuse(p->e, "NOT without an operand");
        st = put_expr(p, n->kids[0], f);
        word(p, VDB_X_NOT);
        *f = (struct fact){ false, true };
        return st;
    default: return put_leaf(p, n, f);
    }
}

/* ---- a rule ------------------------------------------------------------------------------------------------------ */

static uint32_t rule_text(struct emitter *e, const struct vdl_rule *r)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    uint32_t at = 0;

    if (!f) {
        e->image.is_short = true;
        return 0;
    }
    print_expression(r->expr, f);
    if (fclose(f) == 0)
        at = image_string(&e->image, slice_of(text, n));
    free(text);
    return at;
}

/* Bits for VDB_P_FLAGS. What is to be cut must have two ends that the matcher knows: no wide gaps, no open repetitions. */
static enum cs_status clean_flags(struct planner *p, const struct vdl_rule *r, uint32_t *flags)
{
    static const char *const words[VDL_CLEANS] = VDL_CLEAN_WORDS;
    const struct uses *u = &p->uses;
    struct emitter *e = p->e;
    struct slice asked = r->meta ? r->meta->clean : slice_of(NULL, 0);

    if (!asked.n)
        return CS_OK;
    for (uint32_t i = 1; i < VDL_CLEANS; i++)
        if (slice_eq(asked, slice_str(words[i])))
            *flags |= i << VDB_PF_CLEAN_SHIFT;
    if (u->n == 0 || p->has_regex)
        return refuse(e, p->has_regex ? "clean= of a regular expression" : "clean= of a rule without a segment");
    for (size_t i = 0; i < u->n; i++) {
        const uint8_t *seg = e->image.sec[VDB_SEGMENTS].p + (size_t)u->p[i].number * VDB_SEGMENT;
        const uint8_t *stage = e->image.sec[VDB_STAGES].p + (size_t)get_le32(seg + VDB_S_FIRST) * VDB_STAGE;

        if (get_le32(seg + VDB_S_STAGES) != 1 || get_le32(stage + VDB_ST_FLAGS) & VDB_SF_SEEDED || get_le32(stage + VDB_ST_TAIL_N))
            return refuse(e, "clean= of a segment with a wide gap or an open end");
    }
    e->flags |= VDB_F_CLEANS;
    return CS_OK;
}

enum cs_status plan_rule(struct emitter *e, const struct vdl_rule *r, uint32_t rule, uint32_t *plan)
{
    struct planner p = { .e = e };
    struct fact f = { false, false };
    uint32_t code = image_at(&e->image, VDB_CODE) / 4, types = 0, flags = 0;
    uint8_t *row;
    enum cs_status st;

    *plan = e->n_plans++;
    e->fuel = 1000000;
    row = image_grow(&e->image, VDB_PLANS, VDB_PLAN);
    st = row ? find_uses(e, &p.uses, r->expr, 1, false) : CS_NOMEM;
    for (size_t i = 0; i < p.uses.n && st == CS_OK; i++)
        st = lower_segment(e, &p.uses.p[i], *plan);
    if (st == CS_OK)
        st = put_expr(&p, r->expr, &f);
    if (st == CS_OK)
        st = types_number(e, r->types, &types);
    if (st == CS_OK && !e->image.is_short)
        st = clean_flags(&p, r, &flags);
    if (st == CS_OK && f.empty)
        image_put32(&e->image, VDB_ALWAYS, *plan);
    if (st == CS_OK) {
        uint32_t text = rule_text(e, r);

        row = e->image.sec[VDB_PLANS].p + (size_t)*plan * VDB_PLAN;
        put_le32(row + VDB_P_RULE, rule);
        put_le32(row + VDB_P_CODE, code);
        put_le32(row + VDB_P_WORDS, image_at(&e->image, VDB_CODE) / 4 - code);
        put_le32(row + VDB_P_TYPES, types);
        put_le32(row + VDB_P_FLAGS, flags | (f.rising ? VDB_PF_RISING : 0));
        put_le32(row + VDB_P_TEXT, text);
    }
    free(p.uses.p);
    return st;
}
