#include "rtf.h"

#include "base/buf.h"
#include "olepkg.h"
#include "rtflex.h"
#include "utf16.h"

enum { LEVELS = 256, INNER_OBJECTS = 16, WORK = 4 };

bool rtf_is(struct slice head)
{
    head = slice_trim(head);
    if (!slice_starts(head, SLICE("{")))
        return false;
    return slice_istarts(slice_trim(slice_drop(head, 1)), SLICE("\\rt"));     /* Word asks for no more */
}

/* ---- hexadecimal data in a group ---- */

/* How one reader understands what does not belong there. */
struct reading {
    bool skips_nested;          /* digits in nested groups do not count */
    bool quote_drops;           /* \'hh throws a pending half byte away */
    bool quote_counts;          /* the digits of \'hh count */
    bool skips_first;           /* one stray digit in front */
};

static const struct reading readings[] = {
    { 0 }, { .skips_nested = true }, { .quote_drops = true }, { .quote_counts = true }, { .skips_first = true },
};

struct hex {
    const struct reading *how;
    struct buf *out;
    int half;                   /* the pending digit, or -1 */
    bool saw_nested, saw_quote, is_first;
    size_t inner_at;            /* an object inside the object begins here; 0 when none does */
};

/* ascii_hex() by table: pictures are megabytes of digits. */
static const int8_t hex_values[256] = {
#define ROW16(v) v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v
    ROW16(-1), ROW16(-1), ROW16(-1), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1,
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, ROW16(-1),
    -1, 10, 11, 12, 13, 14, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, ROW16(-1),
    ROW16(-1), ROW16(-1), ROW16(-1), ROW16(-1), ROW16(-1), ROW16(-1), ROW16(-1), ROW16(-1),
#undef ROW16
};

static enum cs_status hex_text(struct hex *h, struct slice text)
{
    enum cs_status st = buf_reserve(h->out, text.n / 2 + 1);
    uint8_t *to;
    int half = h->half;

    if (st != CS_OK)
        return st;
    to = h->out->p + h->out->n;
    for (size_t i = 0; i < text.n; i++) {
        int digit = hex_values[text.p[i]];
        if (digit < 0)
            continue;
        if (h->is_first) {
            h->is_first = false;
        } else if (half < 0) {
            half = digit;
        } else {
            *to++ = (uint8_t)(half << 4 | digit);
            half = -1;
        }
    }
    h->half = half;
    h->out->n = (size_t)(to - h->out->p);
    return CS_OK;
}

static enum cs_status hex_token(struct hex *h, const struct rtf_token *t, size_t depth)
{
    bool counts = depth == 0 || !h->how->skips_nested;

    h->saw_nested = h->saw_nested || depth;
    if (!counts)
        return CS_OK;
    switch (t->kind) {
    case RTF_TEXT:
        return hex_text(h, t->bytes);
    case RTF_BIN:
        h->half = -1;
        return buf_put(h->out, t->bytes);
    case RTF_QUOTE:
        h->saw_quote = true;
        if (h->how->quote_drops)
            h->half = -1;
        return h->how->quote_counts ? hex_text(h, t->bytes) : CS_OK;
    default:
        return CS_OK;
    }
}

/* The bytes that stand in the rest of this group, which l leaves at its closing brace. */
static enum cs_status hex_group(struct hex *h, struct rtf_lex *l)
{
    size_t depth = 0, before;
    enum cs_status st = CS_OK;

    h->half = -1;
    h->is_first = h->how->skips_first;
    for (;;) {
        struct rtf_token t;
        before = l->at;
        t = rtf_next(l);
        if (t.kind == RTF_END)
            return st;
        if (t.kind == RTF_CLOSE && depth-- == 0)
            break;
        if (t.kind == RTF_OPEN)
            depth++;
        if (t.kind == RTF_WORD && depth && h->inner_at == 0 && slice_ieq(t.bytes, SLICE("objdata")))
            h->inner_at = before;
        st = hex_token(h, &t, depth);
        if (st != CS_OK)
            return st;
    }
    l->at = before;
    return CS_OK;
}

/* ---- the document ---- */

struct level {
    bool is_hidden, is_ignorable;
    int32_t skip_after_u;
};

struct rtf {
    struct rtf_lex lex;
    struct emit *out;
    struct level levels[LEVELS];
    size_t n_inner;
    uint64_t work_left;         /* bytes that may be read once more for another reading of an object, or one inside it */
    bool is_limited;
    size_t depth;               /* may be more than LEVELS: then the last level is shared */
    struct buf text, data;
    bool is_html, is_rtf_only;  /* HTML packed in; a piece that is only for readers of RTF */
    bool hid_objects;           /* \bin skipped over something that looks like an object */
    int32_t skip;               /* characters left that stand in for a \u */
    uint32_t high;              /* first half of a pair of \u */
};

