/* convstat's parts: log lines as numbers, least squares, percentiles, waiting times against known values. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "imta/capacity.h"
#include "imta/fit.h"
#include "imta/statlog.h"

START_TEST(lines_are_read)
{
    struct stat_record r;

    ck_assert(statlog_line(SLICE("time=2026-01-02T03:04:05.500Z id=m1 part=1.2 in=tcp_local out=\"ims ms\" type=text/plain "
                                 "name=\"a = b\" class=virus sig=X except=vir-ex:Y,spam-ex:Z action=replace size=1024 objects=1 bytes=1 "
                                 "us=2500 cpu_us=1500 db=0"), &r));
    ck_assert_str_eq(r.id, "m1");
    ck_assert_str_eq(r.class, "virus");
    ck_assert_str_eq(r.channel, "tcp_local>ims ms");
    ck_assert_uint_eq(r.excepts, EXCEPT_VIRUS | EXCEPT_SPAM);
    ck_assert(!r.is_message);
    ck_assert_double_eq_tol(r.time, 1767323045.5, 0.001);
    ck_assert_double_eq_tol(r.bytes, 1024, 0.1);
    ck_assert_double_eq_tol(r.us, 2500, 0.1);
    ck_assert_double_eq_tol(r.cpu_us, 1500, 0.1);
    ck_assert_double_eq_tol(r.parts, 1, 0.1);
    ck_assert(statlog_line(SLICE("Jan  2 03:04:05 host convscan[1]: time=1767323045.25 id=q outcome=hold size=7 parts=3 us=9 worker=2"), &r));
    ck_assert(r.is_message);
    ck_assert_str_eq(r.class, "hold");
    ck_assert_double_eq_tol(r.parts, 3, 0.1);
    ck_assert_uint_eq(r.worker, 2);
}
END_TEST

START_TEST(other_lines_are_not)
{
    static const char *const lines[] = { "", "nothing", "time=5", "class=virus", "time=abc class=virus", "time=\"", "=", "a=\"b" };
    struct stat_record r;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        ck_assert_msg(!statlog_line(slice_str(lines[i]), &r), "%s", lines[i]);
}
END_TEST

START_TEST(parts_become_messages)
{
    static char text[] = "time=1 id=a class=clean size=10 us=1\ntime=2 id=b class=clean size=20 us=2\nother\n"
                         "time=3 id=a class=virus size=30 us=3\ntime=4 id=- class=clean size=1 us=1\ntime=5 id=- class=clean size=1 us=1\n";
    FILE *f = fmemopen(text, sizeof text - 1, "r");
    struct statlog l = { .n = 0 }, m;

    ck_assert_ptr_nonnull(f);
    ck_assert_int_eq(statlog_read(&l, f), CS_OK);
    fclose(f);
    ck_assert_uint_eq(l.n, 5);
    ck_assert_uint_eq(l.n_other, 1);
    ck_assert_int_eq(statlog_messages(&l, &m), CS_OK);
    ck_assert_uint_eq(m.n, 4);          /* nameless ones stay apart */
    for (size_t i = 0; i < m.n; i++)
        if (m.all[i].id[0] == 'a') {
            ck_assert_double_eq_tol(m.all[i].parts, 2, 0.1);
            ck_assert_double_eq_tol(m.all[i].bytes, 40, 0.1);
        }
    statlog_free(&l);
    statlog_free(&m);
}
END_TEST

START_TEST(known_times_are_found_again)
{
    struct observation o[500];
    struct fit f;

    srand(1);
    for (int i = 0; i < 500; i++) {
        double parts = 1 + rand() % 8, bytes = rand() % 100000;

        o[i] = (struct observation){ { 1, parts, bytes }, 0.02 + 0.003 * parts + 2e-7 * bytes + (rand() % 1000 - 500) * 1e-6 };
    }
    ck_assert_int_eq(fit_solve(o, 500, &f), CS_OK);
    ck_assert_double_eq_tol(f.term[0], 0.02, 0.0002);
    ck_assert_double_eq_tol(f.term[1], 0.003, 0.00005);
    ck_assert_double_eq_tol(f.term[2], 2e-7, 2e-9);
    ck_assert(f.r2 > 0.99 && f.r2 <= 1);
    ck_assert_double_eq_tol(fit_predict(&f, o[0].x), o[0].y, 0.001);
}
END_TEST

