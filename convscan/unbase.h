/*
 * unbase.h - bytes written as text: base64, hex digits, percent signs.
 *
 *   Borrows   the input.
 *   Fails     as buf_put(). Characters that do not belong are skipped.
 *   Bounded   the output is never longer than the input.
 */
#ifndef CONVSCAN_UNBASE_H
#define CONVSCAN_UNBASE_H

#include "base/buf.h"

enum cs_status unbase64(struct slice in, struct buf *out) MUST_USE;
enum cs_status unbase_hex(struct slice in, struct buf *out) MUST_USE;
/* %XX, and %uXXXX as two bytes, low one first. */
enum cs_status unbase_percent(struct slice in, struct buf *out) MUST_USE;

/* Nothing but characters of base64 and line ends, and at least min of them; with many blanks it is a sentence. */
bool unbase_is_64(struct slice in, size_t min);
bool unbase_is_hex(struct slice in, size_t min);
/* How many escapes with a percent sign there are, counted up to max. */
size_t unbase_percents(struct slice in, size_t max);

#endif
