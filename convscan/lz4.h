/*
 * lz4.h - one frame of lz4, of today's or the old kind, or one to be skipped; the only user of liblz4 in this room.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by LZ4_BLOCK twice; the output by put().
 */
#ifndef CONVSCAN_LZ4_H
#define CONVSCAN_LZ4_H

#include "inflate.h"

enum { LZ4_BLOCK = 8 << 20, LZ4_FRAME = 0x184d2204, LZ4_LEGACY = 0x184c2102, FRAME_SKIPPED = 0x184d2a50 };

/* One of the sixteen marks of frames that every reader of lz4 and Zstandard passes over. */
bool lz4_is_skipped(struct slice in);
bool lz4_is(struct slice in);

enum cs_status lz4_frame(struct slice in, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;

#endif
