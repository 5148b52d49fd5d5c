#include "sema.h"
#include "yara.h"

/*
 * Conditions. An expression is true or false for the object, or a number of one of few kinds: known now, the object's size plus something,
 * how often a string occurs, where it begins first or how far that is from another, the entry point of a program, or an integer read at a known place. What mixes them in other ways cannot be expressed.
 */
enum value_kind { V_NONE, V_BOOL, V_CONST, V_SIZE, V_COUNT, V_PLACE, V_ENTRY, V_INT };
struct value {
    enum value_kind kind;
    struct vdl_node *node;          /* BOOL; COUNT: what is counted; PLACE: what has it */
    struct vdl_node *from;          /* PLACE: what is taken away, or NULL */
    int64_t n;                      /* CONST; SIZE, PLACE, ENTRY, INT: to be added */
    struct vdl_integer integer;
    bool is_signed, is_pe;          /* is_pe: known of PE files only */
};

static const struct value none = { .kind = V_NONE };

static struct value wrong(struct yara *y, const char *text)
{
    yara_wrong(y, text);
    return none;
}

static struct value unsupported(struct yara *y, const char *text)
{
    yara_unsupported(y, text);
    return none;
}

static struct value boolean(struct yara *y, struct vdl_node *n)
{
    struct value v = { .kind = n ? V_BOOL : V_NONE, .node = n };

    if (++y->weight > YARA_WEIGHT)
        return unsupported(y, "a condition of too many parts");
    return v;
}

static struct value constant(int64_t n)
{
    return (struct value){ .kind = V_CONST, .n = n };
}

static struct vdl_node *leaf(struct yara *y, enum vdl_kind kind)
{
    return node_new(y->r, kind, y->t.line, y->t.column);
}

static struct value either(struct yara *y, bool is_true)
{
    return boolean(y, leaf(y, is_true ? VN_TRUE : VN_FALSE));
}

static struct value expression(struct yara *y);
static struct value arithmetic(struct yara *y, unsigned level);

/* ---- comparing ---- */

static struct vdl_node *size_range(struct yara *y, uint64_t lo, uint64_t hi)
{
    struct vdl_node *n = leaf(y, VN_SIZE);

    if (n) {
        n->lo = lo;
        n->hi = hi;
    }
    return n;
}

static bool holds(int64_t a, enum vdl_cmp cmp, int64_t b)
{
    return cmp == VC_EQ ? a == b : cmp == VC_NE ? a != b : cmp == VC_LT ? a < b : cmp == VC_LE ? a <= b : cmp == VC_GT ? a > b : a >= b;
}

static struct value compare_size(struct yara *y, enum vdl_cmp cmp, int64_t with)
{
    uint64_t c = (uint64_t)with;

    if (with < 0)
        return either(y, cmp == VC_GT || cmp == VC_GE || cmp == VC_NE);
    switch (cmp) {
    case VC_EQ: return boolean(y, size_range(y, c, c));
    case VC_NE: return boolean(y, node_over(y->r, VN_NOT, size_range(y, c, c)));
    case VC_GT: return boolean(y, size_range(y, c + 1, VDL_INF));
    case VC_GE: return boolean(y, size_range(y, c, VDL_INF));
    case VC_LE: return boolean(y, size_range(y, 0, c));
    case VC_LT: return c ? boolean(y, size_range(y, 0, c - 1)) : either(y, false);
    }
    return none;
}

/* Does the matcher surely count it as YARA does? */
static bool can_count(const struct vdl_node *n)
{
    struct width w = vdl_sema_width(n);

    if (n->kind != VN_ALT)
        return w.lo == w.hi;
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!can_count(n->kids[i]))
            return false;
    return true;
}

static struct value compare_count(struct yara *y, struct vdl_node *what, enum vdl_cmp cmp, int64_t with)
{
    struct vdl_node *n;

