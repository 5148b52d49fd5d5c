/*
 * bounce.h - the notification that a sender gets for a message that was refused (RFC 3461 to 3464).
 *
 *   Borrows   everything.
 *   Fails     CS_NOMEM, CS_TOOBIG.
 *   Bounded   by the buffer; of the original only its header, or the sample, goes back.
 */
#ifndef IMTA_BOUNCE_H
#define IMTA_BOUNCE_H

#include "envelope.h"

struct bounce {
    const char *host, *id;              /* of this system and of the message */
    const struct envelope *envelope;    /* of the original */
    const char *diagnostic;             /* one printable line, may be empty */
    struct slice message;               /* the original */
    struct slice sample;                /* instead of its header; n == 0 for none */
    const char *reason;                 /* a sentence without its full stop */
    uint64_t now;                       /* seconds since 1970 */
};

enum cs_status bounce_write(const struct bounce *b, struct buf *out) MUST_USE;

#endif
