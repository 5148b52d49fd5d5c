/*
 * pdflzw.h - LZW as PDF and TIFF have it: codes of 9 to 12 bits from the high end, 256 clears, 257 ends.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by a table of 4,096 codes; the output by put().
 */
#ifndef CONVSCAN_PDFLZW_H
#define CONVSCAN_PDFLZW_H

#include "inflate.h"

/* is_early: codes grow one step before they have to, as PDF does unless told otherwise. */
enum cs_status pdflzw_all(struct slice in, bool is_early, inflate_put *put, void *to, bool *is_damaged) MUST_USE;

#endif
