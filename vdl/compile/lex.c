#include "lex.h"

struct macro {
    struct macro *next;
    struct slice name, body;
    bool is_open;
};

/* ---- macros ---- */

static uint32_t hash_of(struct slice s)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 16777619u;
    return h;
}

static struct macro *find_macro(const struct lex *l, struct slice name)
{
    struct macro *m = l->table[hash_of(name) & (l->table_size - 1)];

    while (m && !slice_eq(m->name, name))
        m = m->next;
    return m;
}

static bool grow_table(struct lex *l)
{
    size_t size = l->table_size ? l->table_size * 4 : 256;
    struct macro **table = calloc(size, sizeof *table);

    if (!table)
        return false;
    for (size_t i = 0; i < l->table_size; i++)
        for (struct macro *m = l->table[i], *next; m; m = next) {
            size_t to = hash_of(m->name) & (size - 1);
            next = m->next;
            m->next = table[to];
            table[to] = m;
        }
    free(l->table);
    l->table = table;
    l->table_size = size;
    return true;
}

static void add_macro(struct lex *l, struct slice name, struct slice body, uint32_t column)
{
    struct macro *m = find_macro(l, name);
    size_t at;

    if (m) {
        if (!slice_eq(m->body, body))
            complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, l->line, column, NULL, "macro $%.*s is already defined as something else",
                     (int)name.n, (const char *)name.p);
        return;
    }
    if (l->n_macros == LEX_MACROS) {
        complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, l->line, column, NULL, "more than %d macros", LEX_MACROS);
        return;
    }
    if (l->n_macros >= l->table_size && !grow_table(l)) {
        l->r->status = CS_NOMEM;
        return;
    }
    m = reader_get(l->r, 1, sizeof *m);
    if (!m)
        return;
    l->n_macros++;
    m->name = name;
    m->body = body;
    at = hash_of(name) & (l->table_size - 1);
    m->next = l->table[at];
    l->table[at] = m;
}

/* ---- characters ---- */

static struct slice *input(struct lex *l)
{
    return &l->in[l->depth].rest;
}

static int peek(struct lex *l, size_t at)
{
    return at < input(l)->n ? input(l)->p[at] : -1;
}

static bool is_word_char(int c)
{
    return c == '_' || (c >= 0 && (ascii_is_alpha((uint8_t)c) || ascii_is_digit((uint8_t)c)));
}

/* Take n characters; none of them is a line end. */
static struct slice take(struct lex *l, size_t n)
{
    struct slice s = slice_take(*input(l), n);

    *input(l) = slice_drop(*input(l), n);
    return s;
}

static struct token start(struct lex *l)
{
    struct token t = { .line = l->line, .is_first = l->at_first, .bytes = SLICE(""), .flags = SLICE("") };

    t.column = (uint32_t)(input(l)->p - l->line_start) + 1;
    if (l->depth) {
        t.line = l->use_line;
        t.column = l->use_column;
        t.is_first = false;
    }
    return t;
}

static struct token bad(struct lex *l, struct token t, const char *hint, const char *text)
{
    complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, t.line, t.column, hint, "%s%s", text, l->depth ? " (in a macro used here)" : "");
    t.kind = LT_BAD;
    return t;
}

static void next_line(struct lex *l)
{
    take(l, 1);
    if (l->depth == 0) {
        l->line++;
        l->line_start = input(l)->p;
        l->at_first = true;
    }
}

/* $define name value: to the end of the line. The '$' is not yet taken. */
static void define(struct lex *l)
{
    struct slice line, name;
    size_t n = 0;
    uint32_t column = start(l).column;

    take(l, 7);
    line = take(l, slice_chr(*input(l), '\n'));
    line = slice_trim(line);
    while (n < line.n && is_word_char(line.p[n]))
        n++;
    name = slice_take(line, n);
    line = slice_trim(slice_drop(line, n));
    if (n == 0 || ascii_is_digit(name.p[0]) || n > LEX_NAME)
        complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, l->line, column + 8, "a macro's name is a letter or '_', then letters, digits or '_'",
                 "expected a macro name behind $define");
    else if (memchr(line.p, 0, line.n))
        complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, l->line, column, NULL, "a NUL byte in a macro");
    else
        add_macro(l, name, line, column);
}

static bool is_define(struct lex *l)
{
    return l->depth == 0 && l->at_first && slice_starts(*input(l), SLICE("$define")) && !is_word_char(peek(l, 7));
}

