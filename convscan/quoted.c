#include "blob.h"
#include "coded.h"
#include "formats.h"

/*
 * quoted.c - parts of mail inside running text: where a delimiter is broken, or a bounce quotes a message, lines that name a transfer encoding
 * stand in the middle of a text, or lines of base64 without any. Lenient programs, and people, take the part out by them.
 */

enum { FINDS = 256, MARKS = 4, LABEL = 128, BASE64_LINE = 40 };

/* CR ends the lines of an old Macintosh. */
static uint8_t end_of_line(struct slice text)
{
    return slice_chr(text, '\n') < text.n ? '\n' : '\r';
}

static size_t next_line(struct slice text, size_t at, uint8_t eol)
{
    size_t n = at + slice_chr(slice_drop(text, at), eol) + 1;

    return n < text.n ? n : text.n;
}

/* Is the place the first of its line, but for a mark or two? */
static bool begins_line(struct slice text, size_t at, uint8_t eol)
{
    size_t from = at;

    while (from > 0 && at - from < MARKS && text.p[from - 1] != eol && !ascii_is_alpha(text.p[from - 1]))
        from--;
    return from == 0 || text.p[from - 1] == eol;
}

/* From there on, where a line names an encoding; text.n: nowhere. By the dash: this runs over every text. */
static size_t find_label(struct slice text, size_t at, uint8_t eol)
{
    enum { FIRST = sizeof "Content" - 1 };

    for (at += slice_chr(slice_drop(text, at), '-'); at < text.n; at += 1 + slice_chr(slice_drop(text, at + 1), '-'))
        if (at >= FIRST && slice_istarts(slice_drop(text, at), SLICE("-Transfer-Encoding")) &&
            slice_istarts(slice_drop(text, at - FIRST), SLICE("Content")) && begins_line(text, at - FIRST, eol))
            return at - FIRST;
    return text.n;
}

/* A delimiter, broken or not, ends what the header is for; the dashes in front of a signature do not. */
static size_t find_end(struct slice text, size_t at, size_t end, uint8_t eol)
{
    while ((at = next_line(text, at, eol)) < end) {
        struct slice line = slice_sub(text, at, next_line(text, at, eol) - at);

        if (slice_starts(slice_trim(line), SLICE("--")) && slice_trim(line).n > 2)
            return at;
    }
    return end;
}

static enum mime_encoding encoding_of(struct slice line)
{
    return slice_ihas(line, SLICE("base64")) ? MIME_ENC_BASE64 : slice_ihas(line, SLICE("quoted")) ? MIME_ENC_QP : MIME_ENC_NONE;
}

/* Behind the header that goes on there: its first empty line; end: there is none. */
static size_t find_body(struct slice text, size_t at, size_t end, uint8_t eol)
{
    while ((at = next_line(text, at, eol)) < end)
        if (slice_trim(slice_sub(text, at, next_line(text, at, eol) - at)).n == 0)
            return at;
    return end;
}

/* No name goes with a part: what somebody only quotes is not blocked for its name. */
static enum cs_status labelled(struct slice text, struct emit *out)
{
    static const struct emit_child c = { .kind = EMIT_MEMBER, .how = "quoted", .size = UINT64_MAX, .packed = UINT64_MAX };
    const uint8_t eol = end_of_line(text);
    size_t at = find_label(text, 0, eol);
    enum cs_status st = CS_OK;

    for (int i = 0; i < FINDS && at < text.n && st == CS_OK; i++) {
        size_t line = next_line(text, at, eol), next = find_label(text, line, eol), body = find_body(text, at, next, eol);
        enum mime_encoding e = encoding_of(slice_take(slice_sub(text, at, line - at), LABEL));

        if (e != MIME_ENC_NONE && body < next)
            st = emit_coded(out, &c, e, slice_sub(text, body, find_end(text, body, next, eol) - body));
        at = next;
    }
    return st;
}

/* Of base64. By a table, for this runs over every text. */
static const bool is_digit[256] = { ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['+'] = true, ['/'] = true, ['='] = true };

/* Behind the run of digits at the place. */
static size_t run_end(struct slice text, size_t at)
{
    while (at < text.n && is_digit[text.p[at]])
        at++;
    return at;
}

/* From there on, the first run of as many digits as a line of base64 has, or text.n: by every such byte, for one of them is in it. */
static size_t find_run(struct slice text, size_t at)
{
    for (size_t i = at + BASE64_LINE - 1, end; i < text.n; i = end + BASE64_LINE) {
        size_t from = i;

        end = run_end(text, i);
        while (end > i && from > at && is_digit[text.p[from - 1]])
            from--;
        if (end - from >= BASE64_LINE)
            return from;
    }
    return text.n;
}

/* Behind the lines of digits that begin there; the last one may be short. */
static size_t block_end(struct slice text, size_t at, uint8_t eol)
{
    size_t end = at, next = at;

    while (at < text.n) {
        size_t n = run_end(text, at) - at;

        next = next_line(text, at, eol);
        if (n == 0 || slice_trim(slice_sub(text, at + n, next - at - n)).n)
            break;
        end = at + n;
        if (n < BASE64_LINE)
            break;
        at = next;
    }
    return end;
}

static enum cs_status unlabelled(struct slice text, struct emit *out)
{
    const uint8_t eol = end_of_line(text);
    struct blobs blobs = blobs_of(out);
    enum cs_status st = CS_OK;

    for (size_t at = find_run(text, 0); at < text.n && st == CS_OK;) {
        size_t end = begins_line(text, at, eol) ? block_end(text, at, eol) : at;

        if (end > at)
            st = blob_known(&blobs, slice_sub(text, at, end - at), "quoted");
        at = find_run(text, end > at ? end : run_end(text, at));
    }
    return blobs_end(&blobs, st);
}

/* The text of a mail, not that of a file in an archive. */
static bool is_running_text(const struct emit *e)
{
    return !e->how || strcmp(e->how, "part") == 0 || strcmp(e->how, "utf-8") == 0;
}

enum cs_status quoted_decode(struct slice object, struct emit *out)
{
    enum cs_status st;

    if (!is_running_text(out) || mime_looks_like_message(object))   /* a message: its parts are looked at one by one */
        return CS_OK;
    st = labelled(object, out);
    return st == CS_OK ? unlabelled(object, out) : st;
}
