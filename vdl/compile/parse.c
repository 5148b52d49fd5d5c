#include "parse.h"

#include "emit.h"
#include "ignore.h"
#include "same.h"
#include "sema.h"

enum { SLOW_WINDOWS = 32, SLOW_RULES = 2000 };     /* the second: rules that are looked at for slowness */

/* ---- tokens ---- */

void parse_next(struct parse *p)
{
    p->t = lex_next(&p->lex);
    if (p->t.kind == LT_BAD)
        p->has_failed = true;
}

bool parse_is(const struct parse *p, int punct)
{
    return p->t.kind == LT_PUNCT && p->t.value == (uint64_t)punct;
}

bool parse_is_word(const struct parse *p, const char *word)
{
    return p->t.kind == LT_WORD && slice_eq(p->t.bytes, slice_str(word));
}

bool parse_take(struct parse *p, int punct)
{
    if (!parse_is(p, punct))
        return false;
    parse_next(p);
    return true;
}

bool parse_take_word(struct parse *p, const char *word)
{
    if (!parse_is_word(p, word))
        return false;
    parse_next(p);
    return true;
}

void *parse_error(struct parse *p, uint32_t line, uint32_t column, const char *hint, const char *text)
{
    if (!p->has_failed)
        complain(&p->r->complaints, p->r->source, COMPLAIN_ERROR, line, column, hint, "%s", text);
    p->has_failed = true;
    return NULL;
}

static void describe(const struct token *t, char *to, size_t room)
{
    static const char *const pairs[] = { ">=", "<=", "!=", "~~", "~#", ".*" };
    int n = (int)(t->bytes.n > 40 ? 40 : t->bytes.n);

    switch (t->kind) {
    case LT_END: snprintf(to, room, "the end of the file"); break;
    case LT_STRING: snprintf(to, room, "the string \"%.*s\"", n, (const char *)t->bytes.p); break;
    case LT_INT: snprintf(to, room, "the number %llu", (unsigned long long)t->value); break;
    case LT_WORD: snprintf(to, room, "the word %.*s", n, (const char *)t->bytes.p); break;
    case LT_CLASS: snprintf(to, room, "\\%c", (char)t->value); break;
    case LT_EDGE: snprintf(to, room, "\\b"); break;
    case LT_REGEX: snprintf(to, room, "a regular expression"); break;
    case LT_PUNCT:
        if (t->value >= LP_GE)
            snprintf(to, room, "'%s'", pairs[t->value - LP_GE]);
        else
            snprintf(to, room, "'%c'", (char)t->value);
        break;
    default: snprintf(to, room, "a byte"); break;
    }
}

void *parse_expected(struct parse *p, const char *what, const char *hint)
{
    char found[64], text[256];

    describe(&p->t, found, sizeof found);
    snprintf(text, sizeof text, "expected %s, found %s", what, found);
    return parse_error(p, p->t.line, p->t.column, hint, text);
}

bool parse_need(struct parse *p, int punct, const char *what)
{
    if (parse_take(p, punct))
        return true;
    parse_expected(p, what, NULL);
    return false;
}

bool parse_need_int(struct parse *p, uint64_t *out)
{
    *out = p->t.value;
    if (p->t.kind != LT_INT && p->t.kind != LT_BYTE) {
        parse_expected(p, "a number", NULL);
        return false;
    }
    parse_next(p);
    return true;
}

void parse_ours(struct parse *p, const char *what)
{
    char text[128];

    if (!p->r->o->confirmed_only)
        return;
    snprintf(text, sizeof text, "%s is not confirmed CVDL", what);
    parse_error(p, p->t.line, p->t.column, "leave out --dialect=cvdl to use it", text);
}

bool parse_push(struct parse *p, struct vdl_node *n)
{
    if (!n)
        return false;
    if (p->n_kids == p->kid_room) {
        size_t room = p->kid_room ? p->kid_room * 2 : 64;
        struct vdl_node **kids = room <= PARSE_KIDS ? realloc(p->kids, room * sizeof *kids) : NULL;
        if (!kids) {
            parse_error(p, n->line, n->column, NULL, "too many operands in one rule");
            return false;
        }
        p->kids = kids;
        p->kid_room = room;
    }
    p->kids[p->n_kids++] = n;
    return true;
}

