/*
 * complain.h - what a parser of configuration files has to say: "FILE:LINE: error: text".
 *
 *   Borrows   the file name; the function and its context, for the length of the call they are given to.
 *   Fails     never. A message that is too long is cut.
 *   Bounded   COMPLAIN_MAX errors a file; the rest are counted only.
 */
#ifndef IMTA_COMPLAIN_H
#define IMTA_COMPLAIN_H

#include <stdarg.h>

#include "base/slice.h"

enum { COMPLAIN_MAX = 20, COMPLAIN_TEXT = 400 };

enum complain_grade { COMPLAIN_ERROR, COMPLAIN_WARNING };

typedef void complain_fn(void *ctx, const char *file, unsigned line, enum complain_grade grade, const char *text);

struct complaints {
    complain_fn *say;           /* may be NULL: only count */
    void *ctx;
    const char *file;
    unsigned errors, warnings;
};

void complain(struct complaints *c, enum complain_grade grade, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* The usual say(): one line through diag_warn(). ctx is not used. */
complain_fn complain_to_stderr;

#endif
