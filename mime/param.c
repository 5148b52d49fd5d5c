#include "param.h"

#include "charset.h"
#include "word.h"

enum { SECTION_MAX = 9999 };

static bool is_blank(uint8_t c)
{
    return ascii_is_space(c) || c == 0;
}

/* Length of the comment at the start of s, nested ones and all; an open one ends with s. */
static size_t comment_len(struct slice s)
{
    size_t depth = 0, i = 0;

    for (; i < s.n; i++) {
        if (s.p[i] == '\\')
            i++;
        else if (s.p[i] == '(')
            depth++;
        else if (s.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.n;
}

/* White space and comments. */
static struct slice skip_cfws(struct slice s)
{
    while (s.n && (is_blank(s.p[0]) || s.p[0] == '('))
        s = slice_drop(s, s.p[0] == '(' ? comment_len(s) : 1);
    return s;
}

static struct slice trim_right(struct slice s)
{
    while (s.n && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static struct slice trim(struct slice s)
{
    while (s.n && is_blank(s.p[0]))
        s = slice_drop(s, 1);
    return trim_right(s);
}

/* ---- texts in the arena ---- */

enum {
    NO_COMMENTS = 1,            /* "file.z()ip" is file.zip */
    NO_ESCAPES = 2,             /* every backslash goes, not only before '"' and '\' */
    NO_FOLDS = 4,               /* the white space of a fold goes with the line end */
    KEEP_ESCAPES = 8
};

/* Line ends always go: they are folding. */
static struct slice render(struct slice raw, unsigned how, struct arena *a)
{
    uint8_t *out = raw.n ? arena_get(a, raw.n, 1) : (uint8_t *)a->at;
    size_t n = 0;

    if (!out)
        return (struct slice){ NULL, 0 };
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i];
        bool can_escape = c == '\\' && i + 1 < raw.n && !(how & KEEP_ESCAPES);
        if ((how & NO_COMMENTS) && c == '(') {
            i += comment_len(slice_drop(raw, i)) - 1;
        } else if (c == '\r' || c == '\n') {
            while ((how & NO_FOLDS) && i + 1 < raw.n && ascii_is_space(raw.p[i + 1]))
                i++;
        } else if (can_escape && ((how & NO_ESCAPES) || raw.p[i + 1] == '"' || raw.p[i + 1] == '\\')) {
            out[n++] = raw.p[++i];
        } else {
            out[n++] = c;
        }
    }
    a->at = out + n;
    return (struct slice){ out, n };
}

static struct slice lower(struct slice s, struct arena *a)
{
    uint8_t *out = s.n ? arena_get(a, s.n, 1) : (uint8_t *)a->at;

    for (size_t i = 0; out && i < s.n; i++)
        out[i] = ascii_lower(s.p[i]);
    return (struct slice){ out, out ? s.n : 0 };
}

struct slice param_token(struct slice value, struct arena *a)
{
    struct slice s = render(value, NO_COMMENTS, a);

    return s.p ? lower(trim(s), a) : s;
}

/* ---- splitting a value ---- */

/* Where the quoted text ends (its '"'), or s.n. s begins behind the first '"'. */
static size_t quote_len(struct slice s)
{
    size_t i = 0;

    while (i < s.n && s.p[i] != '"')
        i += s.p[i] == '\\' ? 2 : 1;
    return i < s.n ? i : s.n;
}

/* Names that follow a forgotten ';'. */
static bool is_known_name(struct slice s)
{
    static const char *const names[] = { "name", "filename", "charset", "boundary", "type", "format", "size" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_istarts(s, slice_str(names[i])) && s.n > strlen(names[i]) &&
            (s.p[strlen(names[i])] == '=' || s.p[strlen(names[i])] == '*'))
            return true;
    return false;
}

/* Length of a value without quotes: to the ';', or to white space with a well-known "name=" behind it. */
static size_t bare_len(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ';')
            return i;
        if (is_blank(s.p[i]) && i + 1 < s.n && !is_blank(s.p[i + 1]) && is_known_name(slice_sub(s, i + 1, 10)))
            return i;
    }
    return s.n;
}

