/*
 * milconfig.h - everything that convmilter reads before it serves, and reads again when it is told to.
 *
 *   Borrows   the command line, for the life of the configuration.
 *   Owns      files, tables and log descriptors, until milconfig_free().
 *   Fails     NULL after messages that say what is wrong; *code is then the exit status: 64, 65 or 75.
 *   Threads   read-only after loading.
 */
#ifndef IMTA_MILCONFIG_H
#define IMTA_MILCONFIG_H

#include <limits.h>

#include "milter.h"
#include "miloptions.h"
#include "symbols.h"

enum { MIL_EXIT_USAGE = 64, MIL_EXIT_CONFIG = 65, MIL_EXIT_RETRY = 75 };

struct milconfig {
    struct miloptions options;
    struct switches switches;
    struct conversions conversions;
    struct mappings *mappings;
    struct mil_setup setup;             /* without its folders */
    char places[3][PATH_MAX];
    struct command standby;             /* its words are in the arena */
    struct arena arena;
};

/* What the command line asks for but settings. */
struct mil_command {
    int argc;
    char **argv;
    const char *file;                   /* --config */
    bool is_check, is_help, is_version;
};

/* -1, or an exit status after a message. */
int milconfig_command(struct mil_command *cmd, struct miloptions *o);
/* The settings alone: what is needed before root is given up. */
int milconfig_options(const struct mil_command *cmd, struct miloptions *o);
struct milconfig *milconfig_load(const struct mil_command *cmd, int *code);
void milconfig_free(struct milconfig *c);

#endif
