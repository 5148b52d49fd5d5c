/*
 * lex.h - VDL text to tokens; macros are expanded here.
 *
 *   Borrows   the source.
 *   Owns      macros and the text of strings (in the program's arena).
 *   Fails     a wrong token is complained about and comes out as LT_BAD; the text goes on behind it.
 *   Bounded   LEX_STRING bytes a string, LEX_MACROS macros, LEX_NEST levels and LEX_EXPAND bytes of expansion a rule.
 *   Threads   one.
 */
#ifndef VDL_COMPILE_LEX_H
#define VDL_COMPILE_LEX_H

#include "reader.h"

enum { LEX_STRING = 1 << 16, LEX_MACROS = 1 << 20, LEX_NEST = 64, LEX_EXPAND = 1 << 20, LEX_NAME = 255 };

enum token_kind {
    LT_END, LT_BAD,
    LT_STRING,          /* bytes */
    LT_INT,             /* value */
    LT_BYTE,            /* value: one byte, written as a character */
    LT_MASK,            /* value, mask: 0x?4 */
    LT_WORD,            /* bytes: keyword or identifier */
    LT_CLASS,           /* value: 'd', 's' or 'w' */
    LT_EDGE,            /* \b */
    LT_REGEX,           /* bytes: pattern; flags */
    LT_PUNCT            /* value: the character, or LP_… */
};
enum { LP_GE = 256, LP_LE, LP_NE, LP_LOOSE /* ~~ */, LP_DIGITS /* ~# */, LP_ANYGAP /* .* */ };

struct token {
    enum token_kind kind;
    uint32_t line, column;
    bool is_first;              /* nothing but blanks before it on its line */
    bool is_glued;              /* no blank between it and the token before */
    uint64_t value;
    uint8_t mask;
    struct slice bytes, flags;
};

struct macro;
struct lex_input { struct slice rest; struct macro *macro; };

struct lex {
    struct vdl_reader *r;
    const uint8_t *line_start;
    uint32_t line;
    bool at_first;              /* only blanks so far on this line */
    struct lex_input in[LEX_NEST];  /* in[0] is the source, the others macro bodies */
    size_t depth;
    size_t expanded;            /* bytes of macro bodies in this rule */
    struct macro **table;       /* hash of macros; heap */
    size_t n_macros, table_size;
    uint32_t use_line, use_column;  /* of the outermost macro being expanded */
};

/* False when memory is short. */
bool lex_init(struct lex *l, struct vdl_reader *r, struct slice text);
void lex_release(struct lex *l);
struct token lex_next(struct lex *l);
/* Is the next token this word? Looks only, and not into macros. */
bool lex_peek_word(const struct lex *l, const char *word);
/* The raw text up to a comma (not taken), for a rule's name. Complains and gives an empty slice when there is none on this line. */
struct slice lex_name(struct lex *l);
/* Start the count of expanded bytes again. */
void lex_rule_start(struct lex *l);
/* Leave all macros and skip to the end of a broken rule: behind its '#', or before a line that starts with ':', '+' or '-'. */
void lex_skip_rule(struct lex *l);

#endif
