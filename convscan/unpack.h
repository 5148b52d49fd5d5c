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

#endif
