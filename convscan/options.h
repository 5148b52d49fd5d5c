/*
 * options.h - the command line.
 *
 *   Borrows   argv, for good.
 *   Fails     options_parse(): false, with one line in why.
 *   Bounded   by argc.
 */
#ifndef CONVSCAN_OPTIONS_H
#define CONVSCAN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "dbset.h"

struct options {
    const char *config, *move, *preview_notice, *print_notice;
    const char *dbs[DBSET_MAX];
    size_t n_dbs;
    char **paths;
    size_t n_paths;
    bool is_json, is_raw, wants_all, is_recursive, is_delete, is_clean, is_explain, is_quiet;
    bool is_uvscan, wants_summary;
    bool is_waiting;                    /* the variables of a part come on standard input */
    bool wants_help, wants_version, wants_selftest, checks_config, prints_config;
};

bool options_parse(int argc, char **argv, struct options *o, char why[256]);
const char *options_help(void);

#endif
