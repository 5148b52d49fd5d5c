#include "fit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Normal equations over the terms in use, scaled so that bytes and parts weigh alike; false when two terms cannot be told apart. */
static bool solve_used(const struct observation *o, size_t n, const bool *used, double *term)
{
    double scale[FIT_TERMS] = { 0 }, a[FIT_TERMS][FIT_TERMS + 1] = { { 0 } };

    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < FIT_TERMS; i++)
            scale[i] = fmax(scale[i], fabs(o[k].x[i]));
    for (size_t k = 0; k < n; k++)
        for (int i = 0; i < FIT_TERMS; i++)
            for (int j = 0; used[i] && j <= FIT_TERMS; j++)
                if (j == FIT_TERMS || used[j])
                    a[i][j] += o[k].x[i] / (scale[i] > 0 ? scale[i] : 1) *
                               (j == FIT_TERMS ? o[k].y : o[k].x[j] / (scale[j] > 0 ? scale[j] : 1));
    for (int i = 0; i < FIT_TERMS; i++) {
        if (!used[i])
            continue;
        if (fabs(a[i][i]) < 1e-9 * (double)n)
            return false;
        for (int r = 0; r < FIT_TERMS; r++) {
            double f = a[r][i] / a[i][i];

            for (int j = 0; r != i && used[r] && j <= FIT_TERMS; j++)
                a[r][j] -= f * a[i][j];
        }
    }
    for (int i = 0; i < FIT_TERMS; i++)
        term[i] = used[i] ? a[i][FIT_TERMS] / a[i][i] / (scale[i] > 0 ? scale[i] : 1) : 0;
    return true;
}

double fit_predict(const struct fit *f, const double x[FIT_TERMS])
{
    double y = 0;

    for (int i = 0; i < FIT_TERMS; i++)
        y += f->term[i] * x[i];
    return y;
}

static void judge(const struct observation *o, size_t n, struct fit *f)
{
    double mean = 0, all = 0, left = 0;

    for (size_t k = 0; k < n; k++)
        mean += o[k].y / (double)n;
    for (size_t k = 0; k < n; k++) {
        double d = o[k].y - fit_predict(f, o[k].x);

        all += (o[k].y - mean) * (o[k].y - mean);
        left += d * d;
    }
    f->r2 = all > 0 ? 1 - left / all : 1;
    f->rms = sqrt(left / (double)n);
}

/* A term that comes out negative, or that the data cannot tell from another, leaves; the rest is fitted anew. */
enum cs_status fit_solve(const struct observation *o, size_t n, struct fit *out)
{
    static const int order[FIT_TERMS] = { 1, 2, 0 };    /* whom to drop first when two cannot be told apart */
    bool used[FIT_TERMS] = { true, true, true };

    *out = (struct fit){ .r2 = 0 };
    if (n < FIT_TERMS)
        return CS_INVALID;
    for (int round = 0; round < FIT_TERMS + 1; round++) {
        int worst = -1;
        bool is_clear = solve_used(o, n, used, out->term);

        for (int i = 0; !is_clear && worst < 0 && i < FIT_TERMS; i++)
            if (used[order[i]])
                worst = order[i];
        for (int i = 0; is_clear && i < FIT_TERMS; i++)
            if (used[i] && out->term[i] < 0 && (worst < 0 || out->term[i] < out->term[worst]))
                worst = i;
        if (worst < 0)
            break;
        used[worst] = false;
    }
    for (int i = 0; i < FIT_TERMS; i++) {
        out->is_known[i] = used[i];
        out->term[i] = used[i] ? out->term[i] : 0;
    }
    judge(o, n, out);
    return CS_OK;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

void fit_sort(double *values, size_t n)
{
    if (n)
        qsort(values, n, sizeof *values, compare);
}

double fit_percentile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n ? n - 1 : 0);
    size_t i = (size_t)at;

    if (n == 0)
        return 0;
    return i + 1 < n ? sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}
