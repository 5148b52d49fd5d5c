/*
 * zst.h - Zstandard data; the only user of libzstd in this room.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by the largest window that is accepted (64 MB; data that wants more is limited, see the result); the output by put().
 */
#ifndef CONVSCAN_ZST_H
#define CONVSCAN_ZST_H

#include "inflate.h"

/* One frame. */
enum cs_status zst_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;

#endif
