#include "cleanup.h"

#include "clean.h"
#include "clean_rule.h"
#include "clean_zip.h"
#include "formats.h"
#include "ftype.h"
#include "base/safe.h"
#include "unpack.h"

/* Formats that are cleaned without knowing what was found: one line each. */
#define CLEANERS(X)         \
    X("OLE2", clean_ole2)   \
    X("RTF", clean_rtf)     \
    X("OOXML", clean_ooxml) \
    X("ODF", clean_odf)     \
    X("PDF", clean_pdf)     \
    X("HTML", clean_html)

static const struct cleaner {
    const char *type;
    clean_fn *clean;
} cleaners[] = {
#define X(type, fn) { type, fn },
    CLEANERS(X)
#undef X
};

/* Wrappings: what is in them is cleaned and wrapped again. */
static const struct stream {
    const char *type;
    decode_fn *decode;
} streams[] = {
    { "gzip", gzip_decode }, { "bzip2", bzip2_decode }, { "xz", xz_decode },
};

/* What archives can be written again without some of their members, beside ZIP. */
static const char *const archives[] = { "tar", "cpio", "7z" };

struct cleaning {
    const struct scan_setup *setup;
    const struct scan_part *part;
    bool asks_rules;                    /* some rule says how to clean */
    const struct verdict *found;        /* every hit of the first scan */
    unsigned skip;                      /* steps of a member's path that wrappings have taken */
};

/* One step of "a.tar!evil.exe!x". */
static struct slice path_step(const char *member, unsigned n)
{
    struct slice s = slice_str(member);

    while (n--)
        s = slice_drop(s, slice_chr(s, '!') + 1);
    return slice_take(s, slice_chr(s, '!'));
}

static bool is_bad(enum cls c)
{
    return c == CLS_VIRUS || c == CLS_EXT;
}

/* clean_pick: a member goes when something was found in it, or below it. */
static bool pick(void *to, struct slice name, struct buf *notice)
{
    const struct cleaning *c = to;
    char safe[300];
    size_t n = safe_text(safe, sizeof safe, name);

    for (size_t i = 0; i < c->found->n_hits; i++) {
        const struct finding *f = &c->found->hits[i];

        if (!is_bad(f->cls) || !slice_eq(path_step(f->member, c->skip), slice_of(safe, n)))
            continue;
        return buf_printf(notice, "This file was removed by the mail server.\n\n    File:   %s\n    Name:   %s\n", safe, f->name) ==
               CS_OK;
    }
    return false;
}

static enum cs_status clean_bytes(struct cleaning *c, struct slice in, struct slice name, unsigned depth, struct buf *out);

/* ---- gzip and the like around it ---- */

struct inner {
    struct emit emit;
    struct buf bytes;
};

static enum cs_status inner_open(struct emit *e, const struct emit_child *c)
{
    (void)e, (void)c;
    return CS_OK;
}

static enum cs_status inner_put(struct emit *e, struct slice bytes)
{
    return buf_put(&((struct inner *)e)->bytes, bytes);
}

static enum cs_status inner_close(struct emit *e)
{
    (void)e;
    return CS_OK;
}

/* Damage: what would come out is not what went in. */
static enum cs_status inner_note(struct emit *e, enum emit_remark r, const char *text)
{
    (void)e, (void)r, (void)text;
    return CS_UNSUPPORTED;
}

static enum cs_status clean_stream(struct cleaning *c, const char *type, decode_fn *decode, struct slice in, unsigned depth,
                                   struct buf *out)
{
    struct inner inner = { { .open = inner_open, .put = inner_put, .close = inner_close, .note = inner_note },
                           buf_init((size_t)c->setup->conf->limit.object_bytes) };
    struct buf cleaned = buf_init((size_t)c->setup->conf->limit.object_bytes);
    enum cs_status st = decode(in, &inner.emit);

    c->skip++;
    if (st == CS_OK)
        st = clean_bytes(c, buf_slice(&inner.bytes), slice_of(NULL, 0), depth + 1, &cleaned);
    c->skip--;
    if (st == CS_OK)
        st = unpack_compress_again(buf_slice(&cleaned), type, out);
    buf_release(&inner.bytes);
    buf_release(&cleaned);
    return st;
}

/* ---- one object ---- */

static enum cs_status clean_archive(struct cleaning *c, const struct ftype *t, struct slice in, struct buf *out, bool *is_changed)
{
    if (ftype_has(t, "ZIP"))
        return clean_zip(in, ftype_has(t, "OOXML") || ftype_has(t, "ODF"), pick, c, out, is_changed);
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (ftype_has(t, archives[i]))
            return unpack_repack(in, pick, c, out, is_changed);
    return CS_UNSUPPORTED;
}

static const struct cleaner *cleaner_of(const struct ftype *t)
{
    for (size_t i = 0; i < sizeof cleaners / sizeof *cleaners; i++)
        if (ftype_has(t, cleaners[i].type))
            return &cleaners[i];
    return NULL;
}

static const struct stream *stream_of(const struct ftype *t)
{
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        if (ftype_has(t, streams[i].type))
            return &streams[i];
    return NULL;
}

