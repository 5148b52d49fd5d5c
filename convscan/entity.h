/*
 * entity.h - character references of HTML.
 *
 *   Borrows   the input.
 *   Fails     as buf_put().
 *   Bounded   no definitions, so nothing grows but by the four bytes of a character.
 */
#ifndef CONVSCAN_ENTITY_H
#define CONVSCAN_ENTITY_H

#include "base/buf.h"

/* The text with its references resolved; unknown ones stay as they are. */
enum cs_status entity_decode(struct slice in, struct buf *out) MUST_USE;

#endif