/* "a.txt;.exe" without quotes: past each ';' that has no parameter behind it. */
static size_t longer_len(struct slice s, size_t n)
{
    while (n < s.n && s.p[n] == ';') {
        struct slice next = slice_drop(s, n + 1);
        size_t len = slice_chr(next, ';');

        if (slice_chr(slice_take(next, len), '=') < len)
            break;
        n += 1 + len;
    }
    return n;
}

/* The value at the start of s. What stands between a closing quote and the ';' belongs to whole alone. */
static void take_value(struct slice *s, struct mime_piece *p)
{
    struct slice v = *s, quoted = skip_cfws(*s);
    size_t n;

    while (v.n && is_blank(v.p[0]))
        v = slice_drop(v, 1);
    if (quoted.n == 0 || quoted.p[0] != '"') {
        n = bare_len(v);
        p->raw = p->whole = trim(slice_take(v, n));
        p->longer = trim(slice_take(v, longer_len(v, n)));
        *s = slice_drop(v, n);
        return;
    }
    v = quoted;
    n = quote_len(slice_drop(v, 1));
    p->raw = slice_sub(v, 1, n);
    p->quote = n + 1 < v.n ? QUOTE_WHOLE : QUOTE_OPEN;
    n = n + 2 < v.n ? n + 2 : v.n;
    n += bare_len(slice_drop(v, n));
    p->whole = trim(slice_take(v, n));
    *s = slice_drop(v, n);
}

/* "name*3*" to its parts; false when this is no name. */
static bool take_name(struct slice raw, struct mime_piece *p, struct arena *a)
{
    size_t star;

    p->name = param_token(raw, a);
    p->section = -1;
    star = slice_chr(p->name, '*');
    if (star < p->name.n) {
        struct slice tail = slice_drop(p->name, star + 1);
        int number = 0;
        size_t i = 0;
        p->name = slice_take(p->name, star);
        for (; i < tail.n && ascii_is_digit(tail.p[i]) && number <= SECTION_MAX; i++)
            number = number * 10 + (tail.p[i] - '0');
        p->section = i ? number : -1;
        p->is_extended = i == 0 || i < tail.n;
    }
    p->name = trim(p->name);
    return p->name.n != 0;
}

/* One parameter off the front of s; NULL in *out when there was none, only something to skip. */
static enum cs_status take_param(struct slice *s, struct arena *a, struct mime_piece **out)
{
    size_t n = 0;
    struct mime_piece *p;

    *out = NULL;
    while (n < s->n && s->p[n] != '=' && s->p[n] != ';')
        n++;
    if (n == s->n || s->p[n] == ';') {
        *s = slice_drop(*s, n + 1);
        return CS_OK;
    }
    p = arena_get(a, 1, sizeof *p);
    if (!p)
        return CS_NOMEM;
    if (take_name(slice_take(*s, n), p, a))
        *out = p;
    *s = slice_drop(*s, n + 1);
    take_value(s, p);
    return p->name.p || !n ? CS_OK : CS_NOMEM;
}

static enum cs_status take_params(struct slice s, struct arena *a, const struct mime_piece **first)
{
    const struct mime_piece **link = first;

    for (;;) {
        struct mime_piece *p;
        enum cs_status st;
        s = skip_cfws(s);
        while (s.n && (s.p[0] == ';' || s.p[0] == ','))
            s = skip_cfws(slice_drop(s, 1));
        if (s.n == 0)
            return CS_OK;
        st = take_param(&s, a, &p);
        if (st != CS_OK)
            return st;
        if (p) {
            *link = p;
            link = &p->next;
        }
    }
}

static size_t plain_len(struct slice s, const char *ends)
{
    size_t n = 0;

    while (n < s.n && !is_blank(s.p[n]) && !strchr(ends, s.p[n]))
        n++;
    return n;
}

