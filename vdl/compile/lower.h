/*
 * lower.h - rules to plans, segments, stages, programs and records: what the scanner executes.
 *
 *   Borrows   the rule.
 *   Fails     CS_UNSUPPORTED with a feature in e->why, CS_NOMEM, CS_LIMIT.
 *   Bounded   by the LOWER_* numbers; what would go beyond them is refused by name, never weakened.
 */
#ifndef VDL_COMPILE_LOWER_H
#define VDL_COMPILE_LOWER_H

#include <stdio.h>

#include "ast.h"
#include "emit.h"
#include "filter.h"
#include "image.h"

enum {
    LOWER_GAP = 32,             /* more freedom than this in a gap starts a new stage */
    LOWER_GAP_LONG = 256,       /* so does a gap longer than this */
    LOWER_LITERAL = 4096,       /* longest piece of a stage */
    LOWER_OPS = 8192,           /* instructions of one program */
    LOWER_WIDE = 1 << 20        /* widest bounded gap */
};

struct emitter {
    const struct vdl_program *program;
    struct image image;
    struct anchors anchors;
    struct arena arena;         /* sets and bytes that anchors point to */
    uint32_t classes[VDL_CLASSES], back, ahead, threads, flags, n_types, n_plans, n_segments, n_stages;
    uint64_t state;
    const struct vdl_types **types;     /* by number, from 1 */
    const struct vdl_rule *rule;        /* the one at work, for what is said of it */
    struct vdl_automaton automaton;     /* the first without bounds */
    uint32_t fuel;
    char *why;
};

enum cs_status emitter_init(struct emitter *e, char why[256]) MUST_USE;
void emitter_release(struct emitter *e);
enum cs_status refuse(struct emitter *e, const char *feature) MUST_USE;

/* What a segment is used for: matches that must be told apart, and whether its first place matters. */
struct use { const struct vdl_node *node; uint32_t need, number; bool has_place; };
/* One segment (VN_SEGMENT) of a plan becomes stages. */
enum cs_status lower_segment(struct emitter *e, struct use *u, uint32_t plan) MUST_USE;
/* record.c: a literal record, and an anchor for it. */
enum cs_status lower_literal(struct emitter *e, struct slice s, uint32_t owner) MUST_USE;

/* code.c: programs of the position automaton, written straight into the image. */
struct code { struct emitter *e; uint32_t first; bool is_large; };
void code_begin(struct code *c, struct emitter *e);
void code_op(struct code *c, enum vdb_op op, unsigned byte, unsigned more, uint32_t to);
void code_node(struct code *c, const struct vdl_node *n);
enum cs_status code_end(struct code *c, uint32_t *first, uint32_t *n) MUST_USE;

/* The bytes that place i of a VN_BYTES allows. */
void place_set(const struct vdl_node *n, size_t i, uint8_t set[32]);
/* Does VN_LOOSE or VN_DIGITS pass over this byte? */
bool loose_skips(enum vdl_kind kind, uint8_t b);

/* print.c: an expression as VDL. */
bool print_expression(const struct vdl_node *n, FILE *out);
bool print_types(const struct vdl_types *t, FILE *out);
/* hashes.c: rules that are one digest; they get the last numbers, in the order of the digests. */
struct hashed { const struct vdl_rule *rule; };
/* VDB_OF_*. */
uint32_t hash_kind(const struct vdl_node *n);
enum cs_status hashes_put(struct emitter *e, struct hashed *h, size_t n, uint32_t first_rule) MUST_USE;

/* plan.c: a rule that is more than one literal. */
enum cs_status types_number(struct emitter *e, const struct vdl_types *t, uint32_t *number) MUST_USE;
enum cs_status plan_rule(struct emitter *e, const struct vdl_rule *r, uint32_t rule, uint32_t *plan) MUST_USE;

#endif
