/*
 * coded.h - a member that stands in a transfer encoding.
 *
 *   Borrows   coded, for the call.
 *   Fails     as the emit does.
 */
#ifndef CONVSCAN_CODED_H
#define CONVSCAN_CODED_H

#include "emit.h"
#include "mime/mime.h"

/* The member c: what coded says in encoding e. */
static inline enum cs_status emit_coded(struct emit *out, const struct emit_child *c, enum mime_encoding e, struct slice coded)
{
    struct mime_decoder d;
    enum cs_status st = out->open(out, c);

    if (st != CS_OK)
        return st;
    mime_decoder_init(&d, e, emit_put, out);
    st = mime_decoder_feed(&d, coded);
    if (st == CS_OK)
        st = mime_decoder_end(&d);
    return st == CS_OK ? out->close(out) : st;
}

#endif
