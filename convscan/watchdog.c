#include "watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static _Atomic(const struct watchdog_answer *) answer;
static _Thread_local bool is_answering;
static const char *volatile litter[WATCHDOG_LITTER];
static uint8_t stack[16384] __attribute__((aligned(16)));

static const struct {
    int number;
    struct slice name;
} signals[] = {
    { SIGALRM, { (const uint8_t *)"timeout", 7 } }, { SIGXCPU, { (const uint8_t *)"cpu-limit", 9 } },
    { SIGSEGV, { (const uint8_t *)"SIGSEGV", 7 } }, { SIGBUS, { (const uint8_t *)"SIGBUS", 6 } },
    { SIGILL, { (const uint8_t *)"SIGILL", 6 } }, { SIGFPE, { (const uint8_t *)"SIGFPE", 6 } },
    { SIGABRT, { (const uint8_t *)"SIGABRT", 7 } }, { SIGSYS, { (const uint8_t *)"SIGSYS", 6 } },
};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

static bool put_all(int fd, struct slice s)
{
    while (s.n) {
        ssize_t put = write(fd, s.p, s.n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        s = slice_drop(s, (size_t)put);
    }
    return true;
}

static bool publish(const struct watchdog_answer *a, size_t i)
{
    bool is_done;
    int fd;

    unlink(a->files[i].temp);
    fd = open(a->files[i].temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return false;
    is_done = put_all(fd, a->files[i].text);
    is_done = close(fd) == 0 && is_done && rename(a->files[i].temp, a->files[i].path) == 0;
    if (!is_done)
        unlink(a->files[i].temp);
    return is_done;
}

static void say(const struct watchdog_answer *a, int number)
{
    uint8_t text[2048];
    size_t n = 0;
    struct slice name = SLICE("signal");

    if (a->line.fd < 0)
        return;
    for (size_t i = 0; i < N_SIGNALS; i++)
        if (signals[i].number == number)
            name = signals[i].name;
    const struct slice parts[] = { a->line.before, name, a->line.after };
    for (size_t i = 0; i < 3; i++) {
        struct slice s = slice_take(parts[i], sizeof text - n);

        memcpy(text + n, s.p, s.n);
        n += s.n;
    }
    put_all(a->line.fd, slice_of(text, n));
}

/* Two threads may crash at once, over a file that shrinks under both: one answers, the other only ends, so that it does not end the
 * process before the answer is there. A crash in here must not come back. */
static void on_signal(int number)
{
    const struct watchdog_answer *a = atomic_exchange(&answer, NULL);
    bool is_done = true;

    if (is_answering)
        _exit(75);
    if (!a)
        syscall(SYS_exit, 0);
    is_answering = true;
    for (unsigned i = 0; i < WATCHDOG_LITTER; i++)
        if (litter[i])
            unlink(litter[i]);
    for (size_t i = 0; i < a->n_files && is_done; i++)
        is_done = publish(a, i);
    say(a, number);
    _exit(is_done ? a->status : a->status_failed);
}

static void set_alarm(unsigned ms)
{
    struct itimerval t = { .it_value = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 } };

    setitimer(ITIMER_REAL, &t, NULL);
}

void watchdog_arm(const struct watchdog_answer *a, unsigned ms)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };
    stack_t alt = { .ss_sp = stack, .ss_size = sizeof stack };
    bool is_first = atomic_exchange(&answer, a) == NULL;

    if (is_first) {
        sigaltstack(&alt, NULL);
        sigemptyset(&sa.sa_mask);
        sigaddset(&sa.sa_mask, SIGALRM);
        for (size_t i = 0; i < N_SIGNALS; i++)
            sigaction(signals[i].number, &sa, NULL);
        signal(SIGPIPE, SIG_IGN);
        signal(SIGXFSZ, SIG_IGN);
    }
    if (ms)
        set_alarm(ms);
}

void watchdog_disarm(void)
{
    struct sigaction sa = { .sa_handler = SIG_DFL };

    set_alarm(0);
    answer = NULL;
    for (size_t i = 0; i < N_SIGNALS; i++)
        sigaction(signals[i].number, &sa, NULL);
}

void watchdog_litter(unsigned i, const char *path)
{
    if (i < WATCHDOG_LITTER)
        litter[i] = path;
}
