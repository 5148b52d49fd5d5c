#include "rebuild.h"

#include "fields.h"

#include <stdlib.h>

enum piece_kind { PIECE_OPEN, PIECE_HEADER, PIECE_BODY, PIECE_DELIMITER, PIECE_PLAIN, PIECE_CLOSE };

struct piece {
    enum piece_kind kind;
    struct part_node *node;
    struct slice data;
};

struct rebuild {
    struct mime_walk *walk;             /* its decoded containers live as long as the tree */
    struct piece *pieces;
    size_t n_pieces, room_pieces;
    struct part_node **nodes;
    size_t n_nodes, room_nodes;
    struct part_node *at;               /* the entity being read */
    const char *limit;                  /* crossed: the next body is all that is left */
    rebuild_leaf *leaf;
    void *ctx;
};

static enum cs_status add_piece(struct rebuild *t, enum piece_kind kind, struct slice data)
{
    if (t->n_pieces == t->room_pieces) {
        size_t room = t->room_pieces ? t->room_pieces * 2 : 64;
        struct piece *p = reallocarray(t->pieces, room, sizeof *p);

        if (!p)
            return CS_NOMEM;
        t->pieces = p;
        t->room_pieces = room;
    }
    t->pieces[t->n_pieces++] = (struct piece){ kind, t->at, data };
    return CS_OK;
}

static enum cs_status open_node(struct rebuild *t, const struct mime_part *part)
{
    struct part_node *n;

    if (t->n_nodes == t->room_nodes) {
        size_t room = t->room_nodes ? t->room_nodes * 2 : 16;
        struct part_node **p = reallocarray(t->nodes, room, sizeof *p);

        if (!p)
            return CS_NOMEM;
        t->nodes = p;
        t->room_nodes = room;
    }
    n = calloc(1, sizeof *n);
    if (!n)
        return CS_NOMEM;
    t->nodes[t->n_nodes++] = n;
    n->parent = t->at;
    n->part = part;
    n->is_message = !n->parent || n->parent->part->shape == MIME_MESSAGE;
    n->new_header = n->new_body = buf_init(SIZE_MAX / 2);
    if (n->parent)
        n->parent->n_children++;
    t->at = n;
    return add_piece(t, PIECE_OPEN, slice_of(NULL, 0));
}

static enum cs_status close_node(struct rebuild *t)
{
    enum cs_status st = add_piece(t, PIECE_CLOSE, slice_of(NULL, 0));

    t->at->part = NULL;
    t->at = t->at->parent;
    return st;
}

static void take_field(struct part_node *n, const struct mime_event *ev)
{
    static const struct {
        const char *name;
        size_t at;
    } wanted[] = {
        { "subject", offsetof(struct part_node, subject) },
        { "message-context", offsetof(struct part_node, message_context) },
        { "a1-type", offsetof(struct part_node, a1_type) },
        { "a1-format", offsetof(struct part_node, a1_format) },
    };

    for (size_t i = 0; n->is_message && i < sizeof wanted / sizeof *wanted; i++)
        if (slice_ieq(slice_trim(ev->field_name), slice_str(wanted[i].name)))
            *(struct slice *)(void *)((char *)n + wanted[i].at) = slice_trim(ev->field_value);
}

static enum cs_status take_body(struct rebuild *t, const struct mime_event *ev)
{
    enum cs_status st;

    t->at->limit = t->limit;
    t->at->body = ev->data;
    st = add_piece(t, PIECE_BODY, ev->data);
    return st == CS_OK ? t->leaf(t->ctx, t->at, ev->part, ev->data) : st;
}