    if (with < 0 || with > UINT32_MAX)
        return either(y, holds(0, cmp, with));
    if ((cmp == VC_GT && with == 0) || (cmp == VC_GE && with == 1) || (cmp == VC_NE && with == 0))
        return boolean(y, what);
    if ((cmp == VC_EQ && with == 0) || (cmp == VC_LT && with == 1) || (cmp == VC_LE && with == 0))
        return boolean(y, node_over(y->r, VN_NOT, what));
    if (what->kind != VN_SEGMENT || !can_count(what->kids[0]))
        return unsupported(y, "count of a string with jumps or of a regular expression");
    n = node_over(y->r, VN_COUNT, what);
    if (n) {
        n->cmp = cmp;
        n->lo = (uint64_t)with;
    }
    return boolean(y, n);
}

/* An integer of the object equals value. */
static struct vdl_node *has_integer(struct yara *y, struct vdl_integer i, uint64_t value)
{
    struct vdl_integer *kept = reader_get(y->r, 1, sizeof *kept);
    struct vdl_node *n = leaf(y, VN_INTEGER);

    if (!kept || !n)
        return NULL;
    i.and_mask = UINT64_MAX;
    i.n_cmp = 1;
    i.cmp[0] = VC_EQ;
    i.value[0] = value;
    *kept = i;
    n->integer = kept;
    return n;
}

/* True of PE files only. */
static struct vdl_node *and_is_pe(struct yara *y, struct vdl_node *n)
{
    struct vdl_node *all[3] = {
        n, has_integer(y, (struct vdl_integer){ .bytes = 2 }, 0x5a4d),
        has_integer(y, (struct vdl_integer){ .bytes = 4, .from = 60, .from_bytes = 4 }, 0x4550),
    };

    return node_list(y->r, VN_AND, all, 3);
}

static struct value compare_integer(struct yara *y, const struct value *v, enum vdl_cmp cmp, int64_t with)
{
    struct vdl_integer *i = reader_get(y->r, 1, sizeof *i);
    struct vdl_node *n = leaf(y, VN_INTEGER);
    struct value b;

    if (!i || !n)
        return none;
    if (v->n || with < 0 || (v->is_signed && (with >> (v->integer.bytes * 8 - 1) || (cmp != VC_EQ && cmp != VC_NE))))
        return unsupported(y, v->n ? "arithmetic on what is known only later" : "signed comparison");
    *i = v->integer;
    i->cmp[0] = cmp;
    i->value[0] = (uint64_t)with;
    i->n_cmp = 1;
    n->integer = i;
    b = boolean(y, v->is_pe ? and_is_pe(y, n) : n);
    b.is_pe = v->is_pe;
    return b;
}

/* The places of two strings, or of one and a number. */
static struct value compare_places(struct yara *y, const struct value *a, enum vdl_cmp cmp, const struct value *b)
{
    struct vdl_node *kids[2] = { a->node, b->kind == V_PLACE ? b->node : a->from }, *n;

    if (b->kind == V_PLACE && (a->from || b->from))
        return unsupported(y, "comparison of more than two places");
    n = node_list(y->r, VN_ORDER, kids, kids[1] ? 2 : 1);
    if (n) {
        n->cmp = cmp;
        n->lo = (uint64_t)b->n - (uint64_t)a->n;
    }
    return boolean(y, n);
}

static struct value compare(struct yara *y, struct value a, enum vdl_cmp cmp, struct value b)
{
    static const enum vdl_cmp turned[] = { [VC_EQ] = VC_EQ, [VC_NE] = VC_NE, [VC_LT] = VC_GT, [VC_GT] = VC_LT, [VC_LE] = VC_GE, [VC_GE] = VC_LE };

    if (a.kind == V_CONST && b.kind != V_CONST)
        return compare(y, b, turned[cmp], a);
    if (a.kind == V_PLACE && (b.kind == V_PLACE || (b.kind == V_CONST && b.n >= -INT32_MAX && b.n <= INT32_MAX)))
        return compare_places(y, &a, cmp, &b);
    if (b.kind != V_CONST)
        return unsupported(y, "comparison of two things known only later");
    switch (a.kind) {
    case V_CONST: return either(y, holds(a.n, cmp, b.n));
    case V_SIZE: return compare_size(y, cmp, b.n - a.n);
    case V_COUNT: return compare_count(y, a.node, cmp, b.n);
    case V_INT: return compare_integer(y, &a, cmp, b.n);
    case V_PLACE: return unsupported(y, "comparison of a place with a large number");
    case V_ENTRY: return unsupported(y, "comparison of the entry point");
    default: return wrong(y, "only numbers can be compared");
    }
}

