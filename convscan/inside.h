/*
 * inside.h - archives that stand inside or behind something else.
 *
 *   Borrows   the object.
 *   Fails     as the emit does.
 *   Bounded   a few archives of each kind, time linear in the bytes looked at.
 */
#ifndef CONVSCAN_INSIDE_H
#define CONVSCAN_INSIDE_H

#include "emit.h"

/* Behind the place where the object's own format ends: readers that go by a name, or by the last mark, open what stands there. */
enum cs_status inside_behind(struct slice object, uint64_t end, struct emit *out) MUST_USE;

#endif
