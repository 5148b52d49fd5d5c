/*
 * compile.h - door of the compiling half: sources in, image out, complaints by line.
 *
 *   Owns      struct vdl_compiler, from vdl_compiler_new() to vdl_compiler_free().
 *   Fails     a source with errors is complained about and counted; CS_NOMEM, CS_IO end the work.
 *   Bounded   by the limits in docs/LANGUAGE.md (line length, depth, macros).
 */
#ifndef VDL_COMPILE_H
#define VDL_COMPILE_H

#include <stdio.h>

#include "base/slice.h"
#include "base/status.h"
#include "vdl/vdl_class.h"

struct vdl_compiler;

struct vdl_options {
    enum vdl_class cls;             /* of rules that name none */
    bool has_class;
    size_t memory;                  /* a ceiling for trees and names, in bytes; 0: what the machine gives */
    unsigned clam_level;            /* functionality level for ClamAV formats; 0: 230 */
    bool with_pua;
    bool confirmed_only;            /* refuse VDL spellings that are ours, not confirmed CVDL */
    bool trees_only;                /* do not ask whether the image can hold a rule; nothing can be written (for tests of the readers) */
    bool quiet_imports;             /* count what cannot be imported, without a line for each */
    FILE *complaints;               /* where complaints go; NULL: nowhere */
    void (*progress)(void *ctx, const char *step, uint64_t done, uint64_t all);   /* may be NULL */
    void *progress_ctx;
};

struct vdl_counts {
    uint64_t loaded, skipped_level, ignored /* by .ign2 */, unsupported, malformed, duplicates, warnings, errors;
    uint64_t image_bytes;
};
/* One feature that could not be expressed, with its count; valid until the compiler is freed. */
struct vdl_unsupported { const char *feature; uint64_t count; };

struct vdl_compiler *vdl_compiler_new(const struct vdl_options *o);
void vdl_compiler_free(struct vdl_compiler *c);
/* A file (format by its ending) or a folder (every known file in it, sorted). */
enum cs_status vdl_compiler_add(struct vdl_compiler *c, const char *path) MUST_USE;
/* A source in memory; name is used in complaints, its ending decides the format. */
enum cs_status vdl_compiler_add_text(struct vdl_compiler *c, const char *name, struct slice text) MUST_USE;
/* When all sources are in: signatures that lean on others. vdl_compiler_write() does it, too. */
enum cs_status vdl_compiler_finish(struct vdl_compiler *c) MUST_USE;
/* Write the image beside path and rename. CS_INVALID when there were errors: nothing is written. */
enum cs_status vdl_compiler_write(struct vdl_compiler *c, const char *path) MUST_USE;
void vdl_compiler_counts(const struct vdl_compiler *c, struct vdl_counts *out);
size_t vdl_compiler_unsupported(const struct vdl_compiler *c, const struct vdl_unsupported **out);
/* --explain: the chosen windows of a rule and why. CS_NOENT when there is no such rule. */
enum cs_status vdl_compiler_explain(struct vdl_compiler *c, struct slice rule, FILE *out) MUST_USE;

/* A rule's own tests, for vdlc --test. */
struct vdl_test {
    struct slice rule, name, sender;
    struct slice bytes;                 /* the sample itself; a file has been read */
    const char *types[8], *inside[8];   /* type words; containers, outermost first; NULL ends a list early */
    unsigned depth;
    bool must_match;
    const char *source;                 /* where the sample stands */
    uint32_t line;
};
/* Each sample in order until fn says false (CS_STOP). A sample file that cannot be read is complained about: CS_INVALID at the end. */
enum cs_status vdl_compiler_tests(struct vdl_compiler *c, bool (*fn)(void *ctx, const struct vdl_test *t), void *ctx) MUST_USE;

#endif
