/*
 * lzfu.h - the packed RTF of Outlook (PR_RTF_COMPRESSED), in .msg and TNEF alike.
 *
 *   Borrows   the input.
 *   Fails     CS_NOMEM. Damage gives what was read before it.
 *   Bounded   LZFU_MOST bytes; a byte of input makes at most some nine of output.
 */
#ifndef CONVSCAN_LZFU_H
#define CONVSCAN_LZFU_H

#include "base/buf.h"

enum { LZFU_MOST = 64 << 20 };

bool lzfu_is(struct slice in);
/* Append the plain RTF to out. */
enum cs_status lzfu_unpack(struct slice in, struct buf *out) MUST_USE;

#endif
