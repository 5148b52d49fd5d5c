/*
 * job.h - everything about the one part that this process is for; shared by channel.c (in) and outcome.c (out).
 *
 *   Borrows   settings, databases, the environment.
 *   Owns      the bytes of the part, until the process ends.
 */
#ifndef CONVSCAN_JOB_H
#define CONVSCAN_JOB_H

#include <limits.h>

#include "act.h"
#include "base/buf.h"
#include "base/mapfile.h"
#include "dbset.h"
#include "message.h"
#include "scan.h"
#include "watchdog.h"

struct job {
    const struct channel *ch;
    const struct conf *conf;
    const struct dbset *dbs;
    struct timespec begin;
    char id[40];
    struct source { int fd; enum cs_status status; } input_file, headers_file;  /* open before the cage closes, read inside it */
    struct mapfile input, headers;
    struct mime_walk *header_walk;
    char media[200];
    struct scan_part part;
    struct scan *scan;
    struct scan_facts facts;
    struct act act;
    enum action action;
    bool is_flood;
    uint32_t flood_before, flood_count;
    struct buf cleaned, notice, notice_headers, page, both, both_headers;
    struct watchdog_answer emergency;
    char emergency_line[32];
    unsigned uncaged;                   /* what the kernel could not do: bits of cage.h */
    /* What is large comes last: most parts touch the beginning of it, or nothing. */
    struct verdict verdict;
    char diagnostic[200], tags[700];
    char emergency_temp[PATH_MAX];
    struct message message;             /* read when something of it is needed */
};

/* A failure of ours: class error. st is CS_OK when what says it all. */
void job_trouble(struct job *j, const char *what, enum cs_status st);
/* Read MESSAGE_HEADERS, once. */
void job_read_message(struct job *j);
/* This action, or hold where the server is said not to know its status. */
enum action job_known(const struct conf *c, enum action a);
/* From the verdict to what the server sees: the exit status. */
int job_conclude(struct job *j);

#endif
