/*
 * clam.h - readers of ClamAV's text formats; what they share.
 *
 *   Borrows   the reader and the source.
 *   Fails     a line that is not of its format is complained about as malformed, one that the tree cannot hold as unsupported; both are
 *             counted and left out, never weakened. CS_NOMEM ends the reading.
 *   Bounded   CLAM_LINE bytes a line, CLAM_NEST levels of alternatives, CLAM_SUBSIGS subsignatures.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_CLAM_H
#define VDL_COMPILE_CLAM_H

#include "reader.h"

enum { CLAM_LINE = 1 << 16, CLAM_NEST = 15, CLAM_SUBSIGS = 64, CLAM_FIELDS = 80, CLAM_REASON = 96 };

/* Why a line is left out. */
enum clam_fate { CLAM_OK, CLAM_MALFORMED, CLAM_UNSUPPORTED, CLAM_SKIPPED /* by level */, CLAM_IGNORED /* by .ign2 */,
    CLAM_LATER /* no judgement yet: clam_macros_finish() */ };
struct clam_why {
    char text[CLAM_REASON];
    const uint8_t *at;              /* the place in the line, or NULL */
};
enum clam_fate clam_malformed(struct clam_why *why, const void *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
enum clam_fate clam_unsupported(struct clam_why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One line of a set, without its end. name: what the signature is called, for the report. */
typedef enum clam_fate clam_line_fn(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why);
enum cs_status clam_lines(struct vdl_reader *r, struct slice text, bool blank_is_malformed, clam_line_fn *fn) MUST_USE;

/* Count what became of a line, and say why it is left out. */
void clam_count(struct vdl_reader *r, enum clam_fate fate, struct slice line, uint32_t number, struct slice name, const struct clam_why *why);

/* Cut at every separator; at most max fields, the last one holds the rest. */
size_t clam_split(struct slice s, uint8_t separator, struct slice *fields, size_t max);
/* Optional level fields: OK, MALFORMED or SKIPPED. */
enum clam_fate clam_level(const struct vdl_reader *r, const struct slice *fields, size_t n, struct clam_why *why);

enum { CLAM_FOLD = 1, CLAM_WIDE = 2, CLAM_ASCII = 4, CLAM_WORD = 8 };
/* A hex signature as a low-level tree. */
enum clam_fate clam_body(struct vdl_reader *r, struct slice hex, unsigned modifiers, struct vdl_node **out, struct clam_why *why);
/* An offset field; *out is NULL for anywhere. target decides which places there are. */
enum clam_fate clam_offset(struct vdl_reader *r, struct slice s, unsigned target, const struct vdl_anchor **out, struct clam_why *why);
/* The type word of a target number; *out NULL: every type. */
enum clam_fate clam_target(struct vdl_reader *r, unsigned target, const struct vdl_types **out, struct clam_why *why);
/* CL_TYPE_… as our type word; an empty slice when there is none. */
struct slice clam_type_word(struct slice cl_type);
/* " (Clam)" and ".UNOFFICIAL" behind a name are no part of it. */
struct slice clam_name(struct slice name);

/* Keep a rule. line: for .ign2 entries that name a digest. */
enum clam_fate clam_keep(struct vdl_reader *r, struct slice name, enum vdl_class cls, const struct vdl_types *types, struct vdl_node *expr,
                         uint32_t number, struct slice line, struct clam_why *why);

/* clam_macro.c: a pattern with the offset $g$ is a member of that group, and nothing by itself. */
enum clam_fate clam_macro_member(struct vdl_reader *r, struct slice offset, struct vdl_node *body, struct clam_why *why);
/* When all sources are in: the signatures that waited for their groups. */
enum cs_status clam_macros_finish(struct vdl_reader *r) MUST_USE;

enum cs_status clam_read_ndb(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_ndu(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_db(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_ldb(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_ldu(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_hash(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_hash_pua(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_hash_allow(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_section(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_section_pua(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_imp(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_cdb(struct vdl_reader *r, struct slice text) MUST_USE;
/* Formats that say nothing the scanner could use: each line is counted as unsupported. */
enum cs_status clam_read_unknown(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_bytecode(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_ign(struct vdl_reader *r, struct slice text) MUST_USE;
enum cs_status clam_read_ign2(struct vdl_reader *r, struct slice text) MUST_USE;

#endif
