/*
 * unform.h - bytes in roundabout written forms, told by what comes out of their first characters: digits with something between them,
 * numbers in a row, base64 with strewn-in characters, hex turned around.
 *
 *   Borrows   the text.
 *   Fails     as buf_put().
 *   Bounded   time linear in the text; telling costs the first UNFORM_HEAD characters.
 */
#ifndef CONVSCAN_UNFORM_H
#define CONVSCAN_UNFORM_H

#include "base/buf.h"

enum { UNFORM_HEAD = 160, UNFORM_SHORT = 72 };

typedef enum cs_status unform(struct slice in, struct buf *out);

/* The form out of which something known by its first bytes comes; NULL where none does. */
unform *unform_of(struct slice text);

/* Is it base64 or hex of something known? */
bool unform_begins(struct slice text);

#endif
