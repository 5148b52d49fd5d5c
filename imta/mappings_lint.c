/* What an administrator would want to know of a mappings file before the server goes on in silence. */
#include "mappings_tables.h"

/* Does any answer hold more than words? Then lines may be tried again with another text, and nothing is sure. */
static bool has_dollars(const struct mapping_table *t)
{
    for (const struct rule *r = t->first; r; r = r->next)
        if (slice_chr(r->template, '$') < r->template.n)
            return true;
    return false;
}

static void lint_keywords(const struct rule *rule, struct complaints *c)
{
    struct conversions_answer unused = { .line = 0 };

    for (struct slice left = rule->template; left.n;) {
        struct slice word = mappings_keyword(&left);

        if (!mappings_take_keyword(word, &unused))
            complaint(c, COMPLAINT_WARNING, rule->line, "\"%.*s\" is ignored: Yes, No, Channel=NAME or Preprocess expected",
                     (int)word.n, (const char *)word.p);
    }
}

/* Up to the first wildcard, from the front or from the back: can the pattern's end be that of a probe? */
static bool fits_end(const struct rule *rule, const char *end, bool is_back)
{
    size_t n = strlen(end);

    for (size_t i = 0; i < n; i++) {
        const struct glob_item *item = &rule->items[is_back ? rule->n_items - 1 - i : i];

        if (i >= rule->n_items)
            return false;
        if (item->kind == GLOB_RUN || item->kind == GLOB_BACK)
            return true;
        if (item->kind == GLOB_CHAR && item->c != (uint8_t)end[is_back ? n - 1 - i : i])
            return false;
    }
    return true;
}

/* Is this a pattern for IN-CHAN=…;OUT-CHAN=…;CONVERT at all? */
static bool can_fit(const struct rule *rule)
{
    struct slice s = rule->pattern;
    size_t at = 0;

    while (at < s.n && !slice_istarts(slice_drop(s, at), SLICE("OUT-CHAN=")))
        at++;
    return fits_end(rule, "in-chan=", false) && fits_end(rule, ";convert", true) &&
           (at == 0 || at == s.n || memchr(";*%", s.p[at - 1], 3));
}

/* A star takes a star, and all that stands for it: what the pattern says of the other's text holds for all it takes. */
static bool covers(const struct rule *a, const struct rule *b)
{
    bool is_match = false;

    return slice_chr(b->pattern, '$') == b->pattern.n && glob_match(a->items, a->n_items, b->pattern, NULL, &is_match) == CS_OK && is_match;
}

/* Is the line ever used? */
static bool lint_reach(const struct mapping_table *t, const struct rule *rule, struct complaints *c)
{
    enum { LOOKED_AT = 1000 };
    unsigned n = 0;

    if (!can_fit(rule)) {
        complaint(c, COMPLAINT_WARNING, rule->line, "never fits: IN-CHAN=channel;OUT-CHAN=channel;CONVERT is what is asked for");
        return false;
    }
    for (const struct rule *r = t->first; r != rule && n < LOOKED_AT; r = r->next, n++)
        if (covers(r, rule)) {
            complaint(c, COMPLAINT_WARNING, rule->line, "never reached: line %u takes all that it would take", r->line);
            return false;
        }
    return true;
}

static void lint_conversions(const struct mapping_table *t, struct complaints *c)
{
    bool is_diverting = false;

    if (has_dollars(t))
        return;
    for (const struct rule *r = t->first; r; r = r->next) {
        struct conversions_answer answer = { .line = 0 };

        lint_keywords(r, c);
        for (struct slice left = r->template; left.n;)
            mappings_take_keyword(mappings_keyword(&left), &answer);
        is_diverting = (lint_reach(t, r, c) && answer.is_diverted) || is_diverting;
    }
    if (t->first && !is_diverting)
        complaint(c, COMPLAINT_WARNING, t->line, "no line says Yes or Channel=NAME: no message is diverted to the conversion channel");
}

void mappings_lint(const struct mappings *m, struct complaints *c)
{
    const struct mapping_table *t = mappings_find(m, SLICE("CONVERSIONS"));

    if (!m)
        return;
    for (const struct long_line *l = m->long_lines; l; l = l->next)
        complaint(c, COMPLAINT_WARNING, l->line, "line of %zu characters: the server reads 252; continue it with \\", l->n);
    if (!t)
        complaint(c, COMPLAINT_WARNING, 1, "no table CONVERSIONS: no message is diverted to the conversion channel");
    else
        lint_conversions(t, c);
    for (const struct mapping_table *u = m->first; u; u = u->next) {
        const struct mapping_table *first = mappings_find(m, u->name);

        if (u->is_close)
            complaint(c, COMPLAINT_WARNING, u->line, "a blank line expected in front of table %.*s", (int)u->name.n, (const char *)u->name.p);
        if (first != u)
            complaint(c, COMPLAINT_WARNING, u->line, "table %.*s stands twice: only the one in line %u counts", (int)u->name.n,
                      (const char *)u->name.p, first->line);
        else if (!u->first)
            complaint(c, COMPLAINT_WARNING, u->line, "table %.*s has no entries", (int)u->name.n, (const char *)u->name.p);
    }
}
