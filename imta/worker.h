/*
 * worker.h - one message of a spool: claim it, convert it, put the result in its place, hand it on.
 *
 *   Borrows   the settings and the spool.
 *   Owns      the message it has claimed, for the length of a call.
 *   Fails     a status means that the message is where it was, or where queuedir_recover() finds it.
 *   Threads   one process, one message at a time.
 */
#ifndef IMTA_WORKER_H
#define IMTA_WORKER_H

#include "backoff.h"
#include "convert.h"
#include "queuedir.h"

struct worker {
    struct queuedir *queue;
    struct convert_job job;             /* the envelope's channels take the place of these, its tags are added */
    struct backoff backoff;
    uint64_t notices;                   /* seconds; older messages go back to their sender */
    const char *deliver;                /* a shell command that takes the message; NULL: out/ */
    uint64_t deliver_seconds;           /* then it is killed, and has not taken it; 0: never */
    const char *postmaster, *host;
    int maillog, log;                   /* descriptors; -1 for none */
    unsigned number;                    /* of the worker, for the log */
    const char *room;                   /* its folder in the spool's tmp/ */
};

/* m is as the spool lists it, in queue/ or ready/. CS_STOP: somebody else has it, or we were asked to stop. */
enum cs_status worker_process(struct worker *w, struct queued m) MUST_USE;

#endif
