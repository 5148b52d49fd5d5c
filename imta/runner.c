#include "runner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "base/spawn.h"
#include "standby.h"

enum { REMOVE_DEPTH = 64, LOOK_MS = 20, KEPT_MAX = 256 << 10 };

#ifndef SYS_pidfd_open              /* headers older than Linux 5.3; the number is the same everywhere but on alpha */
#define SYS_pidfd_open 434
#endif

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

/* ---- one folder for several messages ---- */

static bool is_private(const struct stat *st, mode_t type)
{
    return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() && (st->st_mode & 07777) == (type == S_IFDIR ? 0700 : 0600);
}

enum cs_status runner_reopen(struct runner *r, const char *dir, int stop_fd)
{
    struct stat st;

    if (r->dir[0] && lstat(r->dir, &st) == 0 && is_private(&st, S_IFDIR)) {
        r->stop_fd = stop_fd;
        return CS_OK;
    }
    runner_close(r);
    return runner_open(r, dir, stop_fd);
}

static bool is_kept(const struct runner *r, const struct dirent *e)
{
    for (int i = 0; i < RUN_FILES && e->d_type != DT_DIR; i++)
        if (r->can_keep[i] && strcmp(strrchr(r->path[i], '/') + 1, e->d_name) == 0)
            return true;
    return false;
}

static bool has_strays(const struct runner *r)
{
    DIR *d = opendir(r->dir);
    bool found = !d;
    struct dirent *e;

    while (!found && (e = readdir(d)) != NULL)
        found = strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !is_kept(r, e);
    if (d)
        closedir(d);
    return found;
}

void runner_rest(struct runner *r)
{
    for (int i = 0; i < RUN_FILES; i++)
        if (!r->can_keep[i])
            unlink(r->path[i]);
    if (has_strays(r))
        runner_close(r);
}

void runner_next(struct runner *r)
{
    static const char *const names[RUN_FILES] = { "in", "out", "in-headers", "message-headers", "out-headers",
                                                  "out-options" };
    size_t len = strlen(r->dir);

    r->serial++;
    for (int i = 0; i < RUN_FILES; i++) {
        char old[PATH_MAX];

        memcpy(old, r->path[i], strlen(r->path[i]) + 1);
        memcpy(r->path[i], r->dir, len);
        snprintf(r->path[i] + len, sizeof r->path[i] - len, "/%u.%s", r->serial, names[i]);
        if (r->can_keep[i] && rename(old, r->path[i]) == 0)
            continue;
        r->can_keep[i] = false;
        if (old[0])
            unlink(old);
    }
}

/* Ours alone, as it was made? A command may have put a link to it elsewhere, or something else in its place. */
static int open_kept(const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || (fstat(fd, &st) == 0 && is_private(&st, S_IFREG) && st.st_nlink == 1))
        return fd;
    close(fd);
    return -1;
}

/* A folder that a command has put in a file's place waits under another name until the message is done. */
static void clear_place(const char *path)
{
    char aside[PATH_MAX + 8];

    snprintf(aside, sizeof aside, "%s.left", path);
    if (unlink(path) < 0 && errno != ENOENT)
        (void)!rename(path, aside);
}

enum cs_status runner_create(struct runner *r, enum runner_file f, int *fd)
{
    *fd = r->can_keep[f] ? open_kept(r->path[f]) : -1;
    if (*fd >= 0)
        return CS_OK;
    if (r->can_keep[f])
        clear_place(r->path[f]);
    r->can_keep[f] = false;
    *fd = open(r->path[f], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return *fd < 0 ? cs_status_errno(errno) : CS_OK;
}

enum cs_status runner_seal(struct runner *r, enum runner_file f, int fd, uint64_t n)
{
    enum cs_status st = CS_OK;
    struct stat now;

    if (r->can_keep[f] && (fstat(fd, &now) < 0 || ((uint64_t)now.st_size > n && ftruncate(fd, (off_t)n) < 0)))
        st = cs_status_errno(errno);
    if (close(fd) < 0 && st == CS_OK)
        st = cs_status_errno(errno);
    r->can_keep[f] = st == CS_OK && n <= KEPT_MAX;
    return st;
}

enum cs_status runner_store(struct runner *r, enum runner_file f, struct slice s)
{
    enum cs_status st, sealed;
    int fd;

