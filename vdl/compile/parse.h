/*
 * parse.h - VDL tokens to trees. Shared by parse.c (rules, high level), parse_low.c (segments) and parse_fact.c (object facts).
 *
 *   Borrows   the reader and the source.
 *   Owns      struct parse, for the time of vdl_parse().
 *   Fails     a wrong rule is complained about and left out; CS_NOMEM ends it all.
 *   Bounded   PARSE_DEPTH levels of parentheses, PARSE_KIDS operands a rule.
 *   Threads   one.
 *
 * Parsing functions give NULL after a complaint; the caller gives up the rule.
 */
#ifndef VDL_COMPILE_PARSE_H
#define VDL_COMPILE_PARSE_H

#include "base/buf.h"
#include "lex.h"

enum { PARSE_DEPTH = 64, PARSE_KIDS = 1 << 16, PARSE_LETS = 256, PARSE_REPEAT = 1 << 20 };

struct let { struct slice name; struct vdl_node *node; bool is_used; uint32_t line, column; };

struct parse {
    struct vdl_reader *r;
    struct lex lex;
    struct token t;                 /* the one to look at */
    bool has_failed;                /* in this rule: one complaint is enough */
    bool no_comma;                  /* inside n OF (a, b): a comma ends an operand */
    unsigned depth;
    struct vdl_node **kids;         /* a stack of operands; heap */
    size_t n_kids, kid_room;
    struct let lets[PARSE_LETS];
    size_t n_lets;
    const struct vdl_types *types;  /* of the file, for rules without their own */
    const struct vdl_meta *meta;
    enum vdl_class cls;
};

/* Read a VDL source. CS_OK also when there were complaints. */
enum cs_status vdl_parse(struct vdl_reader *r, struct slice text) MUST_USE;

/* ---- for the parts of the parser ---- */
void parse_next(struct parse *p);
bool parse_is(const struct parse *p, int punct);
bool parse_is_word(const struct parse *p, const char *word);
/* Take it when it is there. */
bool parse_take(struct parse *p, int punct);
bool parse_take_word(struct parse *p, const char *word);
/* Take it, or complain that it was expected. */
bool parse_need(struct parse *p, int punct, const char *what);
bool parse_need_int(struct parse *p, uint64_t *out);
/* "expected WHAT, found …" at the token; returns NULL. */
void *parse_expected(struct parse *p, const char *what, const char *hint);
void *parse_error(struct parse *p, uint32_t line, uint32_t column, const char *hint, const char *text);
bool parse_push(struct parse *p, struct vdl_node *n);
/* m-n, m- or n, in bytes or levels. */
bool parse_range(struct parse *p, uint64_t *lo, uint64_t *hi);
/* A spelling that is ours, not confirmed for CVDL. */
void parse_ours(struct parse *p, const char *what);

struct vdl_node *parse_or(struct parse *p);
/* A low-level tree as a condition on the object; a high-level one as it is. */
struct vdl_node *parse_high(struct parse *p, struct vdl_node *n);
struct vdl_node *parse_cat(struct parse *p);
struct vdl_node *parse_prim(struct parse *p);
/* COUNT, MD5, SIZE, NAME …: NULL without a complaint when the word is none of them. */
struct vdl_node *parse_fact(struct parse *p);
/* n OF (…): from behind the OF. */
struct vdl_node *parse_n_of(struct parse *p, uint64_t n, const struct token *t);
/* <…>: from behind the '<' to behind the '>'. Types and metadata that are not named stay as they were. */
bool parse_list(struct parse *p, const struct vdl_types **types, const struct vdl_meta **meta, enum vdl_class *cls, bool is_file);
/* A sample: from behind its sign. */
bool parse_sample(struct parse *p, bool must_match);

/* The letters behind a regular expression as VR_*; false for one that is none. */
bool vdl_regex_flags(struct slice flags, uint32_t *out);

#endif
