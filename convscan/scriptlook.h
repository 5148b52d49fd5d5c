/*
 * scriptlook.h - where in a script does anything begin that script.c looks at? Most bytes are names and blanks.
 *
 *   Borrows   the script.
 *   Fails     never: the end of the script is an answer.
 *   Bounded   each byte is read once, 64 together.
 */
#ifndef CONVSCAN_SCRIPTLOOK_H
#define CONVSCAN_SCRIPTLOOK_H

#include "base/slice.h"

/* A word of so many bytes may be base64 on a command line; a comma within so many places makes a number one of a list. */
enum { SCRIPT_WORD_MAX = 24, SCRIPT_NEAR = 4 };

static inline bool script_is_word(uint8_t c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || c == '$';
}

/* What base64 is written in, but for the filling at its end. */
static inline bool script_is_coded(uint8_t c)
{
    return script_is_word(c) || c == '+' || c == '/';
}

static inline bool script_is_quote(uint8_t c)
{
    return c == '"' || c == '\'' || c == '`';
}

static inline bool script_is_bracket(uint8_t c)
{
    return c == '(' || c == '[' || c == '{';
}

/* What a byte outside strings is when something may begin there; all of it is looked for in blocks, too. */
static inline bool script_may_begin(uint8_t c)
{
    return script_is_coded(c) || script_is_quote(c) || script_is_bracket(c);
}

/* Numbers of a list, or what is passed over between them. */
static inline bool script_may_list(uint8_t c)
{
    return ascii_is_digit(c) || ascii_is_space(c) || c == '-' || c == '&' || c == '/' || c == '_';
}

struct scriptlook {
    struct slice in;
    size_t base;                /* of the 64 bytes at hand; no multiple of 64: none */
    uint64_t places;            /* a bit for each of them that wants a look */
};

struct scriptlook scriptlook_of(struct slice in);
/*
 * The next place, from at on, that wants a look: a quotation mark, a comment, a bracket that a number or a blank may follow, a word that
 * begins with c or f, a word that may be longer than SCRIPT_WORD_MAX, or such a run of base64; a number near a comma. No word goes on at
 * at: the byte there is no part of one.
 */
size_t scriptlook_next(struct scriptlook *l, size_t at);

#endif
