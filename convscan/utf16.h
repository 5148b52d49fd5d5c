/*
 * utf16.h - little-endian UTF-16, as Microsoft's formats write it, into UTF-8.
 *
 *   Borrows   the bytes.
 *   Fails     as buf_put(). Broken pairs come out as U+FFFD; an odd last byte is left out.
 *   Bounded   three bytes out for two in.
 */
#ifndef CONVSCAN_UTF16_H
#define CONVSCAN_UTF16_H

#include "base/buf.h"

/* One character as UTF-8; what is none as U+FFFD. */
enum cs_status utf16_put_char(struct buf *out, uint32_t c) MUST_USE;
enum cs_status utf16le_put(struct buf *out, struct slice in) MUST_USE;

/* The bytes before the first NUL (for UTF-16: the first zero unit). */
struct slice utf16le_until_nul(struct slice in);
struct slice until_nul(struct slice in);

#endif
