#include "mappings_tables.h"

struct reader {
    struct mappings *m;
    struct complaints *c;
    struct slice left;
    unsigned line, started;     /* last physical line; where this logical line began */
    struct buf joined;
    struct mapping_table *table;
    bool had_blank;             /* since the table's name */
    enum cs_status st;
};

enum { MAPPINGS_COLUMNS = 252, LONG_TEXT = 256 };

static void note_long(struct reader *r, size_t n)
{
    struct long_line *l;

    if (n <= MAPPINGS_COLUMNS)
        return;
    l = arena_get(&r->m->arena, 1, sizeof *l);
    if (!l)
        return;
    *l = (struct long_line){ r->m->long_lines, r->line, n };
    r->m->long_lines = l;
}

/* The next logical line into r->joined; false at the end or for want of memory. */
static bool next_line(struct reader *r)
{
    r->joined.n = 0;
    r->started = r->line + 1;
    if (r->left.n == 0)
        return false;
    for (;;) {
        size_t n = slice_chr(r->left, '\n');
        struct slice s = slice_take(r->left, n);

        r->left = slice_drop(r->left, n + 1);
        r->line++;
        if (s.n && s.p[s.n - 1] == '\r')
            s.n--;
        note_long(r, s.n);
        bool goes_on = s.n && s.p[s.n - 1] == '\\' && s.p[0] != '!';
        s.n -= goes_on;
        r->st = buf_put(&r->joined, s);
        if (r->st != CS_OK)
            return false;
        if (!goes_on || r->left.n == 0)
            return true;
    }
}

/* Length of a field: up to white space that no dollar sign quotes. */
static size_t field_length(struct slice s)
{
    size_t i = 0;

    while (i < s.n && s.p[i] != ' ' && s.p[i] != '\t')
        i += s.p[i] == '$' && i + 1 < s.n ? 2 : 1;
    return i;
}

static struct slice skip_blanks(struct slice s)
{
    while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = slice_drop(s, 1);
    return s;
}

static void add_table(struct reader *r, struct slice s)
{
    struct mapping_table *t = arena_get(&r->m->arena, 1, sizeof *t);

    r->table = t;
    r->had_blank = false;
    if (!t || !(t->name = arena_copy(&r->m->arena, s)).p) {
        r->st = CS_NOMEM;
        return;
    }
    t->line = r->started;
    t->last = &t->first;
    *r->m->last = t;
    r->m->last = &t->next;
}

/* Call-outs into the server, its directory or its routines have no meaning here; refuse them where they stand. */
static const char *template_problem(struct slice t)
{
    for (size_t i = 0; i + 1 < t.n; i++) {
        if (t.p[i] != '$')
            continue;
        i++;
        if (t.p[i] == '[' || t.p[i] == ']' || t.p[i] == '{' || t.p[i] == '(')
            return "call-outs are not supported in a template: plain text, $0 to $9 or $|TABLE;TEXT| expected";
        if (t.p[i] == '|' && slice_chr(slice_drop(t, i + 1), '|') == t.n - i - 1)
            return "$|TABLE;TEXT| lacks its closing |";
    }
    return t.n && t.p[t.n - 1] == '$' && !(t.n > 1 && t.p[t.n - 2] == '$') ? "a character expected after $" : NULL;
}

/* Reads a rule; the answer is what is wrong with it, or NULL. */
static const char *read_rule(struct reader *r, struct slice s, struct rule *rule)
{
    struct glob_item items[GLOB_ITEMS], *own;
    size_t n, at = field_length(s);
    struct slice template = skip_blanks(slice_drop(s, at));
    size_t end = field_length(template);
    const char *why;

    rule->pattern = arena_copy(&r->m->arena, slice_take(s, at));
    if (s.n && s.p[0] == '!')
        return "a comment begins with ! in column 1";
    if (slice_find(s, SLICE("\xc2\xa0")) < s.n)
        return "a typographic blank stands in this line: write plain ones";
    if (template.n == 0)
        return "a template expected behind the pattern, such as Yes or No";
    if (skip_blanks(slice_drop(template, end)).n)
        return "one pattern and one template expected; a blank inside is written \"$ \"";
    if (glob_compile(slice_take(s, at), items, &n, &why) != CS_OK)
        return why;
    rule->template = arena_copy(&r->m->arena, slice_take(template, end));
    own = n ? arena_get(&r->m->arena, n, sizeof *own) : NULL;
    if (!rule->pattern.p || !rule->template.p || (n && !own)) {
        r->st = CS_NOMEM;
        return NULL;
    }
    if (n)
        memcpy(own, items, n * sizeof *own);
    rule->items = own;
    rule->n_items = n;
    return template_problem(rule->template);
}

