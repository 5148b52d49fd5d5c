#include "miloptions.h"

#include <stddef.h>
#include <stdlib.h>


static const struct {
    const char *name, *otherwise;
    size_t at;
} table[] = {
#define X(name, member, otherwise, argument, help) { name, otherwise, offsetof(struct miloptions, member) },
    MIL_OPTIONS(X)
#undef X
};

enum { TABLE = sizeof table / sizeof *table };

static const char **member(struct miloptions *o, size_t i)
{
    return (const char **)(void *)((char *)o + table[i].at);
}

static char *keep(struct miloptions *o, struct slice s)
{
    char *copy = o->n_owned < sizeof o->owned / sizeof *o->owned ? malloc(s.n + 1) : NULL;

    if (!copy)
        return NULL;
    if (s.n)
        memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    o->owned[o->n_owned++] = copy;
    return copy;
}

static bool add(struct miloptions *o, const char **list, unsigned *n, struct slice value)
{
    if (*n == MILOPTIONS_LIST || !(list[*n] = keep(o, value)))
        return false;
    ++*n;
    return true;
}

bool miloptions_set(struct miloptions *o, struct slice name, struct slice value, bool is_stronger)
{
    if (slice_eq(name, SLICE("switch")))
        return add(o, o->switches, &o->n_switches, value);
    if (slice_eq(name, SLICE("tag")))
        return add(o, o->tags, &o->n_tags, value);
    for (size_t i = 0; i < TABLE; i++) {
        if (!slice_eq(name, slice_str(table[i].name)))
            continue;
        if (!*member(o, i) || is_stronger)
            *member(o, i) = keep(o, value);
        return *member(o, i) != NULL;
    }
    return false;
}

static bool read_line(struct miloptions *o, struct slice line)
{
    size_t at = slice_chr(line, '=');
    struct slice name = slice_trim(slice_take(line, at)), value = slice_trim(slice_drop(line, at + 1));

    return at < line.n && value.n && slice_chr(line, '\0') == line.n && miloptions_set(o, name, value, false);
}

enum cs_status miloptions_read(struct miloptions *o, struct slice text, struct complaints *c)
{
    unsigned number = 0;
    enum cs_status st = CS_OK;

    while (text.n) {
        struct slice line = slice_trim(slice_take(text, slice_chr(text, '\n')));

        number++;
        text = slice_drop(text, slice_chr(text, '\n') + 1);
        if (line.n == 0 || line.p[0] == '#' || read_line(o, line))
            continue;
        complaint(c, COMPLAINT_ERROR, number, "no such setting, or no NAME = VALUE");
        st = CS_INVALID;
    }
    return st;
}

void miloptions_default(struct miloptions *o)
{
    for (size_t i = 0; i < TABLE; i++)
        if (!*member(o, i))
            *member(o, i) = table[i].otherwise;
}

void miloptions_free(struct miloptions *o)
{
    for (unsigned i = 0; i < o->n_owned; i++)
        free(o->owned[i]);
    *o = (struct miloptions){ .n_owned = 0 };
}
