#include "statplan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "capacity.h"
#include "fit.h"

enum { PLAN_GOOD = 0, PLAN_NOTHING = 1 };

/* What a message costs, as measured. */
struct load {
    double *wall;                       /* seconds of each, ascending */
    size_t n;
    double mean, cpu, cv2;
    double rate;                        /* of the busiest minute */
    double gap;                         /* seconds between two messages of a worker, the second waiting */
    double notice;                      /* seconds until a message is noticed that need not wait */
    double at_work;                     /* messages at work beside each, itself among them, on average */
    double slowing;                     /* by a second busy processor: learned from the logs, or assumed */
    struct host host;
};

static double busiest_minute(const struct statlog *m)
{
    double *t = reallocarray(NULL, m->n + 1, sizeof *t), most = 0;
    size_t from = 0;

    if (!t)
        return 0;
    for (size_t i = 0; i < m->n; i++)
        t[i] = m->all[i].time;
    fit_sort(t, m->n);
    for (size_t i = 0; i < m->n; i++) {
        while (t[i] - t[from] > 60)
            from++;
        most = fmax(most, (double)(i - from + 1));
    }
    most = m->n > 1 && t[m->n - 1] - t[0] < 60 ? (double)m->n / fmax(t[m->n - 1] - t[0], 1) : most / 60;
    free(t);
    return most;
}

/* When a worker had a message, and since when that message was there. */
struct span {
    double worker, start, end, arrived;
    double cpu, parts, bytes;
    bool is_retry;                      /* it waited for its time, not for a worker */
    double company;                     /* see count_company() */
};

enum { LEAST = 100 };                   /* messages to learn from */
#define LEAST_SPREAD 0.02               /* of 2 (1 - 1 / m), as a variance */

static int by_worker(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    return x->worker != y->worker ? (x->worker > y->worker) - (x->worker < y->worker) : (x->start > y->start) - (x->start < y->start);
}

static int by_start(const void *a, const void *b)
{
    const struct span *x = a, *y = b;

    return (x->start > y->start) - (x->start < y->start);
}

/*
 * Between two messages of a worker: when the second had been waiting since before the first began, what handing out costs; when it
 * came while the worker had nothing to do, how long it took to be noticed. In between it is a bit of both.
 */
static void measure_gaps(struct span *s, size_t n, double *gap, double *notice)
{
    double gaps = 0, n_gaps = 0, notices = 0, n_notices = 0;

    qsort(s, n, sizeof *s, by_worker);
    for (size_t i = 1; i < n; i++) {
        const struct span *a = &s[i - 1], *b = &s[i];

        if (b->worker != a->worker || b->start < a->end || b->is_retry)
            continue;
        if (b->arrived < a->start) {
            gaps += b->start - a->end;
            n_gaps++;
        } else if (b->arrived >= a->end && b->start >= b->arrived) {
            notices += b->start - b->arrived;
            n_notices++;
        }
    }
    *gap = n_gaps > 0 ? gaps / n_gaps : 0;
    *notice = n_notices > 0 ? notices / n_notices : 0;
}

/* How many messages were at work with each one, itself among them, on average over its time and the gap before it. */
static void count_company(struct span *s, size_t n, double gap)
{
    qsort(s, n, sizeof *s, by_worker);
    for (size_t i = 0; i < n; i++) {
        bool is_next = i && s[i].worker == s[i - 1].worker;

        s[i].start = is_next ? fmax(s[i].start - gap, fmin(s[i].start, s[i - 1].end)) : s[i].start - gap;
        s[i].company = fmax(s[i].end - s[i].start, 0);
    }
    qsort(s, n, sizeof *s, by_start);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n && s[j].start < s[i].end; j++) {
            double both = fmax(fmin(s[i].end, s[j].end) - s[j].start, 0);

            s[i].company += both;
            s[j].company += both;
        }
    for (size_t i = 0; i < n; i++)
        s[i].company = s[i].end > s[i].start ? s[i].company / (s[i].end - s[i].start) : 1;
}

/*
 * How much busy processors slow each other, where the logs can tell: the processor time of a message against what its parts and
 * bytes explain, over the company that it had. Needs messages that had much and such that had little.
 */
static double learn_slowing(const struct span *s, size_t n, double cpus)
{
    struct observation *o = reallocarray(NULL, n, sizeof *o);
    double w = 0, x = 0, y = 0, xx = 0, xy = 0, spread;
    struct fit f;

    if (!o)
        return CAPACITY_SLOWING;
    for (size_t i = 0; i < n; i++)
        o[i] = (struct observation){ { 1, s[i].parts, s[i].bytes }, s[i].cpu };
    if (n < LEAST || fit_solve(o, n, &f) != CS_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        double m = fmin(fmax(s[i].company, 1), cpus), g = 2 * (1 - 1 / m), due = fit_predict(&f, o[i].x);

        w += due;                       /* sums over cpu = due * (a + b g), large messages counting more */
        x += due * g;
        xx += due * g * g;
        y += o[i].y;
        xy += o[i].y * g;
    }
    free(o);
    spread = w > 0 ? xx / w - x / w * (x / w) : 0;
    if (spread < LEAST_SPREAD)
        return CAPACITY_SLOWING;
    xy = (xy / w - x / w * (y / w)) / spread;           /* slope */
    y = y / w - xy * (x / w);                           /* alone */
    return y > 0 ? fmin(fmax(xy / y, 0), 1) : CAPACITY_SLOWING;
}