static enum cs_status take_event(struct rebuild *t, const struct mime_event *ev)
{
    if (!t->at && (ev->kind == MIME_FIELD || ev->kind == MIME_HEAD || ev->kind == MIME_BODY || ev->kind == MIME_CLOSE))
        return CS_INVALID;          /* these belong to a part that is open */
    switch (ev->kind) {
    case MIME_OPEN:
        return open_node(t, ev->part);
    case MIME_FIELD:
        take_field(t->at, ev);
        return CS_OK;
    case MIME_HEAD:
        t->at->header = ev->part->header;
        return add_piece(t, PIECE_HEADER, ev->part->header);
    case MIME_BODY:
        return take_body(t, ev);
    case MIME_DELIMITER:
        return add_piece(t, PIECE_DELIMITER, ev->data);
    case MIME_PREAMBLE:
    case MIME_EPILOGUE:
        return add_piece(t, PIECE_PLAIN, ev->data);
    case MIME_CLOSE:
        return close_node(t);
    case MIME_LIMIT:
        t->limit = ev->defect;
        return CS_OK;
    default:
        return CS_OK;
    }
}

enum cs_status rebuild_read(struct slice msg, const struct switches *sw, rebuild_leaf *leaf, void *ctx, struct rebuild **out)
{
    struct mime_limits lim = { .depth = (unsigned)sw->max_mime_levels, .parts = (unsigned)sw->max_mime_parts };
    struct mime_reading how = { .keep_security_multiparts = sw->security_multiparts == SECURITY_RETAIN,
                                .ignore_container_encoding = sw->container_encoding == ENCODING_IGNORE };
    struct rebuild *t = calloc(1, sizeof *t);
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st = CS_OK;

    *out = t;
    if (!t)
        return CS_NOMEM;
    t->leaf = leaf;
    t->ctx = ctx;
    t->walk = mime_walk_new(msg, &lim, &how);
    if (!t->walk)
        return CS_NOMEM;
    while (st == CS_OK && ev.kind != MIME_END) {
        st = mime_walk_next(t->walk, &ev);
        if (st == CS_OK)
            st = take_event(t, &ev);
    }
    return st;
}

bool rebuild_is_ambiguous(const struct rebuild *t)
{
    for (unsigned v = 1; v < MIME_VARIANTS; v++)
        if (mime_walk_is_ambiguous(t->walk, v))
            return true;
    return false;
}

void rebuild_free(struct rebuild *t)
{
    if (!t)
        return;
    for (size_t i = 0; i < t->n_nodes; i++) {
        buf_release(&t->nodes[i]->new_header);
        buf_release(&t->nodes[i]->new_body);
        free(t->nodes[i]);
    }
    free(t->nodes);
    free(t->pieces);
    mime_walk_free(t->walk);
    free(t);
}

const struct part_node *rebuild_message_of(const struct part_node *node)
{
    while (!node->is_message)
        node = node->parent;
    return node;
}

static bool is_delimiter(const struct part_node *node, struct slice line)
{
    for (const struct part_node *n = node->parent; n; n = n->parent)
        if (n->part && n->part->shape == MIME_MULTIPART && slice_starts(line, n->part->boundary))
            return true;
    return false;
}

bool rebuild_collides(const struct part_node *node, struct slice text)
{
    while (text.n) {
        size_t n = slice_chr(text, '\n');

        if (slice_starts(text, SLICE("--")) && is_delimiter(node, slice_sub(text, 2, n)))
            return true;
        text = slice_drop(text, n + 1);
    }
    return false;
}

struct writer {
    const char *eol;
    mime_put *put;
    void *ctx;
    bool needs_line;            /* a new body stands before the next delimiter */
};

static enum cs_status put_bytes(struct writer *w, struct slice s)
{
    return s.n ? w->put(w->ctx, s) : CS_OK;
}

static bool starts_with_line_end(struct slice s)
{
    return s.n && (s.p[0] == '\n' || s.p[0] == '\r');
}

/* The line end in front of a delimiter belongs to it; where the message had none, a new body needs one. */
static enum cs_status put_delimiter(struct writer *w, struct slice s)
{
    bool is_short = w->needs_line && !starts_with_line_end(s);
    enum cs_status st = is_short ? put_bytes(w, slice_str(w->eol)) : CS_OK;

