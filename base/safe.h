/*
 * safe.h - text of strangers made fit for a log line, an options line, a header or a terminal.
 *
 *   Borrows   the input during the call.
 *   Fails     never; what does not fit is cut at a character.
 *   Bounded   by room; the result always ends in NUL.
 */
#ifndef BASE_SAFE_H
#define BASE_SAFE_H

#include "slice.h"

/*
 * Printable UTF-8: control characters (C0, DEL, C1), line and paragraph separators, bidirectional controls and bytes that are
 * no UTF-8 come out as '?', double quotes as '\''. Returns the length.
 */
size_t safe_text(char *out, size_t room, struct slice in);

/* The same, and everything beyond printable ASCII comes out as '?'. */
size_t safe_ascii(char *out, size_t room, struct slice in);

/* One character of valid UTF-8 at the start of s: its length, and the code point; 0 when there is none. */
size_t utf8_next(struct slice s, uint32_t *code);

/* Would this character change the reading order or end a line on a terminal? */
bool is_tricky_code(uint32_t code);

#endif