/* A value as a condition. */
static struct vdl_node *condition_of(struct yara *y, struct value v)
{
    switch (v.kind) {
    case V_BOOL: return v.node;
    case V_COUNT: return v.node;
    case V_CONST: return leaf(y, v.n ? VN_TRUE : VN_FALSE);
    case V_SIZE: case V_PLACE: case V_INT: return compare(y, v, VC_NE, constant(0)).node;
    default: return NULL;
    }
}

/* ---- strings in conditions ---- */

struct spot { const struct vdl_anchor *anchor; bool is_pe; };

/* at N, in (M..N): where the match must begin. False: it was said why not. */
static bool place(struct yara *y, struct spot *out)
{
    bool is_range = yara_is_word(y, "in");
    struct value from, to;
    struct vdl_anchor *a;

    *out = (struct spot){ NULL, false };
    if (!is_range && !yara_is_word(y, "at"))
        return true;
    yara_next(y);
    if (is_range && !yara_need(y, '(', "'('"))
        return false;
    from = to = arithmetic(y, 0);
    if (is_range) {
        if (!yara_need(y, YP_DOTS, "'..'"))
            return false;
        to = arithmetic(y, 0);
        if (!yara_need(y, ')', "')'"))
            return false;
    }
    a = reader_get(y->r, 1, sizeof *a);
    if (!a || y->has_failed)
        return false;
    *out = (struct spot){ a, from.is_pe };
    if (from.kind == V_CONST && to.kind == V_CONST && from.n >= 0 && to.n >= from.n)
        *a = (struct vdl_anchor){ .where = VW_START, .lo = from.n, .hi = to.n };
    else if (from.kind == V_CONST && to.kind == V_SIZE && to.n == 0 && from.n >= 0)
        *a = (struct vdl_anchor){ .where = VW_START, .lo = from.n, .hi = INT64_MAX };
    else if (from.kind == V_SIZE && to.kind == V_SIZE && from.n <= 0 && to.n >= from.n)
        *a = (struct vdl_anchor){ .where = VW_END, .lo = to.n > 0 ? 0 : -to.n, .hi = -from.n };
    else if (from.kind == V_ENTRY && to.kind == V_ENTRY && to.n >= from.n)
        *a = (struct vdl_anchor){ .where = VW_ENTRY, .lo = from.n, .hi = to.n };
    else
        return yara_unsupported(y, "a place known only later");
    return true;
}

/* A regular expression, or its plain and its wide form, bound to a place. */
static struct vdl_node *regex_at(struct yara *y, const struct vdl_node *n, const struct vdl_anchor *a)
{
    struct vdl_node *kids[2] = { NULL, NULL }, *bound;

    if (n->kind == VN_OR) {
        for (uint32_t i = 0; i < n->n_kids && i < 2; i++)
            kids[i] = regex_at(y, n->kids[i], a);
        return node_list(y->r, VN_OR, kids, n->n_kids);
    }
    bound = node_over(y->r, VN_REGEX, n->kids[0]);
    if (bound) {
        bound->bytes = n->bytes;
        bound->regex = n->regex;
        bound->anchor = a;
    }
    return bound;
}

static struct vdl_node *occurs(struct yara *y, const struct yara_string *s, struct spot at)
{
    struct vdl_node *n;

    if (!s->node)
        return NULL;
    if (at.anchor && s->is_fixed)
        return yara_unsupported(y, "a wide full word at a place");
    if (s->is_regex) {
        n = at.anchor ? regex_at(y, s->node, at.anchor) : s->node;
    } else {
        n = node_over(y->r, VN_SEGMENT, s->node);
        if (n)
            n->anchor = at.anchor;
    }
    return n && at.is_pe ? and_is_pe(y, n) : n;
}

static const struct yara_string *string_of(struct yara *y, struct slice id)
{
    if (id.n == 0)
        return y->current ? y->current : yara_wrong(y, "'$' stands alone outside of a loop");
    for (size_t i = 0; i < y->n_strings; i++)
        if (slice_eq(y->strings[i].id, id))
            return &y->strings[i];
    return yara_wrong(y, "an unknown string");
}

