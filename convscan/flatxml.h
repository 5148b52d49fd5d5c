/*
 * flatxml.h - decoders of documents in one XML file: Word 2003 and flat OOXML, whose binary parts stand there in base64; and of
 * ActiveMime, the packed compound file that Word puts into them and into web archives.
 *
 *   Borrows   the object.
 *   Fails     as the emit does.
 *   Bounded   linear in the object; ActiveMime tries ACTIVEMIME_TRIES places for its data.
 */
#ifndef CONVSCAN_FLATXML_H
#define CONVSCAN_FLATXML_H

#include "emit.h"

enum { ACTIVEMIME_TRIES = 16 };

/* XML that holds nothing of the kind gives no children. */
enum cs_status flatxml_decode(struct slice object, struct emit *out) MUST_USE;

bool activemime_is(struct slice head);
/* Nothing comes out of other bytes. */
enum cs_status activemime_decode(struct slice object, struct emit *out) MUST_USE;

#endif