    w->needs_line = false;
    return st == CS_OK ? put_bytes(w, s) : st;
}

/* A part that stays begins: behind the first delimiter, whatever was deleted in between. */
static enum cs_status open_part(struct writer *w, struct part_node *n)
{
    struct part_node *up = n->parent;
    struct slice d;

    if (!up || up->delimiter.n == 0)
        return CS_OK;
    d = up->is_open || !up->has_first_delimiter ? up->delimiter : up->first_delimiter;
    up->is_open = true;
    up->delimiter.n = 0;
    return put_delimiter(w, d);
}

static enum cs_status flush_delimiter(struct writer *w, struct part_node *n)
{
    struct slice d = n->delimiter;

    n->delimiter.n = 0;
    return d.n ? put_delimiter(w, d) : CS_OK;
}

static enum cs_status put_piece(struct writer *w, const struct piece *p)
{
    struct part_node *n = p->node;
    enum cs_status st = CS_OK;

    switch (p->kind) {
    case PIECE_OPEN:
        if (n->is_deleted && n->parent)
            n->parent->delimiter.n = 0;
        return n->is_deleted ? CS_OK : open_part(w, n);
    case PIECE_HEADER:
        return n->is_deleted ? CS_OK : put_bytes(w, n->has_new_header ? buf_slice(&n->new_header) : p->data);
    case PIECE_BODY:
        if (n->is_deleted)
            return CS_OK;
        st = flush_delimiter(w, n);     /* only where a limit made the rest of a multipart one body */
        w->needs_line = n->has_new_body;
        return st != CS_OK ? st : put_bytes(w, n->has_new_body ? buf_slice(&n->new_body) : p->data);
    case PIECE_DELIMITER:
        st = flush_delimiter(w, n);     /* two in a row: nothing stood between them */
        n->delimiter = p->data;
        if (!n->has_first_delimiter)
            n->first_delimiter = p->data;
        n->has_first_delimiter = true;
        return st;
    case PIECE_PLAIN:
    case PIECE_CLOSE:
        st = flush_delimiter(w, n);
        return st == CS_OK ? put_bytes(w, p->data) : st;
    }
    return st;
}

enum cs_status rebuild_empty(struct part_node *n, const char *eol)
{
    struct slice left = n->header;
    struct header_field f;
    enum cs_status st = CS_OK;

    n->has_new_header = n->has_new_body = true;
    n->new_header.n = n->new_body.n = 0;
    while (st == CS_OK && n->is_message && header_field_next(&left, &f))
        if (!header_field_is_mime(&f))
            st = buf_put(&n->new_header, f.raw);
    return st == CS_OK ? buf_printf(&n->new_header, "Content-Type: text/plain%s%s", eol, eol) : st;
}

/* A multipart that loses all its parts would be no multipart: its first part stays, empty. */
static enum cs_status settle_deletions(struct rebuild *t, const char *eol)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < t->n_nodes; i++)
        if (t->nodes[i]->is_deleted && t->nodes[i]->parent)
            t->nodes[i]->parent->n_deleted++;
    for (size_t i = 0; i < t->n_nodes && st == CS_OK; i++) {
        struct part_node *n = t->nodes[i], *up = n->parent;

        if (!n->is_deleted || (up && !n->is_message && up->n_deleted < up->n_children))
            continue;
        n->is_deleted = false;
        if (up)
            up->n_deleted--;
        st = rebuild_empty(n, eol);
    }
    return st;
}

enum cs_status rebuild_write(struct rebuild *t, const char *eol, mime_put *put, void *ctx)
{
    struct writer w = { .eol = eol, .put = put, .ctx = ctx };
    enum cs_status st = settle_deletions(t, eol);

    for (size_t i = 0; i < t->n_pieces && st == CS_OK; i++)
        st = put_piece(&w, &t->pieces[i]);
    return st;
}