/* @a, @a[1]: where the first match begins. */
static struct value first_place(struct yara *y, const struct yara_string *s)
{
    struct value v = { .kind = V_PLACE }, which = constant(1);

    yara_next(y);
    if (yara_take(y, '[')) {
        which = arithmetic(y, 0);
        if (!yara_need(y, ']', "']'"))
            return none;
    }
    if (which.kind != V_CONST || which.n != 1)
        return unsupported(y, "offset of another match than the first");
    if (s->is_regex || s->is_fixed)
        return unsupported(y, "offset of a regular expression or wide full word");
    v.node = occurs(y, s, (struct spot){ NULL, false });
    return v.node ? v : none;
}

static struct value string_value(struct yara *y)
{
    bool is_count = y->t.kind == YT_COUNT_ID;
    const struct yara_string *s = string_of(y, y->t.bytes);
    struct spot at;
    struct vdl_node *n;

    if (s && y->t.kind == YT_OFFSET_ID)
        return first_place(y, s);
    if (y->t.kind == YT_LENGTH_ID)
        return unsupported(y, "length of a match");
    yara_next(y);
    if (!s || !place(y, &at))
        return none;
    n = occurs(y, s, at);
    if (!n)
        return none;
    return is_count ? (struct value){ .kind = V_COUNT, .node = n } : boolean(y, n);
}

/* ---- … of … ---- */

struct set { bool has[YARA_STRINGS], is_rules; size_t n; };

static bool add_matching(struct yara *y, struct slice id, struct set *set)
{
    bool is_wild = id.n && id.p[id.n - 1] == '*', any = false;

    if (is_wild)
        id.n--;
    for (size_t i = 0; i < y->n_strings; i++)
        if (is_wild ? slice_starts(y->strings[i].id, id) : slice_eq(y->strings[i].id, id)) {
            set->n += !set->has[i];
            set->has[i] = any = true;
        }
    return any || yara_wrong(y, "an unknown string");
}

/* (first, other*): conditions of rules before this one go to the stack; the '(' is taken. */
static bool rule_set(struct yara *y, struct set *set)
{
    set->is_rules = true;
    do {
        struct slice name = y->t.bytes;
        bool is_wild, any = false;

        if (y->t.kind != YT_WORD)
            return yara_wrong(y, "expected rules");
        yara_next(y);
        is_wild = yara_take(y, '*');
        for (size_t i = 0; i < y->n_rules; i++) {
            const struct yara_rule *r = &y->rules[i];

            if (!(is_wild ? slice_starts(r->name, name) : slice_eq(r->name, name)))
                continue;
            any = true;
            if (!r->expr)
                return yara_unsupported(y, "reference to a rule that is left out");
            if (!yara_push(y, r->expr))
                return false;
            y->weight += r->weight;
        }
        if (!any)
            return yara_wrong(y, "an unknown rule");
    } while (yara_take(y, ','));
    return yara_need(y, ')', "')'");
}

/* them, or ($a, $b*), or (rules) */
static bool string_set(struct yara *y, struct set *set)
{
    if (yara_take_word(y, "them"))
        return add_matching(y, SLICE("*"), set);
    if (!yara_need(y, '(', "'them' or '('"))
        return false;
    if (y->t.kind == YT_WORD)
        return rule_set(y, set);
    do {
        if (y->t.kind != YT_STRING_ID)
            return yara_wrong(y, "expected strings");
        if (!add_matching(y, y->t.bytes, set))
            return false;
        yara_next(y);
    } while (yara_take(y, ','));
    return yara_need(y, ')', "')'");
}

enum { Q_ANY = -1, Q_ALL = -2, Q_NONE = -3 };

/* any, all, none, or a number; then a percent sign. */
static int64_t wanted(int64_t quantity, bool is_percent, size_t n)
{
    if (quantity == Q_ANY)
        return 1;
    if (quantity == Q_ALL)
        return (int64_t)n;
    return is_percent ? (quantity * (int64_t)n + 99) / 100 : quantity;
}

/* Enough of the conditions on the stack, from mark on. */
static struct value enough(struct yara *y, size_t mark, int64_t quantity, bool is_percent)
{
    size_t n = y->n_kids - mark;
    int64_t need = wanted(quantity, is_percent, n);
    struct vdl_node *of;

