/*
 * cpio.h - cpio archives as GNU cpio reads damaged ones: the next magic counts wherever it stands, and a number with something else in it is
 * what was read of it (found by trying it, GNU cpio 2.13).
 *
 *   Borrows   the object.
 *   Fails     as the emit does.
 *   Bounded   linear; a member for each header.
 */
#ifndef CONVSCAN_CPIO_H
#define CONVSCAN_CPIO_H

#include "emit.h"

/* Does a header with a name stand anywhere? Not in the old binary format, whose magic is two bytes. */
bool cpio_has(struct slice object);

/* Gives the files of the archive, when another reader found another number of them, or another number of bytes in all. */
enum cs_status cpio_again(struct slice object, size_t files, uint64_t bytes, struct emit *out) MUST_USE;

#endif
