/*
 * lnk.h - decoder of Windows shortcuts: what they run, as a view; what hangs behind them, as a member.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM.
 *   Bounded   linear in the object.
 */
#ifndef CONVSCAN_LNK_H
#define CONVSCAN_LNK_H

#include "emit.h"

bool lnk_is(struct slice head);
enum cs_status lnk_decode(struct slice object, struct emit *out) MUST_USE;

#endif