    if (quantity == Q_NONE || need == 0)
        need = 1;
    if (need > (int64_t)n) {
        y->n_kids = mark;
        return either(y, false);
    }
    of = node_list(y->r, VN_OF, y->kids + mark, n);
    y->n_kids = mark;
    if (of)
        of->lo = (uint64_t)need;
    if (quantity == Q_NONE || quantity == 0)
        of = node_over(y->r, VN_NOT, of);
    return boolean(y, of);
}

/* Behind "of": a set, perhaps bound to a place. */
static struct value of(struct yara *y, int64_t quantity, bool is_percent)
{
    struct set set = { .n = 0 };
    size_t mark = y->n_kids;
    struct spot at;

    if (!string_set(y, &set) || !place(y, &at))
        return none;
    if (set.is_rules && at.anchor)
        return wrong(y, "rules have no place");
    for (size_t i = 0; i < y->n_strings; i++)
        if (set.has[i] && !yara_push(y, occurs(y, &y->strings[i], at)))
            return none;
    y->weight += (uint32_t)set.n;
    return enough(y, mark, quantity, is_percent);
}

static int64_t quantifier(struct yara *y, bool *is_percent)
{
    struct value v;

    *is_percent = false;
    if (yara_take_word(y, "any"))
        return Q_ANY;
    if (yara_take_word(y, "all"))
        return Q_ALL;
    if (yara_take_word(y, "none"))
        return Q_NONE;
    v = arithmetic(y, 6);
    *is_percent = yara_take(y, '%');
    if (v.kind != V_CONST || v.n < 0 || v.n > INT32_MAX) {
        yara_unsupported(y, "a quantity known only later");
        return 0;
    }
    return v.n;
}

/* for any of them : ( … ): the condition is read again for each string. */
static struct value for_of(struct yara *y)
{
    struct set set = { .n = 0 };
    size_t mark = y->n_kids;
    const struct yara_string *outer = y->current;
    bool is_percent;
    int64_t quantity;
    struct yara saved;

    yara_next(y);
    quantity = quantifier(y, &is_percent);
    if (!yara_is_word(y, "of"))
        return unsupported(y, "loop over numbers");
    yara_next(y);
    if (!string_set(y, &set) || !yara_need(y, ':', "':'") || !yara_is(y, '('))
        return y->has_failed ? none : wrong(y, "expected '('");
    if (set.is_rules)
        return unsupported(y, "loop over rules");
    saved.at = y->at;
    saved.line = y->line;
    saved.line_start = y->line_start;
    saved.t = y->t;
    for (size_t i = 0; i < y->n_strings; i++) {
        if (!set.has[i])
            continue;
        y->at = saved.at;
        y->line = saved.line;
        y->line_start = saved.line_start;
        y->t = saved.t;
        y->current = &y->strings[i];
        yara_next(y);
        if (!yara_push(y, condition_of(y, expression(y))) || !yara_need(y, ')', "')'"))
            return none;
    }
    y->current = outer;
    return enough(y, mark, quantity, is_percent);
}

/* ---- primaries ---- */

static struct value integer(struct yara *y)
{
    static const struct { const char *name; uint8_t bytes; bool is_big, is_signed; } kinds[] = {
        { "uint8", 1, false, false }, { "uint16", 2, false, false }, { "uint32", 4, false, false }, { "uint8be", 1, true, false },
        { "uint16be", 2, true, false }, { "uint32be", 4, true, false }, { "int8", 1, false, true }, { "int16", 2, false, true },
        { "int32", 4, false, true }, { "int8be", 1, true, true }, { "int16be", 2, true, true }, { "int32be", 4, true, true },
    };
    struct value v = { .kind = V_INT }, at;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!yara_take_word(y, kinds[i].name))
            continue;
        if (!yara_need(y, '(', "'('"))
            return none;
        at = arithmetic(y, 0);
        if (!yara_need(y, ')', "')'"))
            return none;
        v.integer = (struct vdl_integer){ .offset = at.n, .bytes = kinds[i].bytes, .is_big = kinds[i].is_big, .and_mask = UINT64_MAX };
        if (at.kind == V_INT && !at.is_signed && !at.integer.from_bytes && at.integer.and_mask == UINT64_MAX) {
            v.integer.from = (uint32_t)at.integer.offset;
            v.integer.from_bytes = at.integer.bytes;
            v.integer.from_big = at.integer.is_big;
        } else if (at.kind != V_CONST || at.n < 0 || at.n > INT32_MAX) {
            return unsupported(y, "integer at a place known only later");
        }
        v.is_signed = kinds[i].is_signed;
        return v;
    }
    return none;
}

