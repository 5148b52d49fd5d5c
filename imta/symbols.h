/*
 * symbols.h - the variables of a part, and what is put in the place of 'SYMBOL' in a clause.
 *
 *   Borrows   nothing: names and values are copied into the arena.
 *   Fails     CS_NOMEM when the arena is full, CS_TOOBIG beyond SYMBOLS_MAX; names beyond the rules are left out.
 *   Bounded   SYMBOL_VALUE bytes a value; a NUL byte ends it.
 *
 * A value from a message never becomes program text: where a shell is needed, 'SYMBOL' turns into a reference to the
 * variable; where none is, into one argument.
 */
#ifndef IMTA_SYMBOLS_H
#define IMTA_SYMBOLS_H

#include "base/arena.h"
#include "base/buf.h"
#include "mappings.h"

enum { SYMBOLS_MAX = 96, SYMBOL_VALUE = 65536, COMMAND_ARGS = 256, COMMAND_TEXT = 65536 };

struct symbol {
    const char *name, *value;   /* "NAME=value" in one piece at name: see symbols_environ() */
    size_t n_name, n_value;
};

struct symbols {
    struct arena *arena;
    struct symbol all[SYMBOLS_MAX];
    size_t n;
};

enum cs_status symbols_set(struct symbols *s, const char *name, struct slice value) MUST_USE;
/* Names are case-blind; a hyphen is as good as an underscore. */
bool symbols_same(struct slice a, struct slice b);
/* NULL when there is none. */
const struct symbol *symbols_find(const struct symbols *s, struct slice name);
/* NULL-terminated "NAME=value" strings in the arena. */
enum cs_status symbols_environ(const struct symbols *s, char ***out) MUST_USE;

/* 'SYMBOL' or 'TABLE:text' at the start of s: the length with both quotes, or 0 when the quote is only a quote. */
size_t symbols_reference(struct slice s);

/* A label: every 'SYMBOL' and 'TABLE:text' in written replaced, \' and \\ resolved. */
enum cs_status symbols_expand(const struct symbols *s, const struct mappings *maps, struct slice written,
                              struct buf *out) MUST_USE;

struct command {
    bool is_shell;
    char *argv[COMMAND_ARGS + 1];       /* of a shell: sh -c TEXT */
    const char *shown;                  /* for people */
};

/*
 * A command clause ready to run. Logicals such as IMTA_PROGRAM: become program_dir. Table lookups that a shell needs
 * are added to s as variables, so take the environment afterwards.
 */
enum cs_status symbols_command(struct symbols *s, const struct mappings *maps, const char *program_dir,
                               struct slice written, struct command *out) MUST_USE;

#endif
