/*
 * deflate64.h - zip method 9: deflate with a 64 KB window and longer matches.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by the window on the stack (64 KB); the output by put().
 */
#ifndef CONVSCAN_DEFLATE64_H
#define CONVSCAN_DEFLATE64_H

#include "inflate.h"

enum cs_status deflate64_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;

#endif
