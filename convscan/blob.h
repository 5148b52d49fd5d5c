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

enum { BLOB_MAX = 32 << 20, BLOB_MIN = 24, BLOB_UNKNOWN = 128 };

/* Of one page or script. Bytes that look like nothing known are members too, the first BLOB_UNKNOWN of them; others go into one view. */
struct blobs {
    struct emit *out;
    unsigned left, layers;      /* layers: text in text that is being undone */
    struct buf rest;
};

struct blobs blobs_of(struct emit *out);
/* Emits what is left, unless st tells of trouble; gives st, or that of its own. */
enum cs_status blobs_end(struct blobs *b, enum cs_status st) MUST_USE;

/* Bytes that are there already. */
enum cs_status blob_bytes(struct blobs *b, struct slice bytes, const char *how) MUST_USE;
/* Whatever text may be the written form of. */
enum cs_status blob_text(struct blobs *b, struct slice text, const char *how) MUST_USE;
/* The same for text that is more likely no file at all: only one that is known by its first bytes counts. */
enum cs_status blob_known(struct blobs *b, struct slice text, const char *how) MUST_USE;
/* Does blob_known() find something at the front of it? */
bool blob_begins(struct slice text);
/* Base64, whatever comes out. */
enum cs_status blob_64(struct blobs *b, struct slice text, const char *how) MUST_USE;
/* Could this be the text of a script? */
bool blob_is_script(struct slice s);

/* Every data: address in text. */
enum cs_status blob_addresses(struct blobs *b, struct slice text) MUST_USE;

#endif
