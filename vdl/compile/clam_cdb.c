#include "clam.h"

/*
 * Container metadata: NAME:CTYPE:CSIZE:NAMEREGEX:SIZEIN:SIZEREAL:ENCRYPTED:POS:RES1:RES2[:MINFL[:MAXFL]]. The rules speak of names and sizes;
 * what else is asked for is refused. A name's regular expression is read when it says no more than wildcards and alternatives can.
 */
enum { NAMES_MAX = 64, NAME_LEN = 256, CONDITIONS_MAX = 8 };

struct names {
    struct vdl_reader *r;
    struct vdl_node *all[NAMES_MAX];
    size_t n;
    uint8_t text[NAME_LEN];
    bool too_much;
};

static bool put(struct names *w, size_t *len, uint8_t c)
{
    if (*len == NAME_LEN)
        return false;
    if (c == '*' && *len && w->text[*len - 1] == '*')
        return true;
    w->text[(*len)++] = c;
    return true;
}

static bool keep(struct names *w, size_t len, bool is_bound)
{
    struct vdl_node *n;

    if ((!is_bound && !put(w, &len, '*')) || w->n == NAMES_MAX)
        return false;
    n = node_new(w->r, VN_NAME, 0, 0);
    if (!n)
        return false;
    n->bytes = reader_bytes(w->r, (struct slice){ w->text, len });
    w->all[w->n++] = n;
    return true;
}

static bool is_quantifier(struct slice s)
{
    return s.n && (s.p[0] == '*' || s.p[0] == '+' || s.p[0] == '?' || s.p[0] == '{');
}

static bool expand(struct names *w, struct slice re, size_t len, unsigned depth);

/* (a|b|c) and what follows: once for each. */
static bool group(struct names *w, struct slice re, size_t len, unsigned depth)
{
    size_t close = slice_chr(re, ')');
    struct slice inner = slice_sub(re, 1, close - 1), rest = slice_drop(re, close + 1), f[NAMES_MAX + 1];
    size_t n = clam_split(inner, '|', f, NAMES_MAX + 1);
    uint8_t joined[NAME_LEN];

    if (close == re.n || is_quantifier(rest) || slice_chr(inner, '(') < inner.n || n > NAMES_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (f[i].n + rest.n > NAME_LEN)
            return false;
        memcpy(joined, f[i].p, f[i].n);
        memcpy(joined + f[i].n, rest.p, rest.n);
        if (!expand(w, (struct slice){ joined, f[i].n + rest.n }, len, depth + 1))
            return false;
    }
    return true;
}

/* What is left of the expression, behind len characters of text. */
static bool expand(struct names *w, struct slice re, size_t len, unsigned depth)
{
    while (re.n) {
        uint8_t c = re.p[0];
        if (depth > 8)
            return false;
        if (c == '(')
            return group(w, re, len, depth);
        if (c == '$' && re.n == 1)
            return keep(w, len, true);
        if (c == '.' && re.n > 1 && re.p[1] == '*') {
            if (!put(w, &len, '*'))
                return false;
            re = slice_drop(re, 2);
            continue;
        }
        if (c == '\\' && re.n > 1 && !ascii_is_alpha(re.p[1]) && !ascii_is_digit(re.p[1])) {
            re = slice_drop(re, 1);
            c = re.p[0];
            if (c == '*' || c == '?')
                return false;
        } else if (c == '.') {
            c = '?';
        } else if (strchr("[]{}+*?|^$)\\", c)) {
            return false;
        }
        re = slice_drop(re, 1);
        if (is_quantifier(re) || !put(w, &len, c))
            return false;
    }
    return keep(w, len, false);
}

static struct vdl_node *name_condition(struct vdl_reader *r, struct slice re)
{
    struct names w = { .r = r };
    size_t len = 0;

    if (slice_starts(re, SLICE("^")))
        re = slice_drop(re, 1);
    else
        w.text[len++] = '*';
    return expand(&w, re, len, 0) ? node_list(r, VN_OR, w.all, w.n) : NULL;
}