/* Leave a macro's body at its end. */
static bool leave_macro(struct lex *l)
{
    if (l->depth == 0)
        return false;
    l->in[l->depth].macro->is_open = false;
    l->depth--;
    return true;
}

/* Blanks, line ends, comments, definitions. True when something was skipped. */
static bool skip_blanks(struct lex *l)
{
    bool any = false;

    for (;; any = true) {
        int c = peek(l, 0);
        if (c < 0) {
            if (!leave_macro(l))
                return any;
        } else if (c == '\n') {
            next_line(l);
        } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
            take(l, 1);
        } else if (c == ';') {
            take(l, slice_chr(*input(l), '\n'));
        } else if (c == '$' && is_define(l)) {
            define(l);
        } else {
            return any;
        }
    }
}

/* ---- tokens ---- */

/* An escape behind its backslash: the byte, and how many characters it took; -1 for a broken \x. */
static int escape(struct slice s, size_t *used)
{
    static const char from[] = "nrt", to[] = "\n\r\t";
    const char *at;

    *used = 1;
    if (s.n == 0)
        return -1;
    if (s.p[0] == 'x' || s.p[0] == 'X') {
        *used = 3;
        return s.n < 3 || ascii_hex(s.p[1]) < 0 || ascii_hex(s.p[2]) < 0 ? -1 : ascii_hex(s.p[1]) * 16 + ascii_hex(s.p[2]);
    }
    at = s.p[0] ? strchr(from, s.p[0]) : NULL;
    return at ? to[at - from] : s.p[0];
}

static struct token string(struct lex *l, struct token t)
{
    size_t at = 1, used, n = 0, room;
    struct slice in = *input(l);
    uint8_t *out;

    for (room = 1; room < in.n && in.p[room] != '"' && in.p[room] != '\n'; room++)
        if (in.p[room] == '\\' && room + 1 < in.n && in.p[room + 1] != '\n')
            room++;
    if (room >= in.n || in.p[room] != '"') {
        take(l, room < in.n ? room : in.n);
        return bad(l, t, "a string ends on the line it starts on; a line feed inside it is \\n", "this string has no closing '\"'");
    }
    if (room == 1 || room > LEX_STRING) {
        take(l, room + 1);
        return bad(l, t, NULL, room == 1 ? "an empty string" : "a string longer than 65,536 bytes");
    }
    out = reader_get(l->r, room, 1);
    while (out && at < room) {
        int c = in.p[at++];
        if (c == '\\') {
            c = escape(slice_sub(in, at, room - at), &used);
            at += used;
            if (c < 0) {
                take(l, room + 1);
                t.column += l->depth ? 0 : (uint32_t)(at - used - 1);
                return bad(l, t, "\\xHH, with two hexadecimal digits", "a broken escape");
            }
        } else if (c == 0) {
            take(l, room + 1);
            t.column += l->depth ? 0 : (uint32_t)(at - 1);
            return bad(l, t, "write it as \\x00", "a NUL byte in a string");
        }
        out[n++] = (uint8_t)c;
    }
    take(l, room + 1);
    t.kind = out ? LT_STRING : LT_BAD;
    t.bytes = slice_of(out, n);
    return t;
}

static struct token number(struct lex *l, struct token t)
{
    size_t n = 0;
    struct slice s;
    int hi, lo;

    while (is_word_char(peek(l, n)) || (peek(l, n) == '?' && n >= 2))
        n++;
    s = take(l, n);
    t.kind = LT_INT;
    if (slice_chr(s, '?') < s.n) {
        if (s.n != 4 || (s.p[1] | 32) != 'x')
            return bad(l, t, "0x?4 or 0x4?: two hexadecimal digits, each may be '?'", "a broken byte mask");
        hi = ascii_hex(s.p[2]);
        lo = ascii_hex(s.p[3]);
        if ((hi < 0 && s.p[2] != '?') || (lo < 0 && s.p[3] != '?'))
            return bad(l, t, "0x?4 or 0x4?: two hexadecimal digits, each may be '?'", "a broken byte mask");
        t.kind = LT_MASK;
        t.mask = (uint8_t)((hi < 0 ? 0 : 0xf0) | (lo < 0 ? 0 : 0x0f));
        t.value = (uint8_t)((hi < 0 ? 0 : hi * 16) | (lo < 0 ? 0 : lo));
        return t;
    }
    if (!number_of(s, &t.value))
        return bad(l, t, "decimal digits, or 0x and hexadecimal digits", "a broken number");
    return t;
}

/* 'a' or '\n' */
static struct token character(struct lex *l, struct token t)
{
    size_t used = 1;
    int c = peek(l, 1);

