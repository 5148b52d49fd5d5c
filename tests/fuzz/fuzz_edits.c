/* Two headers: the steps from one to the other, carried out as a mail server would, must lead there. And settings of the mail filter. */
#include <stdlib.h>

#include "base/buf.h"
#include "imta/edits.h"
#include "imta/fields.h"
#include "imta/miloptions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 256 };

struct line {
    struct slice name, value;
    bool is_there;
};

struct server {
    struct line all[2 * FIELDS];
    size_t n;
};

static struct slice value_of(struct slice raw)
{
    struct slice v = slice_drop(raw, slice_chr(raw, ':') + 1);

    v.n -= slice_ends(v, SLICE("\n"));
    v.n -= slice_ends(v, SLICE("\r"));
    return v;
}

static bool load(struct server *s, struct slice header)
{
    struct header_field f;

    s->n = 0;
    while (header_field_next(&header, &f)) {
        if (s->n == FIELDS)
            return false;
        s->all[s->n++] = (struct line){ f.name, value_of(f.raw), true };
    }
    return true;
}

static enum cs_status take(void *ctx, const struct edit *e)
{
    struct server *s = ctx;
    unsigned number = 0;

    if (e->kind == EDIT_ADD) {
        s->all[s->n++] = (struct line){ e->name, e->value, true };
        return CS_OK;
    }
    for (size_t i = 0; i < s->n; i++)
        if (s->all[i].is_there && slice_ieq(s->all[i].name, e->name) && ++number == e->number) {
            s->all[i].value = e->value;
            s->all[i].is_there = e->kind == EDIT_CHANGE;
            return CS_OK;
        }
    abort();
}

/* Every field of b is in a, the fields of each name in their order, and there are no others. */
static void compare(const struct server *a, const struct server *b)
{
    size_t n = 0;

    for (size_t i = 0; i < a->n; i++)
        n += a->all[i].is_there;
    if (n != b->n)
        abort();
    for (size_t i = 0; i < b->n; i++) {
        unsigned before = 0, seen = 0;
        bool found = false;

        for (size_t k = 0; k < i; k++)
            before += slice_ieq(b->all[k].name, b->all[i].name);
        for (size_t k = 0; k < a->n && !found; k++)
            if (a->all[k].is_there && slice_ieq(a->all[k].name, b->all[i].name) && seen++ == before)
                found = slice_eq(a->all[k].value, b->all[i].value);
        if (!found)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct server a, b;
    struct slice all = slice_of(data, size), before = slice_take(all, slice_chr(all, 0xff)), after = slice_drop(all, before.n + 1);
    struct miloptions o = { .n_owned = 0 };
    struct complaints quiet = { .file = "f" };

    if (load(&a, before) && load(&b, after) && edits_make(before, after, take, &a) == CS_OK)
        compare(&a, &b);
    if (miloptions_read(&o, all, &quiet) == CS_OK)
        miloptions_default(&o);
    miloptions_free(&o);
    return 0;
}