/* hash.md5(0, filesize) == "…" */
static struct value hash(struct yara *y, enum vdl_hash algo)
{
    static const size_t sizes[] = { 16, 20, 32 };
    struct value from, to;
    struct vdl_node *n = leaf(y, VN_HASH);
    uint8_t digest[32];
    bool is_not;

    yara_next(y);
    if (!n || !yara_need(y, '(', "'('"))
        return none;
    from = arithmetic(y, 0);
    if (!yara_need(y, ',', "','"))
        return none;
    to = arithmetic(y, 0);
    if (!yara_need(y, ')', "')'"))
        return none;
    is_not = yara_is(y, YP_NE);
    if (from.kind != V_CONST || from.n || to.kind != V_SIZE || to.n || (!yara_take(y, YP_EQ) && !yara_take(y, YP_NE)))
        return unsupported(y, "hash of a part of the object");
    if (y->t.kind != YT_TEXT || y->t.bytes.n != sizes[algo] * 2)
        return wrong(y, "expected the hash as text");
    for (size_t i = 0; i < sizes[algo]; i++) {
        int hi = ascii_hex(y->t.bytes.p[2 * i]), lo = ascii_hex(y->t.bytes.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return wrong(y, "expected hexadecimal digits");
        digest[i] = (uint8_t)(hi * 16 + lo);
    }
    yara_next(y);
    n->algo = algo;
    n->lo = VDL_INF;
    n->bytes = reader_bytes(y->r, (struct slice){ digest, sizes[algo] });
    return boolean(y, is_not ? node_over(y->r, VN_NOT, n) : n);
}

static struct value word(struct yara *y)
{
    char why[64];
    struct value v;
    size_t dot = slice_chr(y->t.bytes, '.');

    if (yara_take_word(y, "true"))
        return either(y, true);
    if (yara_take_word(y, "false"))
        return either(y, false);
    if (yara_take_word(y, "filesize"))
        return (struct value){ .kind = V_SIZE };
    if (yara_is_word(y, "entrypoint") || yara_is_word(y, "pe.entry_point")) {
        v = (struct value){ .kind = V_ENTRY, .is_pe = yara_is_word(y, "pe.entry_point") };
        yara_next(y);
        return v;
    }
    if (yara_take_word(y, "pe.number_of_sections"))
        return (struct value){ .kind = V_INT, .is_pe = true,
                               .integer = { .offset = 6, .bytes = 2, .from = 60, .from_bytes = 4, .and_mask = UINT64_MAX } };
    if (yara_is_word(y, "for"))
        return for_of(y);
    if (yara_is_word(y, "hash.md5"))
        return hash(y, VH_MD5);
    if (yara_is_word(y, "hash.sha1"))
        return hash(y, VH_SHA1);
    if (yara_is_word(y, "hash.sha256"))
        return hash(y, VH_SHA256);
    v = integer(y);
    if (v.kind != V_NONE || y->has_failed)
        return v;
    for (size_t i = y->n_rules; i-- > 0;)
        if (slice_eq(y->rules[i].name, y->t.bytes)) {
            yara_next(y);
            if (!y->rules[i].expr)
                return unsupported(y, "reference to a rule that is left out");
            y->weight += y->rules[i].weight;
            return boolean(y, y->rules[i].expr);
        }
    if (dot < y->t.bytes.n)
        snprintf(why, sizeof why, "module %.*s", (int)(dot > 40 ? 40 : dot), (const char *)y->t.bytes.p);
    else
        snprintf(why, sizeof why, "external variable or unknown word");
    return unsupported(y, why);
}

static struct value primary(struct yara *y)
{
    struct value v = none;
    bool is_percent;
    int64_t quantity;

