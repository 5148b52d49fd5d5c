#include "exe.h"
#include "hash.h"
#include "regex.h"
#include "scan.h"

/* MAYBE: it hangs on a regular expression that was not tried yet. */
enum truth { NO, YES, MAYBE };

struct cond {
    struct lane *lane;
    const uint8_t *code;
    uint32_t n, at, depth, rule;
    uint8_t stack[VDB_STACK];       /* enum truth */
    bool is_dry;                    /* try no regular expression */
    bool is_bad;
};

static uint32_t word(struct cond *c)
{
    if (c->at >= c->n) {
        c->is_bad = true;
        return 0;
    }
    return get_le32(c->code + 4 * (size_t)c->at++);
}

static uint64_t word64(struct cond *c)
{
    uint64_t lo = word(c);

    return lo | (uint64_t)word(c) << 32;
}

static void push(struct cond *c, enum truth v)
{
    if (c->depth < VDB_STACK)
        c->stack[c->depth++] = (uint8_t)v;
    else
        c->is_bad = true;
}

static void push_if(struct cond *c, bool is_true)
{
    push(c, is_true ? YES : NO);
}

static enum truth pop(struct cond *c)
{
    if (c->depth == 0) {
        c->is_bad = true;
        return NO;
    }
    return (enum truth)c->stack[--c->depth];
}

static struct slice string(struct cond *c)
{
    struct slice s;

    if (!db_string(c->lane->db, word(c), &s))
        c->is_bad = true;
    return s;
}

static bool compare(uint64_t n, uint32_t cmp, uint64_t value)
{
    switch ((enum vdb_cmp)cmp) {
    case VDB_EQ: return n == value;
    case VDB_GT: return n > value;
    case VDB_LT: return n < value;
    case VDB_GE: return n >= value;
    case VDB_LE: return n <= value;
    default: return n != value;
    }
}

/* A segment's state in this object; NULL when it did not match, or does not exist. */
static const struct segment_state *segment(struct cond *c, uint32_t number)
{
    if (number >= c->lane->db->segments) {
        c->is_bad = true;
        return NULL;
    }
    return c->lane->segments[number].epoch == c->lane->epoch && c->lane->segments[number].count ? &c->lane->segments[number] : NULL;
}

/* The earliest place of what made the plan true is the place of the hit. */
static void note_place(struct cond *c, const struct segment_state *s)
{
    if (s && (!c->lane->has_offset || s->first_start < c->lane->plan_offset))
        c->lane->plan_offset = s->first_start;
    c->lane->has_offset = c->lane->has_offset || s;
}

static enum truth some_of(struct cond *c, uint32_t op)
{
    uint32_t least = op == VDB_X_OF ? word(c) : 1, n = word(c), n_of[3] = { 0 };

    if (n == 0 || n > c->depth) {
        c->is_bad = true;
        return NO;
    }
    for (uint32_t i = 0; i < n; i++)
        n_of[pop(c)]++;
    if (op == VDB_X_XOR)
        return n_of[MAYBE] ? MAYBE : n_of[YES] & 1 ? YES : NO;
    if (op == VDB_X_AND)
        least = n;
    return n_of[YES] >= least ? YES : n_of[YES] + n_of[MAYBE] >= least ? MAYBE : NO;
}

static enum truth not(enum truth v)
{
    return v == MAYBE ? MAYBE : v == YES ? NO : YES;
}

static enum truth count(struct cond *c)
{
    uint32_t cmp = word(c), value = word(c), distinct = word(c), n = word(c), kinds = 0;
    enum truth of = pop(c);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < n && !c->is_bad; i++) {
        const struct segment_state *s = segment(c, word(c));

        sum += s ? s->count : 0;
        kinds += s != NULL;
    }
    if (of == NO)
        sum = kinds = 0;
    return of == MAYBE ? MAYBE : compare(sum, cmp, value) && kinds >= distinct ? YES : NO;
}

static bool is_like(uint8_t a, uint8_t b, bool fold)
{
    return b == '?' || a == b || (fold && ascii_lower(a) == ascii_lower(b));
}

