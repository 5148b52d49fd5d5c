/*
 * alz.h - decoder of ALZip's archives: stored, bzip2, deflate.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM. Encrypted members and unknown methods are noted.
 *   Bounded   linear in the object.
 */
#ifndef CONVSCAN_ALZ_H
#define CONVSCAN_ALZ_H

#include "emit.h"

enum cs_status alz_decode(struct slice object, struct emit *out) MUST_USE;

#endif
