/*
 * mappings_tables.h - the mappings file in memory, for mappings.c and its lint.
 *
 *   Owns      everything is in the arena of struct mappings.
 *   Threads   read-only after mappings_parse().
 */
#ifndef IMTA_MAPPINGS_TABLES_H
#define IMTA_MAPPINGS_TABLES_H

#include "base/arena.h"
#include "glob.h"
#include "mappings.h"

struct rule {
    struct rule *next;
    unsigned line;
    const char *problem;        /* why it cannot be used here; NULL for most. The rest is not set then, but for the pattern */
    const struct glob_item *items;
    size_t n_items;
    struct slice pattern, template;
};

struct mapping_table {
    struct mapping_table *next;
    unsigned line;
    struct slice name;
    struct rule *first, **last;
    bool is_close;              /* no blank line between it and the table in front */
    bool is_called;             /* CONVERSIONS, or looked up from it */
};

struct long_line {
    struct long_line *next;
    unsigned line;
    size_t n;
};

struct mappings {
    struct arena arena;
    struct mapping_table *first, **last;
    struct long_line *long_lines;
    unsigned included;          /* the first line that includes a file, which is not read; 0 for none */
};

/* The first table of this name; NULL when there is none, or no m. */
struct mapping_table *mappings_find(const struct mappings *m, struct slice name);

/* Takes the next word of an answer of CONVERSIONS off the list. */
struct slice mappings_keyword(struct slice *left);
/* false for a word that means nothing. */
bool mappings_take_keyword(struct slice word, struct conversions_answer *out);

#endif
