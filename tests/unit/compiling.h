/* compiling.h - a reader over a program, for tests of the readers: text in; trees and complaints out. */
#ifndef TESTS_UNIT_COMPILING_H
#define TESTS_UNIT_COMPILING_H

#include <stdlib.h>

#include "vdl/compile/ignore.h"
#include "vdl/compile/reader.h"
#include "vdl/compile/same.h"

struct compiling {
    struct vdl_options o;
    struct vdl_program program;
    struct vdl_reader r;
    struct vdl_source source;
    char *text;             /* the complaints */
    size_t n;
};

static inline void compiling_start(struct compiling *c)
{
    memset(c, 0, sizeof *c);
    c->o.clam_level = 230;
    if (vdl_program_init(&c->program) != CS_OK)
        abort();
    c->r = (struct vdl_reader){ .o = &c->o, .program = &c->program, .source = &c->source, .file = "t", .ignore = ignore_new(),
                               .same = same_new(&c->program) };
    c->r.complaints.out = open_memstream(&c->text, &c->n);
}

static inline void compiling_read(struct compiling *c, enum cs_status (*read)(struct vdl_reader *, struct slice), struct slice text)
{
    c->source = (struct vdl_source){ .name = "t", .text = text };
    if (read(&c->r, text) != CS_OK)
        abort();
    complain_rest(&c->r.complaints, &c->source);
    fflush(c->r.complaints.out);
}

static inline void compiling_end(struct compiling *c)
{
    fclose(c->r.complaints.out);
    free(c->text);
    ignore_free(c->r.ignore);
    same_free(c->r.same);
    vdl_program_release(&c->program);
}

#endif
