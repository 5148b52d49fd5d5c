#include "blob.h"
#include "coded.h"
#include "formats.h"

/*
 * text.c - what hides in text: other charsets (read again as UTF-8), uuencode, yEnc and BinHex in the running text, and files that are nothing
 * but text as base64 or digits.
 */

static const char converted[] = "utf-8";

enum { EMBEDDED_MAX = 64 << 20, CODED_HEAD = 64 };

/* An escape that switches to another set of characters. */
static bool shifts(struct slice s)
{
    for (size_t at = slice_chr(s, 0x1b); at + 1 < s.n; at += 1 + slice_chr(slice_drop(s, at + 1), 0x1b))
        if (s.p[at + 1] == '$' || s.p[at + 1] == '(')
            return true;
    return false;
}

/* What the bytes say, whatever the label. UTF-8 needs no view of its own; a PDF file may look like text with escapes in it. */
static struct slice charset_by_bytes(struct slice s)
{
    struct slice seen;

    if (slice_starts(s, SLICE("%PDF-")))
        return slice_take(s, 0);
    seen = mime_charset_detect(s);
    if (seen.n)
        return mime_charset_is_plain(seen) ? slice_take(seen, 0) : seen;
    return shifts(s) ? SLICE("iso-2022-jp") : seen;
}

static enum cs_status emit_utf8(struct emit *e, struct slice charset, struct slice text)
{
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = converted, .name = e->name, .size = UINT64_MAX,
                                  .packed = UINT64_MAX, .declared = e->declared };
    bool is_damaged = false;
    enum cs_status st = e->open(e, &c), end;

    if (st != CS_OK)
        return st;
    st = mime_charset_to_utf8(charset, text, emit_put, e, &is_damaged);
    if (st != CS_OK && st != CS_UNSUPPORTED)
        return st;
    end = e->close(e);
    /* Mail readers know it, and here its table is missing: what it says was not seen. */
    if (end == CS_OK && st == CS_UNSUPPORTED && mime_charset_is_known(charset))
        return e->note(e, EMIT_ENCRYPTED, "charset that this system cannot convert");
    return end;
}

/* What was converted is not converted again: a PDF file may look like ISO-2022, and would grow each time. */
static enum cs_status charsets(struct slice text, struct emit *e)
{
    struct slice seen, said = e->charset;
    enum cs_status st = CS_OK;

    if (e->how && strcmp(e->how, converted) == 0)
        return CS_OK;
    seen = charset_by_bytes(text);
    if (seen.n)
        st = emit_utf8(e, seen, text);
    if (st == CS_OK && said.n && !mime_charset_is_plain(said) && !slice_ieq(said, seen))
        st = emit_utf8(e, said, text);
    return st;
}

static enum cs_status on_embedded(void *ctx, struct slice name, struct slice bytes, const char *how)
{
    struct emit *e = ctx;
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = how, .name = name, .size = bytes.n, .packed = UINT64_MAX };

    return emit_whole(e, &c, bytes);
}

/* By its rarest letter: this runs over every text. */
static const uint8_t *binhex_start(struct slice text)
{
    static const char line[] = "(This file must be converted with BinHex";
    enum { LINE = sizeof line - 1, H = LINE - 3 };

    for (size_t at = slice_chr(text, 'H'); at < text.n; at += 1 + slice_chr(slice_drop(text, at + 1), 'H'))
        if (at >= H && slice_starts(slice_drop(text, at - H), SLICE(line)))
            return text.p + at - H;
    return NULL;
}

static enum cs_status binhex(struct slice text, struct emit *e)
{
    static const struct emit_child c = { .kind = EMIT_MEMBER, .how = "binhex", .size = UINT64_MAX, .packed = UINT64_MAX };
    const uint8_t *at = binhex_start(text);

    return at ? emit_coded(e, &c, MIME_ENC_BINHEX, slice_drop(text, (size_t)(at - text.p))) : CS_OK;
}

/* A line of its own in front, as certutil and others write one. */
static struct slice behind_begin(struct slice s)
{
    s = slice_trim(s);
    if (!slice_starts(s, SLICE("-----BEGIN ")))
        return s;
    s = slice_drop(s, slice_chr(s, '\n') + 1);
    return slice_take(s, slice_find(s, SLICE("-----END ")));
}

/* No words, but one run of letters and digits, or numbers with something between them. */
static bool may_be_coded(struct slice s)
{
    struct slice head = slice_take(s, CODED_HEAD);
    size_t blank = slice_chr(head, ' ');

    return head.n == CODED_HEAD && (blank == head.n || ascii_hex(head.p[0]) >= 0 || head.p[0] == '\\');
}

/* A text that is nothing but a file in base64, hex or numbers. */
static enum cs_status whole(struct slice text, struct emit *e)
{
    struct slice coded = behind_begin(text);
    struct blobs blobs = blobs_of(e);

    return may_be_coded(coded) ? blobs_end(&blobs, blob_known(&blobs, coded, "text")) : CS_OK;
}

enum cs_status text_decode(struct slice object, struct emit *out)
{
    enum cs_status st = charsets(object, out);

    if (st == CS_OK)
        st = whole(object, out);

    if (st == CS_OK)
        st = mime_find_embedded(object, EMBEDDED_MAX, on_embedded, out);
    if (st == CS_OK)
        st = binhex(object, out);
    return st;
}