    if (++y->work > YARA_WORK || y->depth > YARA_DEPTH)
        return unsupported(y, "a condition nested too deep or too large");
    y->depth++;
    switch (y->t.kind) {
    case YT_NUMBER:
        v = constant((int64_t)y->t.value);
        yara_next(y);
        break;
    case YT_STRING_ID: case YT_COUNT_ID: case YT_OFFSET_ID: case YT_LENGTH_ID:
        v = string_value(y);
        break;
    case YT_WORD:
        if (yara_is_word(y, "any") || yara_is_word(y, "all") || yara_is_word(y, "none")) {
            quantity = quantifier(y, &is_percent);
            v = yara_take_word(y, "of") ? of(y, quantity, is_percent) : wrong(y, "expected of");
        } else {
            v = word(y);
        }
        break;
    default:
        if (yara_take(y, '(')) {
            v = expression(y);
            if (!yara_need(y, ')', "')'"))
                v = none;
        } else if (yara_take(y, '-')) {
            v = primary(y);
            v = v.kind == V_CONST ? constant(-v.n) : unsupported(y, "arithmetic on what is known only later");
        } else if (yara_take(y, '~')) {
            v = primary(y);
            v = v.kind == V_CONST ? constant(~v.n) : unsupported(y, "arithmetic on what is known only later");
        } else {
            v = wrong(y, y->t.kind == YT_TEXT ? "a text has no meaning here" : "expected a condition");
        }
    }
    y->depth--;
    if (v.kind == V_CONST && yara_is(y, '%') && y->at < y->text.n && slice_starts(slice_trim(slice_sub(y->text, y->at, 8)), SLICE("of"))) {
        yara_next(y);
        yara_next(y);
        return of(y, v.n, true);
    }
    if (v.kind == V_CONST && yara_take_word(y, "of"))
        return of(y, v.n, false);
    return v;
}

/* ---- operators ---- */

static struct value calculate(struct yara *y, struct value a, int op, struct value b)
{
    int64_t n = 0;
    bool wraps = false;

    if (a.kind == V_CONST && b.kind == V_PLACE && op == '+')
        return calculate(y, b, op, a);
    if ((a.kind == V_SIZE || a.kind == V_PLACE || a.kind == V_ENTRY || a.kind == V_INT) && b.kind == V_CONST && (op == '+' || op == '-') && b.n <= INT32_MAX &&
        b.n >= -INT32_MAX) {
        a.n += op == '+' ? b.n : -b.n;
        return a;
    }
    if (a.kind == V_PLACE && b.kind == V_PLACE && op == '-' && !a.from && !b.from) {
        a.from = b.node;
        a.n -= b.n;
        return a;
    }
    if (a.kind == V_INT && a.n == 0 && b.kind == V_CONST && op == '&' && b.n >= 0) {
        a.integer.and_mask &= (uint64_t)b.n;
        return a;
    }
    if (a.kind != V_CONST || b.kind != V_CONST)
        return y->has_failed ? none : unsupported(y, "arithmetic on what is known only later");
    switch (op) {
    case '+': wraps = __builtin_add_overflow(a.n, b.n, &n); break;
    case '-': wraps = __builtin_sub_overflow(a.n, b.n, &n); break;
    case '*': wraps = __builtin_mul_overflow(a.n, b.n, &n); break;
    case '\\': case '%':
        wraps = b.n == 0 || (a.n == INT64_MIN && b.n == -1);
        n = wraps ? 0 : op == '%' ? a.n % b.n : a.n / b.n;
        break;
    case '&': n = a.n & b.n; break;
    case '|': n = a.n | b.n; break;
    case '^': n = a.n ^ b.n; break;
    default:
        wraps = b.n < 0;
        n = wraps || b.n > 63 ? 0 : op == YP_SHL ? (int64_t)((uint64_t)a.n << b.n) : a.n >> b.n;
    }
    return wraps ? unsupported(y, "arithmetic out of range") : constant(n);
}

static struct value arithmetic(struct yara *y, unsigned level)
{
    static const int levels[6][3] = { { '|', 0, 0 }, { '^', 0, 0 }, { '&', 0, 0 }, { YP_SHL, YP_SHR, 0 }, { '+', '-', 0 }, { '*', '\\', '%' } };
    struct value v;

