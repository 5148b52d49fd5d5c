/*
 * reencode.h - new content of a part as a body: which transfer encoding, and the encoded bytes.
 *
 *   Borrows   content. Owns nothing: the body goes to the caller's buffer.
 *   Fails     CS_NOMEM, CS_TOOBIG from the buffer.
 *   Bounded   by the buffer's ceiling.
 */
#ifndef IMTA_REENCODE_H
#define IMTA_REENCODE_H

#include "mime/mime.h"
#include "base/buf.h"

struct body_wish {
    bool is_text;               /* lines, whose ends become the message's; else bytes as they are */
    struct slice encoding;      /* as a clause or the command asked: "base64", "none" …; empty: choose */
    const char *eol;            /* of the message */
};

/*
 * *token is the Content-Transfer-Encoding to write, empty for none. A wish that would make broken mail
 * (long lines or NUL bytes without encoding, a delimiter inside) is not followed: base64 then.
 */
enum cs_status body_encode(struct slice content, const struct body_wish *wish,
                           bool (*collides)(void *ctx, struct slice body), void *ctx, struct buf *out,
                           const char **token) MUST_USE;

#endif