/* Length of the word at the start of s. A comment in the midst of it belongs to it; one with a parameter behind it ends it. */
static size_t word_len(struct slice s, const char *ends)
{
    size_t n = 0;

    for (;;) {
        size_t comment, more;

        n += plain_len(slice_drop(s, n), ends);
        if (n == s.n || s.p[n] != '(')
            return n;
        comment = comment_len(slice_drop(s, n));
        more = plain_len(slice_drop(s, n + comment), ends);
        if (more == 0 || slice_chr(slice_sub(s, n + comment, more), '=') < more)
            return n;
        n += comment;
    }
}

/* "text / plain" is read too. A token with '=' in it is a parameter: the type is missing. */
static enum cs_status take_token(struct slice *s, struct arena *a, struct slice *token)
{
    struct slice left = skip_cfws(*s), type, sub = { 0 };
    size_t n;
    uint8_t *joined;

    *token = slice_of("", 0);
    n = word_len(left, ";,(");
    type = slice_take(left, n);
    if (slice_chr(type, '=') < type.n) {
        *s = left;
        return CS_OK;
    }
    left = skip_cfws(slice_drop(left, n));
    if ((left.n && left.p[0] == '/') || (type.n && type.p[type.n - 1] == '/')) {
        if (left.n && left.p[0] == '/' && type.n && type.p[type.n - 1] != '/')
            left = slice_drop(left, 1);
        else
            type.n--;
        left = skip_cfws(left);
        n = word_len(left, ";(");
        sub = slice_take(left, n);
        left = slice_drop(left, n);
    }
    *s = left;
    if (slice_chr(type, '(') < type.n)
        type = render(type, NO_COMMENTS, a);
    if (slice_chr(sub, '(') < sub.n)
        sub = render(sub, NO_COMMENTS, a);
    joined = type.p && (sub.p || !sub.n) ? arena_get(a, type.n + sub.n + 1, 1) : NULL;
    if (!joined)
        return CS_NOMEM;
    for (size_t i = 0; i < type.n; i++)
        joined[i] = ascii_lower(type.p[i]);
    n = type.n;
    if (sub.n)
        joined[n++] = '/';
    for (size_t i = 0; i < sub.n; i++)
        joined[n++] = ascii_lower(sub.p[i]);
    *token = slice_of(joined, n);
    if (token->n >= 2 && token->p[0] == '"' && token->p[token->n - 1] == '"')
        *token = slice_sub(*token, 1, token->n - 2);
    return CS_OK;
}

/* ---- readings ---- */

void readings_add(struct readings *r, struct slice s)
{
    for (size_t i = 0; i < r->n; i++)
        if (slice_eq(r->list[i], s))
            return;
    if (r->n < r->max)
        r->list[r->n++] = s;
}

enum dup { DUP_FIRST, DUP_LAST };
enum decode {
    DECODE_MARKED,              /* by the book */
    DECODE_ALWAYS               /* percent signs everywhere; what is not quoted ends at white space */
};

/* "name=" or "name*=". */
static const struct mime_piece *find(const struct mime_value *v, struct slice name, enum dup dup, bool is_extended)
{
    const struct mime_piece *hit = NULL;

    for (const struct mime_piece *p = v->pieces; p; p = p->next) {
        if (p->section >= 0 || p->is_extended != is_extended || !slice_eq(p->name, name))
            continue;
        hit = p;
        if (dup == DUP_FIRST)
            break;
    }
    return hit;
}

bool param_is_doubled(const struct mime_value *v, const char *name)
{
    const struct mime_piece *first = find(v, slice_str(name), DUP_FIRST, false), *last = find(v, slice_str(name), DUP_LAST, false);

    return first && !slice_ieq(first->raw, last->raw);
}

static bool has_sections(const struct mime_value *v, struct slice name)
{
    for (const struct mime_piece *p = v->pieces; p; p = p->next)
        if (p->section >= 0 && slice_eq(p->name, name))
            return true;
    return false;
}

static size_t first_word(struct slice s)
{
    size_t n = 0;

    while (n < s.n && !is_blank(s.p[n]))
        n++;
    return n;
}

