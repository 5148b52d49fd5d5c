#include "html.h"

#include "base/buf.h"
#include "blob.h"
#include "entity.h"
#include "htmltok.h"
#include "screnc.h"
#include "script.h"
#include "unbase.h"
#include "utf16.h"

enum { BLOB_TEXT = 64 };     /* shorter text is not looked at for files */

struct page {
    struct slice in;
    size_t at;
    struct emit *out;
    struct blobs blobs;
    struct buf tags, text, scripts;      /* what the three views are made of */
    struct buf value;                    /* the attribute at hand, decoded */
    struct buf pieces;                   /* of base64 or hex digits, each between tags of its own */
    size_t n_pieces;
};

/* ---- normalised output: lower case, runs of blanks as one ---- */

static enum cs_status fold(struct buf *to, struct slice s)
{
    enum cs_status st = buf_reserve(to, s.n);
    bool is_blank = to->n == 0 || (to->n && to->p[to->n - 1] == ' ');

    for (size_t i = 0; st == CS_OK && i < s.n; i++) {
        bool is_space = ascii_is_space(s.p[i]);
        if (s.p[i] == 0 || (is_space && is_blank))
            continue;
        to->p[to->n++] = is_space ? ' ' : ascii_lower(s.p[i]);
        is_blank = is_space;
    }
    return st;
}

static bool is_piece(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && memchr("+/=-_", s.p[i], 5) == NULL)
            return false;
    return true;
}

static enum cs_status end_pieces(struct page *p)
{
    enum cs_status st = p->n_pieces > 1 ? blob_known(&p->blobs, buf_slice(&p->pieces), "html-text") : CS_OK;

    p->pieces.n = p->n_pieces = 0;
    return st;
}

static enum cs_status add_piece(struct page *p, struct slice s)
{
    s = slice_trim(s);
    if (s.n == 0)
        return CS_OK;
    if (!is_piece(s))
        return end_pieces(p);
    p->n_pieces++;
    return buf_put(&p->pieces, s);
}

static enum cs_status text_run(struct page *p, struct slice raw)
{
    struct slice s = raw;
    enum cs_status st = CS_OK;

    p->value.n = 0;
    if (slice_chr(raw, '&') < raw.n) {
        st = entity_decode(raw, &p->value);
        s = buf_slice(&p->value);
    }
    if (st == CS_OK)
        st = fold(&p->tags, s);
    if (st == CS_OK)
        st = fold(&p->text, s);
    if (st == CS_OK)
        st = add_piece(p, raw);
    if (st == CS_OK && raw.n >= BLOB_TEXT)
        st = blob_known(&p->blobs, raw, "html-text");
    return st;
}

/* ---- attributes ---- */

static enum cs_status add_script(struct page *p, struct slice source)
{
    enum cs_status st = buf_put(&p->scripts, source);

    return st == CS_OK ? buf_putc(&p->scripts, '\n') : st;
}

/* A page inside an attribute. */
static enum cs_status inner_page(struct page *p, struct slice value)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "html-srcdoc", .type = "HTML", .size = value.n, .packed = UINT64_MAX,
                            .name = slice_take(value, 0) };

    return value.n ? emit_whole(p->out, &c, value) : CS_OK;
}

/* Browsers drop tabs and line ends out of addresses, wherever they stand. */
static enum cs_status addresses(struct page *p, struct slice value)
{
    struct buf plain = buf_init(value.n + 1);
    enum cs_status st = blob_addresses(&p->blobs, value);
    bool is_broken = slice_chr(value, '\t') < value.n || slice_chr(value, '\n') < value.n || slice_chr(value, '\r') < value.n;

    if (st == CS_OK && is_broken && slice_chr(value, ':') < value.n)
        st = buf_reserve(&plain, value.n);
    for (size_t i = 0; st == CS_OK && i < value.n && plain.room; i++)
        if (value.p[i] != '\t' && value.p[i] != '\n' && value.p[i] != '\r')
            plain.p[plain.n++] = value.p[i];
    if (st == CS_OK && plain.n && !html_has_scheme(slice_trim(value), "http"))
        st = blob_addresses(&p->blobs, buf_slice(&plain));
    buf_release(&plain);
    return st;
}

/* A script in an address may be escaped as addresses are. */
static enum cs_status script_address(struct page *p, struct slice value)
{
    struct buf plain = buf_init(value.n + 1);
    enum cs_status st = add_script(p, value);

