#include "tree.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/safe.h"

struct tree_node {
    unsigned depth;
    char path[200], declared[60], types[80];
    const char *how, *remark;
    uint64_t size;
    bool is_view;
    struct timespec begin;
    long us;
};

static struct tree_node *node_new(struct tree *t)
{
    if (t->n == TREE_NODES) {
        t->is_cut = true;
        return NULL;
    }
    if (t->n == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        struct tree_node *nodes = realloc(t->nodes, room * sizeof *nodes);

        if (!nodes) {
            t->is_cut = true;
            return NULL;
        }
        t->nodes = nodes;
        t->room = room;
    }
    return &t->nodes[t->n++];
}

/* The last step of the path is what the reader needs; the depth shows the rest. */
static struct slice last_step(struct slice path)
{
    for (size_t i = path.n; i > 0; i--)
        if (path.p[i - 1] == '!')
            return slice_drop(path, i);
    return path;
}

size_t tree_enter(struct tree *t, unsigned depth, const char *how, struct slice path, const struct ftype *types,
                  struct slice declared, uint64_t size, bool is_view)
{
    struct tree_node *n;
    size_t at = 0;

    if (!t->is_kept || !(n = node_new(t)))
        return SIZE_MAX;
    *n = (struct tree_node){ .depth = depth, .how = how, .size = size, .is_view = is_view };
    safe_text(n->path, sizeof n->path, last_step(path));
    safe_text(n->declared, sizeof n->declared, declared);
    for (size_t i = 0; i < types->n && at < sizeof n->types; i++) {
        int w = snprintf(n->types + at, sizeof n->types - at, "%s%s", i ? "," : "", types->words[i]);

        at += w > 0 ? (size_t)w : 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &n->begin);
    return t->n - 1;
}

void tree_leave(struct tree *t, size_t node)
{
    struct timespec now;
    struct tree_node *n;

    if (node >= t->n)
        return;
    n = &t->nodes[node];
    clock_gettime(CLOCK_MONOTONIC, &now);
    n->us = (now.tv_sec - n->begin.tv_sec) * 1000000 + (now.tv_nsec - n->begin.tv_nsec) / 1000;
}

void tree_remark(struct tree *t, size_t node, const char *text)
{
    if (node < t->n)
        t->nodes[node].remark = text;
}

void tree_clear(struct tree *t)
{
    t->n = 0;
    t->is_cut = false;
}

void tree_release(struct tree *t)
{
    free(t->nodes);
    *t = (struct tree){ .is_kept = t->is_kept };
}

void tree_print(const struct tree *t, FILE *to)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tree_node *n = &t->nodes[i];

        fprintf(to, "%*s%s%s [%s] %s%s%s, %" PRIu64 " bytes, %ld us%s%s\n", (int)n->depth * 2, "", n->is_view ? "view " : "",
                n->path[0] ? n->path : "part", n->how ? n->how : "given", n->declared, n->declared[0] ? " is " : "",
                n->types, n->size, n->us, n->remark ? "; " : "", n->remark ? n->remark : "");
    }
    if (t->is_cut)
        fputs("… and more\n", to);
}
