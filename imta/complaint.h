/*
 * complaint.h - what a parser of configuration files has to say: "FILE:LINE: error: text".
 *
 *   Borrows   the file name; the function and its context, for the length of the call they are given to.
 *   Fails     never. A message that is too long is cut.
 *   Bounded   COMPLAINT_MAX errors a file; the rest are counted only.
 */
#ifndef IMTA_COMPLAINT_H
#define IMTA_COMPLAINT_H

#include <stdarg.h>

#include "base/slice.h"

enum { COMPLAINT_MAX = 20, COMPLAINT_TEXT = 400 };

enum complaint_grade { COMPLAINT_ERROR, COMPLAINT_WARNING };

typedef void complaint_fn(void *ctx, const char *file, unsigned line, enum complaint_grade grade, const char *text);

struct complaints {
    complaint_fn *say;           /* may be NULL: only count */
    void *ctx;
    const char *file;
    unsigned errors, warnings;
};

void complaint(struct complaints *c, enum complaint_grade grade, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Drops the mark of the byte order that some editors write, with a warning: the server takes it for a part of the first name. */
struct slice complaint_skip_mark(struct complaints *c, struct slice text);

/* The usual say(): one line through diag_warn(). ctx is not used. */
complaint_fn complaint_to_stderr;

#endif
