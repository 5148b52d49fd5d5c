#include "pdfloop.h"

#include <stdlib.h>

#include "pdfwalk.h"

enum link_kind { KIDS, PARENT, LENGTH, EXTENDS, NEXT, HELD, LINK_KINDS };

/* Entries of cross-reference streams are objects of their own, with numbers from here on. */
#define IN_TABLE (1ull << 40)
enum { NONE = -1 };

struct object {
    uint64_t number;
    uint32_t place;              /* in the order in which they came */
    uint32_t first_link;
};

struct link {
    uint64_t to;
    uint32_t kind;
    int32_t target;              /* the object, where it stands among all; NONE when there is no such or it was replaced */
};

struct pdf_loops pdf_loops_init(void)
{
    return (struct pdf_loops){ .objects = buf_init(PDF_LOOP_RECORDS * sizeof(struct object)),
                               .links = buf_init(PDF_LOOP_RECORDS * sizeof(struct link)) };
}

void pdf_loops_release(struct pdf_loops *l)
{
    buf_release(&l->objects);
    buf_release(&l->links);
}

static size_t n_objects(const struct pdf_loops *l)
{
    return l->objects.n / sizeof(struct object);
}

static size_t n_links(const struct pdf_loops *l)
{
    return l->links.n / sizeof(struct link);
}

static struct object *objects(const struct pdf_loops *l)
{
    return (struct object *)(void *)l->objects.p;
}

static struct link *links(const struct pdf_loops *l)
{
    return (struct link *)(void *)l->links.p;
}

static bool is_full(const struct pdf_loops *l)
{
    return n_objects(l) == PDF_LOOP_RECORDS || n_links(l) == PDF_LOOP_RECORDS;
}

static enum cs_status add_object(struct pdf_loops *l, uint64_t number)
{
    const struct object o = { .number = number, .place = (uint32_t)n_objects(l), .first_link = (uint32_t)n_links(l) };

    return buf_put(&l->objects, slice_of(&o, sizeof o));
}

static enum cs_status add_link(struct pdf_loops *l, enum link_kind kind, uint64_t to)
{
    const struct link k = { .to = to, .kind = kind, .target = NONE };

    return is_full(l) ? CS_OK : buf_put(&l->links, slice_of(&k, sizeof k));
}

/* Each "N G R" in a value. */
static enum cs_status add_references(struct pdf_loops *l, enum link_kind kind, struct slice value)
{
    struct pdf_lexer lex = { .in = value };
    uint64_t before = 0, number = 0;
    enum cs_status st = CS_OK;

    for (struct pdf_token t = pdf_next(&lex); t.kind != PDF_END && st == CS_OK; t = pdf_next(&lex)) {
        if (t.kind == PDF_NUMBER) {
            before = number;
            number = pdf_number(t.text);
        } else if (t.kind == PDF_WORD && slice_eq(t.text, SLICE("R"))) {
            st = add_link(l, kind, before);
        }
    }
    return st;
}

enum cs_status pdf_loops_object(struct pdf_loops *l, uint64_t number, const struct pdf_dict *d)
{
    /* A list of its own may be anybody's; only where /Kids leads to it, it is one of kids. */
    const struct {
        enum link_kind kind;
        struct slice value;
    } links[] = { { KIDS, d->kids }, { KIDS, d->list }, { PARENT, d->parent }, { LENGTH, d->length }, { EXTENDS, d->extends },
                  { NEXT, d->first }, { NEXT, d->next } };
    enum cs_status st = number && !is_full(l) ? add_object(l, number) : CS_OK;

    for (unsigned i = 0; number && !is_full(l) && i < sizeof links / sizeof *links && st == CS_OK; i++)
        st = add_references(l, links[i].kind, links[i].value);
    return st;
}

enum cs_status pdf_loops_stream(struct pdf_loops *l, uint64_t number, const struct pdf_dict *d, struct slice text)
{
    static const struct pdf_hooks nobody = { .to = NULL };
    size_t first = pdf_number(d->first);
    struct pdf_lexer lex = { .in = slice_take(text, first) };
    enum cs_status st = CS_OK;

    for (uint64_t n = pdf_number(d->count); n && !is_full(l) && st == CS_OK; n--) {
        struct pdf_token inner = pdf_next(&lex), at = pdf_next(&lex);
        struct pdf_lexer rest = lex;
        struct pdf_token behind = pdf_next(&rest), end = pdf_next(&rest);
        struct slice body = slice_drop(slice_drop(text, first), pdf_number(at.text));
        struct pdf_object o;

        if (inner.kind != PDF_NUMBER || at.kind != PDF_NUMBER)
            break;
        if (behind.kind == PDF_NUMBER && end.kind == PDF_NUMBER && pdf_number(end.text) > pdf_number(at.text))
            body = slice_take(body, pdf_number(end.text) - pdf_number(at.text));
        st = pdf_object_read(slice_take(body, PDF_LOOP_RECORDS), 0, &nobody, &o);
        if (st == CS_OK)
            st = pdf_loops_object(l, pdf_number(inner.text), &o.dict);
        l->is_own_stream |= number && pdf_number(inner.text) == number;
    }
    return st;
}