static void add_rule(struct reader *r, struct slice s)
{
    struct rule *rule = arena_get(&r->m->arena, 1, sizeof *rule);

    if (!rule) {
        r->st = CS_NOMEM;
        return;
    }
    rule->line = r->started;
    rule->problem = read_rule(r, s, rule);
    *r->table->last = rule;
    r->table->last = &rule->next;
}

static void take_line(struct reader *r)
{
    struct slice s = buf_slice(&r->joined);
    struct slice body = slice_trim(s);

    if (s.n && s.p[0] == '!')
        return;
    if (body.n == 0) {
        if (r->table && r->table->first)
            r->table = NULL;            /* the blank line that ends a table */
        else
            r->had_blank = true;
        return;
    }
    if (s.p[0] == '<') {
        if (!r->m->included)
            r->m->included = r->started;
    } else if (s.p[0] != ' ' && s.p[0] != '\t') {
        if (r->table && !r->table->first)
            complaint(r->c, COMPLAINT_ERROR, r->started, "entries of table %.*s expected, indented", (int)r->table->name.n,
                     (const char *)r->table->name.p);
        bool is_close = r->table != NULL;

        add_table(r, body);
        if (r->table)
            r->table->is_close = is_close;
    } else if (!r->table) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "the name of a table expected in column 1 before its entries");
    } else {
        if (!r->table->first && !r->had_blank)
            complaint(r->c, COMPLAINT_ERROR, r->started, "a blank line expected between the table's name and its entries");
        add_rule(r, skip_blanks(s));
    }
}

struct mapping_table *mappings_find(const struct mappings *m, struct slice name)
{
    for (struct mapping_table *t = m ? m->first : NULL; t; t = t->next)
        if (slice_ieq(t->name, name))
            return t;
    return NULL;
}

/* The tables that the templates of t look up. True when one of them was not known to be called. */
static bool mark_called(const struct mappings *m, const struct mapping_table *t)
{
    bool is_new = false;

    for (const struct rule *rule = t->first; rule; rule = rule->next)
        for (size_t i = 0; i + 1 < rule->template.n; i++) {
            struct slice name = slice_drop(rule->template, i + 2);
            struct mapping_table *called;

            if (rule->template.p[i] != '$' || rule->template.p[i + 1] != '|')
                continue;
            called = mappings_find(m, slice_take(name, slice_chr(name, ';')));
            is_new = is_new || (called && !called->is_called);
            if (called)
                called->is_called = true;
        }
    return is_new;
}

/* A server's file has tables with call-outs that are no business of ours: only what decides here must be understood. */
static void check_called(struct mappings *m, struct complaints *c)
{
    struct mapping_table *t = mappings_find(m, SLICE("CONVERSIONS"));
    bool is_new = t != NULL;

    if (!t && m->included)
        complaint(c, COMPLAINT_ERROR, m->included,
                  "files are not included here, and there is no table CONVERSIONS: put its lines in this file");
    if (t)
        t->is_called = true;
    for (unsigned depth = 0; is_new && depth <= MAPPINGS_DEPTH; depth++) {
        is_new = false;
        for (t = m->first; t; t = t->next)
            if (t->is_called && mark_called(m, t))
                is_new = true;
    }
    for (t = m->first; t; t = t->next)
        for (const struct rule *rule = t->is_called ? t->first : NULL; rule; rule = rule->next)
            if (rule->problem)
                complaint(c, COMPLAINT_ERROR, rule->line, "%s", rule->problem);
}

enum cs_status mappings_parse(struct slice text, struct complaints *c, struct mappings **out)
{
    struct reader r = { .c = c, .left = complaint_skip_mark(c, text), .joined = buf_init(MAPPINGS_MAX) };

    *out = NULL;
    if (text.n > MAPPINGS_MAX)
        return CS_TOOBIG;
    r.m = calloc(1, sizeof *r.m);
    if (!r.m)
        return CS_NOMEM;
    r.m->last = &r.m->first;
    /* An item of a pattern takes at most sizeof(struct glob_item) for each byte of the file. */
    r.st = arena_init(&r.m->arena, text.n * (sizeof(struct glob_item) + 128) + 4096);
    while (r.st == CS_OK && next_line(&r))
        take_line(&r);
    buf_release(&r.joined);
    if (r.st == CS_OK)
        check_called(r.m, c);
    if (r.st == CS_OK && c->errors)
        r.st = CS_INVALID;
    if (r.st != CS_OK) {
        mappings_free(r.m);
        return r.st;
    }
    *out = r.m;
    return CS_OK;
}

