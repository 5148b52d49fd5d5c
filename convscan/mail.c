#include "mime/mime.h"

#include "emlx.h"
#include "formats.h"

/*
 * mail.c - messages and mailboxes: every leaf goes out decoded, under all the names it may have. Where mail programs would
 * read the structure differently, each reading is walked.
 */

struct leaf {
    struct emit *emit;
    enum cs_status st;
};

enum { SEEN_MAX = 128, LABEL_MAX = 100, JUNK_MAX = 64 << 10, FIELDS = 2048 };

/* Leaves that went out already. Readings share most of theirs; one that does not fit in here goes out again. */
struct seen {
    struct seen_leaf {
        struct slice header, body;
        enum mime_encoding encoding;
        uint32_t names;
        size_t n_label;
        char label[LABEL_MAX];
    } list[SEEN_MAX];
};

static enum cs_status put_leaf(void *ctx, struct slice bytes)
{
    struct leaf *l = ctx;

    l->st = l->emit->put(l->emit, bytes);
    return l->st;
}

static struct slice charset_of(const struct mime_part *p)
{
    const struct mime_param *q = mime_param_find(&p->type, "charset");

    return q ? q->value : slice_of(NULL, 0);
}

static bool is_same_place(struct slice a, struct slice b)
{
    return a.p == b.p && a.n == b.n;
}

static uint32_t sum_of_names(const struct mime_part *p)
{
    uint32_t h = 0;

    for (size_t i = 0; i < p->n_names; i++)
        for (size_t k = 0; k <= p->names[i].n; k++)
            h = (h ^ (k < p->names[i].n ? p->names[i].p[k] : 0)) * 16777619u + 1;
    return h;
}

/* The same bytes decoded in the same way, under the same type and names? */
static bool is_seen(struct seen *seen, const struct mime_part *p, struct slice body)
{
    struct seen_leaf *at = &seen->list[((uintptr_t)body.p ^ body.n * 31) % SEEN_MAX];
    struct seen_leaf now = { .header = p->header, .body = body, .encoding = p->encoding, .names = sum_of_names(p) };
    struct slice charset = charset_of(p);

    if (p->n_names == MIME_NAMES || p->type.token.n + charset.n + 1 > LABEL_MAX)
        return false;
    memcpy(now.label, p->type.token.p, p->type.token.n);
    memcpy(now.label + p->type.token.n + 1, charset.p, charset.n);
    now.n_label = p->type.token.n + 1 + charset.n;
    if (is_same_place(at->header, now.header) && is_same_place(at->body, now.body) && at->encoding == now.encoding && at->names == now.names &&
        at->n_label == now.n_label && memcmp(at->label, now.label, now.n_label) == 0)
        return true;
    *at = now;
    return false;
}

static bool is_under(const struct mime_part *p, struct slice main)
{
    return slice_starts(p->type.token, main);
}

/* A multipart that is encoded as a whole: its header is what makes a message of it again. */
static enum cs_status put_multipart_header(struct emit *e, const struct mime_part *p)
{
    const struct mime_param *boundary = mime_param_find(&p->type, "boundary");
    enum cs_status st = e->put(e, SLICE("Content-Type: multipart/mixed; boundary=\""));

    if (st == CS_OK && boundary)
        st = e->put(e, boundary->value);
    return st == CS_OK ? e->put(e, SLICE("\"\n\n")) : st;
}

/* A reading that may well be nonsense: what it looks like says nothing about a name, which the others carry. */
static bool is_rough(enum mime_encoding e)
{
    return mime_encoding_next(e) != MIME_ENC_NONE;
}

static enum cs_status emit_decoded(struct emit *e, const struct mime_part *p, enum mime_encoding encoding, struct slice body)
{
    struct leaf leaf = { e, CS_OK };
    struct mime_decoder d;
    bool is_coded = p->encoding >= MIME_ENC_QP && p->encoding != MIME_ENC_UNKNOWN;
    bool is_multipart = is_coded && is_under(p, SLICE("multipart/"));
    bool is_message = is_under(p, SLICE("message/rfc822")) || is_under(p, SLICE("message/global"));
    struct emit_child c = {
        .kind = EMIT_MEMBER, .name = p->name, .how = "part", .size = UINT64_MAX, .packed = body.n,
        .type = is_multipart || (is_coded && is_message) ? "mail" : NULL,
        .names = p->names, .n_names = p->n_names, .declared = p->type.token, .charset = charset_of(p),
    };
    enum cs_status st;

    if (is_rough(encoding)) {
        c.name = slice_of(NULL, 0);
        c.n_names = 0;
    }
    st = e->open(e, &c);
    if (st == CS_OK && is_multipart)
        st = put_multipart_header(e, p);
    if (st != CS_OK)
        return st;
    mime_decoder_init(&d, encoding, put_leaf, &leaf);
    st = mime_decoder_feed(&d, body);
    if (st == CS_OK)
        st = mime_decoder_end(&d);
    return st == CS_OK ? e->close(e) : st;
}

/* A body that breaks the rules of its encoding goes out in each of the other readings. */
static enum cs_status emit_leaf(struct emit *e, const struct mime_part *p, struct slice body)
{
    enum mime_encoding encoding = p->encoding;
    enum cs_status st;

    do {
        st = emit_decoded(e, p, encoding, body);
        encoding = mime_encoding_next(encoding);
    } while (st == CS_OK && encoding != MIME_ENC_NONE);
    return st;
}

static enum cs_status on_event(struct emit *e, struct seen *seen, const struct mime_event *ev)
{
    if (ev->kind == MIME_BODY && ev->part)
        return is_seen(seen, ev->part, ev->data) ? CS_OK : emit_leaf(e, ev->part, ev->data);
    if (ev->kind == MIME_LIMIT)
        return e->note(e, EMIT_LIMITED, ev->defect ? ev->defect : "mime");
    return CS_OK;
}

