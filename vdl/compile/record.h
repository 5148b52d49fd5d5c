/*
 * record.h - what stands in the image for a window that was picked, and the anchor that leads to it.
 *
 *   Borrows   the nodes and picks.
 *   Fails     CS_NOMEM, CS_LIMIT.
 *   Bounded   by LOWER_LITERAL and LOWER_OPS.
 *
 * lower_literal(), in lower.h, is the third of them.
 */
#ifndef VDL_COMPILE_RECORD_H
#define VDL_COMPILE_RECORD_H

#include "pick.h"

/* A stage that is one row of places: compared in place, no automaton. *done: whether it was. */
enum cs_status record_row(struct emitter *e, const struct vdl_node *const *el, size_t n, uint32_t owner, bool *done) MUST_USE;
/* Any other: a program, run from each of its windows. */
enum cs_status record_programs(struct emitter *e, const struct vdl_node *const *el, size_t n, struct length len,
                               const struct picks *picks, uint32_t owner) MUST_USE;

#endif