/* n, a-b (a 0 end is open), or *; false when it is none of them. */
static bool range(struct slice s, uint64_t *lo, uint64_t *hi)
{
    struct slice two[2];
    bool is_range = clam_split(s, '-', two, 2) == 2;

    *lo = 0;
    *hi = VDL_INF;
    if (slice_eq(s, SLICE("*")))
        return true;
    if (!number_of(two[0], lo))
        return false;
    *hi = *lo;
    if (is_range && !number_of(two[1], hi))
        return false;
    if (is_range && *hi == 0 && *lo)
        *hi = VDL_INF;
    return true;
}

static bool is_any(struct slice s)
{
    return slice_eq(s, SLICE("*"));
}

static enum clam_fate container(struct vdl_reader *r, struct slice type, struct vdl_node **out, struct clam_why *why)
{
    struct slice word = clam_type_word(type);

    if (word.n == 0)
        return clam_unsupported(why, "container type %.*s", (int)(type.n > 40 ? 40 : type.n), (const char *)type.p);
    *out = node_new(r, VN_CONTAINER, 0, 0);
    if (!*out)
        return CLAM_MALFORMED;
    (*out)->bytes = word;
    return CLAM_OK;
}

static enum clam_fate refuse(const struct slice *f, uint64_t size_lo, uint64_t size_hi, struct clam_why *why)
{
    uint64_t lo, hi;

    if (!range(f[2], &lo, &hi) || !range(f[4], &lo, &hi) || !range(f[7], &lo, &hi))
        return clam_malformed(why, NULL, "a size or position is a number, a-b or *");
    if (!is_any(f[6]) && !slice_eq(f[6], SLICE("0")) && !slice_eq(f[6], SLICE("1")))
        return clam_malformed(why, f[6].p, "ENCRYPTED is 0, 1 or *");
    if (!is_any(f[2]))
        return clam_unsupported(why, "container size");
    if (slice_eq(f[6], SLICE("1")))
        return clam_unsupported(why, "encrypted member");
    if (!is_any(f[7]))
        return clam_unsupported(why, "position in container");
    if (!is_any(f[4]) && !(range(f[4], &lo, &hi) && lo == size_lo && hi == size_hi))
        return clam_unsupported(why, "compressed size");
    return CLAM_OK;
}

static enum clam_fate one(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    struct slice f[13];
    size_t n = clam_split(line, ':', f, 13), k = 0;
    struct vdl_node *all[CONDITIONS_MAX];
    uint64_t lo, hi;
    enum clam_fate fate;

    if (n < 10 || n > 12)
        return clam_malformed(why, NULL, "expected 10 to 12 fields, found %zu", n);
    *name = clam_name(f[0]);
    if (name->n == 0)
        return clam_malformed(why, f[0].p, "a signature without a name");
    fate = clam_level(r, f + 10, n - 10, why);
    if (fate != CLAM_OK)
        return fate;
    if (!range(f[5], &lo, &hi))
        return clam_malformed(why, f[5].p, "a size is a number, a-b or *");
    fate = refuse(f, lo, hi, why);
    if (fate == CLAM_OK && !is_any(f[1]))
        fate = container(r, f[1], &all[k++], why);
    if (fate != CLAM_OK)
        return fate;
    if (!is_any(f[5])) {
        all[k] = node_new(r, VN_SIZE, 0, 0);
        if (!all[k])
            return CLAM_MALFORMED;
        all[k]->lo = lo;
        all[k++]->hi = hi;
    }
    if (!is_any(f[3])) {
        all[k] = name_condition(r, f[3]);
        if (!all[k++])
            return clam_unsupported(why, "name regular expression");
    }
    if (k == 0)
        return clam_malformed(why, NULL, "a signature that matches every member");
    return clam_keep(r, *name, reader_class(r), NULL, node_list(r, VN_AND, all, k), number, line, why);
}

enum cs_status clam_read_cdb(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, one);
}
