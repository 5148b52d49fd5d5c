/*
 * chm.h - decoders of compiled help (CHM) and of single files packed by Microsoft's compress (SZDD, KWAJ); the only user of
 * libmspack. Built without that library, what needs it is noted as something that cannot be opened.
 *
 *   Borrows   the object.
 *   Fails     as the emit does; CS_NOMEM.
 *   Bounded   memory by CHM_MEMORY, bytes unpacked only to be skipped by CHM_SKIPPED; past either EMIT_LIMITED is noted.
 */
#ifndef CONVSCAN_CHM_H
#define CONVSCAN_CHM_H

#include "emit.h"

enum { CHM_MEMORY = 48 << 20, CHM_SKIPPED = 256 << 20 };

enum cs_status chm_decode(struct slice object, struct emit *out) MUST_USE;

/* Nothing comes out of other bytes. */
enum cs_status szdd_decode(struct slice object, struct emit *out) MUST_USE;

#endif
