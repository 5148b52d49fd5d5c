#include "parse.h"
#include "regexcheck.h"

/* Words of the high level that are not AND, OR, XOR, NOT; then <…> lists and samples. */

static struct vdl_node *leaf(struct parse *p, enum vdl_kind kind, const struct token *t)
{
    return node_new(p->r, kind, t->line, t->column);
}

static bool parse_cmp(struct parse *p, enum vdl_cmp *cmp)
{
    static const struct { int punct; enum vdl_cmp cmp; } all[] = {
        { '=', VC_EQ }, { '>', VC_GT }, { '<', VC_LT }, { LP_GE, VC_GE }, { LP_LE, VC_LE }, { LP_NE, VC_NE },
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (parse_take(p, all[i].punct)) {
            *cmp = all[i].cmp;
            return true;
        }
    parse_expected(p, "=, !=, <, <=, > or >=", NULL);
    return false;
}

/* (expression) behind COUNT or PLACE */
static struct vdl_node *in_parentheses(struct parse *p, const char *what)
{
    bool no_comma = p->no_comma;
    struct vdl_node *n;

    if (!parse_need(p, '(', what))
        return NULL;
    p->no_comma = false;
    n = parse_high(p, parse_or(p));
    p->no_comma = no_comma;
    return n && parse_need(p, ')', "')'") ? n : NULL;
}

/* COUNT(expression) >= n [DISTINCT m] */
static struct vdl_node *count(struct parse *p, const struct token *t)
{
    struct vdl_node *n, *kid = in_parentheses(p, "'(' behind COUNT");
    enum vdl_cmp cmp;
    uint64_t many = 0;

    if (!kid || !parse_cmp(p, &cmp))
        return NULL;
    n = node_over(p->r, VN_COUNT, kid);
    if (!n || !parse_need_int(p, &n->lo))
        return NULL;
    n->cmp = cmp;
    n->line = t->line;
    n->column = t->column;
    if (parse_take_word(p, "DISTINCT") && !parse_need_int(p, &many))
        return NULL;
    if (many > UINT32_MAX || n->lo > UINT32_MAX)
        return parse_error(p, t->line, t->column, NULL, "a count of more than 4,294,967,295");
    n->distinct = (uint32_t)many;
    return n;
}

/* (a, b, …) behind OF; need: how many of them, 0 for all. */
static struct vdl_node *of_list(struct parse *p, uint64_t need, const struct token *t)
{
    size_t mark = p->n_kids;
    bool no_comma = p->no_comma;
    struct vdl_node *n;

    parse_ours(p, "OF");
    if (!parse_need(p, '(', "'(' behind OF"))
        return NULL;
    p->no_comma = true;
    do {
        if (!parse_push(p, parse_high(p, parse_or(p))))
            return NULL;
    } while (parse_take(p, ','));
    p->no_comma = no_comma;
    if (!parse_need(p, ')', "',' or ')'"))
        return NULL;
    n = node_list(p->r, VN_OF, p->kids + mark, p->n_kids - mark);
    if (!n)
        return NULL;
    n->lo = need ? need : n->n_kids;
    n->line = t->line;
    n->column = t->column;
    p->n_kids = mark;
    return n;
}

static bool hex_bytes(struct slice s, uint8_t *out)
{
    if (s.n % 2)
        return false;
    for (size_t i = 0; i < s.n; i += 2) {
        int hi = ascii_hex(s.p[i]), lo = ascii_hex(s.p[i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i / 2] = (uint8_t)(hi * 16 + lo);
    }
    return true;
}

/* MD5("hex") [SIZE n]; the word is taken. */
static struct vdl_node *hash(struct parse *p, enum vdl_hash algo, enum vdl_kind kind, const struct token *t)
{
    static const size_t sizes[] = { 16, 20, 32 };
    uint8_t digest[32];
    struct vdl_node *n = leaf(p, kind, t);
    struct token s;

    parse_ours(p, "a hash");
    if (!n || !parse_need(p, '(', "'('"))
        return NULL;
    s = p->t;
    if (s.kind != LT_STRING)
        return parse_expected(p, "the hash in double quotes", NULL);
    if (s.bytes.n != sizes[algo] * 2 || !hex_bytes(s.bytes, digest))
        return parse_error(p, s.line, s.column, "MD5 has 32 hexadecimal digits, SHA1 40, SHA256 64", "this is no hash of this kind");
    parse_next(p);
    n->algo = algo;
    n->bytes = reader_bytes(p->r, (struct slice){ digest, sizes[algo] });
    n->lo = VDL_INF;
    if (!parse_need(p, ')', "')'"))
        return NULL;
    if (parse_take_word(p, "SIZE") && !parse_need_int(p, &n->lo))
        return NULL;
    return n;
}

/* SIZE or DEPTH: a range, or a comparison. */
static struct vdl_node *range(struct parse *p, enum vdl_kind kind, const struct token *t)
{
    struct vdl_node *n = leaf(p, kind, t);
    enum vdl_cmp cmp;
    uint64_t v;

    if (!n)
        return NULL;
    if (p->t.kind == LT_INT)
        return parse_range(p, &n->lo, &n->hi) ? n : NULL;
    if (!parse_cmp(p, &cmp) || !parse_need_int(p, &v))
        return NULL;
    n->hi = VDL_INF;
    if (cmp == VC_EQ || cmp == VC_NE)
        n->lo = n->hi = v;
    else if (cmp == VC_GT || cmp == VC_GE)
        n->lo = v + (cmp == VC_GT);
    else if (v == 0 && cmp == VC_LT)
        return parse_error(p, t->line, t->column, NULL, "nothing is smaller than 0");
    else
        n->hi = v - (cmp == VC_LT);
    return cmp == VC_NE ? node_over(p->r, VN_NOT, n) : n;
}

/* NAME [~]"pattern", PARENT "word", SENDER "pattern", INSIDE "A>B" */
static struct vdl_node *text(struct parse *p, enum vdl_kind kind, const struct token *t)
{
    struct vdl_node *n = leaf(p, kind, t);

    if (!n)
        return NULL;
    n->fold = kind == VN_NAME || kind == VN_SENDER ? parse_take(p, '~') : false;
    if (p->t.kind != LT_STRING)
        return parse_expected(p, "a string", kind == VN_NAME ? "NAME ~\"*.scr\": '*' is any text, '?' any character" : NULL);
    n->bytes = p->t.bytes;
    parse_next(p);
    return n;
}

/* ---- byte tests ---- */

static bool value_of(struct parse *p, struct vdl_integer *i)
{
    uint64_t mask;

    i->and_mask = UINT64_MAX;
    if (parse_take(p, '&')) {
        if (!parse_need_int(p, &mask))
            return false;
        i->and_mask = mask;
    }
    if (!parse_cmp(p, &i->cmp[0]) || !parse_need_int(p, &i->value[0]))
        return false;
    i->n_cmp = 1;
    return true;
}

static struct vdl_node *let_node(struct parse *p, struct slice name)
{
    for (size_t i = 0; i < p->n_lets; i++)
        if (slice_eq(p->lets[i].name, name)) {
            p->lets[i].is_used = true;
            return p->lets[i].node;
        }
    return NULL;
}

/* INT32(n) inside the parentheses of another: the place is read from the object. */
static bool integer_from(struct parse *p, struct vdl_integer *i)
{
    static const struct { const char *word; uint8_t bytes; bool is_big; } kinds[] = {
        { "INT8", 1, false }, { "INT16", 2, false }, { "INT32", 4, false }, { "INT16BE", 2, true }, { "INT32BE", 4, true },
    };
    uint64_t v;

    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (!parse_take_word(p, kinds[k].word))
            continue;
        if (!parse_need(p, '(', "'('") || !parse_need_int(p, &v) || !parse_need(p, ')', "')'"))
            return false;
        if (v > UINT32_MAX)
            return parse_error(p, p->t.line, p->t.column, NULL, "an offset out of range");
        i->from_bytes = kinds[k].bytes;
        i->from_big = kinds[k].is_big;
        i->from = (uint32_t)v;
        return true;
    }
    return parse_expected(p, "INT8, INT16, INT32, INT16BE or INT32BE", NULL);
}

/* INT16(n), INT16(name + n), INT16(INT32(n) + n), DEC(name + n, digits) …, then a comparison. */
static struct vdl_node *integer(struct parse *p, const struct vdl_integer *like, const struct token *t)
{
    struct vdl_integer *i = reader_get(p->r, 1, sizeof *i);
    struct vdl_node *n, *base = NULL;
    uint64_t v = 0;
    bool is_minus = false;

    parse_ours(p, "a byte test");
    if (!i || !parse_need(p, '(', "'('"))
        return NULL;
    *i = *like;
    if (p->t.kind == LT_WORD && slice_starts(p->t.bytes, SLICE("INT"))) {
        if (!integer_from(p, i))
            return NULL;
        is_minus = parse_is(p, '-');
    } else if (parse_is(p, '(')) {
        base = parse_high(p, parse_prim(p));
        if (base && base->kind != VN_SEGMENT)
            return parse_error(p, base->line, base->column, NULL, "an offset counts from a segment");
        if (!base)
            return NULL;
        is_minus = parse_is(p, '-');
    } else if (p->t.kind == LT_WORD) {
        base = let_node(p, p->t.bytes);
        if (!base)
            return parse_expected(p, "an offset, or a name given by LET", "LET a = \"text\" IN INT16(a + 4) = 7");
        parse_next(p);
        is_minus = parse_is(p, '-');
    }
    if ((!base && !i->from_bytes) || is_minus || parse_is(p, '+')) {
        if (base || i->from_bytes)
            parse_next(p);
        if (!parse_need_int(p, &v) || v > UINT32_MAX)
            return parse_error(p, t->line, t->column, NULL, "an offset out of range");
    }
    i->offset = is_minus ? -(int64_t)v : (int64_t)v;
    if (i->is_text) {
        if (!parse_need(p, ',', "',' and the number of digits") || !parse_need_int(p, &v))
            return NULL;
        if (v == 0 || v > 18)
            return parse_error(p, t->line, t->column, NULL, "1 to 18 digits");
        i->bytes = (uint8_t)v;
    }
    if (!parse_need(p, ')', "')'") || !value_of(p, i))
        return NULL;
    n = base ? node_over(p->r, VN_INTEGER, base) : leaf(p, VN_INTEGER, t);
    if (n)
        n->integer = i;
    return n;
}

static struct vdl_node *place_of(struct parse *p)
{
    struct token t = p->t;
    struct vdl_node *n = in_parentheses(p, "'(' behind PLACE");

    if (n && n->kind != VN_SEGMENT)
        return parse_error(p, t.line, t.column, NULL, "only a segment has a place");
    return n;
}

/* PLACE(a) < PLACE(b) + n, PLACE(a) < n; the word is taken. */
static struct vdl_node *order(struct parse *p, const struct token *t)
{
    struct vdl_node *kids[2] = { place_of(p) }, *n;
    uint64_t v = 0;
    enum vdl_cmp cmp;
    bool is_minus = false, has_number = true;
    size_t n_kids = 1;

    if (!kids[0] || !parse_cmp(p, &cmp))
        return NULL;
    if (parse_take_word(p, "PLACE")) {
        kids[n_kids++] = place_of(p);
        if (!kids[1])
            return NULL;
        is_minus = parse_is(p, '-');
        has_number = parse_take(p, '-') || parse_take(p, '+');
    }
    if (has_number && !parse_need_int(p, &v))
        return NULL;
    if (v > UINT32_MAX)
        return parse_error(p, t->line, t->column, NULL, "a place of more than 4,294,967,295");
    n = node_list(p->r, VN_ORDER, kids, n_kids);
    if (n) {
        n->cmp = cmp;
        n->lo = is_minus ? -v : v;
        n->line = t->line;
        n->column = t->column;
    }
    return n;
}

/* ---- regular expressions ---- */

bool vdl_regex_flags(struct slice flags, uint32_t *out)
{
    static const struct { char c; uint32_t bit; } all[] = {
        { 'i', VR_ICASE }, { 's', VR_DOTALL }, { 'm', VR_MULTILINE }, { 'x', VR_EXTENDED }, { 'A', VR_ANCHORED }, { 'E', VR_DOLLAR_END },
        { 'U', VR_UNGREEDY }, { 'g', VR_GLOBAL }, { 'r', VR_ROLLING }, { 'e', VR_ENCOMPASS },
    };

    *out = 0;
    for (size_t i = 0; i < flags.n; i++) {
        size_t k = 0;
        while (k < sizeof all / sizeof *all && all[k].c != (char)flags.p[i])
            k++;
        if (k == sizeof all / sizeof *all)
            return false;
        *out |= all[k].bit;
    }
    return true;
}

static struct vdl_node *regex(struct parse *p, const struct token *t)
{
    struct vdl_node *n = leaf(p, VN_REGEX, t), *trigger;
    char reason[REGEX_WHY];

    parse_ours(p, "a regular expression");
    if (!n)
        return NULL;
    if (!vdl_regex_flags(t->flags, &n->regex))
        return parse_error(p, t->line, t->column, "i s m x A E U g", "an unknown flag behind a regular expression");
    if (!vdl_regex_check(t->bytes, n->regex, reason))
        return parse_error(p, t->line, t->column, NULL, reason);
    n->bytes = t->bytes;
    if (!parse_take_word(p, "WITH"))
        return n;
    trigger = parse_high(p, parse_prim(p));
    if (!trigger)
        return NULL;
    n->kids = reader_get(p->r, 1, sizeof *n->kids);
    if (!n->kids)
        return NULL;
    n->kids[0] = trigger;
    n->n_kids = 1;
    return n;
}

/* ---- the table of words ---- */

static struct vdl_node *top(struct parse *p, const struct token *t)
{
    return leaf(p, VN_DEPTH, t);
}

static const struct { const char *word; enum vdl_hash algo; } hashes[] = { { "MD5", VH_MD5 }, { "SHA1", VH_SHA1 }, { "SHA256", VH_SHA256 } };
static const struct { const char *word; enum vdl_kind kind; } hashed[] = { { "SECTION", VN_SECTION_HASH }, { "IMPORTS", VN_IMPORT_HASH } };
static const struct { const char *word; enum vdl_kind kind; } texts[] = {
    { "NAME", VN_NAME }, { "PARENT", VN_PARENT }, { "SENDER", VN_SENDER }, { "INSIDE", VN_CONTAINER },
};
static const struct { const char *word; struct vdl_integer like; } integers[] = {
    { "INT8", { .bytes = 1 } }, { "INT16", { .bytes = 2 } }, { "INT32", { .bytes = 4 } }, { "INT64", { .bytes = 8 } },
    { "INT16BE", { .bytes = 2, .is_big = true } }, { "INT32BE", { .bytes = 4, .is_big = true } }, { "INT64BE", { .bytes = 8, .is_big = true } },
    { "DEC", { .is_text = true, .is_big = true } }, { "HEX", { .is_text = true, .is_hex = true, .is_big = true } },
    { "HEXLE", { .is_text = true, .is_hex = true } }, { "NUMBER", { .is_text = true, .is_auto = true, .is_big = true } },
    { "DECEXACT", { .is_text = true, .is_exact = true, .is_big = true } },
    { "HEXEXACT", { .is_text = true, .is_hex = true, .is_exact = true, .is_big = true } },
};

static const char *const plain_words[] = { "SIZE", "DEPTH", "TOP", "COUNT", "PLACE" };

/* MD5, SHA1, SHA256, also behind SECTION and IMPORTS. */
static struct vdl_node *any_hash(struct parse *p, enum vdl_kind kind, const struct token *t)
{
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++)
        if (parse_take_word(p, hashes[i].word))
            return hash(p, hashes[i].algo, kind, t);
    return NULL;
}

