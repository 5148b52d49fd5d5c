/*
 * same.h - finds rules of the same name, and rules that say the same.
 *
 *   Borrows   the program's rules, by number.
 *   Owns      two tables, from same_new() to same_free().
 *   Fails     false or CS_NOMEM; then nothing is found.
 *   Bounded   by the rules.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_SAME_H
#define VDL_COMPILE_SAME_H

#include "ast.h"

struct same;
struct same *same_new(const struct vdl_program *p);
void same_free(struct same *s);
/* Remember rule number i. */
enum cs_status same_add(struct same *s, size_t i) MUST_USE;
/* An earlier rule of this name, or one whose types and expression are equal to these. */
bool same_name(const struct same *s, struct slice name, size_t *i);
bool same_meaning(const struct same *s, const struct vdl_rule *r, size_t *i);

#endif
