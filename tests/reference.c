#include "tests/reference.h"

#include <stdlib.h>

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/*
 * A segment is followed as a set of places: which places can the next byte to be matched stand at? Every node turns a set of places
 * into the set behind it. places[i] for 0 <= i <= n.
 */
struct ref { struct slice d; const struct vdl_object *o; };

static bool is_word(uint8_t c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_';
}

static bool is_alnum(uint8_t c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c);
}

static bool byte_fits(const struct vdl_node *n, size_t i, uint8_t d)
{
    uint8_t mask = n->mask ? n->mask[i] : 0xff;

    if (n->fold && mask == 0xff)
        return ascii_lower(d) == ascii_lower(n->bytes.p[i]);
    return (d & mask) == (n->bytes.p[i] & mask);
}

static bool bytes_fit(const struct ref *r, const struct vdl_node *n, size_t at)
{
    if (r->d.n - at < n->bytes.n)
        return false;
    for (size_t i = 0; i < n->bytes.n; i++)
        if (!byte_fits(n, i, r->d.p[at + i]))
            return false;
    return true;
}

static bool is_skipped(uint8_t c, bool digits)
{
    if (digits)
        return !ascii_is_digit(c);
    return ascii_is_space(c) || (c > ' ' && c < 0x7f && !is_alnum(c));
}

/* Where a ~~ or ~# string that begins at this place ends; false when it does not. */
static bool loose_end(const struct ref *r, const struct vdl_node *n, size_t at, size_t *end)
{
    for (size_t i = 0; i < n->bytes.n; i++) {
        while (i && at < r->d.n && is_skipped(r->d.p[at], n->kind == VN_DIGITS))
            at++;
        if (at == r->d.n || ascii_lower(r->d.p[at]) != ascii_lower(n->bytes.p[i]))
            return false;
        at++;
    }
    *end = at;
    return true;
}

static bool in_text(uint8_t c, const char *text)
{
    return c && strchr(text, c);
}

static bool edge_holds(const struct ref *r, const struct vdl_node *n, size_t at)
{
    size_t size = r->d.n;
    bool is_limit = n->is_after ? at == size : at == 0;
    uint8_t c = is_limit ? 0 : r->d.p[n->is_after ? at : at - 1];

    switch (n->edge) {
    case VE_START: return at == 0;
    case VE_END: return at == size;
    case VE_WORD: return (at > 0 && is_word(r->d.p[at - 1])) != (at < size && is_word(r->d.p[at]));
    case VE_ALNUM_FREE: return is_limit || !is_alnum(c);
    case VE_CLAM_B: return is_limit || in_text(c, n->is_after ? "\n\r \"'-/=>_" : " -./_<@");
    case VE_CLAM_L:
        if (is_limit || c == '\n')
            return true;
        return n->is_after && c == '\r' && at + 1 < size && r->d.p[at + 1] == '\n';
    }
    return false;
}

static void follow(const struct ref *r, const struct vdl_node *n, const bool *in, bool *out);

static void follow_gap(const struct ref *r, const struct vdl_node *n, const bool *in, bool *out)
{
    for (size_t i = 0; i <= r->d.n; i++)
        for (size_t k = i; in[i] && k <= r->d.n; k++)
            if (k - i >= n->lo && k - i <= n->hi)
                out[k] = true;
}

static void follow_list(const struct ref *r, const struct vdl_node *n, const bool *in, bool *out)
{
    size_t room = r->d.n + 1;
    bool *now = calloc(room, 1), *next = calloc(room, 1);

    memcpy(now, in, room);
    for (uint32_t i = 0; i < n->n_kids; i++) {
        memset(next, 0, room);
        follow(r, n->kids[i], n->kind == VN_CAT ? now : in, next);
        if (n->kind == VN_CAT)
            memcpy(now, next, room);
        else
            for (size_t k = 0; k < room; k++)
                out[k] = out[k] || next[k];
    }
    if (n->kind == VN_CAT)
        memcpy(out, now, room);
    free(now);
    free(next);
}

static void follow_rep(const struct ref *r, const struct vdl_node *n, const bool *in, bool *out)
{
    size_t room = r->d.n + 1;
    bool *now = calloc(room, 1), *next = calloc(room, 1), any = true;

    memcpy(now, in, room);
    for (uint64_t times = 0; any && times <= n->hi; times++) {
        if (times >= n->lo)
            for (size_t k = 0; k < room; k++)
                out[k] = out[k] || now[k];
        memset(next, 0, room);
        follow(r, n->kids[0], now, next);
        memcpy(now, next, room);
        any = memchr(now, 1, room);
    }
    free(now);
    free(next);
}