/* Bytes of an RFC 2231 value that is being put together, at the end of the arena. */
struct joined {
    struct arena *a;
    struct slice bytes, charset;
    bool has_charset, has_section, is_full;
};

/* charset'language'text: the charset of the first section counts. */
static struct slice cut_charset(struct joined *j, struct slice raw)
{
    size_t one = slice_chr(raw, '\''), two = one + 1 + slice_chr(slice_drop(raw, one + 1), '\'');

    if (two >= raw.n)
        return raw;
    if (!j->has_charset)
        j->charset = slice_take(raw, one);
    j->has_charset = true;
    return slice_drop(raw, two + 1);
}

static void join(struct joined *j, const struct mime_piece *p, enum decode decode)
{
    bool is_coded = p->is_extended || decode == DECODE_ALWAYS;
    bool can_cut = is_coded && !j->has_charset && (!j->has_section || decode == DECODE_ALWAYS);
    struct slice raw = can_cut ? cut_charset(j, p->raw) : p->raw;

    j->has_section = true;
    if (decode == DECODE_ALWAYS && p->quote == QUOTE_NONE)
        raw = slice_take(raw, first_word(raw));
    if ((size_t)(j->a->end - j->a->at) < raw.n) {
        j->is_full = true;
        return;
    }
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i];
        if (c == '\r' || c == '\n')
            continue;
        if (is_coded && c == '%' && raw.n - i > 2 && ascii_hex(raw.p[i + 1]) >= 0 && ascii_hex(raw.p[i + 2]) >= 0) {
            c = (uint8_t)(ascii_hex(raw.p[i + 1]) * 16 + ascii_hex(raw.p[i + 2]));
            i += 2;
        }
        *j->a->at++ = c;
        j->bytes.n++;
    }
}

static struct slice join_done(struct joined *j)
{
    if (j->is_full)
        return (struct slice){ NULL, 0 };
    return charset_to_arena(j->charset, j->bytes, j->a);
}

static struct joined join_begin(struct arena *a)
{
    return (struct joined){ .a = a, .bytes = { a->at, 0 }, .charset = slice_of("", 0) };
}

/* Sections by their numbers. Senders leave gaps; a reader that goes on past one sees the rest. */
static struct slice by_number(const struct mime_value *v, struct slice name, enum dup dup, enum decode decode,
                              struct arena *a)
{
    const struct mime_piece *at[PARAM_SECTIONS] = { NULL };
    struct joined j = join_begin(a);

    for (const struct mime_piece *p = v->pieces; p; p = p->next)
        if (p->section >= 0 && p->section < PARAM_SECTIONS && slice_eq(p->name, name) &&
            (dup == DUP_LAST || !at[p->section]))
            at[p->section] = p;
    for (int i = 0; i < PARAM_SECTIONS; i++)
        if (at[i])
            join(&j, at[i], decode);
    return join_done(&j);
}

/* Sections as they come, numbers ignored. */
static struct slice by_place(const struct mime_value *v, struct slice name, struct arena *a)
{
    struct joined j = join_begin(a);

    for (const struct mime_piece *p = v->pieces; p; p = p->next)
        if (p->section >= 0 && slice_eq(p->name, name))
            join(&j, p, DECODE_ALWAYS);
    return join_done(&j);
}

static struct slice alone(const struct mime_piece *p, enum decode decode, struct arena *a)
{
    struct joined j = join_begin(a);

    join(&j, p, decode);
    return join_done(&j);
}

struct wish {
    const struct mime_value *v;
    struct slice name;
    struct arena *a;
    struct readings *out;
    bool is_file_name;
    enum cs_status st;
};

/* An empty boundary is one, and white space around it may belong to it; an empty name is none. */
static void keep(struct wish *w, struct slice s)
{
    if (!w->is_file_name) {
        readings_add(w->out, trim_right(s));
        readings_add(w->out, s);
    }
    if (!w->is_file_name || trim(s).n)
        readings_add(w->out, trim(s));
}

static void keep_decoded(struct wish *w, struct slice s)
{
    struct slice text = word_is_there(s) ? word_decode(s, w->a) : slice_of("", 0);

    if (!text.p)
        w->st = CS_NOMEM;
    else if (text.n)
        keep(w, text);
}

