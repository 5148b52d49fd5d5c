/*
 * yara.h - YARA sources to trees: rules that need no module. yara_lex.c (tokens), yara_string.c and yara_regex.c (strings),
 * yara_cond.c (conditions), yara.c (rules).
 *
 *   Borrows   the reader and the source.
 *   Fails     a rule that cannot be expressed is counted as unsupported, one that is no YARA as malformed; both are left out, and so are the
 *             rules that refer to them.
 *   Bounded   YARA_STRINGS strings a rule, YARA_DEPTH levels, YARA_WORK tokens of loops over strings, YARA_RULES rules a file.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_YARA_H
#define VDL_COMPILE_YARA_H

#include "base/buf.h"
#include "reader.h"

enum { YARA_STRINGS = 1024, YARA_DEPTH = 40, YARA_RULES = 1 << 15, YARA_TEXT = 1 << 14, YARA_WORK = 1 << 20, YARA_WEIGHT = 1 << 14, YARA_STACK = 1 << 14 };

enum yara_kind {
    YT_END, YT_BAD, YT_WORD, YT_NUMBER, YT_TEXT, YT_REGEX, YT_HEX,
    YT_STRING_ID, YT_COUNT_ID, YT_OFFSET_ID, YT_LENGTH_ID,      /* $a #a @a !a; the name without its sign, may be empty or end in '*' */
    YT_PUNCT
};
enum { YP_EQ = 256, YP_NE, YP_LE, YP_GE, YP_DOTS, YP_SHL, YP_SHR };

struct yara_token {
    enum yara_kind kind;
    uint32_t line, column;
    uint64_t value;             /* numbers; YT_PUNCT: the character or YP_… */
    struct slice bytes, flags;  /* words, texts (escapes resolved), patterns */
};

struct yara_string { struct slice id; struct vdl_node *node; bool is_regex, is_fixed /* not to be bound to a place */; };
struct yara_rule { struct slice name; struct vdl_node *expr; uint32_t weight; bool is_private, is_global; };

struct yara {
    struct vdl_reader *r;
    struct slice text;
    size_t at;
    uint32_t line;
    size_t line_start;
    struct yara_token t;        /* the one to look at */
    bool in_strings;            /* '{' begins a hex string */
    bool has_failed, is_unsupported;    /* in this rule */
    uint32_t fail_line, fail_column;
    char why[96];
    unsigned depth;
    size_t work;
    uint32_t weight;
    struct yara_string strings[YARA_STRINGS];
    size_t n_strings;
    const struct yara_string *current;  /* inside for … of */
    struct yara_rule *rules;    /* of the file; heap */
    size_t n_rules, rule_room;
    struct vdl_node **kids;     /* a stack; heap */
    size_t n_kids, kid_room;
};

/* ---- yara_lex.c ---- */
void yara_next(struct yara *y);
bool yara_is(const struct yara *y, int punct);
bool yara_is_word(const struct yara *y, const char *word);
bool yara_take(struct yara *y, int punct);
bool yara_take_word(struct yara *y, const char *word);
bool yara_need(struct yara *y, int punct, const char *what);
/* Say why the rule is left out; the first reason counts. NULL. */
void *yara_wrong(struct yara *y, const char *text);
void *yara_unsupported(struct yara *y, const char *text);
bool yara_push(struct yara *y, struct vdl_node *n);

/* ---- yara_string.c ---- */
/* $id = … with its modifiers; the '=' is taken. */
bool yara_string_read(struct yara *y, struct slice id);
enum { YM_NOCASE = 1, YM_WIDE = 2, YM_ASCII = 4, YM_XOR = 8, YM_BASE64 = 16, YM_BASE64WIDE = 32, YM_FULLWORD = 64, YM_PRIVATE = 128 };

/* ---- yara_regex.c ---- */
/* letters: behind the pattern; mods: YM_*. Two expressions joined by OR when it is both plain and wide. */
struct vdl_node *yara_regex(struct yara *y, struct slice pattern, struct slice letters, unsigned mods);

/* ---- yara_cond.c ---- */
struct vdl_node *yara_condition(struct yara *y);

enum cs_status yara_read(struct vdl_reader *r, struct slice text) MUST_USE;

#endif