    if (c == '\n')
        c = -1;
    if (c == '\\') {
        c = escape(slice_drop(*input(l), 2), &used);
        used++;
    }
    if (c < 0 || peek(l, 1 + used) != '\'') {
        take(l, 1);
        return bad(l, t, "one character or escape in single quotes, as 'a' or '\\x9f'", "a broken character");
    }
    take(l, used + 2);
    t.kind = LT_BYTE;
    t.value = (uint8_t)c;
    return t;
}

/* \d \s \w \b, or a byte written as a bare escape. */
static struct token backslash(struct lex *l, struct token t)
{
    size_t used;
    int c = peek(l, 1);

    if (c == 'd' || c == 's' || c == 'w' || c == 'b') {
        t.kind = c == 'b' ? LT_EDGE : LT_CLASS;
        t.value = (uint64_t)c;
        take(l, 2);
        return t;
    }
    c = escape(slice_drop(*input(l), 1), &used);
    if (c < 0x20 && c != '\n' && c != '\r' && c != '\t' && peek(l, 1) != 'x' && peek(l, 1) != 'X')
        c = -1;
    if (c < 0) {
        take(l, 1);
        return bad(l, t, "\\n \\r \\t \\xHH are bytes; \\d \\s \\w are classes, \\b is a word limit", "a broken escape");
    }
    take(l, 1 + used);
    t.kind = LT_BYTE;
    t.value = (uint8_t)c;
    return t;
}

/* /pattern/flags on one line; \/ is a slash. */
static struct token regex(struct lex *l, struct token t)
{
    struct slice in = *input(l);
    size_t end = 1, n = 0, flags;
    uint8_t *out;

    for (; end < in.n && in.p[end] != '/' && in.p[end] != '\n' && in.p[end] != 0; end++)
        if (in.p[end] == '\\' && end + 1 < in.n && in.p[end + 1] != '\n')
            end++;
    if (end >= in.n || in.p[end] != '/') {
        take(l, end < in.n ? end : in.n);
        return bad(l, t, "a regular expression ends on the line it starts on; a '/' inside it is \\/", "this regular expression has no closing '/'");
    }
    if (end == 1 || end > LEX_STRING) {
        take(l, end + 1);
        return bad(l, t, NULL, end == 1 ? "an empty regular expression" : "a regular expression longer than 65,536 bytes");
    }
    out = reader_get(l->r, end, 1);
    for (size_t i = 1; out && i < end; i++) {
        if (in.p[i] == '\\' && in.p[i + 1] == '/')
            i++;
        else if (in.p[i] == '\\' && i + 1 < end)
            out[n++] = in.p[i++];
        out[n++] = in.p[i];
    }
    take(l, end + 1);
    for (flags = 0; is_word_char(peek(l, flags)); flags++)
        ;
    t.flags = take(l, flags);
    t.kind = out ? LT_REGEX : LT_BAD;
    t.bytes = slice_of(out, n);
    return t;
}

static struct token punct(struct lex *l, struct token t)
{
    static const struct { char text[3]; int value; } pairs[] = {
        { ">=", LP_GE }, { "<=", LP_LE }, { "!=", LP_NE }, { "~~", LP_LOOSE }, { "~#", LP_DIGITS }, { ".*", LP_ANYGAP },
    };
    int c = peek(l, 0);

    t.kind = LT_PUNCT;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (c == pairs[i].text[0] && peek(l, 1) == pairs[i].text[1]) {
            take(l, 2);
            t.value = (uint64_t)pairs[i].value;
            return t;
        }
    take(l, 1);
    t.value = (uint64_t)c;
    if (c < 0x80 && c && strchr(":,()[]<>{}@=-+!|&~#.*", c))
        return t;
    if (c >= 0x20 && c < 0x7f)
        return bad(l, t, NULL, "this character has no meaning here");
    return bad(l, t, c == 0 ? "is this a text file?" : "bytes outside ASCII stand in strings, names and comments only", "an unexpected byte");
}