bool parse_range(struct parse *p, uint64_t *lo, uint64_t *hi)
{
    if (!parse_need_int(p, lo))
        return false;
    *hi = *lo;
    if (!parse_take(p, '-'))
        return true;
    *hi = VDL_INF;
    if (p->t.kind != LT_INT && p->t.kind != LT_BYTE)
        return true;
    if (p->t.value < *lo) {
        parse_error(p, p->t.line, p->t.column, NULL, "this range ends before it begins");
        return false;
    }
    *hi = p->t.value;
    parse_next(p);
    return true;
}

/* ---- high level ---- */

struct vdl_node *parse_high(struct parse *p, struct vdl_node *n)
{
    return n && node_is_low(n) ? node_over(p->r, VN_SEGMENT, n) : n;
}

static struct vdl_node *parse_not(struct parse *p)
{
    uint32_t line = p->t.line, column = p->t.column;
    unsigned nots = 0;
    struct vdl_node *n;

    while (parse_is_word(p, "NOT")) {
        parse_next(p);
        nots++;
    }
    n = parse_cat(p);
    if (nots == 0)
        return n;
    n = parse_high(p, n);
    if (nots % 2)
        n = node_over(p->r, VN_NOT, n);
    if (n && nots % 2) {
        n->line = line;
        n->column = column;
    }
    return n;
}

/* One level of the table: operands of kind joined by word. */
static struct vdl_node *parse_level(struct parse *p, size_t level)
{
    static const struct { const char *word; enum vdl_kind kind; } levels[] = {
        { "OR", VN_OR }, { "XOR", VN_XOR }, { "AND", VN_AND },
    };
    size_t mark = p->n_kids;
    struct vdl_node *n;

    if (level == 3)
        return parse_not(p);
    n = parse_level(p, level + 1);
    while (n && (parse_is_word(p, levels[level].word) || (level == 2 && parse_is(p, '&')))) {
        n = parse_high(p, n);
        if (!parse_push(p, n))
            return NULL;
        parse_next(p);
        n = parse_level(p, level + 1);
    }
    if (!n || p->n_kids == mark)
        return n;
    if (!parse_push(p, parse_high(p, n)))
        return NULL;
    n = node_list(p->r, levels[level].kind, p->kids + mark, p->n_kids - mark);
    p->n_kids = mark;
    return n;
}

/* LET name = segment IN … */
static struct vdl_node *parse_let(struct parse *p)
{
    struct let *let = &p->lets[p->n_lets];
    struct vdl_node *n;

    parse_ours(p, "LET");
    parse_next(p);
    if (p->n_lets == PARSE_LETS)
        return parse_error(p, p->t.line, p->t.column, NULL, "more than 256 names in one rule");
    if (p->t.kind != LT_WORD || p->t.bytes.n > LEX_NAME)
        return parse_expected(p, "a name behind LET", "LET name = segment IN expression");
    *let = (struct let){ .name = p->t.bytes, .line = p->t.line, .column = p->t.column };
    for (size_t i = 0; i < p->n_lets; i++)
        if (slice_eq(p->lets[i].name, let->name))
            return parse_error(p, p->t.line, p->t.column, NULL, "this name is already used in this rule");
    parse_next(p);
    if (!parse_need(p, '=', "'='"))
        return NULL;
    n = parse_high(p, parse_cat(p));
    if (!n)
        return NULL;
    if (n->kind != VN_SEGMENT)
        return parse_error(p, n->line, n->column, "LET name = segment IN expression", "LET gives a name to a segment, this is no segment");
    n->bytes = reader_bytes(p->r, let->name);
    if (!parse_is_word(p, "IN"))
        return parse_expected(p, "IN behind the segment", "LET name = segment IN expression");
    parse_next(p);
    let->node = n;
    p->n_lets++;
    return parse_or(p);
}

struct vdl_node *parse_or(struct parse *p)
{
    struct vdl_node *n;

    if (p->has_failed)
        return NULL;
    if (p->depth == PARSE_DEPTH)
        return parse_error(p, p->t.line, p->t.column, NULL, "more than 64 levels of parentheses");
    p->depth++;
    n = parse_is_word(p, "LET") ? parse_let(p) : parse_level(p, 0);
    p->depth--;
    return p->has_failed ? NULL : n;
}

/* ---- rules ---- */

