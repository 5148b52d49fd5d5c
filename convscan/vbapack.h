/*
 * vbapack.h - macro source of an exact packed size: what replaces a macro in place.
 *
 *   Borrows   the text.
 *   Fails     false when it does not fit.
 *   Bounded   VBAPACK_TEXT bytes of text, quadratic in that.
 */
#ifndef CONVSCAN_VBAPACK_H
#define CONVSCAN_VBAPACK_H

#include "base/slice.h"

enum { VBAPACK_TEXT = 1500, VBAPACK_LEAST = 4 };

/* A container of size bytes that unpacks to the text and empty lines behind it. */
bool vbapack_fill(struct slice text, uint8_t *out, size_t size);

#endif
