/*
 * part.h - from the fields of one header to struct mime_part.
 *
 *   Borrows   the fields' values.
 *   Fails     CS_NOMEM when the arena is full.
 *   Bounded   the first HEAD_SAME - 1 and the last of each doubled field are kept.
 */
#ifndef MIME_PART_H
#define MIME_PART_H

#include "base/arena.h"
#include "param.h"

enum { HEAD_SAME = 4, BOUNDARIES = 8 };

struct values {
    struct slice list[HEAD_SAME];
    size_t n;
    bool is_doubled;            /* there were several, and they differ */
};

/* The fields that say what a part is. */
struct head {
    struct values type, disposition, encoding;
    struct slice description, subject, message_id;
};

void head_add(struct head *h, struct slice name, struct slice value);

/* What part_fill() found that other readers may take in another way. */
struct part_doubts {
    bool has_doubled_field, has_doubled_param, has_two_encodings;
    bool has_odd_encoding;      /* a strict reader would not know it and take the body as it is */
};

/* How to read what is doubtful. */
struct part_habits {
    bool is_last;               /* of doubled fields the last is believed */
    bool is_strict;             /* an odd encoding is none */
    bool is_in_digest;          /* the type, where none is given, is message/rfc822 */
};

/* Fills type, disposition, encoding, names and the texts. */
enum cs_status part_fill(struct mime_part *part, const struct head *h, const struct part_habits *how, struct arena *a,
                         struct part_doubts *doubts) MUST_USE;

bool encoding_is_identity(enum mime_encoding e);

#endif
