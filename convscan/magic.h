/*
 * magic.h - do these bytes begin something that has to be looked into, a program, an archive, a document?
 *
 * For decoders that find bytes with no word about what they are: such bytes become a member, others only a view.
 *
 *   Borrows   the bytes.
 *   Fails     never.
 */
#ifndef CONVSCAN_MAGIC_H
#define CONVSCAN_MAGIC_H

#include "base/slice.h"

enum { MAGIC_HEAD = 64 };        /* so many bytes are enough to tell */

bool magic_is_object(struct slice head);

/* Could these, too few to tell, be the first bytes of such an object? */
bool magic_may_begin(struct slice head);

/* As magic_is_object(), but for text: what a page shows may well begin like a script. */
bool magic_is_binary(struct slice head);

#endif
