#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * spawn.c - by vfork(2): the child has its parent's memory, and its parent waits, until the exec. All signals are blocked meanwhile, so that no
 * handler runs in a memory that is not its own. (posix_spawn(3) does the same, and 80 system calls more.)
 */

/* As the kernel writes it (getdents64(2)); the child must not call opendir(). */
struct entry {
    uint64_t ino;
    int64_t off;
    uint16_t len;
    uint8_t type;
    char name[];
};

/* A descriptor's number, or -1. */
static int number(const char *s)
{
    int n = 0;

    if (!*s)
        return -1;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || n > 1 << 24)
            return -1;
        n = n * 10 + (*s - '0');
    }
    return n;
}

/* Whatever is open beside 0 to 2 ends with the exec. */
static int close_others(void)
{
    char room[4096] __attribute__((aligned(16)));
    int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long n;

    if (fd < 0)
        return -1;
    while ((n = syscall(SYS_getdents64, fd, room, sizeof room)) > 0)
        for (long at = 0; at < n;) {
            const struct entry *e = (const void *)(room + at);
            int other = number(e->name);

            if (other > STDERR_FILENO)
                fcntl(other, F_SETFD, FD_CLOEXEC);
            at += e->len;
        }
    return (int)n;
}

static int close_all_others(void)
{
#if defined SYS_close_range && !defined OLD_SYSTEM
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0) == 0)
        return 0;
#endif
    return close_others();
}

enum { SIGNALS = 64 };                 /* a set of them is a number of so many bits */

/* Signals that are not at their default: bit n is signal n. What main() has set before the first command, for it is asked once. */
static uint64_t changed_signals(void)
{
    static _Atomic uint64_t known;      /* bit 0: it was asked */
    uint64_t changed = atomic_load(&known);

    if (changed)
        return changed;
    changed = 1;
    for (int sig = 1; sig < SIGNALS; sig++) {
        struct sigaction act;

        if (sigaction(sig, NULL, &act) == 0 && act.sa_handler != SIG_DFL)
            changed |= (uint64_t)1 << sig;
    }
    atomic_store(&known, changed);
    return changed;
}

struct start {
    const struct spawn *how;
    char *const *argv, *const *env;
    uint64_t changed;
    volatile int err;                   /* the child writes it */
};

static int prepare(const struct start *s)
{
    const struct spawn *how = s->how;
    int in = how->in >= 0 ? how->in : open("/dev/null", O_RDONLY);
    sigset_t none;

    for (int sig = 1; sig < SIGNALS; sig++)
        if (s->changed >> sig & 1)
            signal(sig, SIG_DFL);
    if (in < 0 || setpgid(0, 0) < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(how->out, STDOUT_FILENO) < 0 || dup2(how->err, STDERR_FILENO) < 0)
        return -1;
    if (close_all_others() < 0 || (how->dir && chdir(how->dir) < 0))
        return -1;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * As execvpe(), but an empty entry of PATH is no folder, and a file that is no program is not given to a shell: an empty one would do nothing, with
 * success.
 */
static void exec_by_path(const struct start *s)
{
    const char *name = s->argv[0], *path = getenv("PATH");
    size_t n_name = strlen(name);
    char full[PATH_MAX];
    int err = ENOENT;

    if (strchr(name, '/')) {
        execve(name, s->argv, s->env);
        return;
    }
    for (path = path ? path : "/bin:/usr/bin"; *path && (err == ENOENT || err == ENOTDIR || err == EACCES);) {
        size_t n = strcspn(path, ":");

        if (n && n + n_name + 2 <= sizeof full) {
            memcpy(full, path, n);
            full[n] = '/';
            memcpy(full + n + 1, name, n_name + 1);
            execve(full, s->argv, s->env);
            err = err == EACCES && errno == ENOENT ? EACCES : errno;
        }
        path += n + (path[n] == ':');
    }
    errno = err;
}

/* The child's part: what it writes into *s is the parent's as well. */
static _Noreturn void become(struct start *s)
{
    if (prepare(s) == 0)
        exec_by_path(s);
    s->err = errno ? errno : EINVAL;
    _exit(127);
}

/* A function of its own: what its caller keeps in registers is out of the child's reach. */
static __attribute__((noinline)) pid_t start(struct start *s)
{
    pid_t pid = vfork();                /* NOLINT(clang-analyzer-security.insecureAPI.vfork): see above */

    if (pid == 0)
        become(s);                      /* NOLINT(clang-analyzer-unix.Vfork) */
    return pid;
}

int spawn(pid_t *pid, const struct spawn *how, char *const argv[], char *const env[])
{
    struct start s = { .how = how, .argv = argv, .env = env, .changed = changed_signals() };
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    *pid = start(&s);
    if (*pid < 0)
        s.err = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (*pid > 0 && s.err)
        spawn_wait(*pid, NULL);
    return s.err;
}

int spawn_wait(pid_t pid, struct rusage *usage)
{
    struct rusage none;
    int status = 0;

    while (wait4(pid, &status, 0, usage ? usage : &none) < 0)
        if (errno == ECHILD)
            return SIGKILL;
    return status;
}
