/*
 * clam_ldb.h - a logical signature while it is read: clam_ldb.c (line, description, expression), clam_sub.c (subsignatures),
 * clam_macro.c (patterns of a group).
 *
 *   Borrows   the line.
 *   Fails     as in clam.h.
 *   Bounded   CLAM_EXPRS parts and CLAM_DEPTH levels of an expression.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_CLAM_LDB_H
#define VDL_COMPILE_CLAM_LDB_H

#include "clam.h"

enum { CLAM_EXPRS = 512, CLAM_DEPTH = 32, CLAM_CONDITIONS = 16 };

enum expr_kind { EX_INDEX, EX_AND, EX_OR, EX_COUNT };
struct expr {
    enum expr_kind kind;
    struct expr *left, *right;
    uint64_t n;                     /* INDEX: which; COUNT: compared with */
    enum vdl_cmp cmp;
    uint32_t distinct;
};

struct ldb {
    struct vdl_reader *r;
    struct clam_why *why;
    unsigned target;
    bool has_target;
    bool has_macro;                 /* its groups may not be known yet */
    bool has_distinct;              /* the expression counts different subsignatures */
    struct vdl_node *conditions[CLAM_CONDITIONS];   /* all of them, and the expression last */
    size_t n_conditions;
    struct slice e;                 /* what is left of the expression */
    struct expr exprs[CLAM_EXPRS];
    size_t n_exprs, highest;        /* highest: one more than the largest index used */
    struct vdl_node *subs[CLAM_SUBSIGS];
    size_t n_subs;
};

struct vdl_node *clam_ldb_tree(struct ldb *l, const struct expr *e);
/* A trigger: an expression over the subsignatures before number limit. */
enum clam_fate clam_ldb_trigger(struct ldb *l, struct slice s, size_t limit, struct vdl_node **out);
/* Fill l->subs. */
enum clam_fate clam_ldb_subs(struct ldb *l, const struct slice *f);

/* One line; class of what it makes. */
enum clam_fate clam_ldb_line(struct vdl_reader *r, enum vdl_class cls, struct slice line, uint32_t number, struct slice *name,
                             struct clam_why *why);
/* ${min-max}group$ behind subsignature number - 1. */
enum clam_fate clam_macro_sub(struct ldb *l, struct slice s, size_t number, struct vdl_node **out);
/* Keep the line until the groups are known: CLAM_LATER. */
enum clam_fate clam_macro_later(struct vdl_reader *r, struct slice line, uint32_t number, enum vdl_class cls);

#endif
