/*
 * reference.h - a naive matcher that works on the trees themselves: slow, short, and meant to be obviously right.
 *
 *   Borrows   the rule and the object.
 *   Fails     never; reference_knows() says which rules it can judge (no executables' places, no section hashes).
 *   Bounded   time grows with the square of the object: for objects of some thousand bytes.
 *   Threads   no state.
 */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H

#include "vdl/compile/ast.h"
#include "vdl/vdl.h"

bool reference_knows(const struct vdl_node *n);
bool reference_rule(const struct vdl_rule *r, const struct vdl_object *o, struct slice data);

#endif