static uint64_t big_endian(struct slice s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.n; i++)
        v = v << 8 | s.p[i];
    return v;
}

/* Numbers of a list, missing ones 0. */
static size_t numbers(struct slice list, uint64_t *v, size_t max)
{
    struct pdf_lexer lex = { .in = list };
    size_t n = 0;

    for (struct pdf_token t = pdf_next(&lex); t.kind != PDF_END && n < max; t = pdf_next(&lex))
        if (t.kind == PDF_NUMBER)
            v[n++] = pdf_number(t.text);
    return n;
}

/* Entries of kind 2 say in which object stream an object is held. */
enum cs_status pdf_loops_table(struct pdf_loops *l, const struct pdf_dict *d, struct slice table)
{
    enum { RANGES = 512, HELD_IN_STREAM = 2, WIDEST = 8 };
    uint64_t w[3] = { 0 }, ranges[RANGES] = { 0, UINT64_MAX };
    size_t n_ranges = numbers(d->index, ranges, RANGES), width;
    enum cs_status st = CS_OK;

    if (numbers(d->widths, w, 3) != 3 || w[0] > WIDEST || w[1] > WIDEST || w[2] > WIDEST)
        return CS_OK;
    width = (size_t)(w[0] + w[1] + w[2]);
    if (n_ranges == 0)
        n_ranges = 2;
    for (size_t r = 0; r + 1 < n_ranges; r += 2)
        for (uint64_t i = 0; width && i < ranges[r + 1] && table.n >= width && !is_full(l) && st == CS_OK; i++) {
            uint64_t kind = big_endian(slice_take(table, (size_t)w[0])), to = big_endian(slice_sub(table, (size_t)w[0], (size_t)w[1]));

            st = add_object(l, IN_TABLE + ranges[r] + i);
            if (st == CS_OK && w[0] && kind == HELD_IN_STREAM)
                st = add_link(l, HELD, IN_TABLE + to);
            table = slice_drop(table, width);
        }
    return st;
}

/* ---- the end: which links lead in a circle? ---- */

static int by_number(const void *a, const void *b)
{
    const struct object *x = a, *y = b;

    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* The last of those with this number. */
static int32_t last_of(const struct object *sorted, size_t n, uint64_t number)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sorted[middle].number <= number)
            low = middle + 1;
        else
            high = middle;
    }
    return low && sorted[low - 1].number == number ? (int32_t)sorted[low - 1].place : NONE;
}

static size_t end_of_links(const struct pdf_loops *l, size_t i)
{
    return i + 1 < n_objects(l) ? objects(l)[i + 1].first_link : n_links(l);
}

/* Targets of all links; those of objects that were replaced have none. */
static enum cs_status aim(struct pdf_loops *l)
{
    size_t n = n_objects(l);
    struct object *sorted = malloc((n + 1) * sizeof *sorted);

    if (!sorted)
        return CS_NOMEM;
    if (n)
        memcpy(sorted, objects(l), n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < n; i++)
        if (last_of(sorted, n, objects(l)[i].number) == (int32_t)i)
            for (size_t k = objects(l)[i].first_link; k < end_of_links(l, i); k++)
                links(l)[k].target = last_of(sorted, n, links(l)[k].to);
    free(sorted);
    return CS_OK;
}

struct order {
    uint32_t *left;              /* links of this kind that lead to an object and were not followed yet */
    uint32_t *queue;
    uint32_t *ways;              /* in how many ways an object is reached, as far as it was counted */
};

static bool is_live(const struct link *k, enum link_kind kind)
{
    return k->kind == kind && k->target != NONE;
}

