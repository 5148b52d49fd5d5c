/*
 * tree.h - the objects of one part in the order they were met, for --explain.
 *
 *   Owns      the nodes, when is_kept; otherwise every call costs nothing.
 *   Fails     never: without memory the tree ends early and says so.
 *   Bounded   TREE_NODES nodes.
 */
#ifndef CONVSCAN_TREE_H
#define CONVSCAN_TREE_H

#include <stdio.h>

#include "ftype.h"

enum { TREE_NODES = 20000 };

struct tree_node;
struct tree {
    bool is_kept, is_cut;
    struct tree_node *nodes;
    size_t n, room;
};

size_t tree_enter(struct tree *t, unsigned depth, const char *how, struct slice path, const struct ftype *types,
                  struct slice declared, uint64_t size, bool is_view);
void tree_leave(struct tree *t, size_t node);
void tree_remark(struct tree *t, size_t node, const char *text);
void tree_clear(struct tree *t);
void tree_release(struct tree *t);
void tree_print(const struct tree *t, FILE *to);

#endif
