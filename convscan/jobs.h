/*
 * jobs.h - what is inside a large object is looked at by two threads; what comes out is the same as with one.
 *
 * Children of a large object, of JOB_BYTES at most, wait in a queue, in order: helper.h works it off, and the first thread
 * goes on unpacking. A job writes into a verdict of its own and counts on its own, and this is added up in the order in which the
 * children came out. Whatever could go otherwise one by one (a budget that is nearly spent, a limit, a password that was learnt, an
 * exception by an allow rule) is not decided here: it is done again, in its turn, by the first thread.
 *
 *   Borrows   the scan and the object that is taken apart; jobs_settle() comes before either is gone.
 *   Owns      the second thread, and the bytes of the children in the queue.
 *   Fails     never: without a second thread all is done in the first.
 *   Bounded   JOBS children; of their bytes, JOBS_BYTES are in memory of their own.
 *   Threads   called by the thread of the scan alone.
 */
#ifndef CONVSCAN_JOBS_H
#define CONVSCAN_JOBS_H

#include "base/status.h"
#include "scanning.h"

/* The bytes from which on an object is large. A build for tests may set fewer. */
#ifndef JOBS_FROM
#define JOBS_FROM (1 << 20)
#endif
enum { JOB_BYTES = 4 << 20 };

/* May a child of so many bytes, and more to come, be a job? */
static inline bool jobs_are_for(size_t n, size_t more)
{
    return n <= JOB_BYTES && more <= JOB_BYTES - n;
}

/* The look at a large object itself becomes a job while it is taken apart. False: it is to be done now. */
bool jobs_look(struct scan *s, struct object *o);
/* What taking it apart came to, and that look: the status of both. */
enum cs_status jobs_looked(struct scan *s, struct object *o, enum cs_status st) MUST_USE;

/* The child that is whole now becomes a job. False: it is to be done now. *st: what came of earlier ones, otherwise. */
bool jobs_child(struct outlet *out, enum cs_status *st);

/* So much memory will be written from its front on: the second thread asks the kernel for it, page by page. */
void jobs_touch(struct scan *s, struct object *parent, uint8_t *p, size_t n);

/* All that waits is done and added up. Any status but CS_OK ends what goes on, as if the child had been done in its turn. */
enum cs_status jobs_settle(struct scan *s) MUST_USE;

void jobs_free(struct jobs *jobs);

#endif