void mappings_free(struct mappings *m)
{
    if (!m)
        return;
    arena_release(&m->arena);
    free(m);
}

struct probe {
    const struct mappings *m;
    struct mapping_answer *out;
    unsigned depth, *steps;
};

enum { CASE_KEEP, CASE_UPPER, CASE_LOWER };

struct writer {
    struct buf *to;
    int letters;
    char next;                  /* C, E, L or R when the template asked for it */
};

static enum cs_status put_text(struct writer *w, struct slice s)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s.n && st == CS_OK; i++) {
        uint8_t c = s.p[i];

        if (w->letters == CASE_LOWER)
            c = ascii_lower(c);
        else if (w->letters == CASE_UPPER && c >= 'a' && c <= 'z')
            c = (uint8_t)(c - 32);
        st = buf_putc(w->to, c);
    }
    return st;
}

static enum cs_status probe_table(struct probe *p, struct slice table, struct slice text);

static enum cs_status put_template(struct probe *p, struct writer *w, struct slice t, const struct glob_saves *saves);

/* TABLE;TEXT behind the bar: $0 to $9 in the text count. A table that does not match leaves nothing. */
static enum cs_status put_lookup(struct probe *p, struct writer *w, struct slice s, const struct glob_saves *saves)
{
    size_t semicolon = slice_chr(s, ';');
    struct buf argument = buf_init(MAPPINGS_RESULT);
    struct writer into = { .to = &argument };
    struct mapping_answer *inner;
    struct probe deeper = *p;
    enum cs_status st;

    if (p->depth == MAPPINGS_DEPTH)
        return CS_LIMIT;
    inner = calloc(1, sizeof *inner);
    if (!inner)
        return CS_NOMEM;
    deeper.depth++;
    deeper.out = inner;
    st = put_template(&deeper, &into, slice_drop(s, semicolon + 1), saves);
    if (st == CS_OK)
        st = probe_table(&deeper, slice_take(s, semicolon), buf_slice(&argument));
    if (st == CS_OK && inner->is_match)
        st = put_text(w, slice_of(inner->text, inner->n));
    buf_release(&argument);
    free(inner);
    return st;
}

static enum cs_status put_dollar(struct probe *p, struct writer *w, struct slice s, const struct glob_saves *saves,
                                 size_t *used)
{
    uint8_t c = s.p[0];

    *used = 1;
    if (ascii_is_digit(c))
        return (size_t)(c - '0') < saves->n ? put_text(w, saves->at[c - '0']) : CS_OK;
    if (c == '|') {
        size_t end = slice_chr(slice_drop(s, 1), '|');

        *used = end + 2;
        return put_lookup(p, w, slice_sub(s, 1, end), saves);
    }
    if (c == '^' || c == '\\' || c == '_') {
        w->letters = c == '^' ? CASE_UPPER : c == '\\' ? CASE_LOWER : CASE_KEEP;
        return CS_OK;
    }
    if (!ascii_is_alpha(c))
        return put_text(w, slice_take(s, 1));
    c = (uint8_t)(c & ~32);
    if (c == 'C' || c == 'E' || c == 'L' || c == 'R')
        w->next = (char)c;
    else
        p->out->flags[c] = true;
    return CS_OK;
}

static enum cs_status put_template(struct probe *p, struct writer *w, struct slice t, const struct glob_saves *saves)
{
    enum cs_status st = CS_OK;
    size_t used;

    for (size_t i = 0; i < t.n && st == CS_OK; i += used) {
        used = 1;
        if (t.p[i] == '$' && i + 1 < t.n) {
            st = put_dollar(p, w, slice_drop(t, i + 1), saves, &used);
            used++;
        } else {
            st = put_text(w, slice_sub(t, i, 1));
        }
    }
    return st;
}

/* One entry that matched: its result replaces the text. */
static enum cs_status apply_rule(struct probe *p, const struct rule *rule, const struct glob_saves *saves, char *next)
{
    uint8_t room[MAPPINGS_RESULT];
    struct buf b = buf_over(room, sizeof room);
    struct writer w = { .to = &b };
    enum cs_status st = put_template(p, &w, rule->template, saves);

