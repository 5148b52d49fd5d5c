/*
 * rates.h - what convscan's log says of the last two days, by hour and class, kept up as the log grows.
 *
 *   Owns      its numbers.
 *   Fails     never; a log that cannot be read has no numbers. A new file under the same name is read from its beginning.
 *   Bounded   RATE_HOURS hours; RATE_TAIL bytes of a log that is met for the first time.
 *   Threads   one reads the log, any copy the numbers.
 */
#ifndef CONSOLE_RATES_H
#define CONSOLE_RATES_H

#include <pthread.h>
#include <sys/types.h>

#include "base/slice.h"

enum { RATE_HOURS = 48, RATE_CLASSES = 8, RATE_STEPS = 56, RATE_TAIL = 64 << 20 };

extern const char *const rate_classes[RATE_CLASSES];

struct rate_hour {
    long long hour;                     /* since 1970; 0: none */
    double n[RATE_CLASSES], bytes, us;
    unsigned steps[RATE_STEPS];         /* parts by time: step i ends at 2^((i+1)/2) microseconds */
};

struct rates {
    pthread_mutex_t lock;
    struct rate_hour of[RATE_HOURS];    /* hour % RATE_HOURS */
    ino_t inode;
    off_t at;
};

void rates_init(struct rates *r);
void rates_line(struct rates *r, struct slice line);
void rates_read(struct rates *r, const char *log);
/* The RATE_HOURS hours up to now, oldest first. */
void rates_copy(struct rates *r, double now, struct rate_hour out[RATE_HOURS]);
double rate_parts(const struct rate_hour *h);
/* Milliseconds that a share of the parts stayed below; 0 without any. */
double rate_percentile(const struct rate_hour *h, double share);

#endif
