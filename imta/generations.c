#include "generations.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/spawn.h"

enum { LOOK_S = 1 };

struct child {
    pid_t pid;
    unsigned number;
    bool is_old;                        /* takes no more connections */
};

struct parent {
    const struct generations *g;
    struct child all[GENERATIONS_MAX];
    unsigned n, last;
    bool is_ending;
};

static void all_signals(sigset_t *set)
{
    static const int ours[] = { SIGHUP, SIGTERM, SIGINT, SIGCHLD, SIGUSR1, SIGUSR2 };

    sigemptyset(set);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(set, ours[i]);
}

/* The library waits for HUP, TERM and INT itself and would drop what is being worked on: these end at the parent. */
static void be_child(const struct parent *p, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGUSR1);
    if (getppid() != parent)
        raise(SIGUSR1);
    _exit(p->g->serve(p->g->ctx, p->last));
}

static void start(struct parent *p)
{
    pid_t parent = getpid(), pid;

    p->last++;
    fflush(NULL);
    pid = fork();
    if (pid == 0)
        be_child(p, parent);
    if (pid < 0)
        diag_warn("no new process: tried again");
    else
        p->all[p->n++] = (struct child){ .pid = pid, .number = p->last };
}

static bool has_young(const struct parent *p)
{
    for (unsigned i = 0; i < p->n; i++)
        if (!p->all[i].is_old)
            return true;
    return false;
}

static void remove_child(struct parent *p, unsigned i)
{
    p->g->has_ended(p->g->ctx, p->all[i].number);
    p->n--;
    for (; i < p->n; i++)
        p->all[i] = p->all[i + 1];
}

static void bury(struct parent *p)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (unsigned i = 0; i < p->n; i++) {
            if (p->all[i].pid != pid)
                continue;
            if (!p->all[i].is_old && !p->is_ending)
                diag_warn("process %ld ended (%s %d): another takes its place", (long)pid,
                          WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
            remove_child(p, i);
            break;
        }
}

static void retire(struct parent *p, int sig)
{
    for (unsigned i = 0; i < p->n; i++) {
        if (!p->all[i].is_old || sig != SIGUSR1)
            kill(p->all[i].pid, sig);
        p->all[i].is_old = true;
    }
}

static void reload(struct parent *p)
{
    if (!p->g->reload(p->g->ctx))
        return;
    if (p->n == GENERATIONS_MAX) {
        kill(p->all[0].pid, SIGKILL);
        spawn_wait(p->all[0].pid, NULL);
        remove_child(p, 0);
    } else if (p->n == GENERATIONS_MAX - 1) {
        kill(p->all[0].pid, SIGUSR2);
    }
    retire(p, SIGUSR1);
    start(p);
}

static void hear(struct parent *p, int sig)
{
    switch (sig) {
    case SIGHUP:
        if (!p->is_ending)
            reload(p);
        break;
    case SIGTERM:
    case SIGINT:
        retire(p, p->is_ending ? SIGKILL : SIGUSR2);
        p->is_ending = true;
        break;
    default:
        bury(p);
    }
}

void generations_block_signals(void)
{
    sigset_t set;

    all_signals(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void generations_run(const struct generations *g)
{
    struct parent p = { .g = g };
    const struct timespec look = { .tv_sec = LOOK_S };
    sigset_t set;

    all_signals(&set);
    generations_block_signals();
    start(&p);
    while (p.n || !p.is_ending) {
        int sig = sigtimedwait(&set, NULL, &look);

        hear(&p, sig);
        if (!p.is_ending && !has_young(&p) && sig != SIGHUP)
            start(&p);
    }
}