/* One reading; notes in is_read which others would see the same. */
static enum cs_status walk(struct slice msg, struct emit *e, struct seen *seen, unsigned variant,
                           bool is_read[MIME_VARIANTS])
{
    const struct mime_reading how = { .variant = variant };
    struct mime_walk *w = mime_walk_new(msg, NULL, &how);
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st = w ? CS_OK : CS_NOMEM;

    while (st == CS_OK && ev.kind != MIME_END) {
        st = mime_walk_next(w, &ev);
        if (st == CS_OK)
            st = on_event(e, seen, &ev);
    }
    for (unsigned v = 0; st == CS_OK && v < MIME_VARIANTS; v++)
        is_read[v] |= !mime_walk_is_ambiguous(w, v);
    mime_walk_free(w);
    return st;
}

enum cs_status mail_decode(struct slice object, struct emit *out)
{
    bool is_read[MIME_VARIANTS] = { false };
    struct seen *seen = calloc(1, sizeof *seen);
    enum cs_status st = seen ? CS_OK : CS_NOMEM;

    for (unsigned v = 0; st == CS_OK && v < MIME_VARIANTS; v++)
        if (!is_read[v])
            st = walk(object, out, seen, v, is_read);
    free(seen);
    return st;
}

static const struct emit_child a_message = { .kind = EMIT_MEMBER, .how = "message", .type = "mail", .size = UINT64_MAX,
                                             .packed = UINT64_MAX };

/* A mailbox: messages that each begin with a line "From ". Without any LF, lines end with CR. */
enum cs_status mbox_decode(struct slice object, struct emit *out)
{
    bool is_mac = slice_chr(object, '\n') == object.n;
    const char *next_from = is_mac ? "\rFrom " : "\nFrom ";
    enum cs_status st = CS_OK;

    while (object.n && st == CS_OK) {
        struct slice msg = slice_drop(object, slice_chr(object, is_mac ? '\r' : '\n') + 1);
        const uint8_t *next = msg.n ? memmem(msg.p, msg.n, next_from, 6) : NULL;
        size_t n = next ? (size_t)(next - msg.p) + 1 : msg.n;

        st = emit_whole(out, &a_message, slice_take(msg, n));
        object = slice_drop(msg, n);
    }
    return st;
}

/* The line in front of an .emlx message: how long it is, filled up with blanks. Its length with the line end, 0 when it is none. */
static size_t emlx_line(struct slice head, uint64_t *size)
{
    enum { DIGITS = 15, LINE = 32 };
    size_t n = 0, end;

    *size = 0;
    for (; n < head.n && n < DIGITS && head.p[n] >= '0' && head.p[n] <= '9'; n++)
        *size = *size * 10 + (head.p[n] - '0');
    end = n;
    while (end < head.n && end < LINE && (head.p[end] == ' ' || head.p[end] == '\r'))
        end++;
    return n && end < head.n && head.p[end] == '\n' ? end + 1 : 0;
}

bool emlx_is(struct slice head)
{
    uint64_t size;
    size_t line = emlx_line(head, &size);

    return line && mime_looks_like_message(slice_drop(head, line));
}

/* Apple's mail, a file for each message: its length, itself, a list of properties. A length that leads elsewhere is not believed. */
enum cs_status emlx_decode(struct slice object, struct emit *out)
{
    static const struct emit_child list = { .kind = EMIT_MEMBER, .how = "plist", .size = UINT64_MAX, .packed = UINT64_MAX };
    uint64_t size;
    struct slice msg = slice_drop(object, emlx_line(object, &size)), rest = slice_of(NULL, 0);
    enum cs_status st;

    if (size < msg.n)
        rest = slice_drop(msg, (size_t)size);
    if (!slice_starts(slice_trim(rest), SLICE("<?xml")))
        rest = slice_take(rest, 0);
    st = emit_whole(out, &a_message, slice_take(msg, msg.n - rest.n));
    return st == CS_OK && rest.n ? emit_whole(out, &list, rest) : st;
}

/* Is it opened by a program that looks for the fields of a page archive, be it text to everybody else? */
static bool is_for_word(const struct emit *out)
{
    static const char *const words[] = { "msword", "ms-excel", "ms-word", "multipart", "rfc822", ".doc", ".dot", ".xls", ".mht", ".eml" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (slice_ihas(out->declared, slice_str(words[i])) || slice_ihas(out->name, slice_str(words[i])))
            return true;
    return false;
}

/* The first line that says MIME-Version, with a multipart behind it; empty where there is none. */
static struct slice first_version(struct slice s)
{
    size_t at = 0;

    while (at < s.n && at < JUNK_MAX) {
        struct slice rest = slice_drop(s, at);

        if (at && slice_istarts(rest, SLICE("MIME-Version:")) && slice_ihas(slice_take(rest, FIELDS), SLICE("Content-Type:")))
            return rest;
        at += slice_chr(rest, '\n') + 1;
    }
    return slice_take(s, 0);
}

/* Word opens an archive of a page (MHTML) whatever stands in front of its fields: a PDF file, for one. */
enum cs_status mhtml_decode(struct slice object, struct emit *out)
{
    struct slice found = mime_looks_like_message(object) ? slice_of(NULL, 0) : first_version(object);

    return found.n ? emit_whole(out, &a_message, found) : CS_OK;
}

/* People quote such fields in running text: there, the label decides. */
enum cs_status mhtml_text_decode(struct slice object, struct emit *out)
{
    return is_for_word(out) ? mhtml_decode(object, out) : CS_OK;
}
