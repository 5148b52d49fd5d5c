/*
 * jobs.h - the job controller: N worker processes over one spool, one message each, never the same twice.
 *
 *   Borrows   the settings, for the length of the call.
 *   Owns      the workers and the lock on the spool.
 *   Fails     CS_ACCESS when another controller has the spool; statuses of the file system.
 *   Bounded   JOBS_MAX workers, SIZES_MAX size classes. A worker that dies is replaced, its message tried again.
 *   Threads   one controller a spool. SIGTERM, SIGINT and SIGHUP end it: the commands of parts are killed, messages stay; a
 *             delivery command is waited for.
 */
#ifndef IMTA_JOBS_H
#define IMTA_JOBS_H

#include "sizes.h"
#include "worker.h"

enum { JOBS_MAX = 256 };

struct jobs {
    struct worker worker;               /* what every worker works with */
    const char *folder;                 /* of the spool */
    unsigned n;
    struct sizes sizes;
    bool is_draining;                   /* end when nothing is due */
};

enum cs_status jobs_run(struct jobs *j) MUST_USE;

#endif