static struct level *level(struct rtf *r)
{
    return &r->levels[r->depth < LEVELS ? r->depth : LEVELS - 1];
}

static bool afford(struct rtf *r, size_t n)
{
    if (n > r->work_left) {
        r->is_limited = true;
        return false;
    }
    r->work_left -= n;
    return true;
}

/* An object can be read in several ways only if something odd stands in it; then each is emitted. */
static enum cs_status object(struct rtf *r)
{
    size_t start = r->lex.at, end = start;
    struct hex h = { 0 };
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < sizeof readings / sizeof readings[0]; i++) {
        const struct reading *how = &readings[i];
        if ((how->skips_nested && !h.saw_nested) || ((how->quote_drops || how->quote_counts) && !h.saw_quote))
            continue;
        if (how->skips_first && olepkg_is_object(buf_slice(&r->data)))
            continue;
        if (i && !afford(r, end - start))
            break;
        r->data.n = 0;
        r->lex.at = start;
        h.how = how;
        h.out = &r->data;
        st = hex_group(&h, &r->lex);
        end = r->lex.at;
        if (st == CS_OK)
            st = olepkg_object(buf_slice(&r->data), r->out);
    }
    if (h.inner_at && r->n_inner < INNER_OBJECTS && afford(r, end - h.inner_at)) {
        r->n_inner++;
        end = h.inner_at;
    }
    r->lex.at = end;
    return st;
}

static enum cs_status hex_member(struct rtf *r, const char *how)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = slice_str(how), .how = how };
    struct hex h = { .how = &readings[1], .out = &r->data };
    enum cs_status st;

    r->data.n = 0;
    st = hex_group(&h, &r->lex);
    c.size = c.packed = r->data.n;
    return st == CS_OK && r->data.n ? emit_whole(r->out, &c, buf_slice(&r->data)) : st;
}

/* Where hexadecimal data stand. */
static const struct {
    const char *word, *how;     /* how: NULL for an object */
} data_words[] = {
    { "objdata", NULL }, { "pict", "rtf-pict" }, { "datastore", "rtf-datastore" }, { "themedata", "rtf-themedata" },
    { "fontemb", "rtf-fontemb" }, { "fontfile", "rtf-fontfile" },
};

/* Destinations that are no text although nothing marks them as ignorable, and some that are text although marked. */
static const struct {
    const char *word;
    bool is_hidden;
} places[] = {
    { "fonttbl", true }, { "colortbl", true }, { "stylesheet", true }, { "info", true }, { "listtable", true },
    { "fldinst", false }, { "template", false }, { "objclass", false }, { "shppict", false }, { "nonshppict", false },
    { "object", false }, { "shpinst", false }, { "shptxt", false }, { "sp", false }, { "sv", false }, { "sn", false },
};

static const struct {
    const char *word;
    char text;
} breaks[] = {
    { "par", '\n' }, { "line", '\n' }, { "tab", '\t' }, { "cell", '\t' }, { "row", '\n' }, { "sect", '\n' }, { "page", '\n' },
};

static enum cs_status put(struct rtf *r, uint32_t c)
{
    if (level(r)->is_hidden || (r->is_html && r->is_rtf_only))
        return CS_OK;
    return utf16_put_char(&r->text, c);
}

/* A character of the code page: taken as Latin-1, which is right for what signatures look for. */
static enum cs_status plain(struct rtf *r, uint8_t c)
{
    if (r->skip > 0) {
        r->skip--;
        return CS_OK;
    }
    return c == '\r' || c == '\n' || c == 0 ? CS_OK : put(r, c);
}

static enum cs_status unicode(struct rtf *r, int32_t number)
{
    uint32_t c = (uint32_t)number & 0xffff, high = r->high;

    r->skip = level(r)->skip_after_u;
    r->high = 0;
    if (c >= 0xd800 && c < 0xdc00) {
        r->high = c;
        return CS_OK;
    }
    if (high && c >= 0xdc00 && c < 0xe000)
        c = 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00);
    return put(r, c);
}

static enum cs_status place(struct rtf *r, struct slice name)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (slice_ieq(name, slice_str(places[i].word))) {
            level(r)->is_hidden = places[i].is_hidden;
            level(r)->is_ignorable = false;
        }
    if (r->is_html && slice_ieq(name, SLICE("htmltag")))
        level(r)->is_hidden = level(r)->is_ignorable = false;
    if (level(r)->is_ignorable)
        level(r)->is_hidden = true;
    level(r)->is_ignorable = false;
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++)
        if (slice_ieq(name, slice_str(breaks[i].word)))
            return put(r, (uint8_t)breaks[i].text);
    return CS_OK;
}