    if (st != CS_OK)
        return st;
    memcpy(p->out->text, room, b.n);
    p->out->n = b.n;
    p->out->is_match = true;
    p->out->line = rule->line;
    *next = w.next;
    return CS_OK;
}

static enum cs_status probe_table(struct probe *p, struct slice table, struct slice text)
{
    const struct mapping_table *t = mappings_find(p->m, table);
    const struct rule *rule = t ? t->first : NULL;
    bool again = false;

    if (text.n > sizeof p->out->text)
        return CS_TOOBIG;
    memcpy(p->out->text, text.p, text.n);
    p->out->n = text.n;
    while (rule) {
        struct glob_saves saves;
        struct mapping_answer before;
        bool is_match;
        char next = 0;
        enum cs_status st;

        *p->steps += 1 + (unsigned)p->out->n / LONG_TEXT;
        if (*p->steps > MAPPINGS_STEPS)
            return CS_LIMIT;
        if (rule->problem)
            return CS_INVALID;
        before.n = p->out->n;
        memcpy(before.text, p->out->text, before.n);
        st = glob_match(rule->items, rule->n_items, slice_of(before.text, before.n), &saves, &is_match);
        if (st == CS_OK && is_match)
            st = apply_rule(p, rule, &saves, &next);
        if (st != CS_OK)
            return st;
        if (is_match && (next == 0 || next == 'E'))
            return CS_OK;
        again = is_match ? next == 'L' : again;
        rule = is_match && next == 'R' ? t->first : rule->next;
        if (!rule && again) {           /* $L: one more pass from the top */
            again = false;
            rule = t->first;
        }
    }
    return CS_OK;
}

enum cs_status mappings_probe(const struct mappings *m, struct slice table, struct slice text,
                              struct mapping_answer *out)
{
    unsigned steps = 0;
    struct probe p = { .m = m, .out = out, .steps = &steps };

    memset(out, 0, sizeof *out);
    return probe_table(&p, table, text);
}

struct slice mappings_keyword(struct slice *left)
{
    size_t n = slice_chr(*left, ',');
    struct slice word = slice_trim(slice_take(*left, n));

    *left = slice_drop(*left, n + 1);
    return word;
}

bool mappings_take_keyword(struct slice word, struct conversions_answer *out)
{
    static const struct slice channel = { (const uint8_t *)"channel=", 8 };

    if (slice_ieq(word, SLICE("yes"))) {
        out->is_diverted = true;
    } else if (slice_ieq(word, SLICE("no"))) {
        out->is_diverted = false;
    } else if (slice_ieq(word, SLICE("preprocess"))) {
        out->is_preprocessed = true;
    } else if (slice_istarts(word, channel) && word.n > channel.n && word.n - channel.n <= sizeof out->channel) {
        out->is_diverted = true;
        out->n_channel = word.n - channel.n;
        memcpy(out->channel, word.p + channel.n, out->n_channel);
    } else {
        return false;
    }
    return true;
}

enum cs_status mappings_divert(const struct mappings *m, struct slice in_chan, struct slice out_chan, bool is_tagged,
                               struct slice tags, struct conversions_answer *out)
{
    uint8_t room[MAPPINGS_RESULT];
    struct buf probe = buf_over(room, sizeof room);
    struct mapping_answer answer;
    struct slice left;
    enum cs_status st;

    *out = (struct conversions_answer){ .is_diverted = !m };
    if (!m)
        return CS_OK;
    st = buf_printf(&probe, "IN-CHAN=%.*s;OUT-CHAN=%.*s;", (int)in_chan.n, (const char *)in_chan.p, (int)out_chan.n,
                    (const char *)out_chan.p);
    if (st == CS_OK && is_tagged)
        st = buf_printf(&probe, "TAG=%.*s;", (int)tags.n, (const char *)tags.p);
    if (st == CS_OK)
        st = buf_puts(&probe, "CONVERT");
    if (st == CS_OK)
        st = mappings_probe(m, SLICE("CONVERSIONS"), buf_slice(&probe), &answer);
    if (st != CS_OK || !answer.is_match)
        return st;
    out->line = answer.line;
    for (left = slice_of(answer.text, answer.n); left.n;)
        if (!mappings_take_keyword(mappings_keyword(&left), out))
            continue;                   /* the server does not mind; --lint does */
    return CS_OK;
}
