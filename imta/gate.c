#include "gate.h"

#include <stddef.h>
#include <time.h>

struct gate_waiter {
    pthread_cond_t wake;
    struct gate_waiter *next, *before;
    unsigned place;
    bool has_place;
};

void gate_open(struct gate *g, unsigned places, const struct sizes *sizes)
{
    *g = (struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER, .sizes = *sizes, .n = places };
}

void gate_close(struct gate *g)
{
    pthread_mutex_destroy(&g->lock);
}

/* GATE_PLACES when there is none. */
static unsigned find_place(const struct gate *g, unsigned class)
{
    unsigned best = GATE_PLACES;

    for (unsigned i = 0; i < g->n; i++)
        if (!g->is_taken[i] && sizes_of_place(&g->sizes, i) >= class &&
            (best == GATE_PLACES || sizes_of_place(&g->sizes, i) < sizes_of_place(&g->sizes, best)))
            best = i;
    return best;
}

static void stand_in_line(struct gate *g, unsigned class, struct gate_waiter *w)
{
    w->before = g->last[class];
    if (w->before)
        w->before->next = w;
    else
        g->first[class] = w;
    g->last[class] = w;
    g->n_waiting++;
}

static void leave_line(struct gate *g, unsigned class, struct gate_waiter *w)
{
    if (w->before)
        w->before->next = w->next;
    else
        g->first[class] = w->next;
    if (w->next)
        w->next->before = w->before;
    else
        g->last[class] = w->before;
    g->n_waiting--;
}

static enum cs_status wait_for_place(struct gate *g, unsigned class, uint64_t deadline, unsigned *place)
{
    struct timespec until = { .tv_sec = (time_t)(deadline / 1000000), .tv_nsec = (long)(deadline % 1000000) * 1000 };
    struct gate_waiter w = { .next = NULL };
    pthread_condattr_t attr;
    int err = 0;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&w.wake, &attr);
    pthread_condattr_destroy(&attr);
    stand_in_line(g, class, &w);
    while (!w.has_place && !err)
        err = pthread_cond_timedwait(&w.wake, &g->lock, &until);
    if (!w.has_place)
        leave_line(g, class, &w);
    pthread_cond_destroy(&w.wake);
    *place = w.place;
    return w.has_place ? CS_OK : CS_TIMEOUT;
}

enum cs_status gate_enter(struct gate *g, uint64_t bytes, uint64_t deadline, unsigned *place)
{
    unsigned class = sizes_class(&g->sizes, bytes);
    enum cs_status st = CS_OK;

    pthread_mutex_lock(&g->lock);
    *place = find_place(g, class);
    if (*place == GATE_PLACES) {
        st = wait_for_place(g, class, deadline, place);
    } else {
        g->is_taken[*place] = true;
        g->n_taken++;
    }
    pthread_mutex_unlock(&g->lock);
    return st;
}

/* The place goes from hand to hand: nobody who comes in between can take it. */
void gate_leave(struct gate *g, unsigned place)
{
    struct gate_waiter *w = NULL;
    unsigned class;

    pthread_mutex_lock(&g->lock);
    for (class = sizes_of_place(&g->sizes, place) + 1; !w && class-- > 0;)
        w = g->first[class];
    if (w) {
        leave_line(g, class, w);
        w->place = place;
        w->has_place = true;
        pthread_cond_signal(&w->wake);
    } else {
        g->is_taken[place] = false;
        g->n_taken--;
    }
    pthread_mutex_unlock(&g->lock);
}
