/*
 * qp.h - quoted-printable (RFC 2045 6.7).
 *
 *   Borrows   the input; runs without '=' are given on without a copy.
 *   Fails     with what put() gives.
 *   Bounded   output is never longer than the input.
 *   Threads   any; the state is the caller's.
 *
 * A '=' that begins no escape is kept, as most programs do; other programs' readings are listed with enum mime_encoding.
 * White space at the end of a line is kept: it is harmless to the matcher.
 */
#ifndef MIME_QP_H
#define MIME_QP_H

#include "mime.h"

enum { QP_HELD = 80 };          /* '=' and white space behind it that may turn out to be a soft line break */

struct qp {
    mime_put *put;
    void *ctx;
    enum mime_encoding how;     /* MIME_ENC_QP or one of the other readings */
    bool is_damaged;
    uint8_t n_held;
    uint8_t held[QP_HELD];
} __attribute__((may_alias));

enum cs_status qp_feed(struct qp *q, struct slice in) MUST_USE;
enum cs_status qp_end(struct qp *q) MUST_USE;

enum cs_status qp_encode(struct slice in, const char *eol, mime_put *put, void *ctx) MUST_USE;

/* The first of the other readings that may differ, MIME_ENC_NONE where none does: for a '=' that begins no escape, and escapes of both cases. */
enum mime_encoding qp_ambiguity(struct slice in);

#endif
