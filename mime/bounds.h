/*
 * bounds.h - the boundaries that are open, and a lookup that stays cheap however many there are.
 *
 *   Borrows   the boundary texts.
 *   Owns      the table, until bounds_release().
 *   Fails     CS_NOMEM.
 *   Bounded   a lookup costs one hash of the line and, in all but made-up cases, one comparison.
 *   Threads   one table, one thread.
 */
#ifndef MIME_BOUNDS_H
#define MIME_BOUNDS_H

#include "base/slice.h"
#include "base/status.h"

enum { BOUND_BUCKETS = 512, BOUND_PREFIX = 256 };

struct bound {
    struct slice text;
    uint32_t hash;
    uint32_t next;              /* in the bucket, 1-based; 0 ends */
    void *owner;                /* the multipart */
    unsigned reading;           /* which of its readings */
};

struct bounds {
    struct bound *list;
    size_t n, room, longest;
    uint32_t bucket[BOUND_BUCKETS];
    uint32_t of_len[BOUND_PREFIX];      /* how many boundaries have this length */
    bool is_starved;                    /* there was no memory for one */
};

void bounds_release(struct bounds *b);
enum cs_status bounds_push(struct bounds *b, struct slice text, void *owner, unsigned reading) MUST_USE;
/* Takes away all that belong to owner, which must be the last ones pushed. */
void bounds_pop(struct bounds *b, const void *owner);

uint32_t bounds_hash(struct slice text);
/* The innermost boundary that is exactly this text, or the next one further out after prev; NULL when there is none. */
const struct bound *bounds_find(const struct bounds *b, struct slice text, uint32_t hash, const struct bound *prev);

/* The innermost of the longest boundaries (shorter than BOUND_PREFIX, not empty) that text begins with; linear in text. */
const struct bound *bounds_find_prefix(const struct bounds *b, struct slice text);

#endif
