/*
 * fit.h - numbers out of measurements: least squares and percentiles.
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

#endif