    if (st == CS_OK && unbase_percents(value, 1)) {
        st = unbase_percent(value, &plain);
        if (st == CS_OK)
            st = add_script(p, buf_slice(&plain));
    }
    buf_release(&plain);
    return st;
}

static enum cs_status attribute(struct page *p, struct slice name, struct slice raw)
{
    struct slice value = raw;
    enum cs_status st = CS_OK;

    p->value.n = 0;
    if (slice_chr(raw, '&') < raw.n) {
        st = entity_decode(raw, &p->value);
        value = buf_slice(&p->value);
    }
    if (st == CS_OK)
        st = buf_puts(&p->tags, "=\"");
    if (st == CS_OK)
        st = fold(&p->tags, value);
    if (st == CS_OK)
        st = buf_putc(&p->tags, '"');
    if (st == CS_OK && slice_ieq(name, SLICE("srcdoc")))
        return inner_page(p, value);
    if (st == CS_OK && slice_istarts(name, SLICE("on")))
        return add_script(p, value);
    if (st == CS_OK && (html_has_scheme(value, "javascript:") || html_has_scheme(value, "vbscript:")))
        return script_address(p, value);
    if (st == CS_OK)
        st = addresses(p, value);
    if (st == CS_OK && value.n >= BLOB_TEXT)
        st = blob_known(&p->blobs, value, "html-attribute");
    return st;
}

static enum cs_status attributes(struct page *p)
{
    struct html_attribute a;
    enum cs_status st = CS_OK;

    while (st == CS_OK && html_attribute_next(p->in, &p->at, &a)) {
        st = buf_putc(&p->tags, ' ');
        if (st == CS_OK)
            st = fold(&p->tags, a.name);
        if (st == CS_OK && a.has_value)
            st = attribute(p, a.name, a.value);
    }
    return st == CS_OK ? buf_putc(&p->tags, '>') : st;
}

/* ---- elements whose content is no markup ---- */

enum content { SCRIPT, STYLE, TEXT };

/* In XML, and in pictures inside pages, scripts are text like any other. */
static enum cs_status script_content(struct page *p, struct slice content)
{
    enum cs_status st = add_script(p, content);

    if (st != CS_OK || slice_find(content, SLICE("&#")) == content.n)
        return st;
    p->value.n = 0;
    st = entity_decode(content, &p->value);
    return st == CS_OK ? add_script(p, buf_slice(&p->value)) : st;
}

static enum cs_status raw_content(struct page *p, struct slice name, enum content kind)
{
    struct slice content = slice_drop(p->in, p->at);
    enum cs_status st;

    content = slice_take(content, html_find_end(content, name));
    p->at += content.n;
    if (kind == TEXT)
        return text_run(p, content);
    st = fold(&p->tags, content);
    if (st == CS_OK && kind == SCRIPT)
        return script_content(p, content);
    if (st == CS_OK)
        st = blob_addresses(&p->blobs, content);
    return st == CS_OK ? blob_known(&p->blobs, content, "html-text") : st;
}

static enum cs_status after_open(struct page *p, struct slice name)
{
    static const struct {
        const char *name;
        enum content kind;
    } raw[] = { { "script", SCRIPT }, { "style", STYLE }, { "xmp", TEXT }, { "noembed", TEXT }, { "textarea", TEXT }, { "title", TEXT } };

    struct slice bare = slice_drop(name, slice_chr(name, ':') + 1);      /* svg:script */

    for (size_t i = 0; i < sizeof raw / sizeof *raw; i++)
        if (slice_ieq(bare.n ? bare : name, slice_str(raw[i].name)))
            return raw_content(p, name, raw[i].kind);
    return CS_OK;
}

static enum cs_status tag(struct page *p)
{
    struct slice name;
    enum cs_status st = buf_putc(&p->tags, '<');

    p->at++;
    name = html_tag_name(p->in, &p->at);
    if (st == CS_OK)
        st = fold(&p->tags, name);
    if (st == CS_OK)
        st = attributes(p);
    return st == CS_OK ? after_open(p, name) : st;
}

/* A remark or a declaration is not shown; scripts find in it what they like, and entities stand there. */
static enum cs_status mark(struct page *p, struct slice s)
{
    size_t from = slice_starts(s, SLICE("<!--")) ? 4 : slice_chr(s, '"') + 1;
    struct slice content = slice_drop(s, from);
    enum cs_status st;

