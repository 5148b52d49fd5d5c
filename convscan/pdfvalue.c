#include "pdfvalue.h"

#include <stdlib.h>

#include "pdflex.h"

struct pdf_values pdf_values_of(struct slice all)
{
    return (struct pdf_values){ .all = all };
}

void pdf_values_release(struct pdf_values *v)
{
    free(v->list);
}

bool pdf_number_before(struct slice all, size_t at, uint64_t *number)
{
    size_t from = at;

    for (int field = 0; field < 2; field++) {
        while (from && pdf_is_space(all.p[from - 1]))
            from--;
        while (from && ascii_is_digit(all.p[from - 1]))
            from--;
    }
    *number = pdf_number(slice_sub(all, from, at - from));
    return from < at;
}

static enum cs_status add(struct pdf_values *v, uint64_t number, size_t at)
{
    if (v->n == PDF_VALUES)
        return CS_OK;
    if (v->n == v->room) {
        size_t room = v->room ? v->room * 2 : 256;
        struct pdf_value *more = realloc(v->list, room * sizeof *more);

        if (!more)
            return CS_NOMEM;
        v->list = more;
        v->room = room;
    }
    v->list[v->n++] = (struct pdf_value){ number, at };
    return CS_OK;
}

static int by_number(const void *a, const void *b)
{
    const struct pdf_value *p = a, *q = b;

    if (p->number != q->number)
        return p->number < q->number ? -1 : 1;
    return p->at < q->at ? -1 : p->at > q->at;
}

static enum cs_status read_list(struct pdf_values *v)
{
    enum cs_status st = CS_OK;
    uint64_t number;

    v->is_read = true;
    for (size_t at = slice_find(v->all, SLICE("obj")); st == CS_OK && at < v->all.n;) {
        if (pdf_number_before(v->all, at, &number))
            st = add(v, number, at + 3);
        at += 3 + slice_find(slice_drop(v->all, at + 3), SLICE("obj"));
    }
    if (v->n)
        qsort(v->list, v->n, sizeof *v->list, by_number);
    return st;
}

/* The last object of this number; empty when there is none. */
static struct slice find(const struct pdf_values *v, uint64_t number)
{
    size_t low = 0, high = v->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (v->list[middle].number <= number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || v->list[low - 1].number != number)
        return slice_take(v->all, 0);
    return slice_sub(v->all, v->list[low - 1].at, PDF_VALUE_MAX);
}

/* One value of an object: a name, a list or a dictionary. */
static struct slice first_value(struct slice text)
{
    struct pdf_lexer l = { .in = text };
    struct pdf_token t;
    size_t depth = 0;

    do {
        t = pdf_next(&l);
        depth += t.kind == PDF_OPEN || t.kind == PDF_LIST;
        depth -= depth && (t.kind == PDF_CLOSE || t.kind == PDF_LIST_END);
    } while (depth && t.kind != PDF_END);
    return slice_take(text, l.at);
}

static enum cs_status put(struct pdf_values *v, struct slice value, struct buf *out, unsigned depth);

/* The reference that ends at l, to number; where nothing is found it stays. */
static enum cs_status put_object(struct pdf_values *v, uint64_t number, struct slice as_it_is, struct buf *out, unsigned depth)
{
    enum cs_status st = v->is_read ? CS_OK : read_list(v);
    struct slice found;

    if (depth == PDF_VALUE_DEPTH)
        return CS_TOOBIG;
    found = first_value(find(v, number));
    if (st == CS_OK)
        st = found.n ? put(v, found, out, depth + 1) : buf_put(out, as_it_is);
    return st == CS_OK ? buf_putc(out, ' ') : st;
}

static enum cs_status put(struct pdf_values *v, struct slice value, struct buf *out, unsigned depth)
{
    struct pdf_lexer l = { .in = value };
    struct pdf_token t = pdf_next(&l), before = t, first = t;    /* the two in front of "R" */
    size_t done = 0;
    enum cs_status st = CS_OK;

    for (; st == CS_OK && t.kind != PDF_END; first = before, before = t, t = pdf_next(&l)) {
        if (t.kind != PDF_WORD || !slice_eq(t.text, SLICE("R")) || first.kind != PDF_NUMBER || before.kind != PDF_NUMBER)
            continue;
        st = buf_put(out, slice_sub(value, done, first.at - done));
        if (st == CS_OK)
            st = put_object(v, pdf_number(first.text), slice_sub(value, first.at, l.at - first.at), out, depth);
        done = l.at;
    }
    return st == CS_OK ? buf_put(out, slice_drop(value, done)) : st;
}

enum cs_status pdf_values_resolve(struct pdf_values *v, struct slice *value, struct buf *out)
{
    enum cs_status st;

    if (slice_chr(*value, 'R') == value->n)
        return CS_OK;
    out->n = 0;
    st = put(v, *value, out, 0);
    if (st == CS_TOOBIG)
        *value = SLICE("/TooLong");             /* no filter, and not nothing */
    else if (st == CS_OK)
        *value = buf_slice(out);
    return st == CS_TOOBIG ? CS_OK : st;
}
