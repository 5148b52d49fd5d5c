#include "glob.h"

#include <stdlib.h>

static void set_add(uint64_t *set, unsigned c)
{
    set[c >> 6] |= (uint64_t)1 << (c & 63);
}

static bool set_has(const uint64_t *set, unsigned c)
{
    return set[c >> 6] >> (c & 63) & 1;
}

static void set_range(uint64_t *set, unsigned from, unsigned to)
{
    for (unsigned c = from; c <= to; c++)
        set_add(set, c);
}

static void set_text(uint64_t *set, const char *s)
{
    for (; *s; s++)
        set_add(set, (uint8_t)*s);
}

/* The named classes; false when the letter names none. */
static bool set_class(uint64_t *set, uint8_t letter)
{
    switch (ascii_lower(letter)) {
    case 'a':
        set_range(set, 'a', 'z');
        set_range(set, 'A', 'Z');
        return true;
    case 'b':
        set_range(set, '0', '1');
        return true;
    case 'd':
        set_range(set, '0', '9');
        return true;
    case 'o':
        set_range(set, '0', '7');
        return true;
    case 'h':
    case 'x':
        set_range(set, '0', '9');
        set_range(set, 'a', 'f');
        set_range(set, 'A', 'F');
        return true;
    case 's':
        set_range(set, '0', '9');
        set_range(set, 'a', 'z');
        set_range(set, 'A', 'Z');
        set_text(set, "_$");
        return true;
    case 't':
        set_text(set, "\t\v ");
        return true;
    }
    return false;
}

/* "[a-z_]" behind the dollar sign; gives the length with both brackets, or 0. */
static size_t set_brackets(uint64_t *set, struct slice s)
{
    size_t i = 1;

    for (; i < s.n && s.p[i] != ']'; i++) {
        if (i + 2 < s.n && s.p[i + 1] == '-' && s.p[i + 2] != ']') {
            set_range(set, s.p[i], s.p[i + 2]);
            i += 2;
        } else {
            set_add(set, s.p[i]);
        }
    }
    if (i >= s.n)
        return 0;
    for (unsigned c = 'a'; c <= 'z'; c++)       /* case never matters */
        if (set_has(set, c) || set_has(set, c - 32)) {
            set_add(set, c);
            set_add(set, c - 32);
        }
    return i + 1;
}

struct compiler {
    struct glob_item *items;
    size_t n;
    bool is_short, is_unsaved;
    const char *why;
};

static enum cs_status add_item(struct compiler *c, struct glob_item item)
{
    if (c->n == GLOB_ITEMS) {
        c->why = "a pattern of fewer characters expected";
        return CS_LIMIT;
    }
    c->items[c->n++] = item;
    return CS_OK;
}

static enum cs_status add_wild(struct compiler *c, uint8_t sign, const uint64_t *set)
{
    struct glob_item item = { .kind = sign == '*' ? GLOB_RUN : GLOB_ONE, .is_saved = !c->is_unsaved,
                              .is_short = c->is_short };

    if (set)
        memcpy(item.set, set, sizeof item.set);
    else
        memset(item.set, 0xff, sizeof item.set);
    c->is_short = false;
    return add_item(c, item);
}

static bool is_wild(struct slice s, size_t at)
{
    return at < s.n && (s.p[at] == '*' || s.p[at] == '%');
}

/* What stands behind a dollar sign; *used is how much of it was taken. */
static enum cs_status compile_dollar(struct compiler *c, struct slice s, size_t *used)
{
    uint64_t set[4] = { 0 };
    size_t n;

    *used = 1;
    if (s.n == 0) {
        c->why = "a character expected after $";
        return CS_INVALID;
    }
    if (s.p[0] == '_' || s.p[0] == '@' || s.p[0] == '^') {
        if (s.p[0] == '_')
            c->is_short = true;
        else
            c->is_unsaved = s.p[0] == '@';
        return CS_OK;
    }
    if (s.p[0] == '[') {
        n = set_brackets(set, s);
        if (!n) {
            c->why = "] expected to end the set of characters";
            return CS_INVALID;
        }
        *used = n + is_wild(s, n);
        return add_wild(c, is_wild(s, n) ? s.p[n] : '%', set);
    }
    if (s.p[0] == '<' || s.p[0] == '(' || s.p[0] == '{') {
        c->why = "address wildcards are not supported: * expected";
        return CS_INVALID;
    }
    if (ascii_is_digit(s.p[0]) && is_wild(s, 1)) {
        *used = 2;
        return add_item(c, (struct glob_item){ .kind = GLOB_BACK, .c = (uint8_t)(s.p[0] - '0') });
    }
    if (is_wild(s, 1) && set_class(set, s.p[0])) {
        *used = 2;
        return add_wild(c, s.p[1], set);
    }
    return add_item(c, (struct glob_item){ .kind = GLOB_CHAR, .c = ascii_lower(s.p[0]) });
}

enum cs_status glob_compile(struct slice pattern, struct glob_item *items, size_t *n, const char **why)
{
    struct compiler c = { .items = items };
    enum cs_status st = CS_OK;
    size_t used;

