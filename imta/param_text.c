#include "param_text.h"

enum { PIECE = 60, WORD_BYTES = 42 };

static bool is_token_char(uint8_t c)
{
    return c > ' ' && c < 0x7f && !memchr("()<>@,;:\\\"/[]?=", c, 15);
}

bool param_text_is_token(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!is_token_char(s.p[i]))
            return false;
    return s.n > 0;
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 0x80)
            return false;
    return true;
}

static bool is_control(uint8_t c)
{
    return c < ' ' || c == 0x7f;
}

static enum cs_status put_quoted(struct buf *out, struct slice s)
{
    enum cs_status st = buf_putc(out, '"');

    for (size_t i = 0; st == CS_OK && i < s.n; i++) {
        if (is_control(s.p[i]))
            continue;
        if (s.p[i] == '"' || s.p[i] == '\\')
            st = buf_putc(out, '\\');
        if (st == CS_OK)
            st = buf_putc(out, s.p[i]);
    }
    return st == CS_OK ? buf_putc(out, '"') : st;
}

static enum cs_status put_percent(struct buf *out, struct slice s)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < s.n; i++) {
        uint8_t c = s.p[i];

        if (is_control(c))
            continue;
        if (is_token_char(c) && c != '%' && c != '*' && c != '\'')
            st = buf_putc(out, c);
        else
            st = buf_printf(out, "%%%02X", c);
    }
    return st;
}

enum cs_status param_text_put(struct buf *out, struct slice name, struct slice value, const char *eol)
{
    bool is_plain = is_ascii(value);
    int n_name = (int)name.n;
    const char *text = (const char *)name.p;
    enum cs_status st = CS_OK;

    if (!param_text_is_token(name))
        return CS_OK;
    if (is_plain && value.n <= PIECE) {
        st = buf_printf(out, ";%s %.*s=", eol, n_name, text);
        if (st != CS_OK)
            return st;
        return param_text_is_token(value) ? buf_put(out, value) : put_quoted(out, value);
    }
    for (unsigned i = 0; st == CS_OK && (value.n || i == 0); i++) {
        size_t n = is_plain ? PIECE : PIECE / 3;
        struct slice piece = slice_take(value, n);

        st = buf_printf(out, ";%s %.*s*%u%s=%s", eol, n_name, text, i, is_plain ? "" : "*",
                        i == 0 && !is_plain ? "utf-8''" : "");
        if (st == CS_OK)
            st = is_plain ? put_quoted(out, piece) : put_percent(out, piece);
        value = slice_drop(value, n);
    }
    return st;
}

/* At most WORD_BYTES bytes, and no UTF-8 character cut in two. */
static size_t word_length(struct slice s)
{
    size_t n = s.n < WORD_BYTES ? s.n : WORD_BYTES;

    while (n < s.n && n > 1 && (s.p[n] & 0xc0) == 0x80)
        n--;
    return n;
}

static enum cs_status put_base64(struct buf *out, struct slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    enum cs_status st = CS_OK;

    for (; st == CS_OK && s.n; s = slice_drop(s, 3)) {
        uint32_t v = (uint32_t)s.p[0] << 16 | (s.n > 1 ? (uint32_t)s.p[1] << 8 : 0) | (s.n > 2 ? s.p[2] : 0);
        char four[4] = { digits[v >> 18], digits[v >> 12 & 63], s.n > 1 ? digits[v >> 6 & 63] : '=',
                         s.n > 2 ? digits[v & 63] : '=' };

        st = buf_put(out, slice_of(four, 4));
    }
    return st;
}

enum cs_status param_text_words(struct buf *out, struct slice value, const char *eol)
{
    enum cs_status st = CS_OK;

    if (is_ascii(value) && value.n <= 900) {
        for (size_t i = 0; st == CS_OK && i < value.n; i++)
            st = buf_putc(out, is_control(value.p[i]) ? ' ' : value.p[i]);
        return st;
    }
    for (bool is_first = true; st == CS_OK && value.n; is_first = false) {
        size_t n = word_length(value);

        st = buf_printf(out, "%s%s=?utf-8?B?", is_first ? "" : eol, is_first ? "" : " ");
        if (st == CS_OK)
            st = put_base64(out, slice_take(value, n));
        if (st == CS_OK)
            st = buf_puts(out, "?=");
        value = slice_drop(value, n);
    }
    return st;
}