/* By its type alone, before anything costs time: most of what is infected cannot be. */
static bool may_be_cleaned(const struct ftype *t)
{
    for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
        if (ftype_has(t, archives[i]))
            return true;
    return ftype_has(t, "ZIP") || cleaner_of(t) || stream_of(t);
}

/* What it is; where that cannot be cleaned, what programs take it for that go by its labels. */
static struct ftype type_of(const struct scan_part *part, struct slice in, struct slice name)
{
    struct ftype t = ftype_of(in, name);

    if (may_be_cleaned(&t))
        return t;
    ftype_claim(&t, part->declared, name, in);
    for (size_t i = 1; i < part->n_names; i++)
        ftype_claim(&t, slice_of(NULL, 0), part->names[i], in);
    return t;
}

static bool rules_ask(const struct scan_setup *setup)
{
    struct vdl_info info;

    for (size_t i = 0; i < setup->n_dbs; i++) {
        vdl_info(setup->dbs[i], &info);
        if (info.cleans)
            return true;
    }
    return false;
}

/* As the rules that were found ask for it. What comes out must still be of the same type. */
static enum cs_status clean_as_asked(struct cleaning *c, const struct ftype *t, struct slice in, struct slice name, unsigned depth,
                                     struct buf *out, bool *is_changed)
{
    struct vdl_object what = { .name = name, .depth = depth, .size = in.n, .sender = c->part->sender,
                               .recipients = c->part->recipients };
    struct ftype after;
    enum cs_status st;

    for (size_t i = 0; i < t->n && i < VDL_TYPES_MAX; i++)
        what.types[i] = t->words[i];
    st = clean_by_rules(c->setup, c->found, &what, in, out, is_changed);
    if (st != CS_OK || !*is_changed)
        return st;
    after = ftype_of(buf_slice(out), name);
    return t->n && after.n && strcmp(t->words[0], after.words[0]) == 0 ? CS_OK : CS_UNSUPPORTED;
}

static enum cs_status clean_typed(struct cleaning *c, const struct ftype *t, struct slice in, unsigned depth, struct buf *out)
{
    const struct cleaner *cleaner = cleaner_of(t);
    const struct stream *stream = stream_of(t);
    bool is_changed = false;
    enum cs_status st;

    if (stream)
        return clean_stream(c, stream->type, stream->decode, in, depth, out);
    st = cleaner ? cleaner->clean(in, out, &is_changed) : CS_UNSUPPORTED;
    if (st != CS_OK || !is_changed) {
        out->n = 0;
        st = clean_archive(c, t, in, out, &is_changed);
    }
    return st == CS_OK && !is_changed ? CS_UNSUPPORTED : st;
}

static struct verdict scan_again(const struct scan_setup *setup, const struct scan_part *part, struct slice bytes, bool wants_all)
{
    struct scan_setup how = *setup;
    struct scan_part p = *part;
    struct verdict v = { .keeps_all = wants_all };
    struct scan *s;

    how.wants_all = wants_all;
    how.wants_tree = false;
    p.bytes = bytes;
    s = scan_new(&how);
    if (s)
        scan_run(s, &p, &v);
    else
        verdict_add(&v, CLS_ERROR, SLICE("out of memory"), slice_of(NULL, 0), 0);
    scan_free(s);
    return v;
}

static bool is_clean(struct cleaning *c, struct slice bytes)
{
    struct verdict v = scan_again(c->setup, c->part, bytes, false);
    bool clean = v.worst.cls == CLS_CLEAN;

    verdict_release(&v);
    return clean;
}

/* The rules first; where that does not suffice, what is known of the type. */
static enum cs_status clean_bytes(struct cleaning *c, struct slice in, struct slice name, unsigned depth, struct buf *out)
{
    struct ftype t = depth == 0 ? type_of(c->part, in, name) : ftype_of(in, name);
    struct buf asked = buf_init(out->max);
    bool is_changed = false;
    enum cs_status st = CS_OK;

    if (depth > CLEANUP_DEPTH)
        return CS_UNSUPPORTED;
    if (c->asks_rules)
        st = clean_as_asked(c, &t, in, name, depth, &asked, &is_changed);
    if (st == CS_OK && is_changed && is_clean(c, buf_slice(&asked)))
        st = buf_put(out, buf_slice(&asked));
    else
        st = clean_typed(c, &t, st == CS_OK && is_changed ? buf_slice(&asked) : in, depth, out);
    buf_release(&asked);
    return st;
}

enum cs_status cleanup_part(const struct scan_setup *setup, const struct scan_part *part, struct buf *out)
{
    const struct slice name = part->n_names ? part->names[0] : slice_of(NULL, 0);
    const struct ftype type = type_of(part, part->bytes, name);
    struct cleaning c = { .setup = setup, .part = part, .asks_rules = rules_ask(setup) };
    struct verdict found;
    enum cs_status st;

    *out = buf_init((size_t)setup->conf->limit.object_bytes);
    if (!c.asks_rules && !may_be_cleaned(&type))
        return CS_UNSUPPORTED;
    c.found = &found;
    found = scan_again(setup, part, part->bytes, true);
    st = clean_bytes(&c, part->bytes, name, 0, out);
    verdict_release(&found);
    if (st == CS_OK && !is_clean(&c, buf_slice(out)))
        st = CS_UNSUPPORTED;
    if (st != CS_OK)
        buf_release(out);
    return st;
}