    *n = 0;
    for (size_t i = 0; i < pattern.n && st == CS_OK; i += used) {
        used = 1;
        if (pattern.p[i] == '$') {
            st = compile_dollar(&c, slice_drop(pattern, i + 1), &used);
            used++;
        } else if (is_wild(pattern, i)) {
            st = add_wild(&c, pattern.p[i], NULL);
        } else {
            st = add_item(&c, (struct glob_item){ .kind = GLOB_CHAR, .c = ascii_lower(pattern.p[i]) });
        }
    }
    *n = c.n;
    *why = c.why;
    return st;
}

/*
 * A table of which rest of the pattern matches which rest of the text makes every pattern cost items times bytes.
 * A back reference depends on the path taken; in the table it stands for "anything", and the way forward decides.
 */
struct table {
    uint8_t *bits;
    size_t width;
};

static bool can(const struct table *t, size_t item, size_t at)
{
    size_t i = item * t->width + at;

    return t->bits[i >> 3] >> (i & 7) & 1;
}

static void allow(struct table *t, size_t item, size_t at)
{
    size_t i = item * t->width + at;

    t->bits[i >> 3] |= (uint8_t)(1 << (i & 7));
}

static bool cell(const struct table *t, const struct glob_item *it, size_t i, struct slice text, size_t at)
{
    bool is_left = at < text.n;

    switch (it->kind) {
    case GLOB_CHAR:
        return is_left && ascii_lower(text.p[at]) == it->c && can(t, i + 1, at + 1);
    case GLOB_ONE:
        return is_left && set_has(it->set, text.p[at]) && can(t, i + 1, at + 1);
    case GLOB_RUN:
        return can(t, i + 1, at) || (is_left && set_has(it->set, text.p[at]) && can(t, i, at + 1));
    case GLOB_BACK:
        return can(t, i + 1, at) || (is_left && can(t, i, at + 1));
    }
    return false;
}

static void fill(struct table *t, const struct glob_item *items, size_t n, struct slice text)
{
    allow(t, n, text.n);
    for (size_t i = n; i-- > 0;)
        for (size_t at = text.n + 1; at-- > 0;)
            if (cell(t, &items[i], i, text, at))
                allow(t, i, at);
}

/* How far the item at this place reaches; the table says that it can reach somewhere. */
static size_t reach(const struct table *t, const struct glob_item *items, size_t i, struct slice text, size_t at,
                    const struct glob_saves *saves)
{
    const struct glob_item *it = &items[i];
    size_t best = at, end = at;

    if (it->kind == GLOB_CHAR || it->kind == GLOB_ONE)
        return at + 1;
    if (it->kind == GLOB_BACK) {
        struct slice was = it->c < saves->n ? saves->at[it->c] : slice_of(NULL, 0);

        return slice_ieq(slice_sub(text, at, was.n), was) ? at + was.n : text.n + 1;
    }
    for (;; end++) {
        if (can(t, i + 1, end)) {
            best = end;
            if (it->is_short)
                return best;
        }
        if (end == text.n || !set_has(it->set, text.p[end]))
            return best;
    }
}

static bool follow(const struct table *t, const struct glob_item *items, size_t n, struct slice text,
                   struct glob_saves *saves)
{
    size_t at = 0;

    for (size_t i = 0; i < n; i++) {
        size_t end;

        if (!can(t, i, at))
            return false;
        end = reach(t, items, i, text, at, saves);
        if (end > text.n)
            return false;
        if (items[i].is_saved && saves->n < GLOB_SAVES)
            saves->at[saves->n++] = slice_sub(text, at, end - at);
        at = end;
    }
    return at == text.n;
}

/* Most patterns differ from most texts before the first wildcard. */
static bool begins_alike(const struct glob_item *items, size_t n, struct slice text)
{
    for (size_t i = 0; i < n && items[i].kind == GLOB_CHAR; i++)
        if (i == text.n || ascii_lower(text.p[i]) != items[i].c)
            return false;
    return true;
}

enum cs_status glob_match(const struct glob_item *items, size_t n, struct slice text, struct glob_saves *saves,
                          bool *is_match)
{
    struct glob_saves own;
    struct table t = { .width = text.n + 1 };

    if (!saves)
        saves = &own;
    saves->n = 0;
    *is_match = false;
    if (text.n > GLOB_TEXT || n > GLOB_ITEMS)
        return CS_TOOBIG;
    if (!begins_alike(items, n, text))
        return CS_OK;
    t.bits = calloc(((n + 1) * t.width + 7) / 8, 1);
    if (!t.bits)
        return CS_NOMEM;
    fill(&t, items, n, text);
    *is_match = follow(&t, items, n, text, saves);
    free(t.bits);
    return CS_OK;
}

bool glob_star(struct slice pattern, struct slice text)
{
    size_t p = 0, at = 0, star = SIZE_MAX, retry = 0;

    while (at < text.n) {
        if (p < pattern.n && pattern.p[p] == '*') {
            star = p++;
            retry = at;
        } else if (p < pattern.n && ascii_lower(pattern.p[p]) == ascii_lower(text.p[at])) {
            p++;
            at++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            at = ++retry;
        } else {
            return false;
        }
    }
    while (p < pattern.n && pattern.p[p] == '*')
        p++;
    return p == pattern.n;
}
