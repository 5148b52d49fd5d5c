/*
 * sema.h - what a tree must be before it is emitted: widths, depth, and warnings about slow or pointless rules.
 *
 *   Fails     complains at the node's place; a tree that cannot be used gives NULL.
 *   Bounded   SEMA_NODES nodes a rule, shared ones counted as often as they are used.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_SEMA_H
#define VDL_COMPILE_SEMA_H

#include "reader.h"

enum { SEMA_NODES = 1 << 20, SEMA_REGEX_MAX = 1 << 16 };

/* A rule read from VDL: the tree, perhaps changed (a regular expression gets the trigger it carries); NULL after a complaint. */
struct vdl_node *vdl_sema_rule(struct vdl_reader *r, struct vdl_node *expr, struct slice name, uint32_t line, uint32_t column);

/* Fewest and most bytes a low-level tree matches; VDL_INF: no limit. */
struct width { uint64_t lo, hi; };
struct width vdl_sema_width(const struct vdl_node *n);
/* Levels of a tree, and its nodes with shared ones counted every time; stops at the limits. */
bool vdl_sema_fits(const struct vdl_node *n);

/* The longest literal that every match of a regular expression holds, as a segment; NULL when there is none of min bytes. */
struct vdl_node *vdl_regex_trigger(struct vdl_reader *r, struct slice pattern, unsigned flags, size_t min);

#endif
