#include "clean_rule.h"

#include <stdlib.h>

#include "base/safe.h"

enum { SPANS = 256 };           /* of one round */

struct piece {
    uint64_t start, end;
    enum vdl_clean how;
};

struct cutter {
    const struct verdict *found;
    struct piece pieces[SPANS];
    size_t n;
};

static bool is_found(const struct verdict *v, struct slice rule)
{
    char name[sizeof v->worst.name];
    struct slice safe = slice_of(name, safe_text(name, sizeof name, rule));

    for (size_t i = 0; i < v->n_hits; i++)
        if (slice_eq(slice_str(v->hits[i].name), safe))
            return true;
    return false;
}

static bool on_hit(void *ctx, const struct vdl_hit *hit)
{
    struct cutter *c = ctx;

    if (hit->cls == VDL_ALLOW || hit->clean == VDL_KEEP || !is_found(c->found, hit->name))
        return true;
    for (size_t i = 0; i < hit->n_spans && c->n < SPANS; i++)
        c->pieces[c->n++] = (struct piece){ hit->spans[i].start, hit->spans[i].end, hit->clean };
    return c->n < SPANS;
}

static int by_start(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;

    return x->start < y->start ? -1 : x->start > y->start;
}

/* Overwritten first, for that moves nothing; then what is cut, from the front, and what is kept closes up. */
static void apply(struct cutter *c, struct buf *b)
{
    size_t to = 0, from = 0;

    qsort(c->pieces, c->n, sizeof *c->pieces, by_start);
    for (size_t i = 0; i < c->n; i++) {
        struct piece *p = &c->pieces[i];

        p->end = p->end < b->n ? p->end : b->n;
        p->start = p->start < p->end ? p->start : p->end;
        if (p->how != VDL_CUT)
            memset(b->p + p->start, p->how == VDL_BLANK ? ' ' : 0, (size_t)(p->end - p->start));
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct piece *p = &c->pieces[i];

        if (p->how != VDL_CUT || p->end <= from)
            continue;
        if (p->start > from) {
            memmove(b->p + to, b->p + from, (size_t)p->start - from);
            to += (size_t)p->start - from;
        }
        from = (size_t)p->end;
    }
    memmove(b->p + to, b->p + from, b->n - from);
    b->n = to + b->n - from;
}

static enum cs_status round_of(struct cutter *c, struct vdl_scan *scan, const struct vdl_object *what, struct buf *b)
{
    struct vdl_object o = *what;
    enum cs_status st;

    c->n = 0;
    o.size = b->n;
    st = vdl_scan_bytes(scan, &o, buf_slice(b));
    if (c->n)
        apply(c, b);
    return st == CS_STOP ? CS_OK : st;
}

static enum cs_status all_rounds(struct cutter *c, struct vdl_scan *scan, const struct vdl_object *what, struct buf *b)
{
    size_t left = CLEAN_RULE_BYTES;
    enum cs_status st;

    for (unsigned i = 0; i < CLEAN_RULE_ROUNDS && b->n <= left; i++) {
        left -= b->n;
        st = round_of(c, scan, what, b);
        if (st != CS_OK || c->n == 0)
            return st;
    }
    return CS_UNSUPPORTED;
}

enum cs_status clean_by_rules(const struct scan_setup *setup, const struct verdict *found, const struct vdl_object *what,
                              struct slice in, struct buf *out, bool *is_changed)
{
    struct cutter c = { .found = found };
    struct vdl_scan *scan = vdl_scan_new(setup->dbs, setup->n_dbs, on_hit, &c);
    enum cs_status st = scan ? vdl_scan_bytes(scan, what, in) : CS_NOMEM;

    st = st == CS_STOP ? CS_OK : st;
    if (st == CS_OK && c.n) {
        st = buf_put(out, in);
        *is_changed = true;
    }
    if (st == CS_OK && c.n)
        st = all_rounds(&c, scan, what, out);
    vdl_scan_free(scan);
    return st;
}
