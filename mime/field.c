#include "field.h"

enum { JUNK_LINES = 4, JUNK_LINE = 200 };

/* Bare CRs: byte by byte, for a search for one kind of line end could run past many of the other. */
static size_t cr_line_len(struct slice s)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '\r' && s.p[n] != '\n')
        n++;
    if (n == s.n)
        return n;
    return s.p[n] == '\r' && n + 1 < s.n && s.p[n + 1] == '\n' ? n + 2 : n + 1;
}

size_t line_len(struct slice s, bool cr_ends)
{
    size_t n;

    if (cr_ends)
        return cr_line_len(s);
    n = slice_chr(s, '\n');
    return n < s.n ? n + 1 : n;
}

static bool is_eol(uint8_t c)
{
    return c == '\r' || c == '\n';
}

static struct slice cut_eol(struct slice line)
{
    while (line.n && is_eol(line.p[line.n - 1]))
        line.n--;
    return line;
}

static bool is_blank_line(struct slice line)
{
    for (size_t i = 0; i < line.n; i++)
        if (!ascii_is_space(line.p[i]))
            return false;
    return true;
}

/* A CR that is not the line's end: some readers go on in a new line there. */
static bool has_bare_cr(struct slice line)
{
    line.n -= line.n && line.p[line.n - 1] == '\n';
    line.n -= line.n && line.p[line.n - 1] == '\r';
    return slice_chr(line, '\r') < line.n;
}

/*
 * Name and value of a line with a colon. White space before the colon and control characters before the name are read
 * over, 8-bit bytes in the name let be: no mail program minds. An empty name (":") is a field too.
 */
static bool split(struct slice line, struct field *f)
{
    size_t colon = slice_chr(line, ':');
    struct slice name = slice_take(line, colon);

    if (colon == line.n || (line.n && (line.p[0] == ' ' || line.p[0] == '\t')))
        return false;
    if (slice_starts(name, SLICE("\xef\xbb\xbf")))
        name = slice_drop(name, 3);
    while (name.n && (name.p[0] < 33 || name.p[0] == 127))
        name = slice_drop(name, 1);
    while (name.n && (name.p[name.n - 1] < 33 || name.p[name.n - 1] == 127))
        name.n--;
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < 33 || name.p[i] == 127)
            return false;
    f->name = name;
    f->value = slice_drop(line, colon + 1);
    return true;
}

static bool begins_in(struct slice value, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slice_istarts(value, slice_str(words[i])))
            return true;
    return false;
}

/* What a field says that tells how the part is read; other fields, and lists of their names in signatures, may look alike. */
static bool is_telling(struct slice name, struct slice value)
{
    static const char *const types[] = { "multipart/", "message/", "application/", "text/", "image/" };
    static const char *const encodings[] = { "base64", "quoted-printable", "x-uu", "uu", "x-yenc", "7bit", "8bit" };
    static const char *const dispositions[] = { "attachment", "inline" };

    if (slice_ieq(name, SLICE("content-type")))
        return begins_in(value, types, sizeof types / sizeof *types);
    if (slice_ieq(name, SLICE("content-transfer-encoding")))
        return begins_in(value, encodings, sizeof encodings / sizeof *encodings);
    return slice_ieq(name, SLICE("content-disposition")) && begins_in(value, dispositions, sizeof dispositions / sizeof *dispositions);
}

/* A Content- field behind white space, or without its colon? */
static bool split_hidden(struct slice line, struct field *f)
{
    struct slice text = slice_trim(line), name, value;
    size_t n = 0;

    if (!slice_istarts(text, SLICE("content-")))
        return false;
    while (n < text.n && text.p[n] != ':' && !ascii_is_space(text.p[n]))
        n++;
    name = slice_take(text, n);
    value = slice_trim(slice_drop(text, n));
    if (value.n && value.p[0] == ':')
        value = slice_trim(slice_drop(value, 1));
    if (!is_telling(name, value))
        return false;
    f->name = name;
    f->value = slice_of(value.p, (size_t)(line.p + line.n - value.p));
    return true;
}

