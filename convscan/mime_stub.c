/*
 * mime_stub.c - the doors of mime/ that convscan calls, until that room is there. Goes away with it.
 */
#include "mime/mime.h"

#if !__has_include("mime/walk.c")

struct mime_walk *mime_walk_new(struct slice msg, const struct mime_limits *lim, const struct mime_reading *how)
{
    (void)msg, (void)lim, (void)how;
    return NULL;
}

void mime_walk_free(struct mime_walk *w)
{
    (void)w;
}

enum cs_status mime_walk_next(struct mime_walk *w, struct mime_event *ev)
{
    (void)w;
    ev->kind = MIME_END;
    return CS_UNSUPPORTED;
}

bool mime_walk_is_ambiguous(const struct mime_walk *w, unsigned variant)
{
    (void)w, (void)variant;
    return false;
}

bool mime_looks_like_message(struct slice head)
{
    (void)head;
    return false;
}

const struct mime_param *mime_param_find(const struct mime_value *v, const char *name)
{
    (void)v, (void)name;
    return NULL;
}

void mime_decoder_init(struct mime_decoder *d, enum mime_encoding e, mime_put *put, void *ctx)
{
    *d = (struct mime_decoder){ .encoding = e, .put = put, .ctx = ctx };
}

enum cs_status mime_decoder_feed(struct mime_decoder *d, struct slice in)
{
    return d->put(d->ctx, in);
}

enum cs_status mime_decoder_end(struct mime_decoder *d)
{
    (void)d;
    return CS_OK;
}

enum cs_status mime_find_embedded(struct slice text, size_t max, mime_found *found, void *ctx)
{
    (void)text, (void)max, (void)found, (void)ctx;
    return CS_OK;
}

bool mime_charset_is_plain(struct slice name)
{
    (void)name;
    return true;
}

enum cs_status mime_charset_to_utf8(struct slice name, struct slice in, mime_put *put, void *ctx, bool *is_damaged)
{
    (void)name, (void)in, (void)put, (void)ctx, (void)is_damaged;
    return CS_UNSUPPORTED;
}
#endif
