#include "helper.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

/* WAKE: so many jobs are worth waking somebody. CRASH_STACK: what the answer to a crash runs on. */
enum { WAKE = 4, STACK = 8 << 20, CRASH_STACK = 16384 };

struct helper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t given, done;
    helper_work *work;
    void *who;
    size_t slots;
    size_t oldest, claimed, end;        /* ever growing; a slot is the remainder */
    size_t finished;                    /* how many, in whatever order */
    bool is_idle, is_over;
    char crash_stack[CRASH_STACK] __attribute__((aligned(16)));
    bool is_done[];
};

/* Does the next job, with the lock held before and after. */
static void do_next(struct helper *h, void *who)
{
    size_t slot = h->claimed++ % h->slots;

    pthread_mutex_unlock(&h->lock);
    h->work(who, slot);
    pthread_mutex_lock(&h->lock);
    h->is_done[slot] = true;
    h->finished++;
}

static void *run(void *arg)
{
    struct helper *h = arg;
    stack_t alt = { .ss_sp = h->crash_stack, .ss_size = sizeof h->crash_stack }, before = { .ss_flags = SS_DISABLE };

    sigaltstack(&alt, &before);         /* the watchdog answers also when this thread's stack is used up */
    pthread_mutex_lock(&h->lock);
    while (!h->is_over) {
        if (h->claimed == h->end) {
            h->is_idle = true;
            pthread_cond_wait(&h->given, &h->lock);
            h->is_idle = false;
        } else {
            do_next(h, h->who);
            pthread_cond_signal(&h->done);
        }
    }
    pthread_mutex_unlock(&h->lock);
    sigaltstack(&before, NULL);         /* a sanitizer had one */
    return NULL;
}

static bool has_processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 1;
}

/* Alarms and limits are for the first thread, which holds the answer; a crash is answered where it happens. */
static void hold_signals(sigset_t *before)
{
    static const int crashes[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS };
    sigset_t all;

    sigfillset(&all);
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        sigdelset(&all, crashes[i]);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

static bool start(struct helper *h)
{
    pthread_attr_t attr;
    sigset_t before;
    bool is_started;

    if (pthread_attr_init(&attr) != 0)
        return false;
    hold_signals(&before);
    is_started = pthread_attr_setstacksize(&attr, STACK) == 0 && pthread_create(&h->thread, &attr, run, h) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return is_started;
}

struct helper *helper_new(size_t slots, helper_work *work, void *who)
{
    struct helper *h = has_processors() ? calloc(1, sizeof *h + slots * sizeof h->is_done[0]) : NULL;

    if (!h)
        return NULL;
    h->slots = slots;
    h->work = work;
    h->who = who;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->given, NULL);
    pthread_cond_init(&h->done, NULL);
    if (start(h))
        return h;
    free(h);
    return NULL;
}

void helper_free(struct helper *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->is_over = true;
    pthread_cond_signal(&h->given);
    pthread_mutex_unlock(&h->lock);
    pthread_join(h->thread, NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->given);
    pthread_cond_destroy(&h->done);
    free(h);
}

size_t helper_count(const struct helper *h)
{
    return h->end - h->oldest;
}

size_t helper_next(const struct helper *h)
{
    return h->end % h->slots;
}

void helper_give(struct helper *h, bool is_urgent)
{
    pthread_mutex_lock(&h->lock);
    h->is_done[h->end % h->slots] = false;
    h->end++;
    if (h->is_idle && (is_urgent || h->end - h->claimed >= WAKE))
        pthread_cond_signal(&h->given);
    pthread_mutex_unlock(&h->lock);
}

bool helper_has_done(struct helper *h, size_t *slot)
{
    bool is_done;

    if (h->oldest == h->end)
        return false;
    *slot = h->oldest % h->slots;
    pthread_mutex_lock(&h->lock);
    is_done = h->is_done[*slot];
    pthread_mutex_unlock(&h->lock);
    return is_done;
}

size_t helper_open(struct helper *h)
{
    size_t n;

    pthread_mutex_lock(&h->lock);
    n = h->end - h->finished;
    pthread_mutex_unlock(&h->lock);
    return n;
}

bool helper_help(struct helper *h, void *who)
{
    bool is_one;

    pthread_mutex_lock(&h->lock);
    is_one = h->claimed != h->end;
    if (is_one)
        do_next(h, who);
    pthread_mutex_unlock(&h->lock);
    return is_one;
}

size_t helper_wait(struct helper *h, void *who)
{
    size_t slot = h->oldest % h->slots;

    pthread_mutex_lock(&h->lock);
    while (!h->is_done[slot]) {
        if (h->is_idle && h->end - h->claimed > 1)
            pthread_cond_signal(&h->given);
        if (h->claimed != h->end)
            do_next(h, who);
        else
            pthread_cond_wait(&h->done, &h->lock);
    }
    pthread_mutex_unlock(&h->lock);
    return slot;
}

void helper_take(struct helper *h)
{
    h->oldest++;
}
