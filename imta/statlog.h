/*
 * statlog.h - log lines of convscan (a line a part) and of convchan's queue (a line a message) as numbers.
 *
 *   Owns      the records, until statlog_free().
 *   Fails     CS_NOMEM, and statuses of the file. Lines that are no record are counted, not read.
 *   Bounded   STATLOG_LINE bytes a line; longer ones are no records.
 */
#ifndef IMTA_STATLOG_H
#define IMTA_STATLOG_H

#include <stdio.h>

#include "base/slice.h"
#include "base/status.h"

enum statlog_except { EXCEPT_VIRUS = 1, EXCEPT_EXT = 2, EXCEPT_SPAM = 4 };

enum { STATLOG_LINE = 16384, STATLOG_WORD = 48, STATLOG_ID = 64 };

struct stat_record {
    char id[STATLOG_ID];                /* of the message */
    char class[STATLOG_WORD];           /* of a part; the outcome of a message */
    char channel[STATLOG_WORD];         /* "in>out" */
    unsigned excepts;                   /* what exceptions took away: bits of enum statlog_except */
    char sig[STATLOG_WORD];             /* "-" when nothing matched */
    bool is_message;                    /* a line of the queue */
    double time;                        /* seconds since 1970 */
    double bytes, parts, us, cpu_us, delay_us;
    double attempts;                    /* tries before this one */
    unsigned worker;
};

struct statlog {
    struct stat_record *all;
    size_t n, room;
    size_t n_other;                     /* lines that were no records */
};

enum cs_status statlog_read(struct statlog *l, FILE *f) MUST_USE;
/* n log files, or standard input when n is 0. On failure *bad names the one. */
enum cs_status statlog_read_files(struct statlog *l, char **files, int n, const char **bad) MUST_USE;
void statlog_free(struct statlog *l);
bool statlog_line(struct slice line, struct stat_record *out);

/* Part lines of one message as one record each; message lines as they are. */
enum cs_status statlog_messages(const struct statlog *parts, struct statlog *out) MUST_USE;

#endif
