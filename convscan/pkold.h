/*
 * pkold.h - the methods of early zip programs: shrink (1), reduce (2 to 5), implode (6).
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by tables on the stack (some 128 KB); the output by size, which these methods need
 *             to know, and the rest of one match or string of at most 8 KB (programs differ: zipmember.c emits both ways); and by put().
 */
#ifndef CONVSCAN_PKOLD_H
#define CONVSCAN_PKOLD_H

#include "inflate.h"

enum cs_status pkold_shrink(struct slice in, uint64_t size, inflate_put *put, void *to,
                            struct inflate_result *res) MUST_USE;
/* factor 1 to 4: how the byte behind a mark is split. */
enum cs_status pkold_reduce(struct slice in, unsigned factor, uint64_t size, inflate_put *put, void *to,
                            struct inflate_result *res) MUST_USE;
/* flags of the zip entry: 2 a large window, 4 literals are coded. */
enum cs_status pkold_implode(struct slice in, unsigned flags, uint64_t size, inflate_put *put, void *to,
                             struct inflate_result *res) MUST_USE;

#endif
