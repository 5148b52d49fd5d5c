/*
 * gate.h - who may scan now: a number of places, some of them for small messages only, so that those never wait behind large ones.
 *
 *   Owns      its lists, between gate_open() and gate_close(); whoever waits lies on his own stack.
 *   Fails     gate_enter(): CS_TIMEOUT when the time is over before a place is free.
 *   Bounded   GATE_PLACES places; whoever calls bounds the number of those who wait.
 *   Threads   any number; within a class they come to a place in the order in which they arrived.
 *
 * A message takes the free place that is for the smallest messages among those that take its size. A place that becomes free goes
 * to the largest class that it takes and that somebody waits in: the small ones have places of their own.
 */
#ifndef IMTA_GATE_H
#define IMTA_GATE_H

#include <pthread.h>

#include "base/status.h"
#include "sizes.h"

enum { GATE_PLACES = 256 };

struct gate_waiter;

struct gate {
    pthread_mutex_t lock;
    struct sizes sizes;
    unsigned n;                         /* places */
    bool is_taken[GATE_PLACES];
    unsigned n_taken, n_waiting;
    struct gate_waiter *first[SIZES_MAX + 1], *last[SIZES_MAX + 1];
};

void gate_open(struct gate *g, unsigned places, const struct sizes *sizes);
void gate_close(struct gate *g);

/* deadline: microseconds of CLOCK_MONOTONIC. On CS_OK *place is the caller's until gate_leave(). */
enum cs_status gate_enter(struct gate *g, uint64_t bytes, uint64_t deadline, unsigned *place) MUST_USE;
void gate_leave(struct gate *g, unsigned place);

#endif
