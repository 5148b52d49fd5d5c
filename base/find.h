/*
 * find.h - where a byte string stands in other bytes: what slice_find() does when there is enough to look through.
 *
 *   Borrows   both, during the call.
 *   Fails     never.
 *   Bounded   linear, also in bytes made to be slow: after a number of places that only look right, memmem() goes on.
 *   Threads   no state.
 */
#ifndef BASE_FIND_H
#define BASE_FIND_H

#include <stddef.h>
#include <stdint.h>

enum { FIND_LONG = 128 };               /* below, memmem() is as fast */

/* The first place of what[0..m) in p[0..n), or n. m is not 0. */
size_t find_bytes(const uint8_t *p, size_t n, const uint8_t *what, size_t m);

#endif