static void follow(const struct ref *r, const struct vdl_node *n, const bool *in, bool *out)
{
    size_t end;

    switch (n->kind) {
    case VN_GAP: follow_gap(r, n, in, out); return;
    case VN_CAT: case VN_ALT: follow_list(r, n, in, out); return;
    case VN_REP: follow_rep(r, n, in, out); return;
    default: break;
    }
    for (size_t i = 0; i <= r->d.n; i++) {
        if (!in[i])
            continue;
        if (n->kind == VN_BYTES && bytes_fit(r, n, i))
            out[i + n->bytes.n] = true;
        if (n->kind == VN_SET && i < r->d.n && n->set[r->d.p[i] / 8] >> r->d.p[i] % 8 & 1)
            out[i + 1] = true;
        if ((n->kind == VN_LOOSE || n->kind == VN_DIGITS) && loose_end(r, n, i, &end))
            out[end] = true;
        if (n->kind == VN_EDGE && edge_holds(r, n, i) != n->edge_not)
            out[i] = true;
    }
}

static bool may_start(const struct vdl_anchor *a, size_t at, size_t size)
{
    if (!a || a->where == VW_ANYWHERE)
        return true;
    if (a->where == VW_START)
        return (int64_t)at >= a->lo && (int64_t)at <= a->hi;
    if (a->where == VW_END)
        return (int64_t)(size - at) >= a->lo && (int64_t)(size - at) <= a->hi;
    return false;
}

/* How many places a match of the segment begins at; the first of them. */
static size_t segment(const struct ref *r, const struct vdl_node *n, size_t *first)
{
    size_t room = r->d.n + 1, count = 0;
    bool *in = calloc(room, 1), *out = calloc(room, 1);

    *first = r->d.n;
    for (size_t at = room; at-- > 0;) {
        if (!may_start(n->anchor, at, r->d.n))
            continue;
        in[at] = true;
        memset(out, 0, room);
        follow(r, n->kids[0], in, out);
        in[at] = false;
        if (memchr(out, 1, room)) {
            *first = at;
            count++;
        }
    }
    free(in);
    free(out);
    return count;
}

/* '*' any text, '?' any character. */
static bool wildcard(struct slice p, struct slice s, bool fold)
{
    if (p.n == 0)
        return s.n == 0;
    if (p.p[0] == '*')
        return wildcard(slice_drop(p, 1), s, fold) || (s.n && wildcard(p, slice_drop(s, 1), fold));
    if (s.n == 0)
        return false;
    if (p.p[0] != '?' && !(fold ? ascii_lower(p.p[0]) == ascii_lower(s.p[0]) : p.p[0] == s.p[0]))
        return false;
    return wildcard(slice_drop(p, 1), slice_drop(s, 1), fold);
}

static bool compare(uint64_t v, enum vdl_cmp cmp, uint64_t with)
{
    switch (cmp) {
    case VC_EQ: return v == with;
    case VC_GT: return v > with;
    case VC_LT: return v < with;
    case VC_GE: return v >= with;
    case VC_LE: return v <= with;
    case VC_NE: return v != with;
    }
    return false;
}

static bool hash_fits(const struct ref *r, const struct vdl_node *n)
{
    uint8_t out[32];
    struct md5_ctx md5;
    struct sha1_ctx sha1;
    struct sha256_ctx sha256;

    if (n->lo != VDL_INF && n->lo != r->d.n)
        return false;
    if (n->algo == VH_MD5) {
        md5_init(&md5);
        md5_update(&md5, r->d.n, r->d.p);
        md5_digest(&md5, 16, out);
    } else if (n->algo == VH_SHA1) {
        sha1_init(&sha1);
        sha1_update(&sha1, r->d.n, r->d.p);
        sha1_digest(&sha1, 20, out);
    } else {
        sha256_init(&sha256);
        sha256_update(&sha256, r->d.n, r->d.p);
        sha256_digest(&sha256, 32, out);
    }
    return memcmp(out, n->bytes.p, n->bytes.n) == 0;
}

/* Raw integers only. */
static bool integer_fits(const struct ref *r, const struct vdl_node *n)
{
    const struct vdl_integer *i = n->integer;
    size_t from = 0;
    int64_t at;
    uint64_t v = 0;

    if (n->n_kids && segment(r, n->kids[0], &from) == 0)
        return false;
    if (i->from_bytes) {
        if (i->from + (uint64_t)i->from_bytes > r->d.n)
            return false;
        for (size_t k = 0; k < i->from_bytes; k++)
            from |= (size_t)r->d.p[i->from + (i->from_big ? i->from_bytes - 1u - k : k)] << 8 * k;
    }
    at = (int64_t)from + i->offset;
    if (at < 0 || (uint64_t)at + i->bytes > r->d.n)
        return false;
    for (size_t k = 0; k < i->bytes; k++)
        v |= (uint64_t)r->d.p[(size_t)at + (i->is_big ? i->bytes - 1 - k : k)] << 8 * k;
    v &= i->and_mask;
    for (size_t k = 0; k < i->n_cmp; k++)
        if (!compare(v, i->cmp[k], i->value[k]))
            return false;
    return true;
}

