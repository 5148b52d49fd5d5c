/*
 * lha.h - decoder of LHA and LZH archives, headers of all four levels.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM. Methods without a decoder here are noted as closed.
 *   Bounded   linear in the object.
 *
 * Behind a head that is none, the next one is looked for.
 */
#ifndef CONVSCAN_LHA_H
#define CONVSCAN_LHA_H

#include "emit.h"

enum cs_status lha_decode(struct slice object, struct emit *out) MUST_USE;

#endif