/* '*' and '?'. Only the last star is ever tried again, so this costs at most name times pattern; most names end otherwise. */
static bool wildcard(struct slice name, struct slice pattern, bool fold)
{
    size_t n = 0, p = 0, star = SIZE_MAX, from = 0;

    for (; pattern.n && pattern.p[pattern.n - 1] != '*'; name.n--, pattern.n--)
        if (name.n == 0 || !is_like(name.p[name.n - 1], pattern.p[pattern.n - 1], fold))
            return false;
    while (n < name.n) {
        uint8_t a = name.p[n], b = p < pattern.n ? pattern.p[p] : 0;

        if (p < pattern.n && b == '*') {
            star = p++;
            from = n;
        } else if (p < pattern.n && is_like(a, b, fold)) {
            n++;
            p++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++from;
        } else
            return false;
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}

/* Type words joined by '>', compared from the parent outwards. */
static bool container(const struct vdl_object *o, struct slice want)
{
    size_t layer = o->n_ancestors;

    while (want.n) {
        size_t from = want.n;
        struct slice word, have;

        while (from > 0 && want.p[from - 1] != '>')
            from--;
        word = slice_drop(want, from);
        if (layer == 0 && !(o->n_ancestors == 0 && from == 0 && o->parent.n))
            return false;
        have = layer ? slice_str(o->ancestors[layer - 1]) : o->parent;
        if (!slice_eq(word, SLICE("*")) && !slice_eq(word, have))
            return false;
        layer -= layer > 0;
        want = slice_take(want, from ? from - 1 : 0);
    }
    return true;
}

static struct slice whole(const struct lane *l)
{
    return slice_of(l->view->p, l->view->n);
}

const struct exe *scan_headers(struct lane *l)
{
    struct vdl_scan *s = l->scan;

    if (!s->is_whole || !s->exe)
        return NULL;
    if (!s->has_exe) {
        exe_read(s->exe, whole(l));
        s->has_exe = true;
    }
    return s->exe->is_valid ? s->exe : NULL;
}

enum cs_status scan_imports(struct lane *l, struct slice *text)
{
    struct vdl_scan *s = l->scan;
    const struct exe *x = scan_headers(l);

    if (!x)
        return CS_NOENT;
    if (!s->has_imports)
        s->imports_status = exe_imports(x, whole(l), &s->imports);
    s->has_imports = true;
    *text = buf_slice(&s->imports);
    return s->imports_status;
}

/* From place lo to place hi; false when the anchor has no meaning for this object. */
static bool anchor_range(struct lane *l, uint32_t where, uint32_t section, int64_t lo, int64_t hi, int64_t *from, int64_t *to)
{
    int64_t base = 0, size = (int64_t)l->scan->size;
    const struct exe *x;

    *from = lo;
    *to = hi;
    if (where == VDB_WH_ANYWHERE) {
        *from = 0;
        *to = INT64_MAX;
    } else if (where == VDB_WH_END) {
        if (l->scan->size > INT64_MAX || lo < 0 || hi < lo || lo > size)
            return false;
        *from = hi > size ? 0 : size - hi;
        *to = size - lo;
    } else if (where == VDB_WH_VERSION_INFO) {
        return false;               /* no range: scan_place_ok() */
    } else if (where != VDB_WH_START) {
        x = scan_headers(l);
        if (!x || (where == VDB_WH_ENTRY && !x->has_entry))
            return false;
        if (where != VDB_WH_ENTRY) {
            uint32_t i = where == VDB_WH_LAST_SECTION ? x->n - 1 : section;

            if (i >= x->n || x->sections[i].at > INT64_MAX / 4 || x->sections[i].size > INT64_MAX / 4)
                return false;
            base = (int64_t)x->sections[i].at;
            if (where == VDB_WH_IN_SECTION) {
                *from = base;
                *to = base + (int64_t)x->sections[i].size - 1;
                return true;
            }
        } else if (x->entry > INT64_MAX / 4)
            return false;
        else
            base = (int64_t)x->entry;
        if (__builtin_add_overflow(lo, base, from) || __builtin_add_overflow(hi, base, to))
            return false;
    }
    return true;
}

/* Does a key of the version information begin here? */
static bool is_version_key(struct lane *l, uint64_t start)
{
    struct exe *x = scan_headers(l) ? l->scan->exe : NULL;

    if (!x)
        return false;
    if (!x->has_keys)
        exe_read_keys(x, whole(l));
    for (uint32_t i = 0; i < x->n_keys; i++)
        if (x->keys[i] == start)
            return true;
    return false;
}

bool scan_place_ok(struct lane *l, uint32_t where, uint32_t section, int64_t lo, int64_t hi, uint64_t start)
{
    int64_t from, to;

    if (where == VDB_WH_VERSION_INFO)
        return is_version_key(l, start);
    if (!anchor_range(l, where, section, lo, hi, &from, &to))
        return false;
    return start <= INT64_MAX && (int64_t)start >= from && (int64_t)start <= to;
}

static bool has_section_hash(struct lane *l, uint32_t algo, uint64_t size, struct slice want)
{
    const struct exe *x = scan_headers(l);
    uint8_t have[32];

    for (uint32_t i = 0; x && i < x->n; i++) {
        struct slice s = slice_sub(whole(l), (size_t)x->sections[i].at, (size_t)x->sections[i].size);

        if (s.n == 0 || s.n != x->sections[i].size || (size != UINT64_MAX && size != s.n))
            continue;
        hash_of(algo, s, have);
        if (slice_eq(want, (struct slice){ have, hash_length(algo) }))
            return true;
    }
    return false;
}

static bool has_import_hash(struct cond *c, uint32_t algo, uint64_t size, struct slice want)
{
    struct slice text;
    enum cs_status st = scan_imports(c->lane, &text);
    uint8_t have[32];

    if (st == CS_NOMEM)
        c->is_bad = true;
    if (st != CS_OK || (size != UINT64_MAX && size != text.n))
        return false;
    hash_of(algo, text, have);
    return slice_eq(want, (struct slice){ have, hash_length(algo) });
}

static bool hash(struct cond *c)
{
    uint32_t algo = word(c);
    uint64_t size = word64(c);
    struct slice want = string(c);
    uint32_t of = word(c);
    uint8_t have[32];

    if (c->is_bad || hash_length(algo) == 0 || want.n != hash_length(algo)) {
        c->is_bad = true;
        return false;
    }
    if (!c->lane->scan->at_end || !c->lane->scan->is_whole)
        return false;
    if (of == VDB_OF_SECTION)
        return has_section_hash(c->lane, algo, size, want);
    if (of == VDB_OF_IMPORTS)
        return has_import_hash(c, algo, size, want);
    if (size != UINT64_MAX && size != c->lane->scan->size)
        return false;
    hash_of(algo, whole(c->lane), have);
    return slice_eq(want, (struct slice){ have, hash_length(algo) });
}

static enum truth regex(struct cond *c)
{
    const uint8_t *t = db_row(c->lane->db, VDB_TESTS, word(c), VDB_TEST);
    enum truth trigger = pop(c);
    bool is_match = false;
    struct slice pattern;
    int64_t from, to;
    enum cs_status st;

    if (!t || !db_string(c->lane->db, get_le32(t + VDB_TT_PATTERN), &pattern)) {
        c->is_bad = true;
        return NO;
    }
    if (trigger == NO || !c->lane->scan->at_end || !c->lane->scan->is_whole)
        return NO;
    if (c->is_dry)
        return MAYBE;
    if (!anchor_range(c->lane, get_le32(t + VDB_TT_WHERE), get_le32(t + VDB_TT_SECTION), (int64_t)get_le64(t + VDB_TT_LO),
                      (int64_t)get_le64(t + VDB_TT_HI), &from, &to) || to < 0)
        return NO;
    st = regex_match(pattern, get_le32(t + VDB_TT_RFLAGS), whole(c->lane), (uint64_t)(from < 0 ? 0 : from), (uint64_t)to, &is_match);
    if (st == CS_LIMIT)
        scan_limited(c->lane, c->rule);
    else if (st != CS_OK)
        c->is_bad = true;
    return is_match ? YES : NO;
}

/* Digits as text: at most n of them. */
static bool read_text(struct slice s, uint32_t n, uint32_t format, uint64_t *out)
{
    uint64_t v = 0;
    uint32_t base = format & VDB_XF_HEX ? 16 : 10, used = 0;

    s = slice_take(s, n);
    while (s.n && ascii_is_space(s.p[0]) && !(format & VDB_XF_EXACT))
        s = slice_drop(s, 1);
    if (format & VDB_XF_AUTO) {
        base = 10;
        if (s.n > 2 && s.p[0] == '0' && ascii_lower(s.p[1]) == 'x') {
            base = 16;
            s = slice_drop(s, 2);
        }
    }
    for (; used < s.n && used < 20; used++) {
        int d = ascii_hex(s.p[used]);

        if (d < 0 || (uint32_t)d >= base)
            break;
        v = v * base + (uint32_t)d;
    }
    if (used == 0 || (format & VDB_XF_EXACT && used < n))
        return false;
    /* Little-endian text: pairs of digits in reverse. */
    if (base == 16 && !(format & (VDB_XF_BIG | VDB_XF_AUTO)) && used % 2 == 0) {
        uint64_t r = 0;

        for (uint32_t i = 0; i < used; i += 2, v >>= 8)
            r = r << 8 | (v & 0xff);
        v = r;
    }
    *out = v;
    return true;
}

static bool read_raw(struct slice s, uint32_t n, uint32_t format, uint64_t *out)
{
    if (n == 0 || n > 8 || s.n < n)
        return false;
    *out = 0;
    for (uint32_t i = 0; i < n; i++)
        *out |= (uint64_t)s.p[i] << 8 * (format & VDB_XF_BIG ? n - 1 - i : i);
    return true;
}

static bool read_integer(struct slice s, const uint8_t *t, uint64_t *out)
{
    uint32_t format = get_le32(t + VDB_TT_FORMAT), n = get_le32(t + VDB_TT_BYTES);

    return format & VDB_XF_TEXT ? read_text(s, n, format, out) : read_raw(s, n, format, out);
}

/* Some offsets count from a place that the object itself names. */
static bool read_base(struct slice s, const uint8_t *t, uint64_t *base)
{
    uint32_t size = get_le32(t + VDB_TT_FROM_SIZE);

    return size == 0 || read_raw(slice_drop(s, get_le32(t + VDB_TT_FROM)), size & 0xff, size >> 8, base);
}

static bool integer(struct cond *c)
{
    const uint8_t *t = db_row(c->lane->db, VDB_TESTS, word(c), VDB_TEST);
    uint32_t number = word(c);
    const struct segment_state *s = number == VDB_NONE ? NULL : segment(c, number);
    uint64_t v, base = s ? s->first_start : 0;
    int64_t at;
    bool is_true = true;

    if (!t) {
        c->is_bad = true;
        return false;
    }
    note_place(c, s);
    if ((number != VDB_NONE && !s) || !c->lane->scan->is_whole || !read_base(whole(c->lane), t, &base) || base > INT64_MAX)
        return false;
    if (__builtin_add_overflow((int64_t)base, (int64_t)get_le64(t + VDB_TT_OFFSET), &at) || at < 0 ||
        (uint64_t)at >= c->lane->view->n || !read_integer(slice_drop(whole(c->lane), (size_t)at), t, &v))
        return false;
    v &= get_le64(t + VDB_TT_AND);
    for (uint32_t i = 0; i < get_le32(t + VDB_TT_N) && i < 2; i++)
        is_true = is_true && compare(v, get_le32(t + VDB_TT_CMP0 + (size_t)4 * i), get_le64(t + VDB_TT_VALUE0 + (size_t)8 * i));
    return is_true;
}

/* Where two segments begin first: one against the other and a number, or against the number alone. */
static bool order(struct cond *c)
{
    uint32_t number = word(c), cmp = word(c), other = word(c);
    int64_t base = (int64_t)word64(c), at;
    const struct segment_state *a = segment(c, number), *b = other == VDB_NONE ? NULL : segment(c, other);

    note_place(c, a);
    if (!a || (other != VDB_NONE && !b) || a->least_start > INT64_MAX ||
        __builtin_add_overflow(base, b ? (int64_t)(b->least_start & INT64_MAX) : 0, &at))
        return false;
    return at < 0 ? cmp == VDB_GT || cmp == VDB_GE || cmp == VDB_NE : compare(a->least_start, cmp, (uint64_t)at);
}

static bool in_range(struct cond *c, uint64_t v, bool is_known)
{
    uint64_t lo = word64(c), hi = word64(c);

    return is_known && v >= lo && v <= hi;
}

static void operate(struct cond *c)
{
    const struct vdl_object *o = &c->lane->scan->object;
    uint32_t op = word(c);
    struct slice s;

    switch ((enum vdb_code)op) {
    case VDB_X_FALSE:
    case VDB_X_TRUE: push_if(c, op == VDB_X_TRUE); break;
    case VDB_X_SEGMENT: {
        const struct segment_state *st = segment(c, word(c));

        note_place(c, st);
        push_if(c, st != NULL);
        break;
    }
    case VDB_X_AND:
    case VDB_X_OR:
    case VDB_X_XOR:
    case VDB_X_OF: push(c, some_of(c, op)); break;
    case VDB_X_NOT: push(c, not(pop(c))); break;
    case VDB_X_COUNT: push(c, count(c)); break;
    case VDB_X_SIZE: push_if(c, in_range(c, c->lane->scan->size, c->lane->scan->size != VDL_SIZE_UNKNOWN)); break;
    case VDB_X_DEPTH: push_if(c, in_range(c, o->depth, true)); break;
    case VDB_X_NAME:
        s = string(c);
        push_if(c, wildcard(o->name, s, word(c) != 0));
        break;
    case VDB_X_SENDER:
        s = string(c);
        push_if(c, wildcard(o->sender, s, word(c) != 0));
        break;
    case VDB_X_PARENT:
        s = string(c);
        push_if(c, slice_find(o->parent, s) + s.n <= o->parent.n && o->parent.n);
        break;
    case VDB_X_CONTAINER: push_if(c, container(o, string(c))); break;
    case VDB_X_HASH: push_if(c, hash(c)); break;
    case VDB_X_REGEX: push(c, regex(c)); break;
    case VDB_X_INTEGER: push_if(c, integer(c)); break;
    case VDB_X_ORDER: push_if(c, order(c)); break;
    default: c->is_bad = true;
    }
}

static enum truth evaluate(struct cond *c, bool is_dry)
{
    c->lane->has_offset = false;
    c->lane->plan_offset = 0;
    c->at = c->depth = 0;
    c->is_dry = is_dry;
    while (c->at < c->n && !c->is_bad)
        operate(c);
    if (!c->is_bad && c->depth == 1)
        return (enum truth)c->stack[0];
    c->lane->scan->is_damaged = true;
    return NO;
}

/* Regular expressions are dear, and may come to their limit: none is tried where the answer does not hang on it. */
enum cs_status cond_check(struct lane *l, uint32_t plan, bool *is_true)
{
    const uint8_t *row = plan < l->db->plans ? db_row(l->db, VDB_PLANS, plan, VDB_PLAN) : NULL;
    struct cond c;
    enum truth t;

    *is_true = c.is_bad = false;
    c.lane = l;
    c.rule = row ? get_le32(row + VDB_P_RULE) : 0;
    c.n = row ? get_le32(row + VDB_P_WORDS) : 0;
    c.code = row ? db_at(l->db, VDB_CODE, (uint64_t)get_le32(row + VDB_P_CODE) * 4, (uint64_t)c.n * 4) : NULL;
    if (!c.code) {
        l->scan->is_damaged = true;
        return CS_OK;
    }
    t = evaluate(&c, true);
    if (t != NO && !scan_types_ok(l, get_le32(row + VDB_P_TYPES)))
        return CS_OK;
    if (t == MAYBE)
        t = evaluate(&c, false);
    *is_true = t == YES;
    return CS_OK;
}
