/*
 * sieve.h - tables of half bytes that tell most places without a window apart, 32 places at a time.
 *
 *   Borrows   the sets while a call lasts.
 *   Owns      the items, until sieve_release().
 *   Fails     false when memory is short.
 *   Bounded   SIEVE_ITEMS different windows; a group with more has no sieve.
 */
#ifndef VDL_COMPILE_SIEVE_H
#define VDL_COMPILE_SIEVE_H

#include <stdbool.h>

#include "image.h"

enum { SIEVE_ITEMS = 1024 };

/* What may stand at the four places of a window: halves of bytes, a bit each. */
struct sieve_item { uint16_t low[VDB_SIEVE_PLACES], high[VDB_SIEVE_PLACES]; };
struct sieve { struct sieve_item *items; size_t n; bool is_over; };

void sieve_release(struct sieve *s);
/* A window at whose places these sets of bytes may stand. */
bool sieve_add(struct sieve *s, const uint8_t (*sets)[32]) MUST_USE;
/* The tables of a group, where they are worth it: VDB_SIEVES gets a row, VDB_FILTER the tables. */
bool sieve_write(struct image *im, uint32_t group, const struct sieve *s) MUST_USE;

#endif
