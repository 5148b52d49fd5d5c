#include "clause.h"

void clause_reader_init(struct clause_reader *r, struct slice text, struct complaints *c)
{
    *r = (struct clause_reader){ .c = c, .left = complaint_skip_mark(c, text), .joined = buf_init(CLAUSE_LINE),
                                 .written = buf_init(CLAUSE_LINE), .plain = buf_init(CLAUSE_LINE) };
}

void clause_reader_release(struct clause_reader *r)
{
    buf_release(&r->joined);
    buf_release(&r->written);
    buf_release(&r->plain);
}

/* Word processors and printed manuals turn quotes into these. */
static bool has_printed_quote(struct slice s)
{
    static const char *const quotes[] = { "\xe2\x80\x98", "\xe2\x80\x99", "\xe2\x80\x9c", "\xe2\x80\x9d", "\xe2\x80\x9e" };

    if (slice_ihas(s, SLICE("description")) || slice_ihas(s, SLICE("subject")))        /* there they may be meant */
        return false;
    for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++)
        if (slice_find(s, slice_str(quotes[i])) < s.n)
            return true;
    for (size_t i = 1; i < s.n; i++)            /* the same in Windows-1252; in UTF-8 no such byte stands behind ASCII */
        if (s.p[i] >= 0x91 && s.p[i] <= 0x94 && s.p[i - 1] < 0x80)
            return true;
    return false;
}

