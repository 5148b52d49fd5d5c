#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined __GLIBC__ && !defined OLD_SYSTEM
#if __GLIBC_PREREQ(2, 34)
#define HAS_CLOSEFROM 1
#endif
#endif

#ifdef HAS_CLOSEFROM

/* Each of these allocates. A command without one of them would read or write something else than it is meant to. */
static int add_files(posix_spawn_file_actions_t *files, const struct spawn *how)
{
    int err = how->in >= 0 ? posix_spawn_file_actions_adddup2(files, how->in, STDIN_FILENO)
                           : posix_spawn_file_actions_addopen(files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!err)
        err = posix_spawn_file_actions_adddup2(files, how->out, STDOUT_FILENO);
    if (!err)
        err = posix_spawn_file_actions_adddup2(files, how->err, STDERR_FILENO);
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(files, STDERR_FILENO + 1);
    if (!err && how->dir)
        err = posix_spawn_file_actions_addchdir_np(files, how->dir);
    return err;
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    err = posix_spawnattr_setsigmask(attr, &none);
    if (!err)
        err = posix_spawnattr_setsigdefault(attr, &all);
    if (!err)
        err = posix_spawnattr_setpgroup(attr, 0);
    if (!err)
        err = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return err;
}

int spawn(pid_t *pid, const struct spawn *how, char *const argv[], char *const env[])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    int err = posix_spawn_file_actions_init(&files);

    if (err)
        return err;
    err = posix_spawnattr_init(&attr);
    if (err) {
        posix_spawn_file_actions_destroy(&files);
        return err;
    }
    err = add_files(&files, how);
    if (!err)
        err = set_attributes(&attr);
    if (!err)
        err = posix_spawnp(pid, argv[0], &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return err;
}

#else

/* As the kernel writes it (getdents64(2)); the child of a program with threads must not call opendir(). */
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

static int prepare(const struct spawn *how)
{
    int in = how->in >= 0 ? how->in : open("/dev/null", O_RDONLY);
    sigset_t none;

    for (int sig = 1; sig < NSIG; sig++)
        signal(sig, SIG_DFL);
    sigemptyset(&none);
    if (in < 0 || setpgid(0, 0) < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(how->out, STDOUT_FILENO) < 0 || dup2(how->err, STDERR_FILENO) < 0)
        return -1;
    if (close_others() < 0 || (how->dir && chdir(how->dir) < 0))
        return -1;
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int spawn(pid_t *pid, const struct spawn *how, char *const argv[], char *const env[])
{
    int ends[2], err = 0;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return errno;
    *pid = fork();
    if (*pid == 0) {
        if (prepare(how) == 0)
            execvpe(argv[0], argv, env);
        err = errno;
        while (write(ends[1], &err, sizeof err) < 0 && errno == EINTR)
            continue;
        _exit(127);
    }
    if (*pid < 0)
        err = errno;
    close(ends[1]);
    while (*pid > 0 && read(ends[0], &err, sizeof err) < 0 && errno == EINTR)
        continue;
    close(ends[0]);
    if (*pid > 0 && err)
        spawn_wait(*pid, NULL);
    return err;
}

#endif

int spawn_wait(pid_t pid, struct rusage *usage)
{
    struct rusage none;
    int status = 0;

    while (wait4(pid, &status, 0, usage ? usage : &none) < 0)
        if (errno == ECHILD)
            return SIGKILL;
    return status;
}
