/*
 * glob.h - wildcards of the conversions and mappings files, with what they matched.
 *
 *   Borrows   pattern and text; captures are slices of the text.
 *   Fails     glob_compile(): CS_INVALID with a reason for the reader of the file, CS_LIMIT when the pattern is too long.
 *   Bounded   GLOB_ITEMS items a pattern, GLOB_TEXT bytes of text; time and memory are items times bytes.
 *   Threads   no state.
 *
 * In a mapping:  * any run, % any one, $A $B $D $H $O $S $T $X and $[set] before * or % narrow what is allowed, $_ asks
 * for the shortest run, $@ and $^ switch saving off and on, $n* repeats what wildcard n matched, any other $c is c itself.
 * In a conversions file only * is special. Case never matters.
 */
#ifndef IMTA_GLOB_H
#define IMTA_GLOB_H

#include "base/slice.h"
#include "base/status.h"

enum { GLOB_ITEMS = 1024, GLOB_TEXT = 8192, GLOB_SAVES = 10 };

struct glob_saves {
    struct slice at[GLOB_SAVES];
    size_t n;
};

enum glob_kind { GLOB_CHAR, GLOB_ONE, GLOB_RUN, GLOB_BACK };

struct glob_item {
    enum glob_kind kind;
    uint8_t c;                  /* of GLOB_CHAR, lower case; of GLOB_BACK the number */
    bool is_short, is_saved;
    uint64_t set[4];            /* of GLOB_ONE and GLOB_RUN */
};

/* Reads a mapping pattern. items has room for GLOB_ITEMS. *why is a constant text when the answer is not CS_OK. */
enum cs_status glob_compile(struct slice pattern, struct glob_item *items, size_t *n, const char **why) MUST_USE;

/* The whole text, case-blind. saves may be NULL. CS_NOMEM, CS_TOOBIG for more than GLOB_TEXT bytes; then *is_match is false. */
enum cs_status glob_match(const struct glob_item *items, size_t n, struct slice text, struct glob_saves *saves,
                          bool *is_match) MUST_USE;

/* Only '*' is special: a clause of the conversions file. Any length, no memory. */
bool glob_star(struct slice pattern, struct slice text);

#endif