    st = runner_create(r, f, &fd);
    if (st != CS_OK)
        return st;
    st = fd_write_all(fd, s);
    sealed = runner_seal(r, f, fd, s.n);
    return st != CS_OK ? st : sealed;
}

bool runner_is_stopped(const struct runner *r)
{
    struct pollfd p = { .fd = r->stop_fd, .events = POLLIN };

    return r->stop_fd >= 0 && poll(&p, 1, 0) > 0;
}

static uint64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

enum wait_end { WAIT_ENDED, WAIT_LATE, WAIT_STOPPED };

/* A descriptor that can be read once the process has ended; -1 before Linux 5.3, or when there are no more descriptors. */
static int open_pidfd(pid_t pid)
{
#ifdef OLD_SYSTEM
    (void)pid;
    return -1;
#else
    return (int)syscall(SYS_pidfd_open, pid, 0);
#endif
}

/* Without taking the end away from wait4(). */
static bool has_ended(pid_t pid)
{
    siginfo_t info = { .si_pid = 0 };

    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? errno != EINTR : info.si_pid == pid;
}

/* Until the deadline, at most; where the kernel tells nothing of the process's end, a while at a time. */
static int patience(uint64_t deadline, bool must_look)
{
    uint64_t now = deadline ? now_us() : 0, ms = now >= deadline ? 0 : (deadline - now) / 1000 + 1;

    if (must_look && (!deadline || ms > LOOK_MS))
        return LOOK_MS;
    return !deadline ? -1 : (int)ms;
}

/* Waits for the end of the process, for the time limit or for the word to stop, whichever comes first. pidfd -1: there is none. */
static enum wait_end wait_for(pid_t pid, int pidfd, int stop_fd, uint64_t deadline)
{
    for (;;) {
        struct pollfd p[2] = { { .fd = pidfd, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN } };
        int n = poll(p, stop_fd >= 0 ? 2 : 1, patience(deadline, pidfd < 0));

        if (pidfd >= 0 ? p[0].revents != 0 : has_ended(pid))
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

/* A command that runs. */
struct process {
    struct standby_process it;          /* its descriptor becomes readable when it is over; -1: there is none */
    bool stood_by;
};

/* 0, or an errno. Standard output is where errors go: the real one carries the message. */
static int start(const struct runner *r, char *const argv[], char *const env[], bool is_watched, struct process *p)
{
    const struct spawn how = { r->in_fd, STDERR_FILENO, STDERR_FILENO, r->dir[0] ? r->dir : NULL };
    int err;

    p->stood_by = standby_take(r->standby, argv, env, &p->it);
    if (p->stood_by)
        return 0;
    err = spawn(&p->it.pid, &how, argv, env);
    p->it.fd = !err && is_watched ? open_pidfd(p->it.pid) : -1;
    return err;
}

static void wait_for_end(const struct process *p, bool is_killed, struct runner_result *out)
{
    struct rusage usage = { 0 };

    if (is_killed)
        kill(-p->it.pid, SIGKILL);
    read_end(spawn_wait(p->it.pid, &usage), out);
    out->cpu_us = cpu_us(&usage);
}

/* How it ended, by its own word or by the system's. */
static void finish(const struct runner *r, const struct process *p, enum wait_end end, struct runner_result *out)
{
    if (p->stood_by && standby_answer(r->standby, &p->it, &out->code, &out->cpu_us)) {
        out->end = RUN_EXITED;
        return;
    }
    if (p->it.fd >= 0 && !p->stood_by)
        close(p->it.fd);
    wait_for_end(p, end != WAIT_ENDED, out);
    if (end == WAIT_LATE)
        out->end = RUN_TIMED_OUT;
}

enum cs_status runner_run(const struct runner *r, char *const argv[], char *const env[], uint64_t seconds,
                          struct runner_result *out)
{
    uint64_t begun = now_us();
    bool is_watched = seconds || r->stop_fd >= 0;
    enum wait_end end = WAIT_ENDED;
    struct process p;

    *out = (struct runner_result){ .end = RUN_NOT_STARTED };
    out->code = start(r, argv, env, is_watched, &p);
    if (out->code)
        return CS_OK;
    if (r->group)
        *r->group = p.it.pid;
    if (is_watched || p.stood_by)
        end = wait_for(p.it.pid, p.it.fd, r->stop_fd, seconds ? begun + seconds * 1000000 : 0);
    finish(r, &p, end, out);
    if (r->group)
        *r->group = 0;
    out->us = now_us() - begun;
    return end == WAIT_STOPPED ? CS_STOP : CS_OK;
}
