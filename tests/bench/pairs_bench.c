/*
 * pairs_bench RUNS [-e VAR=VALUE]… -- A… [--vs B…]: time process starts, A and B in turn, so that both see the same machine.
 *
 * Prints one JSON object: medians and quartiles in microseconds, the ratio of the medians, the quartiles of the ratio within
 * a pair, and how many runs gave another exit status than the first of its kind. Of many runs, where it may (as root), it asks for the
 * round-robin scheduler, so that what else runs on the machine disturbs neither side.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { WARM_UP = 20, MANY = 100 /* runs: then each is short */, RUNS_MAX = 1000000 };

struct side {
    char **argv;                /* NULL: there is no such side */
    double *us;
    int status;                 /* of the first run */
    unsigned odd;               /* runs that ended otherwise */
};

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run_once(char **argv, int *status)
{
    posix_spawn_file_actions_t quiet;
    double begin;
    pid_t pid;

    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
    begin = now_us();
    if (posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ) != 0) {
        perror(argv[0]);
        exit(2);
    }
    waitpid(pid, status, 0);
    posix_spawn_file_actions_destroy(&quiet);
    return now_us() - begin;
}

static void run_side(struct side *s, size_t k)
{
    int status;

    if (!s->argv)
        return;
    s->us[k] = run_once(s->argv, &status);
    if (k == 0)
        s->status = status;
    s->odd += status != s->status;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts v. */
static void print_spread(const char *name, double *v, size_t n, const char *format)
{
    qsort(v, n, sizeof *v, by_size);
    printf("\"%s\": [", name);
    printf(format, v[n / 4]);
    printf(", ");
    printf(format, v[n / 2]);
    printf(", ");
    printf(format, v[n * 3 / 4]);
    printf("], ");
}

static void run_all(struct side *a, struct side *b, size_t runs)
{
    double *ratio = calloc(runs, sizeof *ratio);
    double middle;

    if (!ratio)
        exit(2);
    for (size_t k = 0; k < WARM_UP && k < runs; k++) {
        run_side(a, 0);
        run_side(b, 0);
    }
    a->odd = b->odd = 0;
    for (size_t k = 0; k < runs; k++) {
        run_side(a, k);
        run_side(b, k);
        ratio[k] = b->argv ? a->us[k] / b->us[k] : 1;
    }
    printf("{\"runs\": %zu, ", runs);
    print_spread("a", a->us, runs, "%.1f");
    middle = a->us[runs / 2];
    if (b->argv) {
        print_spread("b", b->us, runs, "%.1f");
        print_spread("pairs", ratio, runs, "%.4f");
        printf("\"ratio\": %.4f, ", middle / b->us[runs / 2]);
    }
    printf("\"a_status\": %d, \"b_status\": %d, \"odd\": %u}\n", a->status, b->status, a->odd + b->odd);
    free(ratio);
}

int main(int argc, char **argv)
{
    struct side a = { .argv = NULL }, b = { .argv = NULL };
    struct sched_param undisturbed = { .sched_priority = 10 };
    unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    int i = 2;

    for (; i + 1 < argc && !strcmp(argv[i], "-e"); i += 2)
        putenv(argv[i + 1]);
    if (i + 1 >= argc || strcmp(argv[i], "--") || runs == 0 || runs > RUNS_MAX) {
        fprintf(stderr, "usage: pairs_bench RUNS [-e VAR=VALUE]... -- A... [--vs B...]\n");
        return 64;
    }
    a.argv = argv + i + 1;
    for (i++; i < argc; i++)
        if (!strcmp(argv[i], "--vs")) {
            argv[i] = NULL;
            b.argv = argv + i + 1;
        }
    a.us = calloc(runs, sizeof *a.us);
    b.us = calloc(runs, sizeof *b.us);
    if (!a.us || !b.us)
        return 2;
    if (runs >= MANY)
        sched_setscheduler(0, SCHED_RR, &undisturbed);
    run_all(&a, &b, runs);
    free(a.us);
    free(b.us);
    return 0;
}
