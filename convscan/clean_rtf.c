#include "clean.h"

#include "rtf.h"
#include "rtflex.h"

enum { LEVELS = 256 };

struct cutter {
    struct rtf_lex lex;
    size_t opened[LEVELS];      /* where the groups around us begin */
    size_t depth, kept;         /* kept: the input before this place is in out, or gone */
    struct buf *out;
    bool is_changed, hid_objects;
};

/* The group we are in goes; where that is the whole document, all from this word on. */
static enum cs_status cut_group(struct cutter *c, size_t word_at)
{
    size_t level = c->depth < LEVELS ? c->depth : LEVELS, begin;
    enum cs_status st;

    begin = level > 1 ? c->opened[level - 1] : word_at;
    st = begin > c->kept ? buf_put(c->out, slice_sub(c->lex.all, c->kept, begin - c->kept)) : CS_OK;
    while (st == CS_OK && c->depth >= level && level) {
        struct rtf_token t = rtf_next(&c->lex);
        if (t.kind == RTF_END)
            c->depth = level - 1;
        c->depth += t.kind == RTF_OPEN;
        c->depth -= t.kind == RTF_CLOSE;
    }
    if (st == CS_OK && level > 1)
        st = buf_puts(c->out, "{}");                /* else "\\obj{…}data" would grow together */
    if (level <= 1) {
        c->lex.at = c->lex.all.n;
        c->depth = 1;
    }
    c->kept = c->lex.at;
    c->is_changed = true;
    return st;
}

static enum cs_status token(struct cutter *c, const struct rtf_token *t, size_t at)
{
    switch (t->kind) {
    case RTF_OPEN:
        if (c->depth < LEVELS)
            c->opened[c->depth] = at;
        c->depth++;
        return CS_OK;
    case RTF_CLOSE:
        c->depth -= c->depth > 0;
        return CS_OK;
    case RTF_BIN:
        c->hid_objects = c->hid_objects || slice_find(t->bytes, SLICE("objdata")) < t->bytes.n;
        return CS_OK;
    case RTF_WORD:
        return slice_ieq(t->bytes, SLICE("objdata")) ? cut_group(c, at) : CS_OK;
    default:
        return CS_OK;
    }
}

static enum cs_status pass(struct cutter *c)
{
    enum cs_status st = CS_OK;

    for (;;) {
        size_t at = c->lex.at;
        struct rtf_token t = rtf_next(&c->lex);
        if (t.kind == RTF_END || st != CS_OK)
            break;
        st = token(c, &t, at);
    }
    if (st == CS_OK)
        st = buf_put(c->out, slice_drop(c->lex.all, c->kept));
    for (; st == CS_OK && c->is_changed && c->depth; c->depth--)        /* groups that were never closed, or cut at their end */
        st = buf_putc(c->out, '}');
    return st;
}

enum cs_status clean_rtf(struct slice in, struct buf *out, bool *is_changed)
{
    struct buf first = buf_init(in.n * 2 + 16);
    struct cutter c = { .lex = { .all = in }, .out = &first };
    size_t begin = out->n;
    enum cs_status st;

    *is_changed = false;
    if (!rtf_is(in))
        return CS_UNSUPPORTED;
    st = pass(&c);
    *is_changed = c.is_changed;
    if (st == CS_OK && c.hid_objects) {
        c = (struct cutter){ .lex = { .all = buf_slice(&first), .ignores_bin = true }, .out = out };
        st = pass(&c);
        *is_changed = *is_changed || c.is_changed;
    } else if (st == CS_OK) {
        st = buf_put(out, buf_slice(&first));
    }
    buf_release(&first);
    if (st != CS_OK)
        out->n = begin;
    return st;
}
