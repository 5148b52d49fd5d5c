/*
 * names.h - file names that do not come in (class ext).
 *
 *   Borrows   names and lists during the call.
 *   Fails     never.
 *   Bounded   the last 512 bytes of a name count.
 */
#ifndef CONVSCAN_NAMES_H
#define CONVSCAN_NAMES_H

#include "base/slice.h"

struct conf;
struct ftype;

/*
 * The blocked extension of the name as a mail program or a desktop would understand it, in out; false when there is none.
 * Trailing dots, blanks, and characters that do not show (right-to-left override among them) do not count; look-alike dots are dots, letters
 * of other forms are letters; so is what %2e or a NUL byte would hide. t (may be NULL) is what the bytes are: names.unless_text counts only
 * for what is no text.
 */
bool name_is_blocked(const struct conf *c, struct slice name, const struct ftype *t, char out[32]);

/* A program (by its bytes) whose name has a harmless extension. */
bool name_hides_program(const struct ftype *t, struct slice name);

#endif
