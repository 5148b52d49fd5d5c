#include "runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"

enum { REMOVE_DEPTH = 64 };

enum cs_status runner_open(struct runner *r, const char *dir, int stop_fd)
{
    const char *base = dir ? dir : getenv("TMPDIR");
    int n;

    *r = (struct runner){ .stop_fd = stop_fd, .in_fd = -1 };
    n = snprintf(r->dir, sizeof r->dir, "%s/convchan.XXXXXX", base && base[0] == '/' ? base : "/tmp");
    if (n < 0 || (size_t)n >= sizeof r->dir || !mkdtemp(r->dir)) {
        enum cs_status st = cs_status_errno(errno);

        r->dir[0] = '\0';
        return st;
    }
    runner_next(r, 0);
    return CS_OK;
}

/* Empties a folder, whatever a command has left there; links are removed, never followed. Takes the descriptor. */
static void empty_folder(int fd, unsigned depth)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;

    if (!d) {
        close(fd);
        return;
    }
    while ((e = readdir(d)) != NULL) {
        int inner;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(d), e->d_name, 0) == 0 || depth == REMOVE_DEPTH)
            continue;
        if (fchmodat(dirfd(d), e->d_name, 0700, 0) < 0)
            continue;
        inner = openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner < 0)
            continue;
        empty_folder(inner, depth + 1);
        unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
    }
    closedir(d);
}

void runner_clean(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0)
        empty_folder(fd, 0);
}

void runner_close(struct runner *r)
{
    if (!r->dir[0])
        return;
    for (int i = 0; i < RUN_FILES; i++)
        unlink(r->path[i]);
    /* A command left more, or something failed: once more, by what is there. */
    if (rmdir(r->dir) != 0) {
        runner_clean(r->dir);
        rmdir(r->dir);
    }
    r->dir[0] = '\0';
}

void runner_next(struct runner *r, unsigned n)
{
    static const char *const names[RUN_FILES] = { "in", "out", "in-headers", "message-headers", "out-headers",
                                                  "out-options" };

    size_t len = strlen(r->dir);

    for (int i = 0; i < RUN_FILES; i++) {
        if (n > 1)
            unlink(r->path[i]);
        memcpy(r->path[i], r->dir, len);
        snprintf(r->path[i] + len, sizeof r->path[i] - len, "/%u.%s", n, names[i]);
    }
}

enum cs_status runner_create(const struct runner *r, enum runner_file f, int *fd)
{
    *fd = open(r->path[f], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd < 0 ? cs_status_errno(errno) : CS_OK;
}

enum cs_status runner_store(const struct runner *r, enum runner_file f, struct slice s)
{
    int fd;
    enum cs_status st = runner_create(r, f, &fd);

    if (st != CS_OK)
        return st;
    st = fd_write_all(fd, s);
    if (close(fd) < 0 && st == CS_OK)
        st = cs_status_errno(errno);
    return st;
}

bool runner_is_stopped(const struct runner *r)
{
    struct pollfd p = { .fd = r->stop_fd, .events = POLLIN };

    return r->stop_fd >= 0 && poll(&p, 1, 0) > 0;
}

/* Standard input empty, standard output where errors go: the real one carries the message. */
static int spawn(pid_t *pid, const struct runner *r, char *const argv[], char *const env[])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    if (r->in_fd >= 0)
        posix_spawn_file_actions_adddup2(&files, r->in_fd, STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (r->dir[0])
        posix_spawn_file_actions_addchdir_np(&files, r->dir);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    err = posix_spawnp(pid, argv[0], &files, &attr, argv, env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return err;
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

enum wait_end { WAIT_ENDED, WAIT_LATE, WAIT_STOPPED };

/* Waits for the end of the process, for the time limit or for the word to stop, whichever comes first. */
static enum wait_end wait_for(int pidfd, int stop_fd, uint64_t deadline)
{
    for (;;) {
        struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN } };
        uint64_t now = deadline ? now_us() : 0;
        int ms = !deadline ? -1 : now >= deadline ? 0 : (int)((deadline - now) / 1000 + 1);
        int n = poll(p, stop_fd >= 0 ? 2 : 1, ms);

        if (p[0].revents)
            return WAIT_ENDED;
        if (n > 0 && p[1].revents)
            return WAIT_STOPPED;
        if (n == 0 && deadline && now_us() >= deadline)
            return WAIT_LATE;
    }
}

static uint64_t cpu_us(const struct rusage *u)
{
    return (uint64_t)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1000000 +
           (uint64_t)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static void read_end(int status, struct runner_result *out)
{
    if (WIFEXITED(status)) {
        out->code = WEXITSTATUS(status);
        /* A shell's way to say that it could not start the program. */
        out->end = out->code == 126 || out->code == 127 ? RUN_NOT_STARTED : RUN_EXITED;
    } else {
        out->end = RUN_SIGNALLED;
        out->code = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }
}

enum cs_status runner_run(const struct runner *r, char *const argv[], char *const env[], uint64_t seconds,
                          struct runner_result *out)
{
    uint64_t start = now_us();
    enum wait_end end = WAIT_ENDED;
    struct rusage usage = { 0 };
    int pidfd, status = 0;
    pid_t pid;

    *out = (struct runner_result){ .end = RUN_NOT_STARTED };
    out->code = spawn(&pid, r, argv, env);
    if (out->code)
        return CS_OK;
    if (r->group)
        *r->group = pid;
    if (seconds || r->stop_fd >= 0) {
        pidfd = pidfd_open(pid, 0);
        if (pidfd >= 0) {
            end = wait_for(pidfd, r->stop_fd, seconds ? start + seconds * 1000000 : 0);
            close(pidfd);
        }
    }
    if (end != WAIT_ENDED)
        kill(-pid, SIGKILL);
    while (wait4(pid, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    if (r->group)
        *r->group = 0;
    read_end(status, out);
    if (end == WAIT_LATE)
        out->end = RUN_TIMED_OUT;
    out->us = now_us() - start;
    out->cpu_us = cpu_us(&usage);
    return end == WAIT_STOPPED ? CS_STOP : CS_OK;
}