static bool regex_fits(const struct ref *r, const struct vdl_node *n)
{
    static const struct { unsigned ours; uint32_t theirs; } flags[] = {
        { VR_ICASE, PCRE2_CASELESS }, { VR_DOTALL, PCRE2_DOTALL }, { VR_MULTILINE, PCRE2_MULTILINE }, { VR_EXTENDED, PCRE2_EXTENDED },
        { VR_ANCHORED, PCRE2_ANCHORED }, { VR_DOLLAR_END, PCRE2_DOLLAR_ENDONLY }, { VR_UNGREEDY, PCRE2_UNGREEDY },
    };
    uint32_t options = 0;
    int error, found;
    PCRE2_SIZE where;
    pcre2_code *code;
    pcre2_match_data *match;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        options |= n->regex & flags[i].ours ? flags[i].theirs : 0;
    code = pcre2_compile(n->bytes.p, n->bytes.n, options, &error, &where, NULL);
    if (!code)
        return false;
    match = pcre2_match_data_create_from_pattern(code, NULL);
    found = pcre2_match(code, r->d.p, r->d.n, 0, 0, match, NULL);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    return found >= 0;
}

static bool holds(const struct ref *r, const struct vdl_node *n);

/* The sum over the segments below, and how many of them matched. */
static size_t total(const struct ref *r, const struct vdl_node *n, size_t *different)
{
    size_t sum = 0, first;

    if (n->kind == VN_SEGMENT) {
        sum = segment(r, n, &first);
        *different += sum > 0;
        return sum;
    }
    for (uint32_t i = 0; i < n->n_kids; i++)
        sum += total(r, n->kids[i], different);
    return sum;
}

static bool count_holds(const struct ref *r, const struct vdl_node *n)
{
    size_t different = 0, sum = 0;

    if (n->kids[0]->kind == VN_SEGMENT || holds(r, n->kids[0]))
        sum = total(r, n->kids[0], &different);
    return compare(sum, n->cmp, n->lo) && different >= n->distinct;
}

static size_t true_kids(const struct ref *r, const struct vdl_node *n)
{
    size_t count = 0;

    for (uint32_t i = 0; i < n->n_kids; i++)
        count += holds(r, n->kids[i]);
    return count;
}

static bool holds(const struct ref *r, const struct vdl_node *n)
{
    size_t first;

    switch (n->kind) {
    case VN_SEGMENT: return segment(r, n, &first) > 0;
    case VN_AND: return true_kids(r, n) == n->n_kids;
    case VN_OR: return true_kids(r, n) > 0;
    case VN_XOR: return true_kids(r, n) % 2 == 1;       /* left to right, two at a time */
    case VN_NOT: return !holds(r, n->kids[0]);
    case VN_OF: return true_kids(r, n) >= n->lo;
    case VN_COUNT: return count_holds(r, n);
    case VN_SIZE: return r->d.n >= n->lo && r->d.n <= n->hi;
    case VN_DEPTH: return r->o->depth >= n->lo && r->o->depth <= n->hi;
    case VN_NAME: return wildcard(n->bytes, r->o->name, n->fold);
    case VN_SENDER: return wildcard(n->bytes, r->o->sender, n->fold);
    case VN_PARENT: return slice_find(r->o->parent, n->bytes) < r->o->parent.n;
    case VN_HASH: return hash_fits(r, n);
    case VN_INTEGER: return integer_fits(r, n);
    case VN_REGEX: return holds(r, n->kids[0]) && regex_fits(r, n);
    case VN_TRUE: return true;
    default: return false;
    }
}

bool reference_knows(const struct vdl_node *n)
{
    if (n->kind == VN_SECTION_HASH || n->kind == VN_IMPORT_HASH || n->kind == VN_CONTAINER || (n->anchor && (n->anchor->where > VW_END || n->kind == VN_REGEX)) ||
        (n->integer && n->integer->is_text))
        return false;
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!reference_knows(n->kids[i]))
            return false;
    return true;
}

static bool type_fits(const struct vdl_types *t, const struct vdl_object *o)
{
    bool any = false, is_known = false;

    for (size_t i = 0; i < VDL_TYPES_MAX && o->types[i]; i++) {
        struct slice have = slice_str(o->types[i]);
        is_known = is_known || !slice_eq(have, SLICE("unknown"));
        for (size_t k = 0; k < t->n; k++)
            any = any || (t->is_exact ? slice_eq(have, t->words[k]) : slice_find(have, t->words[k]) < have.n);
    }
    if (!is_known && !t->is_exact)
        return true;
    return any != t->is_not;
}

bool reference_rule(const struct vdl_rule *rule, const struct vdl_object *o, struct slice data)
{
    struct ref r = { data, o };

    return (!rule->types || type_fits(rule->types, o)) && holds(&r, rule->expr);
}
