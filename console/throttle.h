/*
 * throttle.h - how often someone may try to sign in: a bucket for each name and each address that leaks one try in a while.
 *
 *   Owns      the table.
 *   Fails     never. Two names may share a bucket (1 in THROTTLE_SLOTS); which, nobody outside can tell.
 *   Bounded   THROTTLE_SLOTS. Nothing can be pushed out of the table by asking for more names.
 *   Threads   any.
 */
#ifndef CONSOLE_THROTTLE_H
#define CONSOLE_THROTTLE_H

#include <pthread.h>

#include "base/slice.h"

enum { THROTTLE_SLOTS = 8192 };

struct throttle {
    pthread_mutex_t lock;
    uint8_t key[16];
    double tries, seconds;              /* so many at once; then one more in so many seconds */
    struct { double level, at; } slot[THROTTLE_SLOTS];
};

bool throttle_init(struct throttle *t, double tries, double seconds);
/* Counts one more try; 0 when it may be made, else the seconds to wait. */
double throttle_take(struct throttle *t, const char *name, double now);
/* It was no guess after all. */
void throttle_forget(struct throttle *t, const char *name);

#endif
