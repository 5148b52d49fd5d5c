/*
 * fields.h - a header block as fields, for rewriting it.
 *
 *   Borrows   the header; fields point into it.
 *   Fails     never. A line that is no field comes out with an empty name.
 */
#ifndef IMTA_FIELDS_H
#define IMTA_FIELDS_H

#include "base/slice.h"

struct header_field {
    struct slice raw;           /* with its line ends, folded lines included */
    struct slice name, value;   /* name trimmed; value: all behind the colon, trimmed */
};

/* The next field; false at the empty line or the end. *left moves on. */
bool header_field_next(struct slice *left, struct header_field *out);
/* The value of the first field of this name; n is 0 when there is none. */
struct slice header_field_find(struct slice header, const char *name);
/* Content-Type and its family. */
bool header_field_is_mime(const struct header_field *f);
/* "\r\n" when the text's first line ends so, else "\n". */
const char *line_end_of(struct slice text);

#endif
