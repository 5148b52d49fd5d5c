/*
 * pick.h - how long a piece of a rule can be, and the windows by which it is looked for.
 *
 *   Borrows   nodes; sets and nodes of our own come from the emitter's arena.
 *   Owns      a list's p, to free().
 *   Fails     false when memory is used up.
 *   Bounded   fuel: nodes that are visited, however deep alternatives stand in each other; when it is used up, a length has no bound
 *             and an alternative no window.
 */
#ifndef VDL_COMPILE_PICK_H
#define VDL_COMPILE_PICK_H

#include "lower.h"

/* Shortest and longest match of a node; VDL_INF: no bound. */
struct length { uint64_t lo, hi; };
uint64_t length_sum(uint64_t a, uint64_t b);
struct length length_of(const struct vdl_node *n, uint32_t *fuel);
struct length length_of_list(const struct vdl_node *const *el, size_t n);

struct list { const struct vdl_node **p; size_t n, room; };
bool list_add(struct list *l, const struct vdl_node *n) MUST_USE;
/* The elements of n one behind the other, long ones in pieces of LOWER_LITERAL. */
bool list_flatten(struct emitter *e, struct list *l, const struct vdl_node *n) MUST_USE;
/* A node of our own, made from another one; NULL: no memory. */
struct vdl_node *node_like(struct emitter *e, const struct vdl_node *n) MUST_USE;

/* A run of places at fixed distance, and how far its first one is from the start of the stage. */
struct run { uint8_t (*sets)[32]; uint32_t n; uint64_t back_lo, back_hi; };
/* Something that is a plain row of places; and its places at the end of a run. */
bool node_is_row(const struct vdl_node *n);
bool run_places(struct emitter *e, struct run *r, const struct vdl_node *n) MUST_USE;
int set_size(const uint8_t *set);
uint8_t set_first(const uint8_t *set);

struct pick { struct run run; uint32_t at, n; bool is_exact; double cost; };
enum { PICKS = 1024 };             /* a text under every one-byte key, plain and wide, needs 512 */
struct picks { struct pick p[PICKS]; size_t n; double cost; };

/* The best window of a run, where it is better than *best. */
void pick_best(const struct run *r, struct pick *best);
/* An exact pick may grow to all the exact places around it: the filter knows better which of them are rare in the set. */
void pick_widen(struct pick *p);
/* The best windows such that every match of the list holds one of them. lo..hi: how far the list is from its stage's start. */
bool pick_list(struct emitter *e, const struct vdl_node *const *el, size_t n, uint64_t lo, uint64_t hi, struct picks *out,
               uint32_t *fuel) MUST_USE;

#endif
