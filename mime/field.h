/*
 * field.h - lines and header fields.
 *
 *   Borrows   the message.
 *   Fails     never.
 *   Bounded   each call reads one line or one field and looks one byte further.
 *   Threads   any.
 */
#ifndef MIME_FIELD_H
#define MIME_FIELD_H

#include "mime.h"

struct line_rules {
    bool cr_ends;               /* a bare CR ends a line too */
    bool blank_ends;            /* a line of white space alone ends the header, even where a field could go on */
    bool sees_hidden;           /* a Content- field counts where its line begins with white space, and without its colon */
};

enum field_kind {
    FIELD_NONE,                 /* no bytes left */
    FIELD_GOOD,
    FIELD_JUNK,                 /* a line that is no field */
    FIELD_EMPTY                 /* the empty line */
};

struct field {
    enum field_kind kind;
    struct slice whole;         /* with its line ends */
    struct slice name, value;   /* of a good one; the name trimmed, the value as it stands */
    bool has_bare_cr, has_blank_line, has_hidden;   /* other readers may see something else here */
};

/* Length of the line at the start of s, with its line end. */
size_t line_len(struct slice s, bool cr_ends);

void field_next(struct slice s, const struct line_rules *r, struct field *out);

#endif
