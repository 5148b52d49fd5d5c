/*
 * capacity.h - how many messages a second a host gets through with n jobs, and how long a queue before it makes one wait.
 *
 * A job has a message on the processor part of the time and waits for disk or others the rest: a closed network of one station with
 * several processors and one of pure delay, solved exactly (mean value analysis, load-dependent). Processors that are busy
 * together slow each other (caches, memory, kernel, twin threads of one core): slowing, as logs tell, else CAPACITY_SLOWING.
 *
 *   Borrows   the arrays.
 *   Bounded   CAPACITY_JOBS jobs.
 *   Threads   no state.
 */
#ifndef IMTA_CAPACITY_H
#define IMTA_CAPACITY_H

enum { CAPACITY_JOBS = 512 };

#define CAPACITY_SLOWING 0.15           /* where nobody has measured it */

struct host {
    double cpus;
    double demand;                      /* seconds of processor a message takes when it has the host for itself */
    double think;                       /* seconds it waits for something else */
    double slowing;                     /* a second busy processor makes both slower by this; many, by twice this */
    double lost;                        /* the share of the processors that others and changing between jobs take */
};

/*
 * From what a message took, elapsed and of processor, while n jobs were at work on average. Time that the processors do not explain
 * was spent waiting for something else; but where more jobs than processors kept nearly all of them busy, hardly any amount of waiting
 * changes what gets done, so a small difference would come out as a long wait: there it is taken for lost.
 */
struct host capacity_host(double wall, double cpu, double n, double cpus, double slowing);

/* x[k], messages a second with k jobs at work, for k from 0 to n. */
void capacity_rates(const struct host *h, unsigned n, double *x);

/* Waiting before as many servers, where x[k] messages a second are done while k are busy; cv2 is the squared coefficient of
 * variation of service times. */
struct queue_wait {
    double load;                        /* of the servers, 1 is full: then nothing else is set */
    double delayed;                     /* the share that has to wait */
    double conditional;                 /* seconds that those wait, on average; about exponentially distributed */
    double service;                     /* seconds in service, others being there or not */
};
void queue_wait(double rate, const double *x, double cv2, unsigned servers, struct queue_wait *out);

/* The delay, waiting and service, that a share p stays below. Service times: n of them, each times stretch. */
double queue_delay(const struct queue_wait *w, const double *service, unsigned long n, double stretch, double p);

#endif
