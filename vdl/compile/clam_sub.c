#include "clam_ldb.h"
#include "parse.h"
#include "regexcheck.h"

/* Subsignatures: hex with modifiers, regular expressions with their trigger, byte comparisons. */

enum { WIDE_GAP = 64 };

/* ---- [OFFSET:]HEX[::MODS] ---- */

static enum clam_fate modifiers(struct ldb *l, struct slice s, unsigned *out)
{
    static const char letters[] = "iwaf";
    static const unsigned bits[] = { CLAM_FOLD, CLAM_WIDE, CLAM_ASCII, CLAM_WORD };

    *out = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] ? strchr(letters, s.p[i]) : NULL;
        if (!at)
            return clam_malformed(l->why, s.p + i, "a modifier is i, w, a or f");
        *out |= bits[at - letters];
    }
    if (!(*out & CLAM_WIDE))
        *out &= ~(unsigned)CLAM_ASCII;
    return CLAM_OK;
}

static bool has_wide_gap(const struct vdl_node *n)
{
    if (n->kind == VN_GAP && n->hi - n->lo > WIDE_GAP)
        return true;
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (has_wide_gap(n->kids[i]))
            return true;
    return false;
}

/* Both forms of a ::wa subsignature with wide gaps: as two segments, for the matcher follows such a gap between parts, not inside alternatives. */
static struct vdl_node *apart(struct ldb *l, const struct vdl_node *both, const struct vdl_anchor *anchor)
{
    struct vdl_node *two[2];

    for (int i = 0; i < 2; i++) {
        two[i] = node_over(l->r, VN_SEGMENT, both->kids[i]);
        if (!two[i])
            return NULL;
        two[i]->anchor = anchor;
    }
    return node_list(l->r, VN_OR, two, 2);
}

static enum clam_fate hex(struct ldb *l, struct slice s, struct vdl_node **out)
{
    size_t mods = slice_find(s, SLICE("::")), colon;
    struct slice body = slice_take(s, mods), offset = SLICE("*");
    const struct vdl_anchor *anchor;
    struct vdl_node *n;
    unsigned bits = 0;
    enum clam_fate fate = modifiers(l, slice_drop(s, mods + 2), &bits);

    colon = slice_chr(body, ':');
    if (colon < body.n) {
        offset = slice_take(body, colon);
        body = slice_drop(body, colon + 1);
    }
    if (fate == CLAM_OK)
        fate = clam_offset(l->r, offset, l->target, &anchor, l->why);
    if (fate == CLAM_OK)
        fate = clam_body(l->r, body, bits, &n, l->why);
    if (fate != CLAM_OK)
        return fate;
    if ((bits & (CLAM_WIDE | CLAM_ASCII)) == (CLAM_WIDE | CLAM_ASCII) && n->kind == VN_ALT && !l->has_distinct && has_wide_gap(n)) {
        *out = apart(l, n, anchor);
        return *out ? CLAM_OK : CLAM_MALFORMED;
    }
    *out = node_over(l->r, VN_SEGMENT, n);
    if (!*out)
        return CLAM_MALFORMED;
    (*out)->anchor = anchor;
    return CLAM_OK;
}

/* ---- [OFFSET:]TRIGGER/regex/[flags] ---- */

static enum clam_fate regex(struct ldb *l, struct slice s, size_t number, struct vdl_node **out)
{
    size_t open = slice_chr(s, '/'), close = s.n, colon;
    struct slice head = slice_take(s, open), pattern, offset = SLICE("*");
    struct vdl_node *n = node_new(l->r, VN_REGEX, 0, 0), *trigger;
    char reason[REGEX_WHY];
    enum clam_fate fate;

    while (close > open + 1 && s.p[close - 1] != '/')
        close--;
    if (close <= open + 1)
        return clam_malformed(l->why, s.p + open, "a regular expression without its second '/'");
    pattern = slice_sub(s, open + 1, close - 1 - (open + 1));
    if (pattern.n == 0)
        return clam_malformed(l->why, s.p + open, "an empty regular expression");
    colon = slice_chr(head, ':');
    if (colon < head.n) {
        offset = slice_take(head, colon);
        head = slice_drop(head, colon + 1);
    }
    if (!n)
        return CLAM_MALFORMED;
    if (!vdl_regex_flags(slice_drop(s, close), &n->regex))
        return clam_malformed(l->why, s.p + close, "a flag is one of g r e i s m x A E U");
    if (!vdl_regex_check(pattern, n->regex, reason))
        return clam_malformed(l->why, s.p + open, "%s", reason);
    n->bytes = reader_bytes(l->r, pattern);
    fate = clam_offset(l->r, offset, l->target, &n->anchor, l->why);
    if (fate == CLAM_OK)
        fate = clam_ldb_trigger(l, head, number, &trigger);
    if (fate != CLAM_OK)
        return fate;
    n->kids = reader_get(l->r, 1, sizeof *n->kids);
    if (!n->kids)
        return CLAM_MALFORMED;
    n->kids[0] = trigger;
    n->n_kids = 1;
    *out = n;
    return CLAM_OK;
}

/* ---- T(>>off#opts#cmp[,cmp]) ---- */