static enum cs_status word(struct rtf *r, const struct rtf_token *t)
{
    for (size_t i = 0; i < sizeof data_words / sizeof data_words[0]; i++)
        if (slice_ieq(t->bytes, slice_str(data_words[i].word)))
            return data_words[i].how ? hex_member(r, data_words[i].how) : object(r);
    if (slice_ieq(t->bytes, SLICE("u")) && t->has_number)
        return unicode(r, t->number);
    if (slice_ieq(t->bytes, SLICE("uc")))
        level(r)->skip_after_u = t->has_number && t->number >= 0 ? t->number : 1;
    else if (slice_ieq(t->bytes, SLICE("fromhtml")))
        r->is_html = true;
    else if (slice_ieq(t->bytes, SLICE("htmlrtf")))
        r->is_rtf_only = !t->has_number || t->number != 0;
    return place(r, t->bytes);
}

static enum cs_status symbol(struct rtf *r, uint8_t c)
{
    switch (c) {
    case '*':
        level(r)->is_ignorable = true;
        return CS_OK;
    case '\r': case '\n':
        return put(r, '\n');
    case '~':
        return plain(r, ' ');
    case '_':
        return plain(r, '-');
    case '{': case '}': case '\\':
        return plain(r, c);
    default:
        return CS_OK;
    }
}

static void open_group(struct rtf *r)
{
    struct level above = *level(r);

    r->depth++;
    *level(r) = above;
    level(r)->is_ignorable = false;
    r->skip = 0;
}

/* ASCII without line ends goes in runs. */
static enum cs_status text(struct rtf *r, struct slice s)
{
    enum cs_status st = CS_OK;

    if (level(r)->is_hidden)
        return CS_OK;
    while (st == CS_OK && s.n) {
        size_t n = 0;
        while (r->skip == 0 && n < s.n && s.p[n] >= ' ' && s.p[n] < 0x80)
            n++;
        if (n && !(r->is_html && r->is_rtf_only))
            st = buf_put(&r->text, slice_take(s, n));
        else if (n == 0)
            st = plain(r, s.p[n++]);
        s = slice_drop(s, n);
    }
    return st;
}

static enum cs_status token(struct rtf *r, const struct rtf_token *t)
{
    switch (t->kind) {
    case RTF_OPEN:
        open_group(r);
        return CS_OK;
    case RTF_CLOSE:
        r->depth -= r->depth > 0;
        r->skip = 0;
        return CS_OK;
    case RTF_WORD:
        return word(r, t);
    case RTF_SYMBOL:
        return t->bytes.n ? symbol(r, t->bytes.p[0]) : CS_OK;
    case RTF_QUOTE:
        return t->bytes.n == 2 ? plain(r, (uint8_t)(ascii_hex(t->bytes.p[0]) * 16 + ascii_hex(t->bytes.p[1]))) : CS_OK;
    case RTF_BIN:
        r->hid_objects = r->hid_objects || slice_find(t->bytes, SLICE("objdata")) < t->bytes.n;
        return CS_OK;
    default:
        return text(r, t->bytes);
    }
}

static enum cs_status walk(struct rtf *r)
{
    struct rtf_token t;
    enum cs_status st = CS_OK;

    r->levels[0] = (struct level){ .skip_after_u = 1 };
    r->depth = 0;
    r->lex.at = 0;
    while (st == CS_OK && (t = rtf_next(&r->lex)).kind != RTF_END)
        st = token(r, &t);
    return st;
}

enum cs_status rtf_decode(struct slice object, struct emit *out)
{
    struct rtf r = { .lex = { .all = object }, .out = out, .text = buf_init(SIZE_MAX / 2), .data = buf_init(SIZE_MAX / 2) };
    struct emit_child c = { .kind = EMIT_VIEW, .name = SLICE("text"), .how = "rtf-text", .size = UINT64_MAX,
                            .packed = UINT64_MAX };
    enum cs_status st;

    r.work_left = (uint64_t)object.n * WORK;
    st = walk(&r);
    if (r.is_html)
        c = (struct emit_child){ .kind = EMIT_MEMBER, .name = SLICE("body.html"), .how = "rtf-html", .type = "HTML",
                                 .size = UINT64_MAX, .packed = UINT64_MAX };
    if (st == CS_OK && r.text.n)
        st = emit_whole(out, &c, buf_slice(&r.text));
    if (st == CS_OK && r.hid_objects) {             /* once more, as a reader that does not skip */
        r.lex.ignores_bin = true;
        st = walk(&r);
    }
    if (st == CS_OK && r.is_limited)
        st = out->note(out, EMIT_LIMITED, "objects in rich text that can be read in too many ways");
    buf_release(&r.text);
    buf_release(&r.data);
    return st;
}
