#include "clean_zip.h"

#include "ziprewrite.h"

struct picker {
    clean_pick *pick;
    void *to;
};

static enum cs_status pick_member(void *to, const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name,
                                  struct buf *bytes)
{
    struct picker *p = to;
    enum cs_status st;

    (void)packed;
    if (!p->pick(p->to, h->name, bytes))
        return CS_OK;
    *fate = ZIP_REPLACE;
    st = buf_put(name, slice_take(h->name, UINT16_MAX - 16));
    return st == CS_OK ? buf_puts(name, ".removed.txt") : st;
}

enum cs_status clean_zip(struct slice in, clean_pick *pick, void *to, struct buf *out, bool *is_changed)
{
    struct picker p = { pick, to };

    return zip_rewrite(in, pick_member, &p, out, is_changed);
}

/* ---- Office Open XML ---- */

static bool contains(struct slice s, const char *word)
{
    struct slice w = slice_str(word);

    for (size_t i = 0; i + w.n <= s.n; i++)
        if (slice_istarts(slice_drop(s, i), w))
            return true;
    return false;
}

/* Parts that hold macros or only serve them. */
static bool is_macro_part(struct slice name)
{
    static const char *const words[] = { "vbaproject", "vbadata.xml" };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (contains(name, words[i]))
            return true;
    return false;
}

/* Elements that speak of such a part. */
static bool is_mention(struct slice tag)
{
    bool is_kind = slice_istarts(tag, SLICE("<Override")) || slice_istarts(tag, SLICE("<Default")) ||
                   slice_istarts(tag, SLICE("<Relationship "));

    return is_kind && (contains(tag, "vbaproject") || contains(tag, "vbadata"));
}

/* The document without those elements. */
static enum cs_status without_mentions(struct slice in, struct buf *out, bool *is_changed)
{
    enum cs_status st = CS_OK;

    while (in.n && st == CS_OK) {
        size_t n = slice_chr(in, '<');
        struct slice tag = slice_drop(in, n);
        tag = slice_take(tag, slice_chr(tag, '>') + 1);
        st = buf_put(out, slice_take(in, n));
        in = slice_drop(in, n + tag.n);
        if (!is_mention(tag)) {
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

static enum cs_status mend(const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name, struct buf *bytes)
{
    struct buf plain = buf_init(ZIP_REPLACEMENT);
    bool is_changed = false;
    enum cs_status st = zip_content(h, packed, &plain);

    if (st == CS_OK)
        st = without_mentions(buf_slice(&plain), bytes, &is_changed);
    if (st == CS_OK && is_changed) {
        *fate = ZIP_REPLACE;
        st = buf_put(name, h->name);
    }
    buf_release(&plain);
    return st;
}

static enum cs_status office_member(void *to, const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name,
                                    struct buf *bytes)
{
    (void)to;
    if (is_macro_part(h->name)) {
        *fate = ZIP_DROP;
        return CS_OK;
    }
    if (slice_ieq(h->name, SLICE("[Content_Types].xml")) || (h->name.n > 5 && slice_ends(h->name, SLICE(".rels"))))
        return mend(h, packed, fate, name, bytes);
    return CS_OK;
}

enum cs_status clean_ooxml(struct slice in, struct buf *out, bool *is_changed)
{
    return zip_rewrite(in, office_member, NULL, out, is_changed);
}