    if (s.n < BLOB_TEXT)
        return CS_OK;
    content = slice_take(content, from == 4 ? content.n - (content.n < 3 ? content.n : 3) : slice_chr(content, '"'));
    st = blob_addresses(&p->blobs, content);
    return st == CS_OK && content.n >= BLOB_TEXT ? blob_known(&p->blobs, content, "html-remark") : st;
}

static enum cs_status step(struct page *p)
{
    struct slice rest = slice_drop(p->in, p->at);
    size_t n = slice_chr(rest, '<');

    if (n == 0 && html_is_tag(rest))
        return tag(p);
    if (n == 0 && html_mark_length(rest)) {
        p->at += html_mark_length(rest);
        return mark(p, slice_take(rest, html_mark_length(rest)));
    }
    n = n ? n : 1;
    p->at += n;
    return text_run(p, slice_take(rest, n));
}

/* ---- all of it ---- */

static enum cs_status view(struct page *p, const struct buf *b, const char *how, const char *type)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = how, .type = type, .size = b->n, .packed = UINT64_MAX,
                            .name = slice_take(p->in, 0) };

    return b->n ? emit_whole(p->out, &c, buf_slice(b)) : CS_OK;
}

static enum cs_status scripts(struct page *p)
{
    struct buf plain = buf_init(HTML_MAX);
    enum cs_status st = CS_OK;

    if (screnc_has(buf_slice(&p->scripts))) {
        st = screnc_decode(buf_slice(&p->scripts), &plain);
        buf_release(&p->scripts);
        p->scripts = plain;
    }
    if (st == CS_OK)
        st = view(p, &p->scripts, "html-scripts", "script");
    if (st == CS_OK && p->scripts.n)
        st = script_strings(buf_slice(&p->scripts), &p->blobs);
    p->text.n = 0;
    if (st == CS_OK)
        st = fold(&p->text, buf_slice(&p->scripts));
    return st == CS_OK ? view(p, &p->text, "html-scripts", "normalised-html") : st;
}

static enum cs_status run(struct page *p)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && p->at < p->in.n)
        st = step(p);
    if (st == CS_OK)
        st = end_pieces(p);
    if (st == CS_OK)
        st = view(p, &p->tags, "html-tags", "normalised-html");
    if (st == CS_OK)
        st = view(p, &p->text, "html-text", "normalised-html");
    return st == CS_OK ? scripts(p) : st;
}

/* UTF-16, with its mark or by its zeros, as UTF-8. */
static enum cs_status narrow(struct slice *in, struct buf *room)
{
    bool is_big = slice_starts(*in, SLICE("\xfe\xff")) || (in->n > 3 && in->p[0] == 0 && in->p[1] && in->p[2] == 0);
    bool is_little = slice_starts(*in, SLICE("\xff\xfe")) || (in->n > 3 && in->p[0] && in->p[1] == 0 && in->p[3] == 0);
    struct buf turned = buf_init(HTML_MAX);
    enum cs_status st = CS_OK;

    if (!is_big && !is_little)
        return CS_OK;
    if (is_big) {
        st = buf_put(&turned, *in);
        for (size_t i = 0; st == CS_OK && i + 1 < turned.n; i += 2) {
            uint8_t c = turned.p[i];
            turned.p[i] = turned.p[i + 1];
            turned.p[i + 1] = c;
        }
    }
    if (st == CS_OK)
        st = utf16le_put(room, is_big ? buf_slice(&turned) : *in);
    buf_release(&turned);
    *in = buf_slice(room);
    return st;
}

enum cs_status html_decode(struct slice object, struct emit *out)
{
    struct page p = { .in = object, .out = out, .blobs = blobs_of(out), .tags = buf_init(HTML_MAX), .text = buf_init(HTML_MAX),
                      .scripts = buf_init(HTML_MAX), .value = buf_init(HTML_MAX),
                      .pieces = buf_init(HTML_MAX) };
    struct buf room = buf_init((size_t)HTML_MAX * 2);
    enum cs_status st = narrow(&p.in, &room);

    if (st == CS_OK)
        st = run(&p);
    st = blobs_end(&p.blobs, st);
    buf_release(&p.tags);
    buf_release(&p.text);
    buf_release(&p.scripts);
    buf_release(&p.value);
    buf_release(&p.pieces);
    buf_release(&room);
    return st == CS_TOOBIG ? out->note(out, EMIT_LIMITED, "a large page") : st;
}
