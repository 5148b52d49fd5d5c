#include "parse.h"

/* ---- bytes ---- */

static struct vdl_node *at(struct vdl_node *n, const struct token *t)
{
    if (n) {
        n->line = t->line;
        n->column = t->column;
    }
    return n;
}

static bool is_byte(const struct parse *p)
{
    return p->t.kind == LT_INT || p->t.kind == LT_BYTE;
}

/* A number that is one byte. */
static bool need_byte(struct parse *p, uint8_t *out)
{
    if (!is_byte(p)) {
        parse_expected(p, "a byte", "a byte is 97, 0x61, 'a' or \\x61");
        return false;
    }
    if (p->t.value > 255) {
        parse_error(p, p->t.line, p->t.column, "a byte is 0 to 255", "this number is no byte");
        return false;
    }
    *out = (uint8_t)p->t.value;
    parse_next(p);
    return true;
}

static void set_class(uint8_t set[32], int c)
{
    for (unsigned i = 0; i < 256; i++) {
        uint8_t b = (uint8_t)i;
        if (c == 'd' ? ascii_is_digit(b) : c == 's' ? ascii_is_space(b) : ascii_is_alpha(b) || ascii_is_digit(b) || b == '_')
            set_add(set, i);
    }
}

static void set_mask(uint8_t set[32], uint64_t value, uint8_t mask)
{
    for (unsigned i = 0; i < 256; i++)
        if ((i & mask) == (value & mask))
            set_add(set, i);
}

/* A byte, or m-n: added to set. */
static bool byte_range(struct parse *p, uint8_t set[32])
{
    uint32_t line = p->t.line, column = p->t.column;
    uint8_t lo, hi;

    if (!need_byte(p, &lo))
        return false;
    hi = lo;
    if (parse_take(p, '-') && !need_byte(p, &hi))
        return false;
    if (hi < lo) {
        parse_error(p, line, column, NULL, "this range ends before it begins");
        return false;
    }
    for (unsigned i = lo; i <= hi; i++)
        set_add(set, i);
    return true;
}

/* The set as a node: a literal when it is one byte. */
static struct vdl_node *set_node(struct parse *p, const uint8_t set[32])
{
    unsigned n = 0;
    uint8_t only = 0;

    for (unsigned i = 0; i < 256; i++)
        if (set_has(set, i)) {
            n++;
            only = (uint8_t)i;
        }
    return n == 1 ? node_bytes(p->r, (struct slice){ &only, 1 }, false) : node_set(p->r, set);
}

static bool set_item(struct parse *p, uint8_t set[32])
{
    if (p->t.kind == LT_CLASS)
        set_class(set, (int)p->t.value);
    else if (p->t.kind == LT_MASK)
        set_mask(set, p->t.value, p->t.mask);
    else if (p->t.kind == LT_STRING)
        for (size_t i = 0; i < p->t.bytes.n; i++)
            set_add(set, p->t.bytes.p[i]);
    else if (is_byte(p))
        return byte_range(p, set);
    else {
        parse_expected(p, "a byte, a range, a string of bytes or a class", "[ 'a'-'f', 0x80-0xff ], or [! … ] for any other byte");
        return false;
    }
    parse_next(p);
    return true;
}

/* [ … ] or [! … ], behind the '['. */
static struct vdl_node *byte_expression(struct parse *p)
{
    uint8_t set[32] = { 0 };
    struct token t = p->t;
    bool is_not, any = false;

    parse_ours(p, "[ ]");
    is_not = parse_take(p, '!');
    do {
        if (!set_item(p, set))
            return NULL;
    } while (parse_take(p, ','));
    for (size_t i = 0; i < sizeof set; i++) {
        if (is_not)
            set[i] = (uint8_t)~set[i];
        any = any || set[i];
    }
    if (!any)
        return parse_error(p, t.line, t.column, NULL, "no byte is in this set");
    return parse_need(p, ']', "',' or ']'") ? at(set_node(p, set), &t) : NULL;
}

/* ---- FUZZY ---- */

