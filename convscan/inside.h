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

/*
 * tar goes on at the next header behind damage: whoever reads it says that something was skipped, and gives the rest. read: how many bytes of the
 * object are dealt with.
 */
enum cs_status inside_further_tar(struct slice object, uint64_t read, struct emit *out) MUST_USE;
/* Does a header of tar stand anywhere? */
bool inside_has_tar(struct slice object);

#endif
