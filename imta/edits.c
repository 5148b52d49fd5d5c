#include "edits.h"

#include <stdlib.h>

#include "fields.h"

struct field {
    struct slice name, value;
    unsigned at;                /* in the header */
};

struct fields {
    struct field *all;
    size_t n;
};

unsigned edits_count(struct slice header)
{
    struct header_field f;
    unsigned n = 0;

    while (n <= EDITS_FIELDS && header_field_next(&header, &f))
        n++;
    return n;
}

/* All behind the colon, blanks included, but not the end of the last line. */
static struct slice value_of(struct slice raw)
{
    struct slice v = slice_drop(raw, slice_chr(raw, ':') + 1);

    if (slice_ends(v, SLICE("\n")))
        v.n--;
    if (slice_ends(v, SLICE("\r")))
        v.n--;
    return v;
}

static int compare_names(struct slice a, struct slice b)
{
    for (size_t i = 0; i < a.n && i < b.n; i++) {
        int d = ascii_lower(a.p[i]) - ascii_lower(b.p[i]);

        if (d)
            return d;
    }
    return (a.n > b.n) - (a.n < b.n);
}

static int by_name(const void *x, const void *y)
{
    const struct field *a = x, *b = y;
    int d = compare_names(a->name, b->name);

    return d ? d : (a->at > b->at) - (a->at < b->at);
}

static int by_place(const void *x, const void *y)
{
    const struct field *a = x, *b = y;

    return (a->at > b->at) - (a->at < b->at);
}

static enum cs_status read_fields(struct slice header, struct fields *out)
{
    struct header_field f;
    unsigned n = edits_count(header);

    if (n > EDITS_FIELDS)
        return CS_TOOBIG;
    out->all = calloc(n ? n : 1, sizeof *out->all);
    if (!out->all)
        return CS_NOMEM;
    while (out->n < n && header_field_next(&header, &f)) {
        out->all[out->n] = (struct field){ .name = f.name, .value = value_of(f.raw), .at = (unsigned)out->n };
        out->n++;
    }
    qsort(out->all, out->n, sizeof *out->all, by_name);
    return CS_OK;
}

/* How many fields of the name at the start. */
static size_t run_of(const struct field *f, size_t n)
{
    size_t k = 1;

    while (k < n && compare_names(f[0].name, f[k].name) == 0)
        k++;
    return k;
}

struct making {
    struct fields before, after;
    struct field *added;
    size_t n_added;
    edit_step *step;
    void *ctx;
};

static enum cs_status step(const struct making *m, enum edit_kind kind, const struct field *old, const struct field *new,
                           size_t number)
{
    struct edit e = { .kind = kind, .name = old->name, .number = (unsigned)number };

    if (new)
        e.value = new->value;
    return m->step(m->ctx, &e);
}

/* Fields of one name: old[0..n) become new[0..k). A line without a name cannot be made. */
static enum cs_status compare_run(struct making *m, const struct field *old, size_t n, const struct field *new, size_t k)
{
    enum cs_status st = CS_OK;
    size_t both = n < k ? n : k;

    for (size_t i = 0; i < both && st == CS_OK; i++)
        if (!slice_eq(old[i].value, new[i].value))
            st = new[i].name.n ? step(m, EDIT_CHANGE, &old[i], &new[i], i + 1) : CS_INVALID;
    for (size_t i = n; i > both && st == CS_OK; i--)
        st = old[i - 1].name.n ? step(m, EDIT_REMOVE, &old[i - 1], NULL, i) : CS_INVALID;
    for (size_t i = both; i < k && st == CS_OK; i++) {
        m->added[m->n_added++] = new[i];
        st = new[i].name.n ? CS_OK : CS_INVALID;
    }
    return st;
}

static enum cs_status compare(struct making *m)
{
    const struct field *old = m->before.all, *new = m->after.all;
    size_t n = m->before.n, k = m->after.n;
    enum cs_status st = CS_OK;

    while (st == CS_OK && (n || k)) {
        int d = !n ? 1 : !k ? -1 : compare_names(old->name, new->name);
        size_t run_old = d <= 0 ? run_of(old, n) : 0, run_new = d >= 0 ? run_of(new, k) : 0;

        st = compare_run(m, old, run_old, new, run_new);
        old += run_old, n -= run_old;
        new += run_new, k -= run_new;
    }
    qsort(m->added, m->n_added, sizeof *m->added, by_place);
    for (size_t i = 0; i < m->n_added && st == CS_OK; i++)
        st = step(m, EDIT_ADD, &m->added[i], &m->added[i], 0);
    return st;
}

enum cs_status edits_make(struct slice before, struct slice after, edit_step *to, void *ctx)
{
    struct making m = { .step = to, .ctx = ctx };
    enum cs_status st = read_fields(before, &m.before);

    if (st == CS_OK)
        st = read_fields(after, &m.after);
    if (st == CS_OK) {
        m.added = calloc(m.after.n + 1, sizeof *m.added);
        st = m.added ? compare(&m) : CS_NOMEM;
    }
    free(m.added);
    free(m.before.all);
    free(m.after.all);
    return st;
}
