#include <stdlib.h>

#include "formats.h"

/*
 * xmlbomb.c - entities that hold one another ("a billion laughs"), or a long one that is used too often. Nothing here expands them; what
 * would become of the document in a program that does is reckoned up.
 */

enum { ENTITIES = 4096, REFS = 65536, SWELL_FROM = 16 << 20, SWELL = 200 };
static const uint64_t SIZE_MOST = 1ull << 50;

struct entity {
    struct slice name, value;
    uint8_t mark;                /* '&', or '%' for those of the declarations themselves */
    uint64_t size;               /* so far */
    size_t refs, n_refs;         /* in the list of all */
};

struct document {
    struct entity *entities;
    size_t n;
    uint32_t *refs;              /* entities that a value names, one list behind the other */
    size_t n_refs;
    struct slice body;           /* what follows the last declaration */
    bool is_over;                /* more than there is room for */
};

static struct slice skip_space(struct slice s)
{
    while (s.n && ascii_is_space(s.p[0]))
        s = slice_drop(s, 1);
    return s;
}

/* Mark, instructions and comments in front of the document type. */
static struct slice skip_prolog(struct slice s)
{
    if (slice_starts(s, SLICE("\xef\xbb\xbf")))
        s = slice_drop(s, 3);
    for (;;) {
        s = skip_space(s);
        if (slice_starts(s, SLICE("<?")))
            s = slice_drop(s, slice_find(s, SLICE("?>")) + 2);
        else if (slice_starts(s, SLICE("<!--")))
            s = slice_drop(s, slice_find(s, SLICE("-->")) + 3);
        else
            return s;
    }
}

static bool is_name(uint8_t c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80;
}

static struct slice name_at(struct slice s)
{
    size_t n = 0;

    while (n < s.n && is_name(s.p[n]))
        n++;
    return slice_take(s, n);
}

/* The next &name; or %name; of *s, which then begins behind it. */
static bool next_ref(struct slice *s, struct entity *key)
{
    for (size_t i = 0; i < s->n; i++) {
        if (s->p[i] != '&' && s->p[i] != '%')
            continue;
        key->mark = s->p[i];
        key->name = name_at(slice_drop(*s, i + 1));
        i += key->name.n;
        if (key->name.n && i + 1 < s->n && s->p[i + 1] == ';') {
            *s = slice_drop(*s, i + 2);
            return true;
        }
    }
    return false;
}

/* Behind "<!ENTITY": false for what has no value here. */
static bool declaration(struct slice *s, struct entity *e)
{
    *e = (struct entity){ .mark = '&' };
    *s = skip_space(*s);
    if (s->n && s->p[0] == '%') {
        e->mark = '%';
        *s = skip_space(slice_drop(*s, 1));
    }
    e->name = name_at(*s);
    *s = skip_space(slice_drop(*s, e->name.n));
    if (e->name.n == 0 || s->n == 0 || (s->p[0] != '"' && s->p[0] != '\''))
        return false;
    e->value = slice_drop(*s, 1);
    e->value = slice_take(e->value, slice_chr(e->value, s->p[0]));
    *s = slice_drop(*s, e->value.n + 2);
    e->size = e->value.n;
    return true;
}

static void read_entities(struct document *d, struct slice s)
{
    const struct slice word = SLICE("<!ENTITY");

    for (size_t at = slice_find(s, word); at < s.n && !d->is_over; at = slice_find(s, word)) {
        s = slice_drop(s, at + word.n);
        d->is_over = d->n == ENTITIES;
        d->n += !d->is_over && declaration(&s, &d->entities[d->n]);
    }
    d->body = s;
}

static int by_name(const void *a, const void *b)
{
    const struct entity *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int c = memcmp(x->name.p, y->name.p, n);

    if (c == 0)
        c = (x->name.n > y->name.n) - (x->name.n < y->name.n);
    return c ? c : (int)x->mark - y->mark;
}

static const struct entity *find(const struct document *d, const struct entity *key)
{
    return bsearch(key, d->entities, d->n, sizeof *key, by_name);
}

static void read_refs(struct document *d)
{
    for (size_t i = 0; i < d->n && !d->is_over; i++) {
        struct slice left = d->entities[i].value;
        struct entity key;

        d->entities[i].refs = d->n_refs;
        while (!d->is_over && next_ref(&left, &key)) {
            const struct entity *e = find(d, &key);
            d->is_over = e && d->n_refs == REFS;
            if (e && !d->is_over)
                d->refs[d->n_refs++] = (uint32_t)(e - d->entities);
        }
        d->entities[i].n_refs = d->n_refs - d->entities[i].refs;
    }
}

/* Sizes with all that is named in them. As many rounds as there are entities are enough, unless some hold themselves: false. */
static bool settle(struct document *d)
{
    for (size_t round = 0; round <= d->n; round++) {
        bool is_settled = true;

        for (size_t i = 0; i < d->n; i++) {
            struct entity *e = &d->entities[i];
            uint64_t size = e->value.n;
            for (size_t k = 0; k < e->n_refs && size < SIZE_MOST; k++)
                size += d->entities[d->refs[e->refs + k]].size;
            size = size < SIZE_MOST ? size : SIZE_MOST;
            is_settled = is_settled && size == e->size;
            e->size = size;
        }
        if (is_settled)
            return true;
    }
    return false;
}

static bool swells(const struct document *d, size_t size)
{
    uint64_t most = (uint64_t)size * SWELL > SWELL_FROM ? (uint64_t)size * SWELL : SWELL_FROM, sum = 0;
    struct slice left = d->body;
    struct entity key;

    while (sum <= most && next_ref(&left, &key)) {
        const struct entity *e = find(d, &key);
        sum += e ? e->size : 0;
    }
    return sum > most;
}

enum cs_status xmlbomb_decode(struct slice object, struct emit *out)
{
    struct slice s = skip_prolog(object);
    struct document d = { .n = 0 };
    enum cs_status st = CS_OK;

    if (!slice_istarts(s, SLICE("<!DOCTYPE")) || slice_find(s, SLICE("<!ENTITY")) == s.n)
        return CS_OK;
    d.entities = calloc(ENTITIES, sizeof *d.entities);
    d.refs = calloc(REFS, sizeof *d.refs);
    if (d.entities && d.refs) {
        read_entities(&d, s);
        qsort(d.entities, d.n, sizeof *d.entities, by_name);
        read_refs(&d);
        if (d.is_over || !settle(&d) || swells(&d, object.n))
            st = out->note(out, EMIT_LIMITED, "entities");
    } else {
        st = CS_NOMEM;
    }
    free(d.entities);
    free(d.refs);
    return st;
}
