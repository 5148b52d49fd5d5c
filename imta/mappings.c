#include "mappings.h"

#include "base/arena.h"
#include "glob.h"

struct rule {
    struct rule *next;
    unsigned line;
    const struct glob_item *items;
    size_t n_items;
    struct slice template;
};

struct mapping_table {
    struct mapping_table *next;
    unsigned line;
    struct slice name;
    struct rule *first, **last;
};

struct long_line {
    struct long_line *next;
    unsigned line;
    size_t n;
};

struct mappings {
    struct arena arena;
    struct mapping_table *first, **last;
    struct long_line *long_lines;
};

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

static struct rule *new_rule(struct reader *r, const struct glob_item *items, size_t n, struct slice template)
{
    struct rule *rule = arena_get(&r->m->arena, 1, sizeof *rule);
    struct glob_item *own = n ? arena_get(&r->m->arena, n, sizeof *own) : NULL;

    if (!rule || (n && !own) || !(rule->template = arena_copy(&r->m->arena, template)).p) {
        r->st = CS_NOMEM;
        return NULL;
    }
    if (n)
        memcpy(own, items, n * sizeof *own);
    rule->items = own;
    rule->n_items = n;
    rule->line = r->started;
    return rule;
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

static void add_rule(struct reader *r, struct slice s)
{
    struct glob_item items[GLOB_ITEMS];
    size_t n, at = field_length(s);
    struct slice template = skip_blanks(slice_drop(s, at));
    size_t end = field_length(template);
    const char *why;
    struct rule *rule;

    if (template.n == 0) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "a template expected behind the pattern, such as Yes or No");
        return;
    }
    if (skip_blanks(slice_drop(template, end)).n) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "one pattern and one template expected; a blank inside is written \"$ \"");
        return;
    }
    template.n = end;
    if (glob_compile(slice_take(s, at), items, &n, &why) != CS_OK) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "pattern: %s", why);
        return;
    }
    why = template_problem(template);
    if (why) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "%s", why);
        return;
    }
    rule = new_rule(r, items, n, template);
    if (!rule)
        return;
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
        complaint(r->c, COMPLAINT_ERROR, r->started, "files are not included here: put their lines in this file");
    } else if (s.p[0] != ' ' && s.p[0] != '\t') {
        if (r->table && !r->table->first)
            complaint(r->c, COMPLAINT_ERROR, r->started, "entries of table %.*s expected, indented", (int)r->table->name.n,
                     (const char *)r->table->name.p);
        add_table(r, body);
    } else if (!r->table) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "the name of a table expected in column 1 before its entries");
    } else {
        if (!r->table->first && !r->had_blank)
            complaint(r->c, COMPLAINT_ERROR, r->started, "a blank line expected between the table's name and its entries");
        add_rule(r, skip_blanks(s));
    }
}

enum cs_status mappings_parse(struct slice text, struct complaints *c, struct mappings **out)
{
    struct reader r = { .c = c, .left = text, .joined = buf_init(MAPPINGS_MAX) };

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

static const struct mapping_table *find_table(const struct mappings *m, struct slice name)
{
    for (const struct mapping_table *t = m ? m->first : NULL; t; t = t->next)
        if (slice_ieq(t->name, name))
            return t;
    return NULL;
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
    const struct mapping_table *t = find_table(p->m, table);
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

/* The next keyword of a template: a comma ends it. */
static struct slice next_keyword(struct slice *left)
{
    size_t n = slice_chr(*left, ',');
    struct slice word = slice_trim(slice_take(*left, n));

    *left = slice_drop(*left, n + 1);
    return word;
}

static bool take_keyword(struct slice word, struct conversions_answer *out)
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
        if (!take_keyword(next_keyword(&left), out))
            continue;                   /* the server does not mind; --lint does */
    return CS_OK;
}

static void lint_keywords(const struct rule *rule, struct complaints *c)
{
    struct conversions_answer unused = { .line = 0 };
    struct slice left = rule->template;

    if (slice_chr(left, '$') < left.n)
        return;
    while (left.n) {
        struct slice word = next_keyword(&left);

        if (!take_keyword(word, &unused))
            complaint(c, COMPLAINT_WARNING, rule->line, "\"%.*s\" is ignored: Yes, No, Channel=NAME or Preprocess expected",
                     (int)word.n, (const char *)word.p);
    }
}

void mappings_lint(const struct mappings *m, struct complaints *c)
{
    const struct mapping_table *t = find_table(m, SLICE("CONVERSIONS"));

    if (!m)
        return;
    for (const struct long_line *l = m->long_lines; l; l = l->next)
        complaint(c, COMPLAINT_WARNING, l->line, "line of %zu characters: the server reads 252; continue it with \\", l->n);
    if (!t)
        complaint(c, COMPLAINT_WARNING, 1, "no table CONVERSIONS: no message is diverted to the conversion channel");
    for (const struct rule *r = t ? t->first : NULL; r; r = r->next)
        lint_keywords(r, c);
    for (const struct mapping_table *u = m->first; u; u = u->next)
        if (!u->first)
            complaint(c, COMPLAINT_WARNING, u->line, "table %.*s has no entries", (int)u->name.n, (const char *)u->name.p);
}
