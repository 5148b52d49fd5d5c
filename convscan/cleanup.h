/*
 * cleanup.h - a part made harmless, where its format allows it, and the proof by a second scan.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_UNSUPPORTED when it cannot be cleaned, or the result is not clean; CS_NOMEM, CS_TOOBIG.
 *   Bounded   by conf.limit.object_bytes for the result, CLEANUP_DEPTH for wrappings, and two more scans.
 */
#ifndef CONVSCAN_CLEANUP_H
#define CONVSCAN_CLEANUP_H

#include "base/buf.h"
#include "scan.h"

enum { CLEANUP_DEPTH = 3 };

/* out: from buf_init(0); it gets its ceiling here. */
enum cs_status cleanup_part(const struct scan_setup *setup, const struct scan_part *part, struct buf *out) MUST_USE;

#endif
