/*
 * lzh.h - the packing of LHA: lh4 to lh7 (Huffman codes by block), lh1 (a code that adapts) and lz5 (no codes).
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by the window of 64 KB, on the stack; the output by size, which these methods need to know, and by put().
 */
#ifndef CONVSCAN_LZH_H
#define CONVSCAN_LZH_H

#include "inflate.h"

/* method: '4' to '7'. */
enum cs_status lzh_unpack(struct slice in, char method, uint64_t size, inflate_put *put, void *to,
                          struct inflate_result *res) MUST_USE;
enum cs_status lzh_unpack_lh1(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;
enum cs_status lzh_unpack_lz5(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res) MUST_USE;

#endif
