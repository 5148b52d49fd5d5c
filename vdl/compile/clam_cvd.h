/*
 * clam_cvd.h - ClamAV's containers: a header of 512 bytes, then a tar, usually compressed.
 *
 *   Borrows   the bytes.
 *   Fails     CS_CORRUPT with a reason: no header, a digest that is not that of the rest, a tar that cannot be read. CS_TOOBIG, CS_NOMEM.
 *   Bounded   CVD_MEMBER bytes a member, CVD_MEMBERS members.
 *   Threads   no state.
 */
#ifndef VDL_COMPILE_CLAM_CVD_H
#define VDL_COMPILE_CLAM_CVD_H

#include "base/slice.h"
#include "base/status.h"

enum { CVD_HEADER = 512, CVD_MEMBERS = 1000 };
#define CVD_MEMBER ((uint64_t)4 << 30)

/* has_digest: the header's MD5 is that of the rest (it is in .cvd; .cld and .cud are rewritten without it). */
enum cs_status clam_cvd_check(struct slice file, bool has_digest, char why[128]) MUST_USE;
/* Each member in order. want says whether its bytes are needed; what fn gives back ends the walk when it is not CS_OK. */
typedef bool clam_want_fn(void *ctx, const char *name);
typedef enum cs_status clam_member_fn(void *ctx, const char *name, struct slice bytes);
enum cs_status clam_cvd_walk(struct slice file, clam_want_fn *want, clam_member_fn *fn, void *ctx, char why[128]) MUST_USE;

#endif
