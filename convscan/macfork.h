/*
 * macfork.h - decoder of the wrappings around Macintosh files: MacBinary, AppleSingle, AppleDouble.
 *
 *   Borrows   the object; forks are slices of it.
 *   Fails     as the emit does.
 *   Bounded   MACFORK_ENTRIES entries; EMIT_LIMITED behind them for a longer table.
 *
 * Both forks are members. Bytes that are none of the three give no children: MacBinary has no mark of its own, so binary objects
 * are simply tried.
 */
#ifndef CONVSCAN_MACFORK_H
#define CONVSCAN_MACFORK_H

#include "emit.h"

enum { MACFORK_ENTRIES = 64 };

enum cs_status macfork_decode(struct slice object, struct emit *out) MUST_USE;

#endif