START_TEST(what_cannot_be_told_apart_is_left_out)
{
    struct observation o[50];
    struct fit f;

    for (int i = 0; i < 50; i++)        /* always one part: the fixed time and a part's are one */
        o[i] = (struct observation){ { 1, 1, 1000.0 * i }, 0.01 + 1e-6 * 1000 * i };
    ck_assert_int_eq(fit_solve(o, 50, &f), CS_OK);
    ck_assert(f.is_known[0] && !f.is_known[1] && f.is_known[2]);
    ck_assert_double_eq_tol(f.term[0], 0.01, 1e-6);
    for (int i = 0; i < 50; i++)        /* time falls with size: no negative seconds */
        o[i] = (struct observation){ { 1, 1 + i % 5, 1000.0 * i }, 1 - 0.01 * i };
    ck_assert_int_eq(fit_solve(o, 50, &f), CS_OK);
    ck_assert(f.term[0] >= 0 && f.term[1] >= 0 && f.term[2] >= 0);
    ck_assert_int_eq(fit_solve(o, 2, &f), CS_INVALID);
}
END_TEST

START_TEST(percentiles)
{
    double v[] = { 5, 1, 4, 2, 3 };

    fit_sort(v, 5);
    ck_assert_double_eq_tol(fit_percentile(v, 5, 0.5), 3, 1e-9);
    ck_assert_double_eq_tol(fit_percentile(v, 5, 1), 5, 1e-9);
    ck_assert_double_eq_tol(fit_percentile(v, 5, 0.25), 2, 1e-9);
    ck_assert_double_eq_tol(fit_percentile(v, 5, 0.9), 4.6, 1e-9);
    ck_assert_double_eq_tol(fit_percentile(v, 0, 0.5), 0, 1e-9);
}
END_TEST

static double mean_wait(const struct queue_wait *w)
{
    return w->delayed * w->conditional;
}

/* Servers that do not get in each other's way: one second each. */
static const double free_servers[] = { 0, 1, 2, 3 };

START_TEST(waiting_times_are_those_of_the_books)
{
    const double at_once[] = { 0 };
    struct queue_wait w;

    queue_wait(0.5, free_servers, 1, 1, &w);    /* M/M/1, half full: waits 1 on average, half of all */
    ck_assert_double_eq_tol(w.delayed, 0.5, 1e-9);
    ck_assert_double_eq_tol(mean_wait(&w), 1, 1e-9);
    ck_assert_double_eq_tol(w.service, 1, 1e-9);
    queue_wait(0.5, free_servers, 0, 1, &w);    /* M/D/1: half of that */
    ck_assert_double_eq_tol(mean_wait(&w), 0.5, 1e-9);
    queue_wait(2, free_servers, 1, 3, &w);      /* M/M/3 with 2 Erlang: C = 4/9 */
    ck_assert_double_eq_tol(w.delayed, 4.0 / 9, 1e-9);
    ck_assert_double_eq_tol(mean_wait(&w), 4.0 / 9, 1e-9);
    ck_assert_double_eq_tol(w.service, 1, 1e-9);
    ck_assert(queue_delay(&w, at_once, 1, 1, 0.5) < 1e-3);
    queue_wait(0.9, free_servers, 1, 1, &w);
    ck_assert_double_eq_tol(queue_delay(&w, at_once, 1, 1, 0.5), 10 * log(0.9 / 0.5), 1e-2);
    queue_wait(2, free_servers, 1, 2, &w);
    ck_assert(w.load >= 1);
}
END_TEST

START_TEST(delays_add_up_waiting_and_service)
{
    const double service[] = { 1, 1, 3, 3 };
    struct queue_wait w = { .load = 0 };

    ck_assert_double_eq_tol(queue_delay(&w, service, 4, 1, 0.5), 1, 1e-3);
    ck_assert_double_eq_tol(queue_delay(&w, service, 4, 2, 0.51), 6, 1e-3);
    w = (struct queue_wait){ .delayed = 1, .conditional = 2 };
    ck_assert_double_eq_tol(queue_delay(&w, service, 2, 1, 0.5), 1 + 2 * log(2), 1e-2);
}
END_TEST