void field_next(struct slice s, const struct line_rules *r, struct field *out)
{
    struct field hidden;
    size_t n = line_len(s, r->cr_ends);
    struct slice line = slice_take(s, n);

    *out = (struct field){ .kind = FIELD_NONE, .whole = line, .name = slice_of("", 0), .value = slice_of("", 0) };
    if (n == 0)
        return;
    out->has_bare_cr = has_bare_cr(line);
    if (is_blank_line(line)) {
        out->kind = FIELD_EMPTY;
        return;
    }
    out->kind = split(line, out) ? FIELD_GOOD : FIELD_JUNK;
    if (out->kind == FIELD_JUNK && split_hidden(line, &hidden)) {
        out->has_hidden = true;
        if (r->sees_hidden) {
            out->kind = FIELD_GOOD;
            out->name = hidden.name;
            out->value = hidden.value;
        }
    }
    while (out->kind == FIELD_GOOD && n < s.n && (s.p[n] == ' ' || s.p[n] == '\t')) {
        struct slice more = slice_sub(s, n, line_len(slice_drop(s, n), r->cr_ends));
        if (is_blank_line(more)) {
            out->has_blank_line = true;
            if (r->blank_ends)
                break;
        }
        if (split_hidden(more, &hidden)) {
            out->has_hidden = true;
            if (r->sees_hidden)
                break;
        }
        out->has_bare_cr |= has_bare_cr(more);
        n += more.n;
        out->value.n += more.n;
    }
    out->whole = slice_take(s, n);
    out->value = cut_eol(out->value);
}

/* Fields that a mail message nearly always has. */
static bool is_mail_field(struct slice name)
{
    static const char *const names[] = { "from", "to", "cc", "subject", "date", "message-id", "received", "return-path",
                                         "reply-to", "sender", "delivered-to", "mime-version", "content-type",
                                         "content-transfer-encoding", "dkim-signature", "x-mailer" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (slice_ieq(name, slice_str(names[i])))
            return true;
    return false;
}

/* Lines in front of a header that are no fields: a mark between messages, a word of a program that handed it on. Behind them more is asked for. */
static struct slice skip_junk(struct slice head, const struct line_rules *rules, bool *has_junk)
{
    struct field f;

    for (unsigned n = 0; n < JUNK_LINES; n++) {
        field_next(head, rules, &f);
        if ((f.kind != FIELD_JUNK && f.kind != FIELD_EMPTY) || f.whole.n > JUNK_LINE)
            break;
        *has_junk |= f.kind == FIELD_JUNK;
        head = slice_drop(head, f.whole.n);
    }
    return head;
}

bool mime_looks_like_message(struct slice head)
{
    struct line_rules rules = { .cr_ends = slice_chr(head, '\n') == head.n };
    struct field f;
    unsigned n_known = 0, n = 0;
    bool is_multipart = false, has_junk = false;

    if (slice_starts(head, SLICE("\xef\xbb\xbf")))
        head = slice_drop(head, 3);
    while (head.n && is_eol(head.p[0]))
        head = slice_drop(head, 1);
    if (slice_starts(head, SLICE("From ")) || slice_starts(head, SLICE(">From ")))
        head = slice_drop(head, line_len(head, rules.cr_ends));
    head = skip_junk(head, &rules, &has_junk);
    for (; n < 64; n++) {
        field_next(head, &rules, &f);
        if (f.kind != FIELD_GOOD)
            break;
        n_known += is_mail_field(f.name);
        is_multipart |= slice_ieq(f.name, SLICE("content-type")) && slice_istarts(slice_trim(f.value), SLICE("m"));
        head = slice_drop(head, f.whole.n);
    }
    if (f.kind == FIELD_JUNK && f.whole.n != head.n && n < 3)
        return false;
    if (has_junk)
        return n_known >= 3 && f.kind == FIELD_EMPTY;
    return n_known >= 2 || (n_known == 1 && (is_multipart || f.kind == FIELD_EMPTY));
}
