#include "mime/mime.h"

#include "formats.h"

/*
 * mail.c - messages and mailboxes: every leaf goes out decoded, under all the names it may have. Where mail programs would
 * read the structure differently, each reading is walked.
 */

struct leaf {
    struct emit *emit;
    enum cs_status st;
};

static enum cs_status put_leaf(void *ctx, struct slice bytes)
{
    struct leaf *l = ctx;

    l->st = l->emit->put(l->emit, bytes);
    return l->st;
}

static struct slice charset_of(const struct mime_part *p)
{
    const struct mime_param *q = mime_param_find(&p->type, "charset");

    return q ? q->value : slice_of(NULL, 0);
}

static enum cs_status emit_leaf(struct emit *e, const struct mime_part *p, struct slice body)
{
    struct leaf leaf = { e, CS_OK };
    struct mime_decoder d;
    struct emit_child c = {
        .kind = EMIT_MEMBER, .name = p->name, .how = "part", .size = UINT64_MAX, .packed = body.n,
        .names = p->names, .n_names = p->n_names, .declared = p->type.token, .charset = charset_of(p),
    };
    enum cs_status st = e->open(e, &c);

    if (st != CS_OK)
        return st;
    mime_decoder_init(&d, p->encoding, put_leaf, &leaf);
    st = mime_decoder_feed(&d, body);
    if (st == CS_OK)
        st = mime_decoder_end(&d);
    return st == CS_OK ? e->close(e) : st;
}

static enum cs_status on_event(struct emit *e, const struct mime_event *ev)
{
    if (ev->kind == MIME_BODY && ev->part)
        return emit_leaf(e, ev->part, ev->data);
    if (ev->kind == MIME_LIMIT)
        return e->note(e, EMIT_LIMITED, ev->defect ? ev->defect : "mime");
    return CS_OK;
}

/* One reading; says in ambiguous which others would differ. */
static enum cs_status walk(struct slice msg, struct emit *e, unsigned variant, bool ambiguous[MIME_VARIANTS])
{
    const struct mime_reading how = { .variant = variant };
    struct mime_walk *w = mime_walk_new(msg, NULL, &how);
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st = w ? CS_OK : CS_NOMEM;

    while (st == CS_OK && ev.kind != MIME_END) {
        st = mime_walk_next(w, &ev);
        if (st == CS_OK)
            st = on_event(e, &ev);
    }
    for (unsigned v = 1; st == CS_OK && ambiguous && v < MIME_VARIANTS; v++)
        ambiguous[v] = mime_walk_is_ambiguous(w, v);
    mime_walk_free(w);
    return st;
}

enum cs_status mail_decode(struct slice object, struct emit *out)
{
    bool ambiguous[MIME_VARIANTS] = { false };
    enum cs_status st = walk(object, out, 0, ambiguous);

    for (unsigned v = 1; st == CS_OK && v < MIME_VARIANTS; v++)
        if (ambiguous[v])
            st = walk(object, out, v, NULL);
    return st;
}

/* A mailbox: messages that each begin with a line "From ". */
enum cs_status mbox_decode(struct slice object, struct emit *out)
{
    static const struct emit_child c = { .kind = EMIT_MEMBER, .how = "message", .type = "mail", .size = UINT64_MAX,
                                         .packed = UINT64_MAX };
    enum cs_status st = CS_OK;

    while (object.n && st == CS_OK) {
        struct slice msg = slice_drop(object, slice_chr(object, '\n') + 1);
        const uint8_t *next = msg.n ? memmem(msg.p, msg.n, "\nFrom ", 6) : NULL;
        size_t n = next ? (size_t)(next - msg.p) + 1 : msg.n;

        st = emit_whole(out, &c, slice_take(msg, n));
        object = slice_drop(msg, n);
    }
    return st;
}
