/* Every reading of a message: the events put together are the message, and every leaf decodes. */
#include <assert.h>

#include "mime/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum cs_status put(void *ctx, struct slice s)
{
    size_t *n = ctx;

    *n += s.n;
    return CS_OK;
}

static enum cs_status found(void *ctx, struct slice name, struct slice bytes, const char *how)
{
    assert(how && (name.n == 0 || name.p) && bytes.n);
    return put(ctx, bytes);
}

static void leaf(const struct mime_event *ev)
{
    struct mime_decoder d;
    size_t n = 0, embedded = 0;

    mime_decoder_init(&d, ev->part->encoding, put, &n);
    assert(mime_decoder_feed(&d, ev->data) == CS_OK && mime_decoder_end(&d) == CS_OK);
    assert(n <= ev->data.n * 64);
    assert(mime_find_embedded(ev->data, 1 << 20, found, &embedded) != CS_NOMEM);
}

static void look_at(const struct mime_part *p)
{
    assert(p->n_names <= MIME_NAMES && (p->n_names == 0 || slice_eq(p->name, p->names[0])));
    for (size_t i = 0; i < p->n_names; i++)
        assert(p->names[i].n && p->names[i].p);
    for (size_t i = 0; i < p->type.n_params; i++)
        assert(mime_param_find(&p->type, "name") || p->type.params[i].value.p);
    assert(p->number && strlen(p->number) < 1024);
}

static void walk(struct slice msg, unsigned variant, const struct mime_limits *lim, bool is_read[MIME_VARIANTS])
{
    struct mime_reading how = { .variant = variant, .keep_security_multiparts = variant & 1 };
    struct mime_walk *w = mime_walk_new(msg, lim, &how);
    struct mime_event ev;
    size_t at = 0;
    int depth = 0;

    assert(w);
    do {
        assert(mime_walk_next(w, &ev) == CS_OK);
        assert(ev.data.n == 0 || ev.data.p == msg.p + at);
        at += ev.data.n;
        depth += (ev.kind == MIME_OPEN) - (ev.kind == MIME_CLOSE);
        if (ev.kind == MIME_BODY)
            leaf(&ev);
        if (ev.kind == MIME_HEAD)
            look_at(ev.part);
    } while (ev.kind != MIME_END);
    assert(at == msg.n && depth == 0);
    assert(!mime_walk_is_ambiguous(w, variant));
    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        is_read[v] |= !mime_walk_is_ambiguous(w, v);
    mime_walk_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mime_limits tight = { .depth = 4, .parts = 8, .fields = 6, .header_bytes = 300 };
    struct slice msg = slice_of(data, size);

    bool is_read[MIME_VARIANTS] = { false };

    (void)mime_looks_like_message(msg);
    walk(msg, 0, &tight, is_read);
    memset(is_read, 0, sizeof is_read);
    for (unsigned v = 0; v < MIME_VARIANTS; v++)
        if (!is_read[v])
            walk(msg, v, NULL, is_read);
    return 0;
}
