/*
 * blob.h - bytes that pages and scripts carry as text: base64, hex digits, escapes, lists of numbers, data: addresses.
 *
 *   Borrows   the text; what is emitted lasts for the call.
 *   Fails     with emit's status and CS_NOMEM.
 *   Bounded   by BLOB_MAX for one blob (EMIT_LIMITED beyond), time linear in the text.
 */
#ifndef CONVSCAN_BLOB_H
#define CONVSCAN_BLOB_H

#include "base/buf.h"
#include "emit.h"

enum { BLOB_MAX = 32 << 20, BLOB_MIN = 24 };

/* Whatever text may be the written form of: emitted as members. is_sure: the text is meant to be decoded, its content apart. */
enum cs_status blob_text(struct emit *out, struct slice text, const char *how) MUST_USE;
/* Base64, whatever comes out. */
enum cs_status blob_64(struct emit *out, struct slice text, const char *how) MUST_USE;
/* Bytes that are there already: a member when they look like something or are long enough. */
enum cs_status blob_bytes(struct emit *out, struct slice bytes, const char *how) MUST_USE;
/* Every data: address in text. */
enum cs_status blob_addresses(struct emit *out, struct slice text) MUST_USE;

#endif
