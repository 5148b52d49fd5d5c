#include "coded.h"
#include "formats.h"

/*
 * vcard.c - what visiting cards and appointments carry in base64: pictures, sounds, attached files (RFC 6350, RFC 5545, vCard 2.1).
 * A line that begins with a blank goes on with the one in front (RFC 5545 3.1), and base64 does not mind the line ends.
 */

enum { HEAD = 64 };

/* Position of the first c outside quotation marks, or s.n. */
static size_t unquoted(struct slice s, uint8_t c)
{
    bool is_quoted = false;

    for (size_t i = 0; i < s.n; i++) {
        is_quoted ^= s.p[i] == '"';
        if (s.p[i] == c && !is_quoted)
            return i;
    }
    return s.n;
}

/* A property with the lines that go on with it. */
static struct slice take_property(struct slice *in)
{
    struct slice all = *in;
    size_t n = 0;

    do
        n += slice_chr(slice_drop(all, n), '\n') + 1;
    while (n < all.n && (all.p[n] == ' ' || all.p[n] == '\t'));
    *in = slice_drop(all, n);
    return slice_take(all, n);
}

static struct slice unquote(struct slice s)
{
    s = slice_trim(s);
    return s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"' ? slice_sub(s, 1, s.n - 2) : s;
}

struct property {
    struct emit_child child;
    bool is_64;
};

/* One of name=value; vCard 2.1 also has a value alone. */
static void parameter(struct slice s, struct property *p)
{
    size_t at = slice_chr(s, '=');
    struct slice name = slice_trim(slice_take(s, at)), value = unquote(slice_drop(s, at + 1));

    if (slice_ieq(name, SLICE("base64")) || (slice_ieq(name, SLICE("encoding")) &&
                                             (slice_ieq(value, SLICE("b")) || slice_ieq(value, SLICE("base64")))))
        p->is_64 = true;
    else if (slice_ieq(name, SLICE("fmttype")) || slice_ieq(name, SLICE("mediatype")))
        p->child.declared = value;
    else if (slice_ieq(name, SLICE("filename")) || slice_ieq(name, SLICE("x-filename")) || slice_ieq(name, SLICE("x-apple-filename")))
        p->child.name = value;
}

/* What is in the value, in base64 by its encoding or as a data: address. */
static enum cs_status property(struct slice s, struct emit *out)
{
    struct property p = { .child = { .kind = EMIT_MEMBER, .how = "vcard", .name = SLICE(""), .size = UINT64_MAX, .packed = UINT64_MAX } };
    size_t at = unquoted(s, ':');
    struct slice value = slice_trim(slice_drop(s, at + 1)), rest = slice_take(s, at);

    while (rest.n) {
        struct slice one = slice_take(rest, unquoted(rest, ';'));
        parameter(one, &p);
        rest = slice_drop(rest, one.n + 1);
    }
    if (slice_istarts(value, SLICE("data:"))) {
        struct slice media = slice_take(value, slice_chr(value, ','));
        p.is_64 = slice_find(media, SLICE("base64")) < media.n;
        value = slice_drop(value, media.n + 1);
    }
    return p.is_64 && value.n ? emit_coded(out, &p.child, MIME_ENC_BASE64, value) : CS_OK;
}

enum cs_status vcard_decode(struct slice object, struct emit *out)
{
    struct slice head = slice_take(object, HEAD);
    enum cs_status st = CS_OK;

    if (slice_starts(head, SLICE("\xef\xbb\xbf")))
        head = slice_drop(head, 3);
    head = slice_trim(head);
    if (!slice_istarts(head, SLICE("BEGIN:VC")))
        return CS_OK;
    while (st == CS_OK && object.n) {
        struct slice s = take_property(&object);
        st = property(s, out);
    }
    return st;
}
