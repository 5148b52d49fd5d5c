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

#include "clean_zip.h"
#include "emit.h"

enum { UNPACK_ENTRIES = 1000000 };

/* The bytes of one zip member packed by PPMd, put into the child that is open. A wrong checksum is no damage. */
enum cs_status unpack_ppmd(struct slice packed, uint64_t size, struct emit *out, bool *is_damaged) MUST_USE;

/*
 * tar, cpio and 7z written again without the members that pick() takes (clean_zip.h); what stays has the same bytes. CS_UNSUPPORTED for
 * anything that cannot be read to its end.
 */
enum cs_status unpack_repack(struct slice in, clean_pick *pick, void *ctx, struct buf *out, bool *is_changed) MUST_USE;

/* type: "gzip", "bzip2" or "xz". */
enum cs_status unpack_compress_again(struct slice in, const char *type, struct buf *out) MUST_USE;

#endif
