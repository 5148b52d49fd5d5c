/*
 * rebuild.h - a message as the pieces that a rebuild puts together again.
 *
 *   Borrows   the message; keep it until rebuild_free(). What is not replaced comes out byte for byte.
 *   Owns      the walker, the nodes and the new headers and bodies in them.
 *   Fails     CS_NOMEM, or what the caller's function gave back. Broken mail is no failure.
 *   Bounded   by max-mime-levels and max-mime-parts: what lies beyond comes to the caller as one leaf.
 *   Threads   one tree, one thread.
 */
#ifndef IMTA_REBUILD_H
#define IMTA_REBUILD_H

#include "mime/mime.h"
#include "base/buf.h"
#include "switches.h"

struct part_node {
    struct part_node *parent;           /* NULL for the message itself */
    const struct mime_part *part;       /* until the entity is closed */
    bool is_message;                    /* has message header fields: the message itself, or what message/rfc822 holds */
    bool is_whole;                      /* the message in one piece, its structure left inside */
    bool is_deleted;
    const char *limit;                  /* the name of the limit behind which all is one body; else NULL */
    unsigned n_children, n_deleted;
    struct slice header, body;          /* as in the message */
    bool has_new_header, has_new_body;
    struct buf new_header, new_body;    /* owned */
    struct slice subject, message_context, a1_type, a1_format;  /* of a message */
    struct slice first_delimiter, delimiter;                    /* while writing */
    bool has_first_delimiter, is_open;
};

struct rebuild;

/* Called for every leaf in document order. CS_STOP ends the walk; rebuild_read() then gives CS_STOP back. */
typedef enum cs_status rebuild_leaf(void *ctx, struct part_node *node, const struct mime_part *part, struct slice body);

enum cs_status rebuild_read(struct slice msg, const struct switches *sw, rebuild_leaf *leaf, void *ctx, struct rebuild **out) MUST_USE;
void rebuild_free(struct rebuild *t);

/* Would another reader see other parts, or other content in them? False for all well-formed mail. */
bool rebuild_is_ambiguous(const struct rebuild *t);

/* The nearest entity around (or at) the node that is a message. */
const struct part_node *rebuild_message_of(const struct part_node *node);

/* Would this text, as the body of the node, be taken for a delimiter of a multipart around it? */
bool rebuild_collides(const struct part_node *node, struct slice text);

/* In the place of a part whose content is gone: an empty text; of a message the other fields stay. */
enum cs_status rebuild_empty(struct part_node *n, const char *eol) MUST_USE;

/* The message as it now is, deletions carried out. Once. */
enum cs_status rebuild_write(struct rebuild *t, const char *eol, mime_put *put, void *ctx) MUST_USE;

#endif