/* Objects are taken away that nothing leads to any more; what is left hangs on a circle. ways: how often objects are reached. */
static bool is_circle(const struct pdf_loops *l, enum link_kind kind, struct order *o, uint64_t *ways)
{
    size_t n = n_objects(l), at = 0, end = 0;

    memset(o->left, 0, n * sizeof *o->left);
    for (size_t k = 0; k < n_links(l); k++)
        if (is_live(&links(l)[k], kind))
            o->left[links(l)[k].target]++;
    for (size_t i = 0; i < n; i++) {
        o->ways[i] = o->left[i] == 0;
        if (o->left[i] == 0)
            o->queue[end++] = (uint32_t)i;
    }
    *ways = 0;
    for (; at < end; at++) {
        uint32_t from = o->queue[at];

        *ways += o->ways[from];
        for (size_t k = objects(l)[from].first_link; k < end_of_links(l, from); k++) {
            const struct link *x = &links(l)[k];

            if (!is_live(x, kind))
                continue;
            o->ways[x->target] += o->ways[from] < UINT32_MAX - o->ways[x->target] ? o->ways[from] : UINT32_MAX - o->ways[x->target];
            if (--o->left[x->target] == 0)
                o->queue[end++] = (uint32_t)x->target;
        }
    }
    return end < n;
}

static enum cs_status find_circle(struct pdf_loops *l, const char **name)
{
    static const char *const names[LINK_KINDS] = {
        [KIDS] = "loop in PDF page tree", [PARENT] = "loop in PDF parents", [LENGTH] = "loop in PDF lengths",
        [EXTENDS] = "loop in PDF object streams", [NEXT] = "loop in PDF outlines or actions", [HELD] = "loop in PDF object streams",
    };
    size_t n = n_objects(l) + 1;
    struct order o = { calloc(n, sizeof(uint32_t)), calloc(n, sizeof(uint32_t)), calloc(n, sizeof(uint32_t)) };
    enum cs_status st = o.left && o.queue && o.ways ? CS_OK : CS_NOMEM;
    uint64_t ways;

    for (unsigned kind = 0; kind < LINK_KINDS && st == CS_OK && !*name; kind++)
        if (is_circle(l, kind, &o, &ways))
            *name = names[kind];
        else if (kind == KIDS && ways > n_objects(l) + PDF_LOOP_PAGES)
            *name = "PDF pages";
    free(o.left);
    free(o.queue);
    free(o.ways);
    return st;
}

/* ---- tables of cross-references, each naming the one before it ---- */

static size_t last_startxref(struct slice file)
{
    enum { FAR = 4096 };
    size_t at = file.n > FAR ? file.n - FAR : 0, found = file.n;

    for (size_t next; (next = at + slice_find(slice_drop(file, at), SLICE("startxref"))) < file.n; at = next + 9)
        found = next;
    return found;
}

/* The dictionary behind the table, or that of a stream. */
static bool read_table(struct slice file, uint64_t at, uint64_t *work, struct pdf_dict *d)
{
    static const struct pdf_hooks nobody = { .to = NULL };
    struct slice s = at < file.n ? slice_trim(slice_drop(file, (size_t)at)) : slice_take(file, 0);
    struct pdf_object o;
    size_t n;

    if (slice_starts(s, SLICE("xref")))
        n = slice_find(s, SLICE("trailer")) + 7;
    else if (s.n && ascii_is_digit(s.p[0]))
        n = slice_find(slice_take(s, 32), SLICE("obj")) + 3;
    else
        return false;
    if (n >= s.n || n > *work)
        return false;
    s = slice_take(s, n + slice_find(slice_drop(s, n), SLICE("xref")));     /* not on into the next table */
    if (pdf_object_read(s, n, &nobody, &o) != CS_OK)
        return false;
    *work -= n + (o.end - n < *work - n ? o.end - n : *work - n);
    *d = o.dict;
    return true;
}

static bool tables_circle(struct slice file)
{
    uint64_t seen[PDF_LOOP_TABLES], work = (uint64_t)file.n * 8 + 4096, at, start;
    struct slice tail = slice_drop(file, last_startxref(file) + 9);
    struct pdf_dict d;

    start = slice_find(slice_take(file, 1024), SLICE("%PDF-"));
    at = tail.n ? pdf_number(slice_take(tail, 32)) : file.n;
    for (size_t n = 0; n < PDF_LOOP_TABLES; n++) {
        for (size_t i = 0; i < n; i++)
            if (seen[i] == at)
                return true;
        seen[n] = at;
        if (!read_table(file, at, &work, &d) && !(start && start < file.n && at < file.n && read_table(file, at + start, &work, &d)))
            return false;
        if (!slice_trim(d.prev).n)
            return false;
        at = pdf_number(d.prev);
    }
    return false;
}

enum cs_status pdf_loops_find(struct pdf_loops *l, struct slice file, const char **name)
{
    enum cs_status st = aim(l);

    *name = l->is_own_stream ? "loop in PDF object streams" : NULL;
    if (st == CS_OK && !*name)
        st = find_circle(l, name);
    if (st == CS_OK && !*name && tables_circle(file))
        *name = "loop in PDF cross-references";
    return st;
}