/* Both what encoded words say and what stands there count; programs decode those of names. */
static void wish_add(struct wish *w, struct slice s)
{
    if (!s.p) {
        w->st = CS_NOMEM;
        return;
    }
    if (w->is_file_name)
        keep_decoded(w, s);
    if (w->is_file_name && !utf8_is_valid(s)) {
        s = charset_to_arena(SLICE(""), s, w->a);
        if (!s.p) {
            w->st = CS_NOMEM;
            return;
        }
    }
    keep(w, s);
    if (!w->is_file_name)
        keep_decoded(w, s);
}

static void plain_readings(struct wish *w, enum dup dup)
{
    const struct mime_piece *p = find(w->v, w->name, dup, false);

    if (p)
        wish_add(w, render(p->raw, p->quote ? 0 : KEEP_ESCAPES, w->a));
}

static void extended_readings(struct wish *w, enum dup dup, enum decode decode)
{
    const struct mime_piece *p = find(w->v, w->name, dup, true);

    if (p)
        wish_add(w, alone(p, decode, w->a));
    if (p && p->quote == QUOTE_NONE && first_word(p->raw) < p->raw.n) {
        struct mime_piece cut = *p;
        cut.raw = slice_take(p->raw, first_word(p->raw));
        wish_add(w, alone(&cut, decode, w->a));
    }
    if (has_sections(w->v, w->name))
        wish_add(w, by_number(w->v, w->name, dup, decode, w->a));
}

/* Readings that only odd values have: each is tried when its mark is there. */
static void odd_readings(struct wish *w, const struct mime_piece *p)
{
    struct slice raw = p->raw;
    bool has_fold = slice_chr(raw, '\n') < raw.n || slice_chr(raw, '\r') < raw.n;
    bool has_escape = slice_chr(raw, '\\') < raw.n;
    size_t n;

    if (p->quote != QUOTE_WHOLE && slice_chr(raw, '(') < raw.n)
        wish_add(w, trim(render(raw, NO_COMMENTS, w->a)));
    if (has_fold)
        wish_add(w, render(raw, NO_FOLDS, w->a));
    if (has_escape) {
        wish_add(w, render(raw, NO_ESCAPES, w->a));
        wish_add(w, render(raw, KEEP_ESCAPES, w->a));
    }
    if (p->quote != QUOTE_NONE && p->whole.n != raw.n + 2)
        wish_add(w, render(p->whole, KEEP_ESCAPES, w->a));
    if (p->longer.n > raw.n) {
        wish_add(w, render(p->longer, KEEP_ESCAPES, w->a));
        wish_add(w, render(p->longer, NO_ESCAPES, w->a));
    }
    if ((n = slice_chr(raw, ';')) < raw.n)
        wish_add(w, render(slice_take(raw, n), KEEP_ESCAPES, w->a));
    if ((n = slice_chr(raw, 0)) < raw.n)
        wish_add(w, render(slice_take(raw, n), 0, w->a));
    if (p->quote != QUOTE_WHOLE && (n = first_word(raw)) < raw.n)
        wish_add(w, render(slice_take(raw, n), 0, w->a));
    if (raw.n > 2 && raw.p[0] == '\'' && raw.p[raw.n - 1] == '\'')
        wish_add(w, render(slice_sub(raw, 1, raw.n - 2), 0, w->a));
    if (w->is_file_name && slice_chr(raw, '%') < raw.n)
        wish_add(w, alone(p, DECODE_ALWAYS, w->a));
}

static void likely_readings(struct wish *w)
{
    if (!w->is_file_name)
        plain_readings(w, DUP_FIRST);
    extended_readings(w, DUP_FIRST, DECODE_MARKED);
    plain_readings(w, DUP_FIRST);
    plain_readings(w, DUP_LAST);
    extended_readings(w, DUP_LAST, DECODE_MARKED);
}

