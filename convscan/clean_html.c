#include "clean.h"
#include "entity.h"
#include "htmltok.h"
#include "unbase.h"

enum { BLOB_TEXT = 64, VALUE_MAX = 1 << 20, PASSES = 8 };

struct cleaner {
    struct slice in;
    size_t at;
    struct buf *out;
    bool is_changed;
};

static bool is_one_of(struct slice name, const char *const *words)
{
    for (; *words; words++)
        if (slice_ieq(name, slice_str(*words)))
            return true;
    return false;
}

/* A picture in the address itself is harmless and common. */
static bool is_picture(struct slice v)
{
    static const char *const kinds[] = { "data:image/png", "data:image/gif", "data:image/jpeg", "data:image/jpg", "data:image/bmp",
                                         "data:image/webp" };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (html_has_scheme(v, kinds[i]))
            return true;
    return false;
}

static bool mentions(struct slice v, const char *word)
{
    for (size_t i = 0; i < v.n; i++)
        if (slice_istarts(slice_drop(v, i), slice_str(word)))
            return true;
    return false;
}

static bool is_bad_value(struct slice name, struct slice v)
{
    if (html_has_scheme(v, "javascript:") || html_has_scheme(v, "vbscript:"))
        return true;
    if (html_has_scheme(v, "data:"))
        return !is_picture(v);
    if (slice_ieq(name, SLICE("content")) || slice_ieq(name, SLICE("style")))
        return mentions(v, "javascript:") || mentions(v, "vbscript:") || mentions(v, "data:") || mentions(v, "expression(");
    return v.n >= BLOB_TEXT && unbase_is_64(v, BLOB_TEXT);
}

static enum cs_status judge(const struct html_attribute *a, bool *is_bad)
{
    struct buf value = buf_init(VALUE_MAX);
    enum cs_status st = CS_OK;

    *is_bad = slice_istarts(a->name, SLICE("on")) || slice_ieq(a->name, SLICE("srcdoc"));
    if (!*is_bad && a->has_value) {
        st = entity_decode(a->value, &value);
        *is_bad = st == CS_TOOBIG || is_bad_value(a->name, buf_slice(&value));
        st = st == CS_TOOBIG ? CS_OK : st;
    }
    buf_release(&value);
    return st;
}

static enum cs_status copy(struct cleaner *c, size_t from, size_t end)
{
    return buf_put(c->out, slice_sub(c->in, from, end - from));
}

/* The tag from here on, without the attributes that have to go. */
static enum cs_status copy_tag(struct cleaner *c, size_t from)
{
    struct html_attribute a;
    enum cs_status st = CS_OK;
    bool is_bad;

    while (st == CS_OK && html_attribute_next(c->in, &c->at, &a)) {
        st = judge(&a, &is_bad);
        if (st != CS_OK || !is_bad)
            continue;
        st = copy(c, from, a.from);
        from = a.end;
        c->is_changed = true;
    }
    return st == CS_OK ? copy(c, from, c->at) : st;
}

static void skip_tag(struct cleaner *c)
{
    struct html_attribute a;

    while (html_attribute_next(c->in, &c->at, &a))
        ;
    c->is_changed = true;
}

static enum cs_status tag(struct cleaner *c)
{
    static const char *const dropped[] = { "object", "/object", "embed", "/embed", "applet", "/applet", "param", "/script",
                                           "hta:application", NULL };
    static const char *const raw[] = { "style", "xmp", "noembed", "textarea", "title", NULL };
    size_t from = c->at++;
    struct slice name = html_tag_name(c->in, &c->at);
    enum cs_status st;

    if (slice_ieq(name, SLICE("script"))) {
        skip_tag(c);
        c->at += html_find_end(slice_drop(c->in, c->at), name);
        return CS_OK;
    }
    if (is_one_of(name, dropped)) {
        skip_tag(c);
        return CS_OK;
    }
    st = copy_tag(c, from);
    if (st == CS_OK && is_one_of(name, raw)) {
        from = c->at;
        c->at += html_find_end(slice_drop(c->in, from), name);
        st = copy(c, from, c->at);
    }
    return st;
}

static enum cs_status text(struct cleaner *c, struct slice s)
{
    if (s.n >= BLOB_TEXT && unbase_is_64(slice_trim(s), BLOB_TEXT)) {
        c->is_changed = true;
        return CS_OK;
    }
    return buf_put(c->out, s);
}

static enum cs_status step(struct cleaner *c)
{
    struct slice rest = slice_drop(c->in, c->at);
    size_t n = slice_chr(rest, '<'), mark = n ? 0 : html_mark_length(rest);

    if (n == 0 && html_is_tag(rest))
        return tag(c);
    n = mark ? mark : n ? n : 1;
    c->at += n;
    return mark ? buf_put(c->out, slice_take(rest, n)) : text(c, slice_take(rest, n));
}

static enum cs_status pass(struct slice in, struct buf *out, bool *is_changed)
{
    struct cleaner c = { .in = in, .out = out };
    enum cs_status st = CS_OK;

    while (st == CS_OK && c.at < in.n)
        st = step(&c);
    *is_changed = c.is_changed;
    return st;
}

/* What stood on both sides of a gap may make a new tag: again, until nothing more has to go. */
enum cs_status clean_html(struct slice in, struct buf *out, bool *is_changed)
{
    struct buf before = buf_init(out->max), now = buf_init(out->max);
    enum cs_status st = CS_OK;
    bool is_more = true;

    *is_changed = false;
    if (slice_chr(slice_take(in, 256), 0) < slice_take(in, 256).n)
        return CS_UNSUPPORTED;                  /* in UTF-16 */
    for (int i = 0; i < PASSES && is_more && st == CS_OK; i++) {
        struct buf room = before;
        before = now;
        now = room;
        now.n = 0;
        st = pass(i ? buf_slice(&before) : in, &now, &is_more);
        *is_changed |= is_more;
    }
    if (st == CS_OK)
        st = is_more ? CS_UNSUPPORTED : buf_put(out, buf_slice(&now));
    buf_release(&before);
    buf_release(&now);
    return st;
}
