/*
 * cms.h - decoder of signed, digested, compressed and encrypted messages as S/MIME carries them (RFC 5652, RFC 3274, RFC 2315).
 *
 *   Borrows   the object; content in one piece is a slice of it.
 *   Fails     as the emit does, and CS_NOMEM.
 *   Bounded   linear in the object; compressed content that stands in pieces is joined up to CMS_JOINED bytes, then EMIT_LIMITED.
 *
 * What was signed is opened, for a mail program shows it like any other mail; signatures are not checked. What was encrypted is
 * class encrypted. BER is read as it comes: lengths without an end, strings in pieces, and lengths that lie.
 */
#ifndef CONVSCAN_CMS_H
#define CONVSCAN_CMS_H

#include "emit.h"

enum { CMS_JOINED = 32 << 20 };

bool cms_is(struct slice head);
enum cs_status cms_decode(struct slice object, struct emit *out) MUST_USE;

#endif