START_TEST(more_jobs_than_processors_take_turns)
{
    double x[9];
    struct host h = { .cpus = 2, .demand = 0.01, .slowing = CAPACITY_SLOWING };

    capacity_rates(&h, 8, x);
    ck_assert_double_eq_tol(x[1], 100, 1e-9);
    ck_assert_double_eq_tol(x[2], 200 / (1 + CAPACITY_SLOWING), 1e-9);
    ck_assert_double_eq_tol(x[8], x[2], 1e-6);
    h.cpus = 1;
    h.think = 0.01;                     /* a machine repaired by one man: X(2) = 2 / (Z + D (1 + Q(1))), Q(1) = 1/2 */
    capacity_rates(&h, 8, x);
    ck_assert_double_eq_tol(x[1], 50, 1e-9);
    ck_assert_double_eq_tol(x[2], 80, 1e-9);
    ck_assert(x[8] > 99 && x[8] < 100);
}
END_TEST

/* Whatever number of jobs was measured: the same host comes out, and foretells itself. */
START_TEST(the_host_is_found_again)
{
    static const double cpus[] = { 1, 2, 16 }, think[] = { 0, 0.002, 0.05 };

    for (int c = 0; c < 3; c++)
        for (int z = 0; z < 3; z++)
            for (unsigned n = 1; n <= 32; n *= 2) {
                struct host h = { .cpus = cpus[c], .demand = 0.01, .think = think[z], .slowing = CAPACITY_SLOWING }, found;
                double x[33], again[33], busy = fmin(n, cpus[c]);

                capacity_rates(&h, 32, x);
                found = capacity_host(n / x[n], 0.01 * (busy > 1 ? 1 + 2 * CAPACITY_SLOWING * (1 - 1 / busy) : 1), n, cpus[c],
                                      CAPACITY_SLOWING);
                capacity_rates(&found, 32, again);
                ck_assert_double_eq_tol(again[n], x[n], x[n] * 1e-3);
                ck_assert_double_eq_tol(found.demand, 0.01, 1e-4);
                if (n <= cpus[c])       /* full processors hide what else a message waits for */
                    ck_assert_double_eq_tol(again[1], x[1], x[1] * 1e-3);
            }
}
END_TEST

/* A storm in memory on two processors that did little else, medians of nine rounds: each number of jobs foretells each other. */
START_TEST(a_measured_host_foretells_itself)
{
    static const struct {
        unsigned jobs;
        double wall, cpu, rate;
    } measured[] = { { 1, 3.03e-3, 2.87e-3, 330 }, { 2, 3.01e-3, 2.73e-3, 664 }, { 4, 6.23e-3, 2.83e-3, 642 } };

    for (int from = 0; from < 3; from++) {
        const struct host h = capacity_host(measured[from].wall, measured[from].cpu, measured[from].jobs, 2, CAPACITY_SLOWING);
        double x[5];

        capacity_rates(&h, 4, x);
        for (int to = 0; to < 3; to++)
            ck_assert_double_eq_tol(x[measured[to].jobs], measured[to].rate, measured[to].rate * (from == to ? 0.01 : 0.2));
    }
}
END_TEST

/* The numbers behind the waiting times hold against a simulated queue, too. */
START_TEST(waiting_times_hold_in_a_simulation)
{
    enum { N = 200000, SERVERS = 2 };
    double free_at[SERVERS] = { 0 }, now = 0, sum = 0;
    struct queue_wait w;

    srand(2);
    for (int i = 0; i < N; i++) {
        double service = rand() % 2 ? 0.5 : 1.5;        /* mean 1, cv2 0.25 */
        int first = free_at[0] <= free_at[1] ? 0 : 1;

        now += -log((rand() + 1.0) / (RAND_MAX + 2.0)) / 1.5;
        double start = fmax(now, free_at[first]);
        sum += start - now;
        free_at[first] = start + service;
    }
    queue_wait(1.5, free_servers, 0.25, SERVERS, &w);
    ck_assert_double_eq_tol(mean_wait(&w), sum / N, 0.15 * sum / N);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("stat");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_test(t, lines_are_read);
    tcase_add_test(t, other_lines_are_not);
    tcase_add_test(t, parts_become_messages);
    tcase_add_test(t, known_times_are_found_again);
    tcase_add_test(t, what_cannot_be_told_apart_is_left_out);
    tcase_add_test(t, percentiles);
    tcase_add_test(t, waiting_times_are_those_of_the_books);
    tcase_add_test(t, delays_add_up_waiting_and_service);
    tcase_add_test(t, more_jobs_than_processors_take_turns);
    tcase_add_test(t, the_host_is_found_again);
    tcase_add_test(t, a_measured_host_foretells_itself);
    tcase_add_test(t, waiting_times_hold_in_a_simulation);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
