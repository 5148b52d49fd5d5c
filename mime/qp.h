/*
 * qp.h - quoted-printable (RFC 2045 6.7).
 *
 *   Borrows   the input; runs without '=' are given on without a copy.
 *   Fails     with what put() gives.
 *   Bounded   output is never longer than the input.
 *   Threads   any; the state is the caller's.
 *
 * A '=' that begins no escape is kept, as most programs do; the loose reading drops it (and drops "=", a hex digit and
 * what is none altogether). White space at the end of a line is kept: it is harmless to the matcher.
 */
#ifndef MIME_QP_H
#define MIME_QP_H

#include "mime.h"

enum { QP_HELD = 80 };          /* '=' and white space behind it that may turn out to be a soft line break */

struct qp {
    mime_put *put;
    void *ctx;
    bool is_loose, is_damaged;
    uint8_t n_held;
    uint8_t held[QP_HELD];
} __attribute__((may_alias));

enum cs_status qp_feed(struct qp *q, struct slice in) MUST_USE;
enum cs_status qp_end(struct qp *q) MUST_USE;

enum cs_status qp_encode(struct slice in, const char *eol, mime_put *put, void *ctx) MUST_USE;

/* Would the loose reading differ? Looks for a '=' that begins no escape. */
bool qp_is_ambiguous(struct slice in);

#endif