static struct vdl_node *word_fact(struct parse *p, const struct token *t)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (parse_take_word(p, texts[i].word)) {
            parse_ours(p, texts[i].word);
            return text(p, texts[i].kind, t);
        }
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (parse_take_word(p, integers[i].word))
            return integer(p, &integers[i].like, t);
    for (size_t i = 0; i < sizeof plain_words / sizeof *plain_words; i++)
        if (parse_is_word(p, plain_words[i]))
            parse_ours(p, plain_words[i]);
    if (parse_take_word(p, "SIZE"))
        return range(p, VN_SIZE, t);
    if (parse_take_word(p, "DEPTH"))
        return range(p, VN_DEPTH, t);
    if (parse_take_word(p, "TOP"))
        return top(p, t);
    if (parse_take_word(p, "COUNT"))
        return count(p, t);
    if (parse_take_word(p, "PLACE"))
        return order(p, t);
    for (size_t i = 0; i < sizeof hashed / sizeof *hashed; i++)
        if (parse_take_word(p, hashed[i].word)) {
            struct vdl_node *n = any_hash(p, hashed[i].kind, t);
            return n || p->has_failed ? n : parse_expected(p, "MD5, SHA1 or SHA256", NULL);
        }
    if (parse_is_word(p, "ANY") || parse_is_word(p, "ALL")) {
        uint64_t need = parse_is_word(p, "ANY");
        parse_next(p);
        return parse_take_word(p, "OF") ? of_list(p, need, t) : parse_expected(p, "OF", "ANY OF (a, b)");
    }
    return any_hash(p, VN_HASH, t);
}

