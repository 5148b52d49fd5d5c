#include "pdflex.h"

#include "utf16.h"

bool pdf_is_space(uint8_t c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0;
}

static bool is_regular(uint8_t c)
{
    return !pdf_is_space(c) && !memchr("()<>[]{}/%", c, 10);
}

static void skip_space(struct pdf_lexer *l)
{
    while (l->at < l->in.n) {
        uint8_t c = l->in.p[l->at];
        if (c == '%') {
            while (l->at < l->in.n && l->in.p[l->at] != '\n' && l->in.p[l->at] != '\r')
                l->at++;
        } else if (!pdf_is_space(c)) {
            return;
        } else {
            l->at++;
        }
    }
}

/* A string in round brackets: those inside count, unless escaped. */
static struct slice literal(struct pdf_lexer *l)
{
    size_t from = ++l->at, depth = 1;

    for (; l->at < l->in.n; l->at++) {
        uint8_t c = l->in.p[l->at];
        if (c == '\\')
            l->at++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return slice_sub(l->in, from, l->at++ - from);
    }
    l->at = l->in.n;
    return slice_drop(l->in, from);
}

static struct slice run(struct pdf_lexer *l)
{
    size_t from = l->at;

    while (l->at < l->in.n && is_regular(l->in.p[l->at]))
        l->at++;
    return slice_sub(l->in, from, l->at - from);
}

static struct pdf_token bracket(struct pdf_lexer *l, struct pdf_token t, uint8_t c)
{
    struct slice rest = slice_drop(l->in, l->at);
    bool is_double = rest.n > 1 && rest.p[1] == c;

    if (c == '<' && !is_double) {
        size_t n = slice_chr(rest, '>');
        t.kind = PDF_HEX;
        t.text = slice_sub(rest, 1, n - 1);
        l->at += n < rest.n ? n + 1 : n;
        return t;
    }
    l->at += is_double ? 2 : 1;
    t.kind = !is_double ? PDF_WORD : c == '<' ? PDF_OPEN : PDF_CLOSE;
    t.text = slice_take(rest, is_double ? 2 : 1);
    return t;
}

struct pdf_token pdf_next(struct pdf_lexer *l)
{
    struct pdf_token t = { .kind = PDF_END };
    uint8_t c;

    skip_space(l);
    t.at = l->at;
    t.text = slice_sub(l->in, l->at, 1);
    if (l->at >= l->in.n)
        return t;
    c = l->in.p[l->at];
    switch (c) {
    case '(':
        t.kind = PDF_STRING;
        t.text = literal(l);
        return t;
    case '<':
    case '>':
        return bracket(l, t, c);
    case '/':
        l->at++;
        t.kind = PDF_NAME;
        t.text = run(l);
        return t;
    case '[':
    case ']':
    case '{':
    case '}':
    case ')':
        l->at++;
        t.kind = c == '[' ? PDF_LIST : c == ']' ? PDF_LIST_END : PDF_WORD;
        return t;
    default:
        t.text = run(l);
        t.kind = ascii_is_digit(c) || c == '+' || c == '-' || c == '.' ? PDF_NUMBER : PDF_WORD;
        return t;
    }
}

bool pdf_name_is(struct slice name, const char *word)
{
    size_t i = 0;

    for (; name.n && *word; word++) {
        int high = name.n > 2 ? ascii_hex(name.p[1]) : -1, low = name.n > 2 ? ascii_hex(name.p[2]) : -1;
        bool is_escape = name.p[0] == '#' && high >= 0 && low >= 0;
        int c = is_escape ? high << 4 | low : name.p[0];
        if (c != (uint8_t)*word)
            return false;
        name = slice_drop(name, is_escape ? 3 : 1);
        i++;
    }
    return name.n == 0 && *word == 0 && i;
}

uint64_t pdf_number(struct slice text)
{
    uint64_t v = 0;
    size_t i = 0;

    while (i < text.n && !ascii_is_digit(text.p[i]))
        i++;
    for (; i < text.n && ascii_is_digit(text.p[i]) && v < UINT32_MAX; i++)
        v = v * 10 + (uint64_t)(text.p[i] - '0');
    return v;
}

static enum cs_status hex_string(struct slice in, struct buf *out)
{
    enum cs_status st = CS_OK;
    int high = -1;

    for (size_t i = 0; i < in.n && st == CS_OK; i++) {
        int v = ascii_hex(in.p[i]);
        if (v < 0)
            continue;
        if (high < 0) {
            high = v;
            continue;
        }
        st = buf_putc(out, (uint8_t)(high << 4 | v));
        high = -1;
    }
    return st == CS_OK && high >= 0 ? buf_putc(out, (uint8_t)(high << 4)) : st;
}

/* One escape, at the byte behind the backslash; gives how many bytes it took. */
static size_t escape(struct slice in, struct buf *out, enum cs_status *st)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    const char *q = in.p[0] ? strchr(from, in.p[0]) : NULL;
    unsigned v = 0;
    size_t n = 0;

    if (in.p[0] == '\r' || in.p[0] == '\n')             /* a line folded */
        return in.n > 1 && in.p[0] == '\r' && in.p[1] == '\n' ? 2 : 1;
    while (n < 3 && n < in.n && in.p[n] >= '0' && in.p[n] <= '7')
        v = v << 3 | (unsigned)(in.p[n++] - '0');
    *st = buf_putc(out, n ? (uint8_t)v : q ? (uint8_t)to[q - from] : in.p[0]);
    return n ? n : 1;
}

enum cs_status pdf_string_raw(const struct pdf_token *t, struct buf *out)
{
    struct slice in = t->text;
    enum cs_status st = CS_OK;

    if (t->kind == PDF_HEX)
        return hex_string(in, out);
    while (in.n && st == CS_OK) {
        size_t n = slice_chr(in, '\\');
        st = buf_put(out, slice_take(in, n));
        in = slice_drop(in, n + 1);
        if (in.n && st == CS_OK)
            in = slice_drop(in, escape(in, out, &st));
    }
    return st;
}

static enum cs_status utf16(struct slice in, unsigned high, struct buf *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i + 1 < in.n && st == CS_OK; i += 2) {
        uint32_t c = (uint32_t)in.p[i + high] << 8 | in.p[i + 1 - high];
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < in.n) {
            uint32_t low = (uint32_t)in.p[i + 2 + high] << 8 | in.p[i + 3 - high];
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                i += 2;
            }
        }
        st = utf16_put_char(out, c);
    }
    return st;
}

enum cs_status pdf_text(struct slice raw, struct buf *out)
{
    if (slice_starts(raw, SLICE("\xfe\xff")))
        return utf16(slice_drop(raw, 2), 0, out);
    if (slice_starts(raw, SLICE("\xff\xfe")))
        return utf16(slice_drop(raw, 2), 1, out);
    return buf_put(out, slice_starts(raw, SLICE("\xef\xbb\xbf")) ? slice_drop(raw, 3) : raw);
}
