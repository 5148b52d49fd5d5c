/*
 * emit.h - the last step of the compiler: a program (ast.h) in, a database image (docs/FORMAT.md) out.
 *
 *   Borrows   the program; it is not changed.
 *   Fails     CS_UNSUPPORTED for a rule that the image cannot express (why names it; see vdl_emit_check), CS_NOMEM, CS_IO,
 *             CS_LIMIT when the image would be too large. Nothing appears at path unless all went well.
 *   Bounded   by the program; about 100 bytes of memory for a plain literal rule, besides the image.
 *
 * What the image means by the nodes that leave room for opinion:
 *   COUNT     more than once is only for segments without unbounded parts.
 *   offset    of a hit is the start of the first part of the segment whose match ended first.
 *   types     a restriction is ignored when the object has no type word, or only "unknown", unless is_exact is set.
 */
#ifndef VDL_COMPILE_EMIT_H
#define VDL_COMPILE_EMIT_H

#include <stdio.h>

#include "ast.h"

struct vdl_emit_options {
    void (*progress)(void *ctx, const char *step, uint64_t done, uint64_t all);   /* may be NULL */
    void *progress_ctx;
    uint64_t *image_bytes;      /* may be NULL: the size of what was written */
};

enum cs_status vdl_emit(const struct vdl_program *p, const char *path, const struct vdl_emit_options *o,
                        char why[256]) MUST_USE;

/* Can this rule be expressed? CS_OK, CS_UNSUPPORTED with a short feature text in why, CS_NOMEM. For readers that count what
 * they leave out: call it before the rule is kept, and vdl_emit() will not fail because of it. */
enum cs_status vdl_emit_check(const struct vdl_rule *r, char why[256]) MUST_USE;

/* The bytes that the scanner looks for on behalf of one segment, and how common they are. */
struct vdl_window {
    struct slice bytes;         /* the window; in the arena given */
    unsigned at;                /* where it starts in its literal */
    unsigned window;            /* 8, 4, 2 or 1: as many of them are looked at together */
    double rarity;              /* expected hits in a million bytes of ordinary data */
};
/* A piece without anything to search for: an automaton looks at every byte, of the object or behind the piece before it. */
struct vdl_automaton { bool is_there, is_behind; uint32_t line, column /* 0: of the rule */; };
/* The windows of a rule, at most room; gives how many there are (0: none, the rule is decided without searching). The first
 * automaton without bounds goes to slow. */
size_t vdl_emit_windows(const struct vdl_rule *r, struct arena *a, struct vdl_window *out, size_t room, struct vdl_automaton *slow);
/* Expected candidates in a million bytes above which a rule deserves a warning. */
#define VDL_SLOW_RARITY 2000.0

/* Print what --explain shows for one rule: windows, rarity, group, and why. */
void vdl_emit_explain(const struct vdl_rule *r, FILE *out);

/* A rule's expression as VDL text (the part between the comma and '#'); false when out failed. */
bool vdl_print_rule(const struct vdl_rule *r, FILE *out);

#endif