static void unlikely_readings(struct wish *w)
{
    const struct mime_piece *first = find(w->v, w->name, DUP_FIRST, false);
    const struct mime_piece *last = find(w->v, w->name, DUP_LAST, false);

    if (first)
        odd_readings(w, first);
    if (last && last != first)
        odd_readings(w, last);
    if (has_sections(w->v, w->name)) {
        extended_readings(w, DUP_FIRST, DECODE_ALWAYS);
        extended_readings(w, DUP_LAST, DECODE_ALWAYS);
        wish_add(w, by_place(w->v, w->name, w->a));
    }
}

enum cs_status param_names(const struct mime_value *v, const char *name, struct arena *a, struct readings *out)
{
    struct wish w = { .v = v, .name = slice_str(name), .a = a, .out = out, .is_file_name = true };

    likely_readings(&w);
    return w.st;
}

enum cs_status param_odd_names(const struct mime_value *v, const char *name, struct arena *a, struct readings *out)
{
    struct wish w = { .v = v, .name = slice_str(name), .a = a, .out = out, .is_file_name = true };

    unlikely_readings(&w);
    return w.st;
}

enum cs_status param_boundaries(const struct mime_value *v, struct arena *a, struct readings *out)
{
    struct wish w = { .v = v, .name = SLICE("boundary"), .a = a, .out = out };

    likely_readings(&w);
    unlikely_readings(&w);
    return w.st;
}

/* ---- the parameters as one list ---- */

static const struct mime_param *find_param(const struct mime_value *v, struct slice name)
{
    for (size_t i = 0; i < v->n_params; i++)
        if (slice_eq(v->params[i].name, name))
            return &v->params[i];
    return NULL;
}

static enum cs_status merge(const struct mime_value *v, const struct mime_piece *p, bool is_last, struct arena *a,
                            struct mime_param *out)
{
    enum dup dup = is_last ? DUP_LAST : DUP_FIRST;
    const struct mime_piece *ext = find(v, p->name, dup, true), *bare = find(v, p->name, dup, false);
    const struct mime_piece *plain = bare ? bare : p;

    out->name = p->name;
    out->raw = plain->raw;
    if (ext)
        out->value = alone(ext, DECODE_MARKED, a);
    else if (has_sections(v, p->name))
        out->value = by_number(v, p->name, dup, DECODE_MARKED, a);
    else
        out->value = render(plain->raw, plain->quote ? 0 : KEEP_ESCAPES, a);
    if (out->value.p && (word_is_there(out->value) || !utf8_is_valid(out->value)))
        out->value = word_decode(out->value, a);
    return out->value.p ? CS_OK : CS_NOMEM;
}

/* Distinct names among the first PARAM_MAX pieces. find() sees all pieces; nothing hides behind the bound but rarities. */
static enum cs_status merge_all(struct mime_value *v, bool is_last, struct arena *a)
{
    struct mime_param *params;
    size_t n = 0;
    enum cs_status st = CS_OK;

    for (const struct mime_piece *p = v->pieces; p && n < PARAM_MAX; p = p->next)
        n++;
    params = arena_get(a, n, sizeof *params);
    if (!params)
        return CS_NOMEM;
    v->params = params;
    for (const struct mime_piece *p = v->pieces; st == CS_OK && n > 0; p = p->next, n--)
        if (!find_param(v, p->name))
            st = merge(v, p, is_last, a, &params[v->n_params++]);
    return st;
}

enum cs_status param_parse(struct slice value, bool is_last, struct arena *a, struct mime_value *out)
{
    enum cs_status st;

    *out = (struct mime_value){ .token = slice_of("", 0) };
    st = take_token(&value, a, &out->token);
    if (st == CS_OK)
        st = take_params(value, a, &out->pieces);
    return st == CS_OK && out->pieces ? merge_all(out, is_last, a) : st;
}

enum cs_status mime_value_parse(struct slice value, struct arena *a, struct mime_value *out)
{
    return param_parse(value, false, a, out);
}

const struct mime_param *mime_param_find(const struct mime_value *v, const char *name)
{
    return find_param(v, slice_str(name));
}
