#include "ignore.h"

#include <stdlib.h>

#include "digest.h"

struct entry { struct entry *next; uint8_t digest[16]; bool has_digest; size_t n; char name[]; };
struct ignore { struct entry *table[4096]; bool is_used; };

struct ignore *ignore_new(void)
{
    return calloc(1, sizeof(struct ignore));
}

void ignore_free(struct ignore *g)
{
    for (size_t i = 0; g && i < sizeof g->table / sizeof *g->table; i++)
        for (struct entry *e = g->table[i], *next; e; e = next) {
            next = e->next;
            free(e);
        }
    free(g);
}

/* Without ".UNOFFICIAL" and a trailing ".{…}". */
static struct slice bare(struct slice name)
{
    if (slice_ends(name, SLICE(".UNOFFICIAL")))
        name.n -= 11;
    if (name.n && name.p[name.n - 1] == '}')
        for (size_t i = name.n - 1; i > 0; i--)
            if (name.p[i] == '{' && name.p[i - 1] == '.')
                return slice_take(name, i - 1);
    return name;
}

static size_t slot(struct slice name)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ name.p[i]) * 16777619u;
    return h % 4096;
}

enum cs_status ignore_add(struct ignore *g, struct slice name, struct slice digest)
{
    struct entry *e, **head;

    name = bare(name);
    e = calloc(1, sizeof *e + name.n);
    if (!e)
        return CS_NOMEM;
    memcpy(e->name, name.p, name.n);
    e->n = name.n;
    for (size_t i = 0; digest.n == 32 && i < 16; i++)
        e->digest[i] = (uint8_t)(ascii_hex(digest.p[2 * i]) * 16 + ascii_hex(digest.p[2 * i + 1]));
    e->has_digest = digest.n == 32;
    head = &g->table[slot(name)];
    e->next = *head;
    *head = e;
    g->is_used = true;
    return CS_OK;
}

bool ignore_has(const struct ignore *g, struct slice name, struct slice line)
{
    uint8_t digest[16];

    if (!g->is_used)
        return false;
    name = bare(name);
    for (const struct entry *e = g->table[slot(name)]; e; e = e->next) {
        if (!slice_eq(name, slice_of(e->name, e->n)))
            continue;
        if (!e->has_digest)
            return true;
        if (line.n == 0)
            continue;
        md5_of(line, digest);
        if (memcmp(digest, e->digest, sizeof digest) == 0)
            return true;
    }
    return false;
}