/* What looks like a blank or a hyphen and is none. */
static bool has_printed_space(struct slice s)
{
    static const char *const signs[] = { "\xc2\xa0", "\xe2\x80\x90", "\xe2\x80\x91", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x88\x92" };

    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (slice_find(s, slice_str(signs[i])) < s.n)
            return true;
    return false;
}

/* What went wrong, where it can be guessed. */
static const char *guess(struct slice s)
{
    if (s.p[0] == '#' || s.p[0] == '!')
        return ": a comment is a line of its own that begins with !";
    if (s.p[0] == '\\' && slice_trim(slice_drop(s, 1)).n == 0)
        return ": nothing may stand behind a \\ that continues a line, not even a blank";
    if (has_printed_space(s))
        return ": a typographic blank or dash stands in it; write plain ones";
    return "";
}

static void check_line(struct clause_reader *r, struct slice s)
{
    if (s.n && s.p[0] == '!')
        return;
    if (s.n > CLAUSE_COLUMNS)
        complaint(r->c, COMPLAINT_WARNING, r->line, "line of %zu characters: some versions read 252; break it behind a ; or with \\",
                 s.n);
    if (has_printed_quote(s))
        complaint(r->c, COMPLAINT_WARNING, r->line, "typographic quotes mean nothing here: write \" or '");
    if (slice_chr(s, '\0') < s.n)
        complaint(r->c, COMPLAINT_ERROR, r->line, "text expected, not a NUL byte");
}

static bool is_comment(struct slice s)
{
    s = slice_trim(s);
    return s.n && s.p[0] == '!';
}

/* The next logical line, comments left out; false at the end. */
static bool next_line(struct clause_reader *r, enum cs_status *st)
{
    bool goes_on = true;

    r->joined.n = 0;
    while (goes_on && r->left.n) {
        size_t n = slice_chr(r->left, '\n');
        struct slice s = slice_take(r->left, n);

        r->left = slice_drop(r->left, n + 1);
        r->line++;
        if (s.n && s.p[s.n - 1] == '\r')
            s.n--;
        check_line(r, s);
        if (r->joined.n == 0)
            r->started = r->line;
        if (is_comment(s) && r->joined.n == 0)
            continue;
        goes_on = s.n && s.p[s.n - 1] == '\\';
        s.n -= goes_on;
        *st = buf_put(&r->joined, s);
        if (*st != CS_OK)
            return false;
        if (!goes_on)
            return true;
    }
    return r->joined.n > 0;
}

/* A complaint spoils the rest of the line: what stands there cannot be trusted to be what it looks like. */
static void spoil(struct clause_reader *r)
{
    r->rest = slice_of(NULL, 0);
}

static bool take_name(struct clause_reader *r, struct clause *out)
{
    size_t n = slice_chr(r->rest, '='), digits;
    struct slice name = slice_trim(slice_take(r->rest, n));

    for (size_t i = 0; i < name.n; i++)
        if (!ascii_is_alpha(name.p[i]) && !ascii_is_digit(name.p[i]) && name.p[i] != '-' && name.p[i] != '_')
            n = r->rest.n;
    if (n == r->rest.n || name.n == 0) {
        complaint(r->c, COMPLAINT_ERROR, r->started, "NAME=VALUE; expected, not \"%.*s\"%s", (int)slice_take(r->rest, 40).n,
                 (const char *)r->rest.p, guess(r->rest));
        spoil(r);
        return false;
    }
    r->rest = slice_drop(r->rest, n + 1);
    for (digits = 0; digits < name.n && ascii_is_digit(name.p[name.n - 1 - digits]);)
        digits++;
    out->has_index = digits && digits <= 4 && name.n > digits && name.p[name.n - 1 - digits] == '-';
    for (size_t i = name.n - digits; out->has_index && i < name.n; i++)
        out->index = out->index * 10 + (unsigned)(name.p[i] - '0');
    if (out->has_index)
        name.n -= digits + 1;
    out->name = name;
    return true;
}

/* One character of a value: \" is a quote in both forms, every other escape stays in the written one. */
static enum cs_status put_char(struct clause_reader *r, struct slice *s)
{
    uint8_t c = s->p[0], next = s->n > 1 ? s->p[1] : 0;
    bool is_escape = c == '\\' && (next == '"' || next == '\'' || next == '\\');
    enum cs_status st = CS_OK;

    if (is_escape && next != '"')
        st = buf_putc(&r->written, c);
    if (st == CS_OK)
        st = buf_putc(&r->written, is_escape ? next : c);
    if (st == CS_OK)
        st = buf_putc(&r->plain, is_escape ? next : c);
    *s = slice_drop(*s, is_escape ? 2 : 1);
    return st;
}

static enum cs_status take_quoted(struct clause_reader *r, struct slice *s)
{
    enum cs_status st = CS_OK;

    *s = slice_drop(*s, 1);
    while (st == CS_OK && s->n && s->p[0] != '"')
        st = put_char(r, s);
    if (st == CS_OK && s->n == 0)
        complaint(r->c, COMPLAINT_ERROR, r->started, "closing \" expected before the end of the line");
    *s = slice_drop(*s, 1);
    return st;
}

static enum cs_status take_value(struct clause_reader *r)
{
    struct slice s = slice_trim(r->rest);
    enum cs_status st = CS_OK;

    r->written.n = r->plain.n = 0;
    while (st == CS_OK && s.n && s.p[0] != ';' && !ascii_is_space(s.p[0]))
        st = s.p[0] == '"' ? take_quoted(r, &s) : put_char(r, &s);
    r->rest = slice_trim(s);
    return st;
}

static enum cs_status take_clause(struct clause_reader *r, struct clause *out, bool *is_good)
{
    enum cs_status st;

    *out = (struct clause){ .line = r->started };
    *is_good = take_name(r, out);
    if (!*is_good)
        return CS_OK;
    st = take_value(r);
    if (st != CS_OK)
        return st;
    if (r->rest.n && r->rest.p[0] != ';') {
        complaint(r->c, COMPLAINT_ERROR, r->started, "; expected before \"%.*s\": put a value with blanks in quotes",
                 (int)slice_take(r->rest, 40).n, (const char *)r->rest.p);
        spoil(r);
        *is_good = false;
        return CS_OK;
    }
    out->ends_entry = r->rest.n == 0;
    r->rest = slice_trim(slice_drop(r->rest, 1));
    out->written = buf_slice(&r->written);
    out->plain = buf_slice(&r->plain);
    return CS_OK;
}

enum cs_status clause_next(struct clause_reader *r, struct clause *out, enum clause_event *event)
{
    enum cs_status st = CS_OK;
    bool is_good;

    *event = CLAUSE_END;
    for (;;) {
        while (r->rest.n && r->rest.p[0] == ';')        /* an empty clause is none */
            r->rest = slice_trim(slice_drop(r->rest, 1));
        if (r->rest.n == 0) {
            if (!next_line(r, &st))
                return st;
            r->rest = slice_trim(buf_slice(&r->joined));
            if (r->rest.n == 0) {
                *event = CLAUSE_GAP;
                return CS_OK;
            }
            continue;
        }
        st = take_clause(r, out, &is_good);
        if (st != CS_OK)
            return st;
        if (is_good) {
            *event = CLAUSE_ONE;
            return CS_OK;
        }
    }
}