static enum clam_fate compare_options(struct ldb *l, struct slice s, struct vdl_integer *i)
{
    uint64_t n;
    size_t at = 0;
    int kind = s.n ? s.p[0] : 0, ends;

    if (!kind || !strchr("hdai", kind))
        return clam_malformed(l->why, s.p, "a byte comparison reads h, d, a or i");
    at++;
    ends = at < s.n ? s.p[at] : 0;
    if (ends != 'l' && ends != 'b')
        return clam_malformed(l->why, s.p, "expected l or b: which end comes first");
    at++;
    i->is_text = kind != 'i';
    i->is_hex = kind == 'h';
    i->is_auto = kind == 'a';
    i->is_big = ends == 'b';
    i->is_exact = kind == 'i';
    if (at < s.n && s.p[at] == 'e') {
        i->is_exact = true;
        at++;
    }
    if (!number_of(slice_drop(s, at), &n) || n == 0 || n > 18 || (kind == 'i' && n != 1 && n != 2 && n != 4 && n != 8))
        return clam_malformed(l->why, s.p + at, "expected a number of bytes");
    if (kind == 'd' && ends == 'l')
        return clam_malformed(l->why, s.p, "decimal text has its big end first");
    i->bytes = (uint8_t)n;
    return CLAM_OK;
}

static enum clam_fate compare_values(struct ldb *l, struct slice s, struct vdl_integer *i)
{
    struct slice two[3];
    size_t n = clam_split(s, ',', two, 3);

    if (n > 2)
        return clam_malformed(l->why, s.p, "at most two comparisons");
    for (size_t k = 0; k < n; k++) {
        int c = two[k].n ? two[k].p[0] : 0;
        if ((c != '<' && c != '>' && c != '=') || !number_of(slice_drop(two[k], 1), &i->value[k]))
            return clam_malformed(l->why, two[k].p, "expected <, > or = and a number");
        i->cmp[k] = c == '<' ? VC_LT : c == '>' ? VC_GT : VC_EQ;
    }
    i->n_cmp = (unsigned)n;
    return CLAM_OK;
}

static enum clam_fate compare(struct ldb *l, struct slice s, size_t number, struct vdl_node **out)
{
    size_t open = slice_chr(s, '(');
    struct slice f[4], inner = slice_drop(s, open + 1);
    struct vdl_integer *i = reader_get(l->r, 1, sizeof *i);
    uint64_t which, offset;
    bool is_back;
    enum clam_fate fate;

    if (!i)
        return CLAM_MALFORMED;
    if (!number_of(slice_take(s, open), &which) || which >= number || !l->subs[which] || l->subs[which]->kind != VN_SEGMENT)
        return clam_malformed(l->why, s.p, "a byte comparison starts from an earlier, ordinary subsignature");
    if (inner.n == 0 || inner.p[inner.n - 1] != ')')
        return clam_malformed(l->why, s.p, "expected ')' at the end of a byte comparison");
    inner.n--;
    if (clam_split(inner, '#', f, 4) != 3)
        return clam_malformed(l->why, inner.p, "expected offset#options#comparison");
    is_back = slice_starts(f[0], SLICE("<<"));
    if ((!is_back && !slice_starts(f[0], SLICE(">>"))) || !number_of(slice_drop(f[0], 2), &offset) || offset > INT32_MAX)
        return clam_malformed(l->why, f[0].p, "expected >>offset or <<offset");
    *i = (struct vdl_integer){ .offset = is_back ? -(int64_t)offset : (int64_t)offset, .and_mask = UINT64_MAX };
    fate = compare_options(l, f[1], i);
    if (fate == CLAM_OK)
        fate = compare_values(l, f[2], i);
    if (fate != CLAM_OK)
        return fate;
    *out = node_over(l->r, VN_INTEGER, l->subs[which]);
    if (!*out)
        return CLAM_MALFORMED;
    (*out)->integer = i;
    return CLAM_OK;
}

/* ---- which kind ---- */

static enum clam_fate one(struct ldb *l, struct slice s, size_t number, struct vdl_node **out)
{
    size_t hash = slice_chr(s, '#');

    if (s.n == 0)
        return clam_malformed(l->why, s.p, "an empty subsignature");
    if (s.p[0] == '$')
        return clam_macro_sub(l, s, number, out);
    if (slice_chr(s, '/') < s.n)
        return regex(l, s, number, out);
    if (slice_chr(s, '(') < s.n && hash < s.n && slice_chr(slice_drop(s, hash + 1), '#') < s.n - hash - 1)
        return compare(l, s, number, out);
    if (slice_starts(s, SLICE("fuzzy_img#")))
        return clam_unsupported(l->why, "image hash");
    return hex(l, s, out);
}

/* What is malformed weighs more than what is unsupported. */
enum clam_fate clam_ldb_subs(struct ldb *l, const struct slice *f)
{
    enum clam_fate worst = CLAM_OK;
    struct clam_why first;

    for (size_t i = 0; i < l->n_subs; i++) {
        enum clam_fate fate = one(l, f[i], i, &l->subs[i]);
        if (fate == CLAM_MALFORMED)
            return fate;
        if (fate == CLAM_OK || worst != CLAM_OK)
            continue;
        worst = fate;
        first = *l->why;
    }
    if (worst != CLAM_OK)
        *l->why = first;
    return worst;
}
