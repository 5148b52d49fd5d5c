/*
 * cage_bench RUNS: what the cage of one mail part costs, in microseconds.
 *
 * Children with and without a cage in turn, each timed from fork to its end; the difference within a pair also has what leaving
 * the cage costs. Both have touched the pages of the library that a start has touched long before its cage: fork() takes those away,
 * and a program that was started does not pay for them again (convscan takes 2 page faults more with its cage than without).
 * "closing" is the call alone. Prints one JSON object with quartiles. The environment says which files, as for convscan.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "convscan/channel.h"
#include "convscan/conf.h"
#include "convscan/confine.h"

enum { RUNS_MAX = 100000, WARM_UP = 20 };

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The calls that a start has made before it comes to the cage, and those next to them. */
static void touch_library(void)
{
    struct rlimit limit;
    int fd = open("/", O_PATH | O_CLOEXEC);

    prlimit(0, RLIMIT_DATA, NULL, &limit);
    prctl(PR_GET_DUMPABLE);
    syscall(SYS_getppid);
    close(fd);
}

/* closing: shared with the child; NULL for a child without a cage. */
static double run_child(const struct channel *ch, const struct conf *conf, double *closing)
{
    double begin = now_us();
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        volatile char stack[16384];     /* pages that fork() shares are not the cage's to pay for */
        double from;
        unsigned missing;

        for (size_t i = 0; i < sizeof stack; i += 4096)
            stack[i] = 0;
        touch_library();
        from = now_us();
        missing = closing ? confine_channel(ch, conf) : 0;

        if (closing)
            *closing = now_us() - from;
        _exit(missing != 0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "cage_bench: no whole cage here\n");
        exit(1);
    }
    return now_us() - begin;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_spread(const char *name, double *v, size_t n)
{
    qsort(v, n, sizeof *v, by_size);
    printf(", \"%s\": [%.1f, %.1f, %.1f]", name, v[n / 4], v[n / 2], v[n * 3 / 4]);
}

int main(int argc, char **argv)
{
    struct sched_param undisturbed = { .sched_priority = 10 };
    unsigned long runs = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    double *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    double *more, *closing;
    struct channel ch;
    struct conf conf;
    char why[256];

    if (runs == 0 || runs > RUNS_MAX || shared == MAP_FAILED) {
        fprintf(stderr, "usage: cage_bench RUNS\n");
        return 64;
    }
    more = calloc(runs, sizeof *more);
    closing = calloc(runs, sizeof *closing);
    channel_read_environment(&ch, NULL, NULL);
    if (!more || !closing || conf_load(&conf, NULL, why) != CS_OK)
        return 2;
    sched_setscheduler(0, SCHED_RR, &undisturbed);
    for (unsigned long k = 0; k < runs + WARM_UP; k++) {
        double with = run_child(&ch, &conf, shared), without = run_child(&ch, &conf, NULL);

        more[k % runs] = with - without;
        closing[k % runs] = *shared;
    }
    printf("{\"runs\": %lu", runs);
    print_spread("cage_us", more, runs);
    print_spread("closing_us", closing, runs);
    printf("}\n");
    conf_release(&conf);
    free(more);
    free(closing);
    return 0;
}
