/*
 * statplan.h - `convstat plan`: how many jobs to allow, from what a log says that messages cost.
 *
 *   Borrows   the records, one a message.
 *   Fails     as an exit status: 1 with no records, or when no number of jobs is enough.
 *   Bounded   CAPACITY_JOBS jobs.
 */
#ifndef IMTA_STATPLAN_H
#define IMTA_STATPLAN_H

#include "statlog.h"

struct plan_options {
    double rate;                        /* messages a second; 0: as in the log's busiest minute */
    double cpus;                        /* of one host */
    double target;                      /* seconds that 95 of 100 messages should stay below */
    double batch;                       /* messages at once instead of a rate; 0: a rate */
    unsigned jobs;                      /* only say what so many will do; 0: find the number */
};

int statplan(const struct statlog *messages, struct plan_options *o);

#endif
