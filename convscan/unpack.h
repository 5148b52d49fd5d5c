/*
 * unpack.h - archives and compressed streams through libarchive; the decoders are listed in formats.c by name.
 *
 *   Fails     as emit.h says. Broken archives give what could be read and a remark.
 *   Bounded   by the budget behind emit, and UNPACK_ENTRIES headers an archive.
 *
 * One reader for one format: nothing bids for what the bytes are not, and no external program can be started.
 */
#ifndef CONVSCAN_UNPACK_H
#define CONVSCAN_UNPACK_H

#include "emit.h"

enum { UNPACK_ENTRIES = 1000000 };

/* The bytes of one zip member packed by PPMd, put into the child that is open. A wrong checksum is no damage. */
enum cs_status unpack_ppmd(struct slice packed, uint64_t size, struct emit *out, bool *is_damaged) MUST_USE;

#endif
