#include "clean_zip.h"

#include "ziprewrite.h"

struct picker {
    clean_pick *pick;
    void *to;
    bool is_document;
};

static enum cs_status pick_member(void *to, const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name,
                                  struct buf *bytes)
{
    struct picker *p = to;
    enum cs_status st;

    (void)packed;
    if (!p->pick(p->to, h->name, bytes))
        return CS_OK;
    if (p->is_document && (slice_ends(h->name, SLICE(".xml")) || slice_ends(h->name, SLICE(".rels"))))
        return CS_UNSUPPORTED;
    *fate = ZIP_REPLACE;
    st = buf_put(name, slice_take(h->name, UINT16_MAX - 16));
    return st == CS_OK && !p->is_document ? buf_puts(name, ".removed.txt") : st;
}

enum cs_status clean_zip(struct slice in, bool is_document, clean_pick *pick, void *to, struct buf *out, bool *is_changed)
{
    struct picker p = { pick, to, is_document };

    return zip_rewrite(in, pick_member, &p, out, is_changed);
}

/* ---- Office Open XML and OpenDocument ---- */

/* How a kind of package keeps its macros, and the elements of which files speak of them. */
struct package {
    const char *parts[3];           /* words in the names of members */
    bool is_prefix;                 /* at their beginning alone */
    const char *elements[4], *mentions[5];
    bool (*is_index)(struct slice name);
};

static bool is_office_index(struct slice name)
{
    return slice_ieq(name, SLICE("[Content_Types].xml")) || (name.n > 5 && slice_ends(name, SLICE(".rels")));
}

static bool is_open_index(struct slice name)
{
    return slice_eq(name, SLICE("META-INF/manifest.xml"));
}

static const struct package office = {
    { "vbaproject", "vbadata" }, false, { "<Override", "<Default", "<Relationship " }, { "vbaproject", "vbadata" }, is_office_index,
};
static const struct package open_document = {
    { "Basic/", "Scripts/" }, true, { "<manifest:file-entry " }, { "\"Basic/", "'Basic/", "\"Scripts/", "'Scripts/" }, is_open_index,
};

/* Parts that hold macros or only serve them. */
static bool is_macro_part(const struct package *p, struct slice name)
{
    for (const char *const *w = p->parts; *w; w++)
        if (p->is_prefix ? slice_starts(name, slice_str(*w)) : slice_ihas(name, slice_str(*w)))
            return true;
    return false;
}

/* Elements that speak of such a part. */
static bool is_mention(const struct package *p, struct slice tag)
{
    bool is_kind = false, is_macro = false;

    for (const char *const *e = p->elements; *e; e++)
        is_kind = is_kind || slice_istarts(tag, slice_str(*e));
    for (const char *const *w = p->mentions; *w; w++)
        is_macro = is_macro || slice_ihas(tag, slice_str(*w));
    return is_kind && is_macro;
}

/* The document without those elements. */
static enum cs_status without_mentions(const struct package *p, struct slice in, struct buf *out, bool *is_changed)
{
    enum cs_status st = CS_OK;

    while (in.n && st == CS_OK) {
        size_t n = slice_chr(in, '<');
        struct slice tag = slice_drop(in, n);
        tag = slice_take(tag, slice_chr(tag, '>') + 1);
        st = buf_put(out, slice_take(in, n));
        in = slice_drop(in, n + tag.n);
        if (!is_mention(p, tag)) {
            if (st == CS_OK)
                st = buf_put(out, tag);
            continue;
        }
        *is_changed = true;
        if (!slice_ends(tag, SLICE("/>")))           /* a tag of its own closes it */
            in = slice_drop(in, slice_chr(in, '>') + 1);
    }
    return st;
}

static enum cs_status mend(const struct package *p, const struct zip_head *h, struct slice packed, enum zip_fate *fate,
                           struct buf *name, struct buf *bytes)
{
    struct buf plain = buf_init(ZIP_REPLACEMENT);
    bool is_changed = false;
    enum cs_status st = zip_content(h, packed, &plain);

    if (st == CS_OK)
        st = without_mentions(p, buf_slice(&plain), bytes, &is_changed);
    if (st == CS_OK && is_changed) {
        *fate = ZIP_REPLACE;
        st = buf_put(name, h->name);
    }
    buf_release(&plain);
    return st;
}

static enum cs_status without_macros(void *to, const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name,
                                     struct buf *bytes)
{
    const struct package *p = to;

    if (is_macro_part(p, h->name)) {
        *fate = ZIP_DROP;
        return CS_OK;
    }
    return p->is_index(h->name) ? mend(p, h, packed, fate, name, bytes) : CS_OK;
}

enum cs_status clean_ooxml(struct slice in, struct buf *out, bool *is_changed)
{
    return zip_rewrite(in, without_macros, (void *)(uintptr_t)&office, out, is_changed);
}

enum cs_status clean_odf(struct slice in, struct buf *out, bool *is_changed)
{
    return zip_rewrite(in, without_macros, (void *)(uintptr_t)&open_document, out, is_changed);
}
