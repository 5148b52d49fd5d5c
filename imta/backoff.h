/*
 * backoff.h - when a message that could not be processed is tried again.
 *
 *   Fails     backoff_set(): CS_INVALID for what is no list of ISO 8601 durations.
 *   Bounded   BACKOFF_STEPS waits a priority; the last one holds for ever.
 */
#ifndef IMTA_BACKOFF_H
#define IMTA_BACKOFF_H

#include "envelope.h"

enum { BACKOFF_STEPS = 8 };

struct backoff {
    uint64_t seconds[3][BACKOFF_STEPS]; /* by priority */
    unsigned n[3];
};

/* The server's own waits. */
void backoff_default(struct backoff *b);
/* "PT5M,PT15M,PT1H": the waits of normal messages, half of them for urgent ones, twice for the others. */
enum cs_status backoff_set(struct backoff *b, struct slice list) MUST_USE;
/* The wait after this many failures, 1 for the first. */
uint64_t backoff_seconds(const struct backoff *b, enum priority p, unsigned failures);
/* "P1DT2H30M", "pt5m", … */
bool backoff_duration(struct slice s, uint64_t *seconds);

#endif
