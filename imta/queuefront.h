/*
 * queuefront.h - what convchan does with --queue: submit, work, list, release. Words and exit statuses, no states.
 *
 *   Borrows   the options.
 *   Fails     exit statuses: 0, 1 nothing found, 64, 75.
 */
#ifndef IMTA_QUEUEFRONT_H
#define IMTA_QUEUEFRONT_H

#include "convert.h"

struct queue_options {
    const char *folder, *jobs, *classes, *deliver, *deliver_timeout, *backoff, *notices, *clock_offset, *log, *mail_log, *postmaster, *host,
        *release, *priority;
    bool is_submitting, is_held, is_draining, is_listing, is_loose;     /* loose: without fsync */
    const char *from;
    const char *to[1000];
    size_t n_to;
};

int queuefront_run(const struct queue_options *o, const struct convert_job *job);

#endif