    if (level == 6)
        return primary(y);
    v = arithmetic(y, level + 1);
    for (;;) {
        int op = 0;
        for (int i = 0; i < 3; i++)
            if (levels[level][i] && yara_is(y, levels[level][i]))
                op = levels[level][i];
        if (!op || y->has_failed)
            return v;
        yara_next(y);
        v = calculate(y, v, op, arithmetic(y, level + 1));
    }
}

static struct value relation(struct yara *y)
{
    static const struct { int punct; enum vdl_cmp cmp; } ops[] = {
        { YP_EQ, VC_EQ }, { YP_NE, VC_NE }, { '<', VC_LT }, { '>', VC_GT }, { YP_LE, VC_LE }, { YP_GE, VC_GE },
    };
    struct value v = arithmetic(y, 0);

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (yara_take(y, ops[i].punct)) {
            struct value with = arithmetic(y, 0);
            return y->has_failed ? none : compare(y, v, ops[i].cmp, with);
        }
    if (y->t.kind == YT_WORD && (yara_is_word(y, "contains") || yara_is_word(y, "matches") || yara_is_word(y, "icontains") ||
            yara_is_word(y, "startswith") || yara_is_word(y, "endswith") || yara_is_word(y, "iequals")))
        return unsupported(y, "operators on texts");
    return v;
}

static struct value negation(struct yara *y)
{
    static const enum vdl_cmp opposite[] = { [VC_EQ] = VC_NE, [VC_NE] = VC_EQ, [VC_LT] = VC_GE, [VC_GE] = VC_LT, [VC_GT] = VC_LE, [VC_LE] = VC_GT };
    unsigned nots = 0;
    struct value v;
    struct vdl_node *n;

    for (; yara_take_word(y, "not"); nots++)
        ;
    if (yara_is_word(y, "defined"))
        return unsupported(y, "defined");
    v = relation(y);
    if (nots % 2 == 0 || y->has_failed)
        return nots ? boolean(y, condition_of(y, v)) : v;
    n = condition_of(y, v);
    if (v.is_pe)
        return unsupported(y, "not, of a number that only PE files have");
    if (n && n->kind == VN_ORDER) {             /* what does not occur is at no place */
        struct vdl_node *turned = node_list(y->r, VN_ORDER, n->kids, n->n_kids);

        if (turned) {
            turned->cmp = opposite[n->cmp];
            turned->lo = n->lo;
        }
        return boolean(y, turned);
    }
    if (n && n->kind == VN_INTEGER) {           /* what lies past the end is neither equal nor unequal */
        struct vdl_integer *i = reader_get(y->r, 1, sizeof *i);
        struct vdl_node *turned = leaf(y, VN_INTEGER);
        if (!i || !turned)
            return none;
        *i = *n->integer;
        i->cmp[0] = opposite[i->cmp[0]];
        turned->integer = i;
        return boolean(y, turned);
    }
    return boolean(y, node_over(y->r, VN_NOT, n));
}

/* and binds tighter than or. */
static struct value chain(struct yara *y, bool is_or)
{
    size_t mark = y->n_kids;
    struct value v = is_or ? chain(y, false) : negation(y);
    struct vdl_node *n;

    if (!yara_is_word(y, is_or ? "or" : "and"))
        return v;
    for (;;) {
        if (!yara_push(y, condition_of(y, v)) || y->has_failed)
            return none;
        if (!yara_take_word(y, is_or ? "or" : "and"))
            break;
        v = is_or ? chain(y, false) : negation(y);
    }
    n = node_list(y->r, is_or ? VN_OR : VN_AND, y->kids + mark, y->n_kids - mark);
    y->n_kids = mark;
    return boolean(y, n);
}

static struct value expression(struct yara *y)
{
    return chain(y, true);
}

struct vdl_node *yara_condition(struct yara *y)
{
    struct vdl_node *n;

    y->depth = 0;
    y->work = 0;
    y->weight = 0;
    y->current = NULL;
    n = condition_of(y, expression(y));
    if (!y->has_failed && !n)
        yara_wrong(y, "expected a condition");
    return y->has_failed ? NULL : n;
}
