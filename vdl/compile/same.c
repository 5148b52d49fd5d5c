#include "same.h"

#include <stdlib.h>

enum { BY_NAME, BY_MEANING, TABLES };

struct slot { uint64_t hash; size_t rule; };    /* rule: 1 more than its number; 0: empty */
struct same {
    const struct vdl_program *p;
    struct slot *slots[TABLES];
    size_t n, size;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        h = mix(h, s.p[i]);
    return mix(h, s.n);
}

static uint64_t tree_hash(const struct vdl_node *n, unsigned levels)
{
    uint64_t h = mix(mix(mix(n->kind, n->lo), n->hi), n->n_kids);

    h = mix_bytes(mix(h, n->fold), n->kind == VN_SEGMENT ? slice_of(NULL, 0) : n->bytes);
    for (uint32_t i = 0; levels && i < n->n_kids; i++)
        h = mix(h, tree_hash(n->kids[i], levels - 1));
    return h;
}

static bool same_block(const void *a, const void *b, size_t n)
{
    return a == b || (a && b && memcmp(a, b, n) == 0);
}

/* left bounds the work on shared trees. */
static bool same_tree(const struct vdl_node *a, const struct vdl_node *b, size_t *left)
{
    if (a == b)
        return true;
    if (*left == 0 || a->kind != b->kind || a->edge != b->edge || a->cmp != b->cmp || a->algo != b->algo || a->fold != b->fold ||
        a->edge_not != b->edge_not || a->is_after != b->is_after || a->n_kids != b->n_kids || a->lo != b->lo || a->hi != b->hi ||
        a->distinct != b->distinct || a->regex != b->regex || (a->kind != VN_SEGMENT && !slice_eq(a->bytes, b->bytes)) ||
        !same_block(a->mask, b->mask, a->bytes.n) || !same_block(a->set, b->set, 32) ||
        !same_block(a->anchor, b->anchor, sizeof *a->anchor) || !same_block(a->integer, b->integer, sizeof *a->integer))
        return false;
    --*left;
    for (uint32_t i = 0; i < a->n_kids; i++)
        if (!same_tree(a->kids[i], b->kids[i], left))
            return false;
    return true;
}

static bool same_types(const struct vdl_types *a, const struct vdl_types *b)
{
    if (a == b)
        return true;
    if (!a || !b || a->n != b->n || a->is_not != b->is_not || a->is_exact != b->is_exact)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (!slice_eq(a->words[i], b->words[i]))
            return false;
    return true;
}

struct same *same_new(const struct vdl_program *p)
{
    struct same *s = calloc(1, sizeof *s);

    if (s)
        s->p = p;
    return s;
}

void same_free(struct same *s)
{
    for (int t = 0; s && t < TABLES; t++)
        free(s->slots[t]);
    free(s);
}

static void put(struct slot *slots, size_t size, struct slot one)
{
    size_t i = one.hash & (size - 1);

    while (slots[i].rule)
        i = (i + 1) & (size - 1);
    slots[i] = one;
}

static bool grow(struct same *s)
{
    size_t size = s->size ? s->size * 2 : 256;
    struct slot *grown[TABLES];

    for (int t = 0; t < TABLES; t++) {
        grown[t] = calloc(size, sizeof **grown);
        if (!grown[t]) {
            while (t-- > 0)
                free(grown[t]);
            return false;
        }
    }
    for (int t = 0; t < TABLES; t++) {
        for (size_t i = 0; i < s->size; i++)
            if (s->slots[t][i].rule)
                put(grown[t], size, s->slots[t][i]);
        free(s->slots[t]);
        s->slots[t] = grown[t];
    }
    s->size = size;
    return true;
}

enum cs_status same_add(struct same *s, size_t i)
{
    const struct vdl_rule *r = &s->p->rules[i];

    if ((s->n + 1) * 2 > s->size && !grow(s))
        return CS_NOMEM;
    put(s->slots[BY_NAME], s->size, (struct slot){ mix_bytes(0, r->name), i + 1 });
    put(s->slots[BY_MEANING], s->size, (struct slot){ tree_hash(r->expr, 8), i + 1 });
    s->n++;
    return CS_OK;
}

bool same_name(const struct same *s, struct slice name, size_t *i)
{
    uint64_t h = mix_bytes(0, name);

    for (size_t at = h & (s->size - 1); s->size && s->slots[BY_NAME][at].rule; at = (at + 1) & (s->size - 1)) {
        *i = s->slots[BY_NAME][at].rule - 1;
        if (s->slots[BY_NAME][at].hash == h && slice_eq(s->p->rules[*i].name, name))
            return true;
    }
    return false;
}

bool same_meaning(const struct same *s, const struct vdl_rule *r, size_t *i)
{
    uint64_t h = tree_hash(r->expr, 8);

    for (size_t at = h & (s->size - 1); s->size && s->slots[BY_MEANING][at].rule; at = (at + 1) & (s->size - 1)) {
        size_t left = 1 << 16;
        *i = s->slots[BY_MEANING][at].rule - 1;
        if (s->slots[BY_MEANING][at].hash == h && same_types(s->p->rules[*i].types, r->types) &&
            same_tree(s->p->rules[*i].expr, r->expr, &left))
            return true;
    }
    return false;
}
