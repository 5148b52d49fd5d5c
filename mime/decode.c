/* decode.c - one door for the decoders, and encoding for rebuilt messages. */
#include "mime.h"

#include <assert.h>

#include "b64.h"
#include "binhex.h"
#include "qp.h"
#include "uu.h"
#include "yenc.h"

enum { ROOM = sizeof(((struct mime_decoder *)0)->state) };
static_assert(sizeof(struct b64) <= ROOM, "b64 fits");
static_assert(sizeof(struct qp) <= ROOM, "qp fits");
static_assert(sizeof(struct uu) <= ROOM, "uu fits");
static_assert(sizeof(struct yenc) <= ROOM, "yenc fits");
static_assert(sizeof(struct binhex) <= ROOM, "binhex fits");

/* The decoders' structs may alias: their storage is declared as words. */
static void *state_of(struct mime_decoder *d)
{
    return d->state;
}

/* The encoding of which this is a reading: each has one decoder. */
static enum mime_encoding decoder_of(enum mime_encoding e)
{
    switch (e) {
    case MIME_ENC_BASE64:
    case MIME_ENC_BASE64_FOURS:
    case MIME_ENC_BASE64_ZEROS:
    case MIME_ENC_BASE64_SHORT:
    case MIME_ENC_BASE64_LINES:
    case MIME_ENC_BASE64_CUT:
    case MIME_ENC_BASE64_URL:
    case MIME_ENC_BASE64_LOOSE:
        return MIME_ENC_BASE64;
    case MIME_ENC_QP:
    case MIME_ENC_QP_UPPER_TWO:
    case MIME_ENC_QP_UPPER_THREE:
    case MIME_ENC_QP_TWO:
    case MIME_ENC_QP_THREE:
    case MIME_ENC_QP_LOOSE:
        return MIME_ENC_QP;
    case MIME_ENC_UU:
    case MIME_ENC_UU_BARE:
        return MIME_ENC_UU;
    default:
        return e;
    }
}

void mime_decoder_init(struct mime_decoder *d, enum mime_encoding e, mime_put *put, void *ctx)
{
    *d = (struct mime_decoder){ .encoding = e, .put = put, .ctx = ctx };
    switch (decoder_of(e)) {
    case MIME_ENC_BASE64:
        *(struct b64 *)state_of(d) = (struct b64){ .put = put, .ctx = ctx, .how = e };
        break;
    case MIME_ENC_QP:
        *(struct qp *)state_of(d) = (struct qp){ .put = put, .ctx = ctx, .how = e };
        break;
    case MIME_ENC_UU:
        *(struct uu *)state_of(d) = uu_init(put, ctx);
        ((struct uu *)state_of(d))->is_bare = e == MIME_ENC_UU_BARE;
        break;
    case MIME_ENC_YENC:
        *(struct yenc *)state_of(d) = yenc_init(put, ctx);
        break;
    case MIME_ENC_BINHEX:
        *(struct binhex *)state_of(d) = binhex_init(BINHEX_DATA, put, ctx);
        break;
    default:
        break;
    }
}

static enum cs_status run_b64(struct mime_decoder *d, struct slice in, bool is_end)
{
    struct b64 *b = state_of(d);
    enum cs_status st = is_end ? b64_end(b) : b64_feed(b, in);

    d->is_damaged = b->is_damaged;
    return st;
}

static enum cs_status run_qp(struct mime_decoder *d, struct slice in, bool is_end)
{
    struct qp *q = state_of(d);
    enum cs_status st = is_end ? qp_end(q) : qp_feed(q, in);

    d->is_damaged = q->is_damaged;
    return st;
}

static enum cs_status run_uu(struct mime_decoder *d, struct slice in, bool is_end)
{
    struct uu *u = state_of(d);
    enum cs_status st = is_end ? uu_end(u) : uu_feed(u, in);

    d->is_damaged = u->is_damaged;
    return st;
}

static enum cs_status run_yenc(struct mime_decoder *d, struct slice in, bool is_end)
{
    struct yenc *y = state_of(d);
    enum cs_status st = is_end ? yenc_end(y) : yenc_feed(y, in);

    d->is_damaged = y->is_damaged;
    return st;
}

static enum cs_status run_binhex(struct mime_decoder *d, struct slice in, bool is_end)
{
    struct binhex *b = state_of(d);
    enum cs_status st = is_end ? binhex_end(b) : binhex_feed(b, in);

    d->is_damaged = b->is_damaged;
    return st;
}

static enum cs_status run(struct mime_decoder *d, struct slice in, bool is_end)
{
    switch (decoder_of(d->encoding)) {
    case MIME_ENC_BASE64:
        return run_b64(d, in, is_end);
    case MIME_ENC_QP:
        return run_qp(d, in, is_end);
    case MIME_ENC_UU:
        return run_uu(d, in, is_end);
    case MIME_ENC_YENC:
        return run_yenc(d, in, is_end);
    case MIME_ENC_BINHEX:
        return run_binhex(d, in, is_end);
    default:
        return in.n ? d->put(d->ctx, in) : CS_OK;
    }
}

enum cs_status mime_decoder_feed(struct mime_decoder *d, struct slice in)
{
    return run(d, in, false);
}

enum cs_status mime_decoder_end(struct mime_decoder *d)
{
    return run(d, slice_of("", 0), true);
}

enum mime_encoding mime_encoding_next(enum mime_encoding e)
{
    if (e < MIME_ENC_QP_UPPER_TWO || e == MIME_ENC_QP_LOOSE || e == MIME_ENC_BASE64_LOOSE)
        return MIME_ENC_NONE;
    return e + 1;
}

enum cs_status mime_encode(enum mime_encoding e, struct slice in, const char *eol, mime_put *put, void *ctx)
{
    switch (e) {
    case MIME_ENC_BASE64:
        return b64_encode(in, eol, put, ctx);
    case MIME_ENC_QP:
        return qp_encode(in, eol, put, ctx);
    case MIME_ENC_NONE:
    case MIME_ENC_7BIT:
    case MIME_ENC_8BIT:
    case MIME_ENC_BINARY:
        return in.n ? put(ctx, in) : CS_OK;
    default:
        return CS_UNSUPPORTED;
    }
}