static bool measure_overlap(const struct statlog *m, double cpus, struct load *out)
{
    struct span *s = reallocarray(NULL, m->n, sizeof *s);

    if (!s)
        return false;
    for (size_t i = 0; i < m->n; i++) {
        const struct stat_record *r = &m->all[i];

        s[i] = (struct span){ .worker = r->worker, .start = r->time - r->us / 1e6, .end = r->time, .cpu = r->cpu_us / 1e6,
                              .arrived = r->time - r->delay_us / 1e6, .parts = r->parts, .bytes = r->bytes, .is_retry = r->attempts > 0 };
    }
    measure_gaps(s, m->n, &out->gap, &out->notice);
    count_company(s, m->n, out->gap);
    for (size_t i = 0; i < m->n; i++)
        out->at_work += s[i].company / (double)m->n;
    out->slowing = learn_slowing(s, m->n, cpus);
    free(s);
    return true;
}

static bool measure(const struct statlog *m, const struct plan_options *o, struct load *out)
{
    double square = 0;

    *out = (struct load){ .n = m->n, .wall = reallocarray(NULL, m->n + 1, sizeof *out->wall) };
    if (!out->wall || m->n == 0 || !measure_overlap(m, o->cpus, out)) {
        free(out->wall);
        return false;
    }
    for (size_t i = 0; i < m->n; i++) {
        double s = m->all[i].us / 1e6;

        out->wall[i] = s;
        out->mean += s / (double)m->n;
        square += s * s / (double)m->n;
        out->cpu += m->all[i].cpu_us / 1e6 / (double)m->n;
    }
    fit_sort(out->wall, m->n);
    out->cv2 = out->mean > 0 ? square / (out->mean * out->mean) - 1 : 0;
    out->rate = busiest_minute(m);
    out->host = capacity_host(out->mean + out->gap, out->cpu, out->at_work, o->cpus, out->slowing);
    return true;
}

/* Says what n jobs will do, x[k] messages a second with k at work; true when that is good enough. */
static bool predict(const struct load *l, const struct plan_options *o, const double *x, unsigned n)
{
    struct queue_wait w;
    double stretch, p95;

    if (o->batch > 0) {
        p95 = o->batch * 0.95 / x[n];
        printf("%4u jobs: %.1f messages a second, the last of %.0f after %.1f s; delay 50%% %.3f s, 95%% %.3f s\n", n, x[n],
               o->batch, o->batch / x[n], o->batch / 2 / x[n], p95);
        return p95 <= o->target;
    }
    queue_wait(o->rate, x, l->cv2, n, &w);
    if (w.load >= 1) {
        printf("%4u jobs: full (load %.2f): the queue grows\n", n, w.load);
        return false;
    }
    stretch = l->mean > 0 ? w.service / (l->mean + l->gap) : 1;         /* handing out is the next one's wait */
    p95 = l->notice + queue_delay(&w, l->wall, l->n, stretch, 0.95);
    printf("%4u jobs: load %.2f, %.0f%% wait; delay 50%% %.4f s, 95%% %.4f s\n", n, w.load, w.delayed * 100,
           l->notice + queue_delay(&w, l->wall, l->n, stretch, 0.5), p95);
    return p95 <= o->target;
}

/* As the samples have them, from column 1 on: to be pasted. */
static void print_lines(unsigned jobs)
{
    printf("\n! imta.cnf\n"
           "conversion subdirs 20 maxjobs %u pool CONV_POOL backoff \"PT5M\" \"PT15M\" \"PT30M\" \"PT1H\" notices 1 2 4 logging\n"
           "conversion-daemon\n\n! job_controller.cnf\n[POOL=CONV_POOL]\njob_limit=%u\n",
           jobs, jobs);
}

/* Hosts are not to be planned full: a fifth is left free where messages keep coming. */
static void print_hosts(const struct plan_options *o, double most)
{
    double hosts = o->batch > 0 ? o->batch * 0.95 / most / o->target : o->rate / (most * 0.8);

    if (o->batch > 0)
        printf("\nnot enough: one host gets %.2f messages a second done; %.0f hosts of this kind are needed for that time\n", most, ceil(hosts));
    else
        printf("\nnot enough: one host is full at %.2f messages a second; %.0f hosts of this kind are needed\n", most, fmax(ceil(hosts), 2));
}

/* The smallest number of jobs that is enough, as long as one more still gets more done. */
static int find_jobs(const struct load *l, const struct plan_options *o, const double *x)
{
    unsigned n;

    for (n = 1; n <= CAPACITY_JOBS && (n == 1 || x[n] > x[n - 1] * 1.01); n++) {
        if (predict(l, o, x, n)) {
            print_lines(n);
            return PLAN_GOOD;
        }
    }
    print_hosts(o, x[n - 1]);
    return PLAN_NOTHING;
}

int statplan(const struct statlog *m, struct plan_options *o)
{
    double x[CAPACITY_JOBS + 1];
    struct load l;
    int code = PLAN_GOOD;

    if (!measure(m, o, &l)) {
        diag_warn("no records");
        return PLAN_NOTHING;
    }
    if (o->rate <= 0)
        o->rate = l.rate;
    capacity_rates(&l.host, CAPACITY_JOBS, x);
    printf("measured: %zu messages, %.1f ms each, %.1f ms of processor; %.1f at work\n"
           "alone:    %.1f ms of processor and %.1f ms of waiting for something else; a second busy processor: %+.0f%%\n",
           m->n, l.mean * 1e3, l.cpu * 1e3, l.at_work, l.host.demand * 1e3, l.host.think * 1e3, l.slowing * 100);
    if (o->batch <= 0)
        printf("planned:  %.2f messages a second, %g processors, 95%% below %g s\n", o->rate, o->cpus, o->target);
    if (o->jobs)
        predict(&l, o, x, o->jobs);
    else
        code = find_jobs(&l, o, x);
    free(l.wall);
    return code;
}
