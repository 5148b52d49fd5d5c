/*
 * bz.h - bzip2 data; the only user of libbz2 in this room.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by bzip2's own block of at most 900 KB (some 4 MB in all); the output by put().
 */
#ifndef CONVSCAN_BZ_H
#define CONVSCAN_BZ_H

#include "inflate.h"

/* One stream; another one may start at res->used. */
enum cs_status bz_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;

#endif
