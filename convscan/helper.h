/*
 * helper.h - a second thread that works off a queue of jobs in their order, and whose results are taken in that order.
 *
 *   Borrows   the jobs: an array of slots that the caller fills and empties.
 *   Owns      the thread, until helper_free().
 *   Fails     helper_new() alone: NULL when there is one processor, or no thread to be had.
 *   Bounded   by the number of slots; nothing is allocated later.
 *   Threads   one thread calls these functions. A slot is the caller's until it is given, and again when it is the oldest and done.
 */
#ifndef CONVSCAN_HELPER_H
#define CONVSCAN_HELPER_H

#include <stdbool.h>
#include <stddef.h>

struct helper;

/* Do the job in this slot; who is what the thread at hand was given to work with. */
typedef void helper_work(void *who, size_t slot);

/* who: for the second thread; the calling one hands in its own where it helps out. */
struct helper *helper_new(size_t slots, helper_work *work, void *who);
void helper_free(struct helper *h);

/* Jobs given and not taken back yet. */
size_t helper_count(const struct helper *h);
/* The slot to fill next; there is one while helper_count() is below the number of slots. */
size_t helper_next(const struct helper *h);
/* is_urgent: a long one, to be begun at once; others wait until there are a few. */
void helper_give(struct helper *h, bool is_urgent);

/* The oldest job's slot, when there is one and it is done. */
bool helper_has_done(struct helper *h, size_t *slot);
/* Jobs that were given and are not done. */
size_t helper_open(struct helper *h);
/* Does one that nobody has begun; false: there is none. */
bool helper_help(struct helper *h, void *who);
/* Waits for the oldest job, doing others meanwhile. There must be one. */
size_t helper_wait(struct helper *h, void *who);
/* The oldest job has been seen to: its slot is free. */
void helper_take(struct helper *h);

#endif
