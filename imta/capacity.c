#include "capacity.h"

#include <math.h>
#include <string.h>

/* The share of the processors' time that is used: above the one waiting begins to be hidden, above the other it is. */
#define FULL_FROM 0.75
#define FULL 0.85

/* How much slower a processor is while m of them are busy. */
static double slower(const struct host *h, double m)
{
    return m > 1 ? 1 + 2 * h->slowing * (1 - 1 / m) : 1;
}

/* Processors' worth of work that k jobs get done. */
static double power(const struct host *h, double k)
{
    double busy = fmin(k, h->cpus);

    return busy / slower(h, busy) * (1 - h->lost);
}

void capacity_rates(const struct host *h, unsigned n, double *x)
{
    double at[CAPACITY_JOBS + 1] = { 1 };       /* the share of time with k jobs on the processors */

    x[0] = 0;
    n = n > CAPACITY_JOBS ? CAPACITY_JOBS : n;
    for (unsigned jobs = 1; jobs <= n; jobs++) {
        double stay = 0, sum = 0;

        for (unsigned k = 1; k <= jobs; k++)
            stay += k / power(h, k) * h->demand * at[k - 1];
        x[jobs] = stay + h->think > 0 ? jobs / (stay + h->think) : 0;
        for (unsigned k = jobs; k >= 1; k--) {
            at[k] = x[jobs] * h->demand / power(h, k) * at[k - 1];
            sum += at[k];
        }
        at[0] = fmax(0, 1 - sum);
    }
}

/* Seconds a message takes with n jobs at work, n not always whole. */
static double residence(const struct host *h, double n)
{
    double x[CAPACITY_JOBS + 1] = { 0 };
    unsigned k = (unsigned)fmin(n, CAPACITY_JOBS - 1);

    capacity_rates(h, k + 1, x);
    return n / (x[k] + (x[k + 1] - x[k]) * (n - k));
}

/* 0 where waiting can be told from losses, 1 where it cannot. */
static double fullness(double wall, double cpu, double n, double cpus)
{
    double used = n > cpus ? n * cpu / wall / cpus : 0;

    return fmin(fmax((used - FULL_FROM) / (FULL - FULL_FROM), 0), 1);
}

struct host capacity_host(double wall, double cpu, double n, double cpus, double slowing)
{
    struct host h = { .cpus = cpus, .slowing = slowing };
    double least;

    n = fmin(fmax(n, 1), CAPACITY_JOBS - 1);
    h.demand = (cpu > 0 ? fmin(cpu, wall) : wall) / slower(&h, fmin(n, cpus));
    least = residence(&h, n);
    if (least >= wall) {                /* all of it is the processors' */
        h.demand *= least > 0 ? wall / least : 1;
        return h;
    }
    h.lost = (1 - least / wall) * fullness(wall, cpu, n, cpus);
    for (double low = 0, high = wall; high - low > wall * 1e-6;) {
        h.think = (low + high) / 2;
        *(residence(&h, n) < wall ? &low : &high) = h.think;
    }
    return h;
}

void queue_wait(double rate, const double *x, double cv2, unsigned servers, struct queue_wait *out)
{
    double p = 1, all = 1, busy = 0;

    memset(out, 0, sizeof *out);
    out->load = servers && x[servers] > 0 ? rate / x[servers] : 1;
    if (out->load >= 1)
        return;
    for (unsigned k = 1; k <= servers; k++) {
        p *= rate / x[k];
        if (k == servers)
            p /= 1 - out->load;         /* this many and more */
        all += p;
        busy += k * p;
    }
    out->delayed = p / all;
    out->service = rate > 0 ? busy / all / rate : 1 / x[1];
    out->conditional = 1 / (x[servers] - rate) * (1 + cv2) / 2;
}

/* The share that is through after t seconds. */
static double share_within(const struct queue_wait *w, const double *service, unsigned long n, double stretch, double t)
{
    double sum = 0;

    for (unsigned long i = 0; i < n; i++) {
        double left = t - service[i] * stretch;

        if (left >= 0)
            sum += 1 - (w->conditional > 0 ? w->delayed * exp(-left / w->conditional) : 0);
    }
    return sum / (double)n;
}

double queue_delay(const struct queue_wait *w, const double *service, unsigned long n, double stretch, double p)
{
    double low = 0, high = 1e-3;

    if (n == 0)
        return 0;
    while (share_within(w, service, n, stretch, high) < p && high < 1e9)
        high *= 2;
    while (high - low > high * 1e-4) {
        double t = (low + high) / 2;

        *(share_within(w, service, n, stretch, t) < p ? &low : &high) = t;
    }
    return high;
}
