/*
 * milter.h - one generation of the mail filter: takes connections of mail servers, and each message through the conversion channel.
 *
 *   Borrows   the setup and the listening socket, for the life of the process; sets job.standby in it.
 *   Owns      sessions and threads. The process is the generation's own: milter_serve() ends it, or it ends by a signal.
 *   Fails     milter_serve(): a status when the filter library does not start.
 *   Bounded   connections, places, memory of a message, its time: by the setup. Messages by the switch max-message.
 *   Threads   starts its own. SIGUSR1: take no more connections, end with the last one. SIGUSR2: end when the messages that are
 *             being worked on are answered, or stop_time has passed; both must be blocked in the process before the call.
 *
 * Whatever goes wrong with us, the server is told to try again later; nothing is ever accepted because of it.
 */
#ifndef IMTA_MILTER_H
#define IMTA_MILTER_H

#include "convert.h"
#include "gate.h"

struct mil_setup {
    struct convert_job job;             /* channels, tags, files and switches; the rest is set for every message */
    const char *auth_chan;              /* in_chan of mail whose sender has signed in */
    const char *postmaster;             /* NULL: what is for him is held */
    const char *hold;                   /* a spool of convchan for held mail; NULL: the server's own hold queue */
    const char *work_dir, *spool_dir;   /* for messages of up to `memory` bytes, and for larger ones */
    size_t memory;
    unsigned places, max_connections;
    char *const *standby;               /* a command that n_standby processes are started of beforehand; NULL for none */
    unsigned n_standby;
    struct sizes sizes;
    uint64_t timeout, idle, stop_time;  /* seconds: for a message, for a silent connection, for the end */
    const char *status;                 /* a file for convtop; NULL: none */
    int log, maillog;                   /* descriptors; -1 for none */
};

enum cs_status milter_serve(struct mil_setup *setup, int listener) MUST_USE;

#endif
