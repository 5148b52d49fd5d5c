/*
 * charset.h - bytes of a named charset to UTF-8. charset.c is the only file that includes <iconv.h>.
 *
 *   Borrows   the input.
 *   Fails     CS_UNSUPPORTED for a charset that is not in the table, and whatever put() gives.
 *   Bounded   output is at most three times the input (four bytes for two in UTF-16), in pieces of a few KiB.
 *   Threads   any.
 *
 * ASCII, UTF-8, Latin-1, windows-1252, UTF-7, UTF-16 and UTF-32 are read by our own code: iconv loads a module from the
 * disk, which costs more than a small part does and may be forbidden by then.
 */
#ifndef MIME_CHARSET_H
#define MIME_CHARSET_H

#include "base/arena.h"
#include "mime.h"

/* The text in the arena. A charset nobody knows, or none, is read as UTF-8 and, where that fails, as windows-1252. */
struct slice charset_to_arena(struct slice charset, struct slice in, struct arena *a);

bool utf8_is_valid(struct slice s);

/* Writes code point c as UTF-8 to out (room for 4) and gives the length; what is no character comes out as U+FFFD. */
size_t utf8_put(uint32_t c, uint8_t *out);

#endif
