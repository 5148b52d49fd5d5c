/*
 * complain.h - complaints by file, line and column, with the line itself and a caret.
 *
 *   Borrows   the stream and the sources.
 *   Fails     never; what cannot be written is lost, the counts are right.
 *   Bounded   COMPLAIN_MAX complaints of each kind a source, COMPLAIN_WIDTH columns of a source line.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_COMPLAIN_H
#define VDL_COMPILE_COMPLAIN_H

#include <stdarg.h>
#include <stdio.h>

#include "base/slice.h"

enum { COMPLAIN_MAX = 200, COMPLAIN_WIDTH = 100 };

enum complaint {
    COMPLAIN_ERROR,         /* the source is wrong: no image is written */
    COMPLAIN_WARNING,       /* worth a look */
    COMPLAIN_MALFORMED,     /* a line of an imported set that is not of its format; the rest is loaded */
    COMPLAIN_SKIPPED,       /* a signature that cannot be expressed; the rest is loaded */
    COMPLAINTS
};

/* One source text and how far complaints about it have come. */
struct vdl_source {
    const char *name;
    struct slice text;
    uint32_t seen[COMPLAINTS];
    uint32_t known_line;        /* where the last search for a line ended: lines are asked for in rising order */
    size_t known_at;
};

struct complain {
    FILE *out;                  /* NULL: only count */
    bool is_quiet;              /* nothing about MALFORMED and SKIPPED */
    uint64_t n[COMPLAINTS];
};

/* hint: NULL, or one line of advice. line 0: about the whole file; column 0: about the whole line. */
void complain(struct complain *c, struct vdl_source *s, enum complaint kind, uint32_t line, uint32_t column, const char *hint,
              const char *fmt, ...) __attribute__((format(printf, 7, 8)));
/* After the last complaint about a source: says how many were not shown. */
void complain_rest(struct complain *c, struct vdl_source *s);

#endif
