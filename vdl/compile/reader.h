/*
 * reader.h - what every reader of a format is given, and the small makers of trees they share.
 *
 *   Borrows   program, options, complaints. Nodes and strings live in the program's arena.
 *   Fails     makers give NULL when the arena is full and note it in r->status.
 *   Bounded   by the arena.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_READER_H
#define VDL_COMPILE_READER_H

#include "ast.h"
#include "complain.h"
#include "vdl/compile.h"

enum { FEATURES_MAX = 64, FEATURE_TEXT = 64 };

struct vdl_reader {
    const struct vdl_options *o;
    struct vdl_program *program;
    struct complain complaints;
    struct vdl_source *source;      /* being read */
    const char *file;               /* its name, lasting as long as the program */
    struct vdl_counts counts;
    struct vdl_unsupported features[FEATURES_MAX];
    char feature_text[FEATURES_MAX][FEATURE_TEXT];
    size_t n_features;
    enum cs_status status;          /* CS_NOMEM ends the reading */
    uint8_t *pool, *pool_end;       /* packed strings */
    const struct vdl_types *targets[16];    /* ClamAV targets, made once each */
    struct ignore *ignore;          /* names that .ign2 takes away */
    struct clam_macros *macros;     /* ClamAV's groups of patterns; NULL until one is named */
    struct same *same;              /* VDL rules so far */
};

/* Bytes copied into the arena, packed without alignment; p is NULL when it is full. */
struct slice reader_bytes(struct vdl_reader *r, struct slice s);
/* The same for a name: control characters and broken UTF-8 become '?'. */
struct slice reader_name(struct vdl_reader *r, struct slice s);
void *reader_get(struct vdl_reader *r, size_t count, size_t size);

struct vdl_node *node_new(struct vdl_reader *r, enum vdl_kind kind, uint32_t line, uint32_t column);
struct vdl_node *node_over(struct vdl_reader *r, enum vdl_kind kind, struct vdl_node *kid);
/* A node over n kids, copied; the kid itself when there is one and the kind is a list. Places come from the first kid. */
struct vdl_node *node_list(struct vdl_reader *r, enum vdl_kind kind, struct vdl_node *const *kids, size_t n);
/* VN_CAT: flattens, joins neighbouring literals and gaps. */
struct vdl_node *node_cat(struct vdl_reader *r, struct vdl_node *const *kids, size_t n);
struct vdl_node *node_bytes(struct vdl_reader *r, struct slice bytes, bool fold);
struct vdl_node *node_set(struct vdl_reader *r, const uint8_t set[32]);
struct vdl_node *node_gap(struct vdl_reader *r, uint64_t lo, uint64_t hi);
struct vdl_node *node_edge(struct vdl_reader *r, enum vdl_edge edge, bool is_after);

static inline bool node_is_low(const struct vdl_node *n)
{
    return n->kind < VN_SEGMENT;
}

static inline void set_add(uint8_t set[32], unsigned c)
{
    set[c / 8 & 31] |= (uint8_t)(1u << c % 8);
}

static inline bool set_has(const uint8_t set[32], unsigned c)
{
    return set[c / 8 & 31] >> c % 8 & 1;
}

/* The class of rules that name none. */
static inline enum vdl_class reader_class(const struct vdl_reader *r)
{
    return r->o->has_class ? r->o->cls : VDL_VIRUS;
}

/* Count a signature that cannot be expressed, and say so. */
void reader_unsupported(struct vdl_reader *r, uint32_t line, struct slice rule, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Can the image hold this rule? As vdl_emit_check(); always CS_OK when only trees are wanted. */
enum cs_status reader_check(const struct vdl_reader *r, const struct vdl_rule *rule, char why[256]) MUST_USE;

/* A low-level tree in wide form: a zero byte behind each byte; gaps stay. */
struct vdl_node *node_wide(struct vdl_reader *r, struct vdl_node *n);

/* Bytes as they look inside base64 when they begin k (0 to 2) bytes behind a multiple of three; NULL: nothing certain is left. */
struct vdl_node *node_base64(struct vdl_reader *r, struct slice bytes, size_t k, const uint8_t *digits);

/* True with the number, when s is nothing but decimal digits (or 0x and hex digits, when hex is allowed). */
bool number_of(struct slice s, uint64_t *out);

#endif