static bool is_fuzzy(const struct parse *p)
{
    static const char *const words[] = { "FUZZY", "Fuzzy", "fuzzy", "FUZZ", "Fuzz", "fuzz" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (parse_is_word(p, words[i]))
            return true;
    return false;
}

/* [-m] [+p], m, +-m, -+m */
static bool fuzzy_bounds(struct parse *p, uint64_t *below, uint64_t *above)
{
    *below = *above = 0;
    if (p->t.kind == LT_INT) {
        if (!parse_need_int(p, below))
            return false;
        *above = *below;
        return true;
    }
    for (int i = 0; i < 2 && (parse_is(p, '-') || parse_is(p, '+')); i++) {
        bool is_minus = parse_is(p, '-');
        parse_next(p);
        if (parse_take(p, is_minus ? '+' : '-')) {
            if (!parse_need_int(p, below))
                return false;
            *above = *below;
            return true;
        }
        if (!parse_need_int(p, is_minus ? below : above))
            return false;
    }
    return true;
}

static struct vdl_node *fuzzy_bytes(struct parse *p, struct slice x, uint64_t below, uint64_t above)
{
    size_t mark = p->n_kids;
    struct vdl_node *n;

    for (size_t i = 0; i < x.n; i++) {
        uint8_t set[32] = { 0 };
        uint64_t lo = below > x.p[i] ? 0 : x.p[i] - below, hi = above > 255u - x.p[i] ? 255 : x.p[i] + above;
        for (uint64_t c = lo; c <= hi; c++)
            set_add(set, (unsigned)c);
        if (!parse_push(p, set_node(p, set)))
            return NULL;
    }
    n = node_cat(p->r, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return n;
}

static struct vdl_node *fuzzy(struct parse *p)
{
    struct token t = p->t;
    uint64_t below, above;
    uint8_t byte;
    struct slice x;

    parse_next(p);
    if (!fuzzy_bounds(p, &below, &above))
        return NULL;
    if (p->t.kind == LT_STRING) {
        x = p->t.bytes;
        parse_next(p);
    } else {
        if (!is_byte(p))
            return parse_expected(p, "a string or a byte", "FUZZY -2 +3 \"cow\", or FUZZY 2 100");
        if (!need_byte(p, &byte))
            return NULL;
        x = (struct slice){ &byte, 1 };
    }
    return at(fuzzy_bytes(p, x, below, above), &t);
}

/* ---- strings ---- */

static bool is_skipped(uint8_t c, bool digits)
{
    if (digits)
        return !ascii_is_digit(c);
    return ascii_is_space(c) || (c > ' ' && c < 0x7f && !ascii_is_alpha(c) && !ascii_is_digit(c));
}

/* ~"…", ~~"…", ~#"…", behind the sign. */
static struct vdl_node *loose_string(struct parse *p, int sign)
{
    struct token t = p->t;
    struct vdl_node *n;
    uint8_t *to;
    size_t k = 0;

    if (t.kind != LT_STRING)
        return parse_expected(p, "a string", NULL);
    parse_next(p);
    if (sign == '~')
        return at(node_bytes(p->r, t.bytes, true), &t);
    to = reader_get(p->r, t.bytes.n, 1);
    for (size_t i = 0; to && i < t.bytes.n; i++)
        if (!is_skipped(t.bytes.p[i], sign == LP_DIGITS))
            to[k++] = ascii_lower(t.bytes.p[i]);
    if (k == 0)
        return parse_error(p, t.line, t.column, NULL, sign == LP_DIGITS ? "no digit is in this string" : "nothing but white space and punctuation is in this string");
    n = node_new(p->r, sign == LP_DIGITS ? VN_DIGITS : VN_LOOSE, t.line, t.column);
    if (n) {
        n->bytes = (struct slice){ to, k };
        n->fold = sign != LP_DIGITS;
    }
    return n;
}

/* A plain or folded literal, or alternatives of such, changed by fn. */
static struct vdl_node *each_literal(struct parse *p, struct vdl_node *n, struct vdl_node *(*fn)(struct parse *, struct vdl_node *, const uint64_t *),
                                     const uint64_t *arg)
{
    size_t mark = p->n_kids;
    struct vdl_node *out;

    if (n->kind == VN_BYTES)
        return fn(p, n, arg);
    if (n->kind != VN_ALT)
        return parse_error(p, n->line, n->column, NULL, "expected a string behind this word");
    for (size_t i = 0; i < n->n_kids; i++)
        if (!parse_push(p, each_literal(p, n->kids[i], fn, arg)))
            return NULL;
    out = node_list(p->r, VN_ALT, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return out;
}

/* Every key of arg[0]..arg[1]. */
static struct vdl_node *xored(struct parse *p, struct vdl_node *n, const uint64_t *arg)
{
    size_t mark = p->n_kids;
    struct vdl_node *out;

    if (n->fold)
        return parse_error(p, n->line, n->column, NULL, "XORED does not go with letters in either case");
    for (uint64_t key = arg[0]; key <= arg[1]; key++) {
        uint8_t *to = reader_get(p->r, n->bytes.n, 1);
        struct vdl_node *one = to ? node_new(p->r, VN_BYTES, n->line, n->column) : NULL;
        if (!one)
            return NULL;
        for (size_t i = 0; i < n->bytes.n; i++)
            to[i] = n->bytes.p[i] ^ (uint8_t)key;
        one->bytes = (struct slice){ to, n->bytes.n };
        if (!parse_push(p, one))
            return NULL;
    }
    out = node_list(p->r, VN_ALT, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return out;
}

static struct vdl_node *wide(struct parse *p, struct vdl_node *n, const uint64_t *arg)
{
    struct vdl_node *two[2] = { n, node_wide(p->r, n) };

    return arg[0] ? node_list(p->r, VN_ALT, two, 2) : two[1];
}

/* The text as it looks inside base64, at its three alignments. */
static struct vdl_node *based(struct parse *p, struct vdl_node *n, const uint64_t *arg)
{
    struct vdl_node *three[3];

    if (n->fold)
        return parse_error(p, n->line, n->column, NULL, "BASE64 does not go with letters in either case");
    for (size_t k = 0; k < 3; k++) {
        three[k] = node_base64(p->r, n->bytes, k, NULL);
        if (!three[k])
            return parse_error(p, n->line, n->column, "at least four bytes", "too short to be found inside base64");
        at(three[k], &(struct token){ .line = n->line, .column = n->column });
        if (arg[0])
            three[k] = node_wide(p->r, three[k]);
    }
    return node_list(p->r, VN_ALT, three, 3);
}

static struct vdl_node *fullword(struct parse *p, struct vdl_node *n)
{
    struct vdl_node *three[3] = { node_edge(p->r, VE_ALNUM_FREE, false), n, node_edge(p->r, VE_ALNUM_FREE, true) };

    return n ? at(node_cat(p->r, three, 3), &(struct token){ .line = n->line, .column = n->column }) : NULL;
}

/* WIDE, XORED, BASE64 … before a string. NULL without a complaint when the word is none of them. */
static struct vdl_node *modified(struct parse *p)
{
    static const char *const words[] = { "WIDE", "XORED", "BASE64", "BASE64WIDE", "FULLWORD" };
    uint64_t arg[2] = { 0, 255 };
    struct token t = p->t;
    struct vdl_node *n;
    size_t which = 0;

    while (which < sizeof words / sizeof *words && !parse_is_word(p, words[which]))
        which++;
    if (which == sizeof words / sizeof *words)
        return NULL;
    parse_ours(p, words[which]);
    parse_next(p);
    if (which == 0)
        arg[0] = parse_take_word(p, "ASCII");
    if (which == 1 && p->t.kind == LT_INT && !parse_range(p, &arg[0], &arg[1]))
        return NULL;
    if (which == 1 && (arg[0] > 255 || arg[1] > 255))
        return parse_error(p, t.line, t.column, "XORED 1-255 \"text\"", "a key is 0 to 255");
    arg[0] = which == 3 ? 1 : arg[0];
    n = parse_prim(p);
    if (!n)
        return NULL;
    if (which == 4)
        return node_is_low(n) ? fullword(p, n) : parse_error(p, n->line, n->column, NULL, "expected a string behind this word");
    return each_literal(p, n, which == 0 ? wide : which == 1 ? xored : based, arg);
}

/* ---- items of a segment ---- */

/* A byte, a range of bytes, or n OF (…). */
static struct vdl_node *byte_or_of(struct parse *p)
{
    struct token t = p->t;
    uint8_t set[32] = { 0 };

    if (t.kind == LT_INT && lex_peek_word(&p->lex, "OF")) {
        parse_next(p);
        parse_next(p);
        return parse_n_of(p, t.value, &t);
    }
    return byte_range(p, set) ? at(set_node(p, set), &t) : NULL;
}

static struct vdl_node *simple_prim(struct parse *p)
{
    struct token t = p->t;
    uint8_t set[32] = { 0 };

    switch (t.kind) {
    case LT_STRING:
        parse_next(p);
        return at(node_bytes(p->r, t.bytes, false), &t);
    case LT_CLASS:
        set_class(set, (int)t.value);
        parse_next(p);
        return at(node_set(p->r, set), &t);
    case LT_MASK:
        parse_ours(p, "a byte mask");
        set_mask(set, t.value, t.mask);
        parse_next(p);
        return at(t.mask ? set_node(p, set) : node_gap(p->r, 1, 1), &t);
    case LT_EDGE:
        parse_ours(p, "\\b");
        parse_next(p);
        return at(node_edge(p->r, VE_WORD, false), &t);
    case LT_INT: case LT_BYTE:
        return byte_or_of(p);
    default:
        return NULL;
    }
}

static struct vdl_node *group(struct parse *p)
{
    bool no_comma = p->no_comma;
    struct vdl_node *n;

    p->no_comma = false;
    n = parse_or(p);
    p->no_comma = no_comma;
    return n && parse_need(p, ')', "an operator or ')'") ? n : NULL;
}

/* START and END of the object; the boundary classes of imported sets, before (B_) or behind (A_) this place. */
static struct vdl_node *edge_word(struct parse *p)
{
    static const struct { const char *word; enum vdl_edge edge; bool is_after; } words[] = {
        { "START", VE_START, false }, { "END", VE_END, false }, { "BEFORE_B", VE_CLAM_B, false }, { "AFTER_B", VE_CLAM_B, true },
        { "BEFORE_L", VE_CLAM_L, false }, { "AFTER_L", VE_CLAM_L, true }, { "BEFORE_W", VE_ALNUM_FREE, false }, { "AFTER_W", VE_ALNUM_FREE, true },
        { "WORD", VE_WORD, false },
    };
    struct token t = p->t;
    bool is_not = t.bytes.n > 1 && t.bytes.p[0] == 'N' && t.bytes.p[1] == '_';     /* N_END: not at the end */
    struct slice word = slice_drop(t.bytes, is_not ? 2 : 0);

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_eq(word, slice_str(words[i].word))) {
            struct vdl_node *n = at(node_edge(p->r, words[i].edge, words[i].is_after), &t);
            parse_ours(p, words[i].word);
            parse_next(p);
            if (n)
                n->edge_not = is_not;
            return n;
        }
    return NULL;
}

static struct vdl_node *unknown_word(struct parse *p)
{
    static const char *const words[] = { "AND", "OR", "XOR", "NOT", "COUNT", "PLACE", "OF", "LET", "IN", "SIZE", "NAME", "PARENT", "TOP", "DEPTH", "MD5" };
    char text[96], hint[48];

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ieq(p->t.bytes, slice_str(words[i])) && !parse_is_word(p, words[i])) {
            snprintf(hint, sizeof hint, "keywords are in capitals: %s", words[i]);
            snprintf(text, sizeof text, "unknown word %.*s", (int)p->t.bytes.n, (const char *)p->t.bytes.p);
            return parse_error(p, p->t.line, p->t.column, hint, text);
        }
    return parse_expected(p, "a string, a byte, '(' or a keyword", "text to look for stands in double quotes");
}

struct vdl_node *parse_prim(struct parse *p)
{
    struct token t = p->t;
    struct vdl_node *n;

    if (p->depth == PARSE_DEPTH || p->has_failed)
        return parse_error(p, t.line, t.column, NULL, "nested too deep");
    p->depth++;
    n = simple_prim(p);
    if (!n && t.kind == LT_PUNCT && (t.value == '~' || t.value == LP_LOOSE || t.value == LP_DIGITS)) {
        if (t.value == LP_DIGITS)
            parse_ours(p, "~#");
        parse_next(p);
        n = loose_string(p, (int)t.value);
    } else if (!n && parse_take(p, '(')) {
        n = group(p);
    } else if (!n && parse_take(p, '[')) {
        n = byte_expression(p);
    } else if (!n && parse_take(p, '.')) {
        parse_ours(p, "'.'");
        n = at(node_gap(p->r, 1, 1), &t);
    } else if (!n && parse_take(p, LP_ANYGAP)) {
        n = at(node_gap(p->r, 0, VDL_INF), &t);
    } else if (!n && is_fuzzy(p)) {
        n = fuzzy(p);
    } else if (!n && !p->has_failed && (p->t.kind == LT_WORD || p->t.kind == LT_REGEX)) {
        n = modified(p);
        if (!n && !p->has_failed)
            n = edge_word(p);
        if (!n && !p->has_failed)
            n = parse_fact(p);
    }
    p->depth--;
    if (!n && !p->has_failed)
        return p->t.kind == LT_WORD ? unknown_word(p) : parse_expected(p, "a string, a byte, '(' or a keyword", NULL);
    return n;
}

/* {n} {m,n} {m,}, * and +, behind a prim. */
static bool repetition(struct parse *p, uint64_t *lo, uint64_t *hi)
{
    struct token t = p->t;

    if (parse_is(p, '*') || parse_is(p, '+')) {
        *lo = parse_is(p, '+');
        *hi = VDL_INF;
        parse_next(p);
        return true;
    }
    parse_ours(p, "{ }");
    parse_next(p);
    if (!parse_need_int(p, lo))
        return false;
    *hi = *lo;
    if (parse_take(p, ',')) {
        *hi = VDL_INF;
        if (!parse_is(p, '}') && !parse_need_int(p, hi))
            return false;
    }
    if (!parse_need(p, '}', "'}'"))
        return false;
    if (*hi < *lo || *hi == 0 || *lo > PARSE_REPEAT || (*hi > PARSE_REPEAT && *hi != VDL_INF)) {
        parse_error(p, t.line, t.column, "{n}, {m,n} or {m,}: m is not larger than n, n is not 0 and at most 1,048,576", "a repetition out of range");
        return false;
    }
    return true;
}

static struct vdl_node *repeat(struct parse *p, struct vdl_node *n, uint64_t lo, uint64_t hi)
{
    struct vdl_node *rep;

    if (n->kind == VN_GAP && n->lo == n->hi && n->lo)
        return at(node_gap(p->r, lo * n->lo, hi == VDL_INF ? hi : hi * n->lo), &(struct token){ .line = n->line, .column = n->column });
    if (lo == 1 && hi == 1)
        return n;
    if (n->kind == VN_BYTES && !n->mask && lo == hi && lo * n->bytes.n <= LEX_STRING) {
        uint8_t *to = reader_get(p->r, lo, n->bytes.n);
        rep = to ? node_new(p->r, VN_BYTES, n->line, n->column) : NULL;
        if (!rep)
            return NULL;
        for (size_t i = 0; i < lo; i++)
            memcpy(to + i * n->bytes.n, n->bytes.p, n->bytes.n);
        rep->bytes = (struct slice){ to, lo * n->bytes.n };
        rep->fold = n->fold;
        return rep;
    }
    rep = node_over(p->r, VN_REP, n);
    if (rep) {
        rep->lo = lo;
        rep->hi = hi;
    }
    return rep;
}

static struct vdl_node *need_low(struct parse *p, struct vdl_node *n, const char *why)
{
    if (n && !node_is_low(n))
        return parse_error(p, n->line, n->column, "AND, OR and the other words in capitals speak of the whole object; ',' and '|' build one segment", why);
    return n;
}

static struct vdl_node *parse_post(struct parse *p)
{
    struct vdl_node *n = parse_prim(p);
    struct token t = p->t;
    uint64_t lo, hi;

    if (!n || !(parse_is(p, '{') || ((parse_is(p, '*') || parse_is(p, '+')) && t.is_glued)))
        return n;
    if (!need_low(p, n, "this cannot be repeated") || !repetition(p, &lo, &hi))
        return NULL;
    return repeat(p, n, lo, hi);
}

static struct vdl_node *parse_alt(struct parse *p)
{
    size_t mark = p->n_kids;
    struct vdl_node *n = parse_post(p);

    while (n && parse_is(p, '|')) {
        if (!need_low(p, n, "this cannot be an alternative inside a segment") || !parse_push(p, n))
            return NULL;
        parse_next(p);
        n = parse_post(p);
    }
    if (!n || p->n_kids == mark)
        return n;
    if (!need_low(p, n, "this cannot be an alternative inside a segment") || !parse_push(p, n))
        return NULL;
    n = node_list(p->r, VN_ALT, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return n;
}

/* @n, @m-n, @m-, behind the '@'. */
static struct vdl_node *gap(struct parse *p, const struct token *t)
{
    uint64_t lo, hi;

    if (!parse_range(p, &lo, &hi))
        return NULL;
    if (lo > UINT32_MAX || (hi > UINT32_MAX && hi != VDL_INF))
        return parse_error(p, t->line, t->column, NULL, "a gap of more than 4,294,967,295 bytes");
    return at(node_gap(p->r, lo, hi), t);
}

/* A sign and a number, or nothing: 0. */
static bool signed_offset(struct parse *p, int64_t *out)
{
    uint64_t v;
    bool is_minus = parse_is(p, '-');

    *out = 0;
    if (!is_minus && !parse_is(p, '+'))
        return true;
    parse_next(p);
    if (!parse_need_int(p, &v) || v > UINT32_MAX)
        return false;
    *out = is_minus ? -(int64_t)v : (int64_t)v;
    return true;
}

/* EP, SL, Sn, SEn, VI: places in an executable. */
static bool exe_place(struct parse *p, struct vdl_anchor *a)
{
    struct slice w = p->t.bytes, digits;
    uint64_t n = 0;
    bool is_in = slice_starts(w, SLICE("SE"));

    digits = slice_drop(w, is_in ? 2 : 1);
    if (slice_eq(w, SLICE("EP"))) {
        a->where = VW_ENTRY;
    } else if (slice_eq(w, SLICE("SL"))) {
        a->where = VW_LAST_SECTION;
    } else if (slice_eq(w, SLICE("VI"))) {
        a->where = VW_VERSION_INFO;
    } else if (w.n && w.p[0] == 'S' && digits.n < 4 && number_of(digits, &n)) {
        a->where = is_in ? VW_IN_SECTION : VW_SECTION;
        a->section = (unsigned)n;
    } else {
        return parse_expected(p, "EP, SL, S0, SE0 or VI", "the entry point, the last section, a section's start, inside a section, the version information");
    }
    parse_next(p);
    if (a->where == VW_IN_SECTION || a->where == VW_VERSION_INFO)
        return true;
    if (!signed_offset(p, &a->lo))
        return false;
    a->hi = a->lo;
    return true;
}

/* @=n, @=m-n, @=-n, @=-m-n, @=EP+n …: behind the '='. */
static struct vdl_anchor *anchor(struct parse *p)
{
    struct vdl_anchor a = { .where = VW_START }, *out;
    uint64_t lo, hi;

    parse_ours(p, "@=");
    if (p->t.kind == LT_WORD) {
        if (!exe_place(p, &a))
            return parse_error(p, p->t.line, p->t.column, NULL, "a broken place");
    } else {
        a.where = parse_take(p, '-') ? VW_END : VW_START;
        if (!parse_range(p, &lo, &hi))
            return NULL;
        if (lo > INT64_MAX || (hi > INT64_MAX && hi != VDL_INF))
            return parse_error(p, p->t.line, p->t.column, NULL, "a place out of range");
        a.lo = (int64_t)lo;
        a.hi = hi == VDL_INF ? INT64_MAX : (int64_t)hi;
    }
    out = reader_get(p->r, 1, sizeof *out);
    if (out)
        *out = a;
    return out;
}

static struct vdl_node *anchored(struct parse *p, const struct token *t)
{
    struct vdl_anchor *a = anchor(p);
    struct vdl_node *n;

    if (!a || !parse_need(p, ',', "',' behind the place"))
        return NULL;
    n = parse_cat(p);
    if (!n || n->kind != VN_REGEX || n->anchor) {
        n = need_low(p, n, "only a segment or a regular expression can be bound to a place");
        n = n ? node_over(p->r, VN_SEGMENT, n) : NULL;
    }
    if (n)
        n->anchor = a;
    return at(n, t);
}

struct vdl_node *parse_cat(struct parse *p)
{
    size_t mark = p->n_kids;
    struct vdl_node *n;
    struct token t;

    for (;;) {
        t = p->t;
        if (parse_take(p, '@')) {
            if (p->n_kids == mark && parse_take(p, '='))
                return anchored(p, &t);
            n = gap(p, &t);
        } else {
            n = parse_alt(p);
        }
        if (!n || p->no_comma || (p->n_kids == mark && !parse_is(p, ',')))
            return n;
        if (!need_low(p, n, "this cannot be a part of a segment") || !parse_push(p, n))
            return NULL;
        if (!parse_take(p, ','))
            break;
    }
    n = node_cat(p->r, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return n;
}