/* and, or … in small letters where an operator belongs */
static const char *operator_hint(const struct parse *p)
{
    static const char *const words[] = { "AND", "OR", "XOR", "NOT" };
    static const char *const hints[] = { "operators are in capitals: AND", "operators are in capitals: OR", "operators are in capitals: XOR",
                                         "operators are in capitals: AND NOT" };

    for (size_t i = 0; i < 4; i++)
        if (p->t.kind == LT_WORD && slice_ieq(p->t.bytes, slice_str(words[i])) && !parse_is_word(p, words[i]))
            return hints[i];
    return p->t.kind == LT_STRING ? "',' joins the pieces of a segment, AND and OR join segments" : NULL;
}

static void warn_same(struct parse *p, const struct vdl_rule *rule, uint32_t column)
{
    const struct vdl_rule *all = p->r->program->rules;
    size_t i;

    if (same_name(p->r->same, rule->name, &i)) {
        p->r->counts.duplicates++;
        complain(&p->r->complaints, p->r->source, COMPLAIN_WARNING, rule->line, column, NULL, "a rule of this name is there already: %s:%u",
                 all[i].file, all[i].line);
    } else if (same_meaning(p->r->same, rule, &i)) {
        p->r->counts.duplicates++;
        complain(&p->r->complaints, p->r->source, COMPLAIN_WARNING, rule->line, column, NULL, "this says the same as rule %.*s: %s:%u",
                 (int)all[i].name.n, (const char *)all[i].name.p, all[i].file, all[i].line);
    }
}

/* What the scanner would look for on behalf of this rule, and how often it would find it in ordinary data. */
static void warn_slow(struct parse *p, const struct vdl_rule *rule, uint32_t column)
{
    struct arena *a = &p->r->program->arena;
    struct vdl_window windows[SLOW_WINDOWS];
    uint8_t *mark = a->at;
    struct vdl_automaton slow;
    size_t n = vdl_emit_windows(rule, a, windows, SLOW_WINDOWS, &slow);
    char bytes[3 * 8 + 1] = "";

    if (slow.is_there)
        complain(&p->r->complaints, p->r->source, COMPLAIN_WARNING, slow.line ? slow.line : rule->line, slow.line ? slow.column : column,
                 "fixed bytes in it, at most 1,024 alternatives, or a place (@=0-100) make it fast",
                 "this rule is slow: this piece becomes an automaton that looks at every byte%s", slow.is_behind ? " behind the piece before it" : "");

    for (size_t i = 0; i < n && i < SLOW_WINDOWS; i++) {
        if (windows[i].rarity <= VDL_SLOW_RARITY)
            continue;
        for (size_t k = 0; k < windows[i].bytes.n && k < 8; k++)
            snprintf(bytes + 3 * k, 4, " %02x", windows[i].bytes.p[k]);
        complain(&p->r->complaints, p->r->source, COMPLAIN_WARNING, rule->line, column, "more fixed bytes side by side, rarer ones, or a place (@=) make it fast",
                 "this rule is slow: it looks for%s, about %.0f times in a million bytes", bytes, windows[i].rarity);
        break;
    }
    a->at = mark;
}

static void keep_rule(struct parse *p, const struct vdl_rule *made, uint32_t column)
{
    struct vdl_rule *rule;
    char why[256] = "";
    enum cs_status st = reader_check(p->r, made, why);

    if (st == CS_UNSUPPORTED) {
        complain(&p->r->complaints, p->r->source, COMPLAIN_ERROR, made->line, column, NULL, "this rule cannot be expressed: %s", why);
        return;
    }
    if (ignore_has(p->r->ignore, made->name, slice_of(NULL, 0))) {
        p->r->counts.ignored++;
        return;
    }
    warn_same(p, made, column);
    if (!p->r->o->trees_only && p->r->counts.loaded < SLOW_RULES)
        warn_slow(p, made, column);
    rule = vdl_program_add(p->r->program);
    if (!rule || (st != CS_OK && st != CS_UNSUPPORTED)) {
        p->r->status = rule ? st : CS_NOMEM;
        return;
    }
    *rule = *made;
    p->r->counts.loaded++;
    if (same_add(p->r->same, p->r->program->n_rules - 1) != CS_OK)
        p->r->status = CS_NOMEM;
}