struct vdl_node *parse_fact(struct parse *p)
{
    struct token t = p->t;
    struct vdl_node *n;

    if (t.kind == LT_REGEX) {
        parse_next(p);
        return regex(p, &t);
    }
    if (t.kind != LT_WORD)
        return NULL;
    n = let_node(p, t.bytes);
    if (n) {
        parse_next(p);
        return n;
    }
    return word_fact(p, &t);
}

struct vdl_node *parse_n_of(struct parse *p, uint64_t n, const struct token *t)
{
    if (n == 0)
        return parse_error(p, t->line, t->column, NULL, "0 OF asks for nothing");
    return of_list(p, n, t);
}

/* ---- <…> ---- */

struct list { struct slice words[64]; size_t n; bool is_not, has_version; size_t n_meta; struct vdl_meta meta; };

static bool is_clean_word(struct slice value)
{
    static const char *const words[VDL_CLEANS] = VDL_CLEAN_WORDS;

    for (int i = 1; i < VDL_CLEANS; i++)
        if (slice_eq(value, slice_str(words[i])))
            return true;
    return false;
}

static bool metadata(struct parse *p, struct list *l, enum vdl_class *cls)
{
    struct slice s = p->t.bytes, key = slice_take(s, slice_chr(s, '=')), value = reader_name(p->r, slice_drop(s, key.n + 1));
    struct { struct slice key; struct slice *to; } known[] = {
        { SLICE("version"), &l->meta.version }, { SLICE("severity"), &l->meta.severity }, { SLICE("id"), &l->meta.id },
        { SLICE("info"), &l->meta.info }, { SLICE("clean"), &l->meta.clean },
    };

    if (slice_eq(key, SLICE("class"))) {
        static const char *const names[VDL_CLASSES] = { "virus", "ext", "spam", "pua", "allow" };
        for (int i = 0; i < VDL_CLASSES; i++)
            if (slice_eq(value, slice_str(names[i]))) {
                *cls = (enum vdl_class)i;
                return true;
            }
        parse_error(p, p->t.line, p->t.column, "virus, ext, spam, pua or allow", "an unknown class");
        return false;
    }
    if (slice_eq(key, SLICE("clean")) && !is_clean_word(value)) {
        parse_error(p, p->t.line, p->t.column, "cut, blank or zero", "an unknown way to clean");
        return false;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (slice_eq(key, known[i].key)) {
            *known[i].to = value;
            l->has_version = l->has_version || i == 0;
            l->n_meta++;
            return true;
        }
    parse_error(p, p->t.line, p->t.column, "version= severity= class= id= info= clean=", "unknown metadata");
    return false;
}

static bool list_entry(struct parse *p, struct list *l, enum vdl_class *cls)
{
    if (parse_is(p, '!')) {
        parse_next(p);
        l->is_not = true;
    }
    if (p->t.kind != LT_STRING) {
        parse_expected(p, "a type in double quotes", "<\"text\",\"HTML\"> or <!\"GIF\">; <> is every type");
        return false;
    }
    if (slice_chr(p->t.bytes, '=') < p->t.bytes.n) {
        if (!metadata(p, l, cls))
            return false;
    } else if (l->n == sizeof l->words / sizeof *l->words) {
        parse_error(p, p->t.line, p->t.column, NULL, "more than 64 types");
        return false;
    } else {
        l->words[l->n++] = p->t.bytes;
    }
    parse_next(p);
    return true;
}

static const struct vdl_types *keep_types(struct parse *p, const struct list *l)
{
    struct vdl_types *t = reader_get(p->r, 1, sizeof *t);
    struct slice *words = reader_get(p->r, l->n, sizeof *words);

    if (!t || !words)
        return NULL;
    memcpy(words, l->words, l->n * sizeof *words);
    *t = (struct vdl_types){ .words = words, .n = l->n, .is_not = l->is_not };
    return t;
}

bool parse_list(struct parse *p, const struct vdl_types **types, const struct vdl_meta **meta, enum vdl_class *cls, bool is_file)
{
    struct list l = { 0 };
    struct vdl_meta *m;

    if (*meta)
        l.meta = **meta;
    l.meta.version.n = 0;
    if (parse_is(p, '>')) {             /* <> inside a rule: every type, for this rule */
        parse_next(p);
        *types = NULL;
        return true;
    }
    do {
        if (!list_entry(p, &l, cls))
            return false;
    } while (parse_take(p, ','));
    if (!parse_need(p, '>', "',' or '>'"))
        return false;
    if (l.n) {
        *types = keep_types(p, &l);
        if (!*types)
            return false;
    }
    if (is_file && l.meta.version.n) {
        if (!p->r->program->version.n)
            p->r->program->version = l.meta.version;
        l.meta.version.n = 0;
    }
    if (l.n_meta == (is_file && l.has_version))
        return true;
    m = reader_get(p->r, 1, sizeof *m);
    if (!m)
        return false;
    *m = l.meta;
    *meta = m;
    return true;
}

/* ---- samples ---- */

/* "text", HEX "4d5a", a byte, each with {n} behind it: appended to b. */
static bool sample_piece(struct parse *p, struct buf *b)
{
    struct slice s;
    uint8_t byte = (uint8_t)p->t.value;
    bool is_hex = parse_take_word(p, "HEX");
    uint64_t times = 1;
    size_t from = b->n;
    struct token t = p->t;

    if (t.kind == LT_STRING)
        s = t.bytes;
    else if (!is_hex && (t.kind == LT_INT || t.kind == LT_BYTE) && t.value < 256)
        s = (struct slice){ &byte, 1 };
    else
        return parse_expected(p, "a string, HEX \"…\", FILE \"…\" or a byte", "+NAME, \"data that the rule must find\" #");
    if (is_hex) {
        uint8_t *to = reader_get(p->r, s.n / 2 + 1, 1);
        if (!to || !hex_bytes(s, to))
            return parse_error(p, t.line, t.column, NULL, "these are no pairs of hexadecimal digits");
        s = (struct slice){ to, s.n / 2 };
    }
    parse_next(p);
    if (parse_take(p, '{') && (!parse_need_int(p, &times) || !parse_need(p, '}', "'}'")))
        return false;
    if (times > (1 << 20) || (times && s.n > ((1 << 20) - from) / times))
        return parse_error(p, t.line, t.column, NULL, "a sample of more than 1 MB");
    for (uint64_t i = 0; i < times; i++)
        if (buf_put(b, s) != CS_OK)
            p->r->status = CS_NOMEM;
    return p->r->status == CS_OK;
}

static bool sample_types(struct parse *p, struct vdl_sample *s)
{
    do {
        if (p->t.kind != LT_STRING || s->n_types == sizeof s->types / sizeof *s->types)
            return parse_expected(p, "at most eight types in double quotes", NULL);
        s->types[s->n_types++] = p->t.bytes;
        parse_next(p);
    } while (parse_take(p, ','));
    return parse_need(p, '>', "',' or '>'");
}

/* "ZIP>OLE2": the containers of INSIDE; PARENT gives the one there is. */
static bool sample_inside(struct parse *p, struct vdl_sample *s)
{
    uint8_t *text = reader_get(p->r, p->t.bytes.n + 1, 1);
    size_t n = 0, end;

    if (!text)
        return false;
    memcpy(text, p->t.bytes.p, p->t.bytes.n);
    for (struct slice rest = { text, p->t.bytes.n }; rest.n; rest = slice_drop(rest, end + 1)) {
        if (n == sizeof s->inside / sizeof *s->inside)
            return parse_error(p, p->t.line, p->t.column, NULL, "more than eight containers");
        end = slice_chr(rest, '>');
        s->inside[n++] = slice_take(rest, end);
        text[rest.p - text + (ptrdiff_t)end] = '\0';
    }
    s->n_inside = n;
    return true;
}

/* What is known of the object, and its bytes. */
static bool sample_item(struct parse *p, struct vdl_sample *s, struct buf *b)
{
    uint64_t depth;
    bool is_inside = parse_is_word(p, "PARENT") || parse_is_word(p, "INSIDE");
    struct slice *to = parse_is_word(p, "NAME") ? &s->name : parse_is_word(p, "SENDER") ? &s->sender : parse_is_word(p, "FILE") ? &s->file : NULL;

    if (parse_take(p, '<'))
        return sample_types(p, s);
    if (to || is_inside) {
        parse_next(p);
        if (p->t.kind != LT_STRING)
            return parse_expected(p, "a string", NULL);
        if (to)
            *to = p->t.bytes;
        else if (!sample_inside(p, s))
            return false;
        parse_next(p);
        return true;
    }
    if (parse_take_word(p, "DEPTH")) {
        if (!parse_need_int(p, &depth) || depth > 1000)
            return false;
        s->depth = (unsigned)depth;
        return true;
    }
    return sample_piece(p, b);
}

static bool keep_sample(struct parse *p, const struct vdl_sample *s)
{
    struct vdl_program *g = p->r->program;

    if (g->n_samples == g->sample_room) {
        size_t room = g->sample_room ? g->sample_room * 2 : 64;
        struct vdl_sample *all = reallocarray(g->samples, room, sizeof *all);
        if (!all) {
            p->r->status = CS_NOMEM;
            return false;
        }
        g->samples = all;
        g->sample_room = room;
    }
    g->samples[g->n_samples++] = *s;
    return true;
}

bool parse_sample(struct parse *p, bool must_match)
{
    struct vdl_sample s = { .must_match = must_match, .line = p->t.line, .source = p->r->file };
    struct slice name = lex_name(&p->lex);
    struct buf b = buf_init(1 << 20);
    bool ok;

    if (name.n == 0) {
        p->has_failed = true;
        return false;
    }
    s.rule = reader_name(p->r, name);
    parse_next(p);
    parse_next(p);
    do {
        ok = sample_item(p, &s, &b);
    } while (ok && (parse_take(p, ',') || !parse_is(p, '#')) && !p->has_failed);
    s.bytes = reader_bytes(p->r, buf_slice(&b));
    ok = ok && !p->has_failed && keep_sample(p, &s);
    buf_release(&b);
    p->has_failed = !ok;
    return ok;
}
