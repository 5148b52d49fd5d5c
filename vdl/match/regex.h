/*
 * regex.h - regular expressions; regex.c is the only file that includes pcre2.
 *
 *   Fails     CS_LIMIT when matching took more steps than it may, CS_NOMEM, CS_CORRUPT for a pattern that does not compile
 *             (the compiler of the image has compiled it once already).
 *   Bounded   REGEX_STEPS, and REGEX_HEAP KiB for the places to come back to (PCRE2 keeps them on the heap, so that their number needs no bound of its
 *             own: a .*? takes one for every byte); the first REGEX_BYTES of an object.
 */
#ifndef VDL_MATCH_REGEX_H
#define VDL_MATCH_REGEX_H

#include "base/slice.h"
#include "base/status.h"

enum { REGEX_STEPS = 1000000, REGEX_HEAP = 16 << 10 };
#define REGEX_BYTES ((size_t)100 << 20)

/* flags are VR_* of the compiler, as the image holds them; a match begins in [lo, hi]. */
enum cs_status regex_match(struct slice pattern, uint32_t flags, struct slice data, uint64_t lo, uint64_t hi, bool *is_match) MUST_USE;

#endif