/* $name: go on in its body. False: it was complained about. */
static bool enter_macro(struct lex *l, struct token t)
{
    size_t n = 1;
    struct slice name;
    struct macro *m;

    while (is_word_char(peek(l, n)))
        n++;
    name = slice_drop(take(l, n), 1);
    m = find_macro(l, name);
    if (!m) {
        complain(&l->r->complaints, l->r->source, COMPLAIN_ERROR, t.line, t.column,
                 slice_eq(name, SLICE("define")) ? "$define must be the first word on its line" : "$define name value, on a line before this one",
                 "macro $%.*s is not defined", (int)(n < 80 ? n - 1 : 80), (const char *)name.p);
        return false;
    }
    if (m->is_open || l->depth + 1 == LEX_NEST || m->body.n + 1 > LEX_EXPAND - l->expanded) {
        bad(l, t, NULL, m->is_open ? "this macro uses itself" : "macros nested too deep or expanded to more than 1 MB");
        return false;
    }
    if (l->depth == 0) {
        l->use_line = t.line;
        l->use_column = t.column;
    }
    l->expanded += m->body.n + 1;
    m->is_open = true;
    l->in[++l->depth] = (struct lex_input){ m->body, m };
    return true;
}

struct token lex_next(struct lex *l)
{
    struct token t;
    bool is_glued = true;
    int c;

    for (;;) {
        if (skip_blanks(l))
            is_glued = false;
        t = start(l);
        t.is_glued = is_glued;
        c = peek(l, 0);
        if (c < 0)
            return t;
        l->at_first = false;
        if (c != '$')
            break;
        if (!enter_macro(l, t)) {
            t.kind = LT_BAD;
            return t;
        }
    }
    if (c == '"')
        return string(l, t);
    if (c == '\'')
        return character(l, t);
    if (c == '\\')
        return backslash(l, t);
    if (c == '/')
        return regex(l, t);
    if (ascii_is_digit((uint8_t)c))
        return number(l, t);
    if (is_word_char(c)) {
        size_t n = 0;
        while (is_word_char(peek(l, n)))
            n++;
        t.kind = LT_WORD;
        t.bytes = take(l, n);
        return t;
    }
    return punct(l, t);
}

bool lex_peek_word(const struct lex *l, const char *word)
{
    struct slice s = l->in[l->depth].rest, w = slice_str(word);

    while (s.n && ascii_is_space(s.p[0]))
        s = slice_drop(s, 1);
    return slice_starts(s, w) && (s.n == w.n || !is_word_char(s.p[w.n]));
}

struct slice lex_name(struct lex *l)
{
    struct token t;
    struct slice line, name;
    size_t comma;

    while (peek(l, 0) == ' ' || peek(l, 0) == '\t')
        take(l, 1);
    t = start(l);
    line = slice_take(*input(l), slice_chr(*input(l), '\n'));
    comma = slice_chr(line, ',');
    name = slice_trim(slice_take(line, comma));
    if (comma == line.n || name.n == 0 || name.n > LEX_NAME) {
        bad(l, t, "a rule is  :NAME, definition #", comma == line.n ? "expected a name and a ',' on this line"
            : name.n ? "a name longer than 255 bytes" : "a rule without a name");
        take(l, comma == line.n ? line.n : comma);
        return (struct slice){ line.p, 0 };
    }
    take(l, comma);
    return name;
}

void lex_rule_start(struct lex *l)
{
    l->expanded = 0;
}

void lex_skip_rule(struct lex *l)
{
    while (leave_macro(l))
        ;
    for (;;) {
        int c = peek(l, 0);
        if (c < 0)
            return;
        if (c == '\n') {
            next_line(l);
            continue;
        }
        if (l->at_first && (c == ':' || c == '+' || c == '-'))
            return;
        if (c == '$' && is_define(l)) {
            define(l);
            continue;
        }
        if (c == ';') {
            take(l, slice_chr(*input(l), '\n'));
            continue;
        }
        if (c == '~' && peek(l, 1) == '#') {
            take(l, 2);
            continue;
        }
        if (c == '"') {             /* a '#' or ';' inside a string is none */
            size_t n = 1;
            while (peek(l, n) >= 0 && peek(l, n) != '"' && peek(l, n) != '\n')
                n += peek(l, n) == '\\' && peek(l, n + 1) >= 0 && peek(l, n + 1) != '\n' ? 2 : 1;
            take(l, peek(l, n) == '"' ? n + 1 : n);
            l->at_first = false;
            continue;
        }
        if (c != ' ' && c != '\t' && c != '\r')
            l->at_first = false;
        take(l, 1);
        if (c == '#')
            return;
    }
}

bool lex_init(struct lex *l, struct vdl_reader *r, struct slice text)
{
    *l = (struct lex){ .r = r, .line = 1, .line_start = text.p, .at_first = true };
    l->in[0].rest = text;
    if (!grow_table(l))
        return false;
    return true;
}

void lex_release(struct lex *l)
{
    free(l->table);
    l->table = NULL;
}
