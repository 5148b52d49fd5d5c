/*
 * fit.h - numbers out of measurements: least squares, percentiles, and how long a queue with c servers makes one wait.
 *
 *   Borrows   the values; percentiles sort them in place.
 *   Fails     fit_solve(): CS_INVALID with fewer observations than unknowns.
 *   Threads   no state.
 */
#ifndef IMTA_FIT_H
#define IMTA_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { FIT_TERMS = 3 };

struct observation {
    double x[FIT_TERMS];                /* 1, parts, bytes */
    double y;
};

struct fit {
    double term[FIT_TERMS];             /* never below zero: nothing takes negative time */
    bool is_known[FIT_TERMS];           /* false where the data cannot tell it from the others */
    double r2, rms;
};

enum cs_status fit_solve(const struct observation *o, size_t n, struct fit *out) MUST_USE;
double fit_predict(const struct fit *f, const double x[FIT_TERMS]);

/* p from 0 to 1, of values in ascending order. */
double fit_percentile(const double *sorted, size_t n, double p);
void fit_sort(double *values, size_t n);

/* Waiting in an M/G/c queue: rate a second, service mean and its squared coefficient of variation. */
struct queue_wait {
    double load;                        /* of each server, 1 is full: then nothing else is set */
    double delayed;                     /* the share that has to wait */
    double mean, median, p95;           /* seconds of waiting, service not counted */
};
void queue_wait(double rate, double service, double cv2, unsigned servers, struct queue_wait *out);

#endif
