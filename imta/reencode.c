#include "reencode.h"

enum { LINE_MOST = 998 };       /* RFC 5322 2.1.1 */

/* What a body without encoding would have to carry. */
struct survey {
    bool has_8bit, has_nul, has_bare_cr, has_long_line;
};

static struct survey survey_of(struct slice s)
{
    struct survey v = { .has_8bit = false };
    size_t line = 0;

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        v.has_8bit |= c >= 0x80;
        v.has_nul |= c == 0;
        v.has_bare_cr |= c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n');
        line = c == '\n' ? 0 : line + 1;
        v.has_long_line |= line > LINE_MOST;
    }
    return v;
}

/* Lines with the line end asked for. */
static enum cs_status put_lines(struct slice s, const char *eol, struct buf *out)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && s.n) {
        size_t n = slice_chr(s, '\n');
        struct slice line = slice_take(s, n);

        if (n < s.n && n && line.p[n - 1] == '\r')
            line.n--;
        st = buf_put(out, line);
        if (st == CS_OK && n < s.n)
            st = buf_puts(out, eol);
        s = slice_drop(s, n + 1);
    }
    return st;
}

static enum cs_status to_buf(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

static enum mime_encoding choose(struct slice wish, const struct survey *v, bool is_text)
{
    bool is_plain = !v->has_nul && !v->has_bare_cr && !v->has_long_line;

    if (slice_ieq(wish, SLICE("base64")))
        return MIME_ENC_BASE64;
    if (slice_ieq(wish, SLICE("quoted-printable")))
        return is_text ? MIME_ENC_QP : MIME_ENC_BASE64;
    if (slice_ieq(wish, SLICE("none")) || slice_ieq(wish, SLICE("7bit")) || slice_ieq(wish, SLICE("8bit")) ||
        slice_ieq(wish, SLICE("binary")))
        return !is_plain ? MIME_ENC_BASE64 : v->has_8bit ? MIME_ENC_8BIT : MIME_ENC_NONE;
    if (!is_text || v->has_nul || v->has_bare_cr)
        return MIME_ENC_BASE64;
    return v->has_8bit || v->has_long_line ? MIME_ENC_QP : MIME_ENC_NONE;
}

static enum cs_status encode_as(enum mime_encoding e, struct slice content, const struct body_wish *wish,
                                struct buf *out, const char **token)
{
    struct buf lines = buf_init(out->max);
    enum cs_status st = CS_OK;

    out->n = 0;
    *token = e == MIME_ENC_BASE64 ? "base64" : e == MIME_ENC_QP ? "quoted-printable" : e == MIME_ENC_8BIT ? "8bit" : "";
    if (e == MIME_ENC_NONE || e == MIME_ENC_8BIT)
        return wish->is_text ? put_lines(content, wish->eol, out) : buf_put(out, content);
    if (wish->is_text)          /* RFC 2045 6.8: the lines of text end in CRLF inside base64 */
        st = put_lines(content, e == MIME_ENC_BASE64 ? "\r\n" : wish->eol, &lines);
    if (st == CS_OK)
        st = mime_encode(e, wish->is_text ? buf_slice(&lines) : content, wish->eol, to_buf, out);
    buf_release(&lines);
    return st;
}

enum cs_status body_encode(struct slice content, const struct body_wish *wish,
                           bool (*collides)(void *ctx, struct slice body), void *ctx, struct buf *out,
                           const char **token)
{
    struct survey v = survey_of(content);
    enum mime_encoding e = choose(wish->encoding, &v, wish->is_text);
    enum cs_status st = encode_as(e, content, wish, out, token);

    if (st == CS_OK && e != MIME_ENC_BASE64 && collides(ctx, buf_slice(out)))
        st = encode_as(MIME_ENC_BASE64, content, wish, out, token);
    return st;
}
