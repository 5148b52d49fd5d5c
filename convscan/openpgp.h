/*
 * openpgp.h - decoder of OpenPGP messages (RFC 4880, RFC 9580): literal and compressed data.
 *
 *   Borrows   the object; data in one piece is a slice of it.
 *   Fails     as the emit does, and CS_NOMEM.
 *   Bounded   linear in the object, OPENPGP_PACKETS packets; compressed data that stands in pieces is joined up to OPENPGP_JOINED
 *             bytes; beyond either EMIT_LIMITED. Nesting is the emit's to bound.
 *
 * A signed message is data in the clear, compressed as a rule: it is opened, the signature is not checked. An encrypted one is
 * class encrypted. Without armour only what is a message from the first to the last byte counts: random bytes are not tagged.
 */
#ifndef CONVSCAN_OPENPGP_H
#define CONVSCAN_OPENPGP_H

#include "emit.h"

enum { OPENPGP_JOINED = 32 << 20, OPENPGP_PACKETS = 4096 };

bool openpgp_is(struct slice object);
enum cs_status openpgp_decode(struct slice object, struct emit *out) MUST_USE;

#endif