static void parse_rule(struct parse *p, uint32_t line, uint32_t column)
{
    const struct vdl_types *types = p->types;
    const struct vdl_meta *meta = p->meta;
    enum vdl_class cls = p->cls;
    struct slice name = lex_name(&p->lex);
    struct vdl_node *n;

    p->has_failed = name.n == 0;
    p->depth = 0;
    p->n_kids = 0;
    p->n_lets = 0;
    p->no_comma = false;
    if (p->has_failed)
        return;
    parse_next(p);              /* the ',' */
    parse_next(p);
    if (parse_is(p, '<')) {
        parse_next(p);
        parse_list(p, &types, &meta, &cls, false);
    }
    n = parse_high(p, parse_or(p));
    if (n && !parse_is(p, '#'))
        n = parse_expected(p, "an operator, or '#' at the end of the rule", operator_hint(p));
    if (n)
        n = vdl_sema_rule(p->r, n, name, line, column);
    if (!n) {
        p->has_failed = true;
        return;
    }
    for (size_t i = 0; i < p->n_lets; i++)
        if (!p->lets[i].is_used)
            complain(&p->r->complaints, p->r->source, COMPLAIN_WARNING, p->lets[i].line, p->lets[i].column, NULL, "this name is never used");
    keep_rule(p, &(struct vdl_rule){ .name = reader_name(p->r, name), .meta = meta, .types = types, .expr = n, .file = p->r->file,
                                     .line = line, .cls = cls }, column);
}

/* Go on behind a statement; a broken one is skipped, but not into the next. */
static void end_statement(struct parse *p)
{
    bool is_next = p->t.is_first && (parse_is(p, ':') || parse_is(p, '+') || parse_is(p, '-'));

    if (p->has_failed && is_next)
        return;
    if (p->has_failed && !parse_is(p, '#'))
        lex_skip_rule(&p->lex);
    parse_next(p);
}

/* ':' rule, '<' types of the file, '+' and '-' samples. */
static void parse_statement(struct parse *p)
{
    struct token t = p->t;

    p->has_failed = t.kind == LT_BAD;
    lex_rule_start(&p->lex);
    p->t.is_first = false;
    if (parse_is(p, ':')) {
        parse_rule(p, t.line, t.column);
    } else if (parse_is(p, '<')) {
        parse_next(p);
        if (parse_is(p, '>')) {
            p->types = NULL;
            p->meta = NULL;
            p->cls = reader_class(p->r);
        } else if (parse_list(p, &p->types, &p->meta, &p->cls, true)) {
            return;             /* the token behind '>' is read */
        }
    } else if (parse_is(p, '+') || parse_is(p, '-')) {
        parse_sample(p, parse_is(p, '+'));
    } else {
        parse_expected(p, "a rule", "a rule is  :NAME, definition #");
    }
    end_statement(p);
}

/* Samples may stand before their rule, so they are looked at when all is read. */
static void check_samples(struct vdl_reader *r, size_t from)
{
    size_t i;

    for (; from < r->program->n_samples; from++) {
        const struct vdl_sample *s = &r->program->samples[from];
        if (!same_name(r->same, s->rule, &i) && !r->complaints.n[COMPLAIN_ERROR])
            complain(&r->complaints, r->source, COMPLAIN_ERROR, s->line, 1, NULL, "no rule is named %.*s", (int)s->rule.n, (const char *)s->rule.p);
    }
}

enum cs_status vdl_parse(struct vdl_reader *r, struct slice text)
{
    struct parse *p = calloc(1, sizeof *p);
    size_t first_sample = r->program->n_samples;

    if (!p)
        return CS_NOMEM;
    p->r = r;
    p->cls = reader_class(r);
    if (slice_starts(text, SLICE("\xef\xbb\xbf")))
        text = slice_drop(text, 3);
    if (slice_starts(text, SLICE("\xff\xfe")) || slice_starts(text, SLICE("\xfe\xff"))) {
        complain(&r->complaints, r->source, COMPLAIN_ERROR, 1, 1, "save it as UTF-8 or ASCII", "this file is in UTF-16");
    } else if (!lex_init(&p->lex, r, text)) {
        r->status = CS_NOMEM;
    } else {
        parse_next(p);
        while (p->t.kind != LT_END && r->status == CS_OK && r->source->seen[COMPLAIN_ERROR] <= COMPLAIN_MAX)
            parse_statement(p);
        check_samples(r, first_sample);
    }
    lex_release(&p->lex);
    free(p->kids);
    free(p);
    return r->status;
}
