#include "jobs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/spawn.h"
#include "runner.h"
#include "workdir.h"

/* A look at the spool costs at most a twentieth of the time. */
enum { RESCAN_MS = 1000, RESCAN_US = RESCAN_MS * 1000, RESCAN_LEAST_US = 1000, RESCAN_SHARE = 20, REFUSED_MS = 100, CHANCE = 2, DEADLY = 10 };

struct slot {
    pid_t pid;
    int sock;
    unsigned class;
    bool is_busy;
    struct queue_entry entry;           /* when busy */
};

/* The messages that wait for a worker of this class. */
struct line {
    struct queue_entry *all;
    size_t at, n, room;
    uint64_t bytes;
};

struct controller {
    struct jobs *j;
    struct slot slots[JOBS_MAX];
    struct line lines[SIZES_MAX + 1];
    volatile pid_t *groups;             /* shared: the command each worker is running */
    char folder[PATH_MAX], tmp[PATH_MAX + 8];
    int stop_fd, watch_fd, lock_fd;
    uint64_t scanned, rest;             /* when the last look began, and how long none shall follow */
    bool is_stopping, has_news;
    bool has_failed;                    /* a worker could not finish a message: it lies in work/, and nobody has it */
    bool has_finished, was_refused;     /* since the last look: a message, and one that somebody else has */
};

/* ---- the life of a worker ---- */

static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGHUP);
    sigprocmask(SIG_BLOCK, set, NULL);
}

static void work(struct controller *c, unsigned i, int sock, struct workdir *dir)
{
    struct worker w = c->j->worker;
    struct runner files = { .dir = "" };
    struct queued m;
    sigset_t set;

    block_signals(&set);
    setenv("TMPDIR", dir->path, 1);
    w.number = i;
    w.room = strrchr(dir->path, '/') + 1;
    w.job.stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    w.job.group = &c->groups[i];
    w.job.runner = &files;
    arena_keep();
    while (recv(sock, &m, sizeof m, 0) == (ssize_t)sizeof m) {
        int answer = (int)worker_process(&w, m);

        if (send(sock, &answer, sizeof answer, MSG_NOSIGNAL) != (ssize_t)sizeof answer)
            break;
    }
    workdir_close(dir);
    _exit(0);
}

/*
 * A worker of a controller that was killed may still be at its message, under the same number: so each has a folder of its own,
 * whose lock goes with the worker.
 */
static enum cs_status start_worker(struct controller *c, unsigned i)
{
    struct slot *s = &c->slots[i];
    struct workdir dir;
    char name[16];
    enum cs_status st;
    int pair[2];

    snprintf(name, sizeof name, "w%u", i);
    st = workdir_open(&dir, c->tmp, name);
    if (st != CS_OK)
        return st;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        st = cs_status_errno(errno);
        workdir_close(&dir);
        return st;
    }
    c->groups[i] = 0;
    s->pid = fork();
    if (s->pid == 0) {
        close(pair[0]);
        for (unsigned k = 0; k < c->j->n; k++)
            if (c->slots[k].sock >= 0)
                close(c->slots[k].sock);
        close(c->lock_fd);              /* the lock goes with the controller */
        work(c, i, pair[1], &dir);
    }
    st = s->pid > 0 ? CS_OK : cs_status_errno(errno);
    close(pair[1]);
    s->sock = pair[0];
    s->is_busy = false;
    if (st == CS_OK) {
        close(dir.lock);
        return CS_OK;
    }
    workdir_close(&dir);
    close(s->sock);
    s->sock = -1;
    return st;
}

/*
 * Its worker has died at this message. Once or twice may be chance; but a message that kills whoever takes it up must not be taken up without end. So it
 * counts as a failure, and from the third on it waits like any other, until it is left to a person.
 */
static void put_off(struct controller *c, struct queued m)
{
    const struct worker *w = &c->j->worker;
    unsigned attempts = m.attempts + 1;
    uint64_t now = queuedir_now(w->queue), wait = attempts > CHANCE ? backoff_seconds(&w->backoff, PRIORITY_NORMAL, attempts) : 0;

    m.folder = QUEUE_WORK;
    if (queuedir_recover_one(w->queue, &m, attempts < DEADLY ? attempts : QUEUE_HELD, now + wait * 1000000) == CS_OK)
        diag_warn("%s: the worker that had it has died%s", m.id, attempts < DEADLY ? "" : ": held");
}

/* A worker is gone, killed perhaps: so must be its command, and its message goes back to where it can be found. */
static enum cs_status bury(struct controller *c, unsigned i)
{
    struct slot *s = &c->slots[i];
    bool was_busy = s->is_busy;
    unsigned n;

    close(s->sock);
    s->sock = -1;
    s->is_busy = false;
    kill(s->pid, SIGKILL);
    spawn_wait(s->pid, NULL);
    if (c->groups[i] > 0)
        kill(-c->groups[i], SIGKILL);
    c->groups[i] = 0;
    c->has_news = true;
    if (was_busy && s->entry.m.folder == QUEUE_QUEUE)
        put_off(c, s->entry.m);
    return queuedir_recover(c->j->worker.queue, &n);
}

static enum cs_status replace_worker(struct controller *c, unsigned i)
{
    enum cs_status st = bury(c, i);

    return st == CS_OK && !c->is_stopping ? start_worker(c, i) : st;
}

/* ---- what waits ---- */

static unsigned pick_class(const struct controller *c, uint64_t size)
{
    unsigned best = c->j->sizes.n;

    for (unsigned k = c->j->sizes.n; k-- > 0;)
        if (size <= c->j->sizes.bound[k] && c->lines[k].bytes <= c->lines[best].bytes)
            best = k;
    return best;
}

static enum cs_status stand_in_line(struct controller *c, const struct queue_entry *e)
{
    struct line *l = &c->lines[pick_class(c, e->size)];

    if (l->n == l->room) {
        size_t room = l->room ? l->room * 2 : 256;
        struct queue_entry *p = reallocarray(l->all, room, sizeof *p);

        if (!p)
            return CS_NOMEM;
        l->all = p;
        l->room = room;
    }
    l->all[l->n++] = *e;
    l->bytes += e->size;
    return CS_OK;
}

static bool is_in_work(const struct controller *c, const struct queue_entry *e)
{
    for (unsigned i = 0; i < c->j->n; i++)
        if (c->slots[i].is_busy && strcmp(c->slots[i].entry.m.id, e->m.id) == 0)
            return true;
    return false;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct queue_entry *)a)->m.id, ((const struct queue_entry *)b)->m.id);
}

static enum cs_status scan_folder(struct controller *c, enum queue_folder f)
{
    struct queue_entry *all;
    uint64_t now = queuedir_now(c->j->worker.queue);
    size_t n;
    enum cs_status st = queuedir_list(c->j->worker.queue, f, false, &all, &n);

    if (n)
        qsort(all, n, sizeof *all, by_id);
    for (size_t i = 0; st == CS_OK && i < n; i++)
        if (all[i].due <= now && !is_in_work(c, &all[i]))
            st = stand_in_line(c, &all[i]);
    free(all);
    return st;
}

static uint64_t rest_after(uint64_t us)
{
    uint64_t rest = us < RESCAN_US ? us * RESCAN_SHARE : RESCAN_US;

    return rest < RESCAN_LEAST_US ? RESCAN_LEAST_US : rest > RESCAN_US ? RESCAN_US : rest;
}

static enum cs_status scan(struct controller *c)
{
    enum cs_status st = CS_OK;
    unsigned n;

    if (c->has_failed && !c->j->is_draining) {
        c->has_failed = false;
        st = queuedir_recover(c->j->worker.queue, &n);
    }
    for (unsigned k = 0; k <= c->j->sizes.n; k++)
        c->lines[k].at = c->lines[k].n = c->lines[k].bytes = 0;
    c->scanned = queuedir_now(c->j->worker.queue);
    c->has_news = false;
    if (st == CS_OK)
        st = scan_folder(c, QUEUE_READY);
    if (st == CS_OK)
        st = scan_folder(c, QUEUE_QUEUE);
    c->rest = rest_after(queuedir_now(c->j->worker.queue) - c->scanned);
    return st;
}

/* The head of the line for a worker of this class: its own, else the fullest one of smaller messages. */
static struct line *line_for(struct controller *c, unsigned class)
{
    struct line *best = &c->lines[class];

    if (best->at < best->n)
        return best;
    best = NULL;
    for (unsigned k = 0; k < class; k++)
        if (c->lines[k].at < c->lines[k].n && (!best || c->lines[k].bytes > best->bytes))
            best = &c->lines[k];
    return best;
}

/* A worker that cannot be told of its message has died while it had none; the message is still in its folder, for the next look. */
static enum cs_status give_work(struct controller *c, unsigned i)
{
    struct slot *s = &c->slots[i];
    struct line *l = line_for(c, s->class);

    if (!l)
        return CS_OK;
    s->entry = l->all[l->at++];
    l->bytes -= s->entry.size;
    s->is_busy = send(s->sock, &s->entry.m, sizeof s->entry.m, MSG_NOSIGNAL) == (ssize_t)sizeof s->entry.m;
    return s->is_busy ? CS_OK : replace_worker(c, i);
}

static bool is_empty(const struct controller *c)
{
    for (unsigned k = 0; k <= c->j->sizes.n; k++)
        if (c->lines[k].at < c->lines[k].n)
            return false;
    return true;
}

static unsigned count_busy(const struct controller *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < c->j->n; i++)
        n += c->slots[i].is_busy;
    return n;
}

/* ---- the loop ---- */

static enum cs_status hear_worker(struct controller *c, unsigned i)
{
    struct slot *s = &c->slots[i];
    int answer;
    ssize_t got = recv(s->sock, &answer, sizeof answer, MSG_DONTWAIT);

    if (got == (ssize_t)sizeof answer) {
        s->is_busy = false;
        c->has_finished |= answer == CS_OK;
        c->was_refused |= answer == CS_STOP;
        if (answer != CS_OK && answer != CS_STOP) {
            diag_warn("%s: %s", s->entry.m.id, cs_status_text((enum cs_status)answer));
            c->has_failed = true;
        }
        return CS_OK;
    }
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return CS_OK;
    return replace_worker(c, i);
}

static void forget_news(int fd)
{
    char room[4096];

    while (read(fd, room, sizeof room) > 0)
        continue;
}

static void stop(struct controller *c)
{
    forget_news(c->stop_fd);
    c->is_stopping = true;
    for (unsigned i = 0; i < c->j->n; i++)
        if (c->slots[i].sock >= 0)
            kill(c->slots[i].pid, SIGTERM);
}

static enum cs_status wait_for_news(struct controller *c, int ms)
{
    struct pollfd p[JOBS_MAX + 2];
    enum cs_status st = CS_OK;
    unsigned n = c->j->n;

    for (unsigned i = 0; i < n; i++)
        p[i] = (struct pollfd){ .fd = c->slots[i].sock, .events = POLLIN };
    p[n] = (struct pollfd){ .fd = c->stop_fd, .events = POLLIN };
    p[n + 1] = (struct pollfd){ .fd = c->watch_fd, .events = POLLIN };
    if (poll(p, n + 2, ms) < 0)
        return CS_OK;
    for (unsigned i = 0; st == CS_OK && i < n; i++)
        if (p[i].revents)
            st = hear_worker(c, i);
    if (p[n].revents)
        stop(c);
    if (p[n + 1].revents) {
        forget_news(c->watch_fd);
        c->has_news = true;
    }
    return st;
}

static bool is_time_to_scan(const struct controller *c)
{
    uint64_t since = queuedir_now(c->j->worker.queue) - c->scanned;

    return is_empty(c) ? (c->has_news && since >= c->rest) || since >= RESCAN_US
                       : since >= RESCAN_US * (uint64_t)5;
}

/* All has been tried. What comes up once more is new, or it is what nobody could finish, or somebody else is at it. */
static enum cs_status look_again(struct controller *c)
{
    bool is_stuck = c->has_failed && !c->has_finished;
    enum cs_status st = CS_OK;

    if (c->was_refused && !c->has_finished)
        st = wait_for_news(c, REFUSED_MS);
    c->has_finished = c->was_refused = false;
    if (st == CS_OK)
        st = scan(c);
    return st == CS_OK && c->has_failed && (is_stuck || is_empty(c)) ? CS_IO : st;
}

static enum cs_status loop(struct controller *c)
{
    enum cs_status st = scan(c);

    while (st == CS_OK && !(c->is_stopping && count_busy(c) == 0)) {
        for (unsigned i = 0; st == CS_OK && !c->is_stopping && i < c->j->n; i++)
            if (!c->slots[i].is_busy && c->slots[i].sock >= 0)
                st = give_work(c, i);
        if (st != CS_OK)
            break;
        if (c->j->is_draining && is_empty(c) && count_busy(c) == 0) {
            st = look_again(c);
            if (st != CS_OK || is_empty(c))
                return st;
            continue;
        }
        st = wait_for_news(c, c->has_news && is_empty(c) ? (int)(c->rest / 1000) : RESCAN_MS);
        if (st == CS_OK && is_time_to_scan(c))
            st = scan(c);
    }
    return st;
}

static enum cs_status open_controller(struct controller *c)
{
    struct queuedir *q = c->j->worker.queue;
    sigset_t set;
    unsigned n;

    for (unsigned i = 0; i < JOBS_MAX; i++)
        c->slots[i].sock = -1;
    c->stop_fd = c->watch_fd = -1;
    c->lock_fd = openat(q->top, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (c->lock_fd < 0)
        return cs_status_errno(errno);
    if (flock(c->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return CS_ACCESS;
    if (!realpath(c->j->folder, c->folder))
        return cs_status_errno(errno);
    snprintf(c->tmp, sizeof c->tmp, "%s/tmp", c->folder);
    workdir_sweep(c->tmp, "w");
    block_signals(&set);
    c->stop_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    c->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (c->watch_fd >= 0) {
        char path[PATH_MAX + 32];

        snprintf(path, sizeof path, "%s/queue", c->folder);
        inotify_add_watch(c->watch_fd, path, IN_MOVED_TO);
    }
    c->groups = mmap(NULL, JOBS_MAX * sizeof *c->groups, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (c->groups == MAP_FAILED) {
        c->groups = NULL;
        return CS_NOMEM;
    }
    return queuedir_recover(q, &n);
}

static void close_controller(struct controller *c)
{
    for (unsigned i = 0; i < c->j->n; i++) {
        if (c->slots[i].sock < 0)
            continue;
        close(c->slots[i].sock);        /* the worker reads the end and leaves */
        spawn_wait(c->slots[i].pid, NULL);
    }
    if (c->tmp[0])
        workdir_sweep(c->tmp, "w");     /* what a worker had no memory to remove, say */
    for (unsigned k = 0; k <= SIZES_MAX; k++)
        free(c->lines[k].all);
    if (c->groups)
        munmap((void *)(uintptr_t)c->groups, JOBS_MAX * sizeof *c->groups);
    if (c->watch_fd >= 0)
        close(c->watch_fd);
    if (c->stop_fd >= 0)
        close(c->stop_fd);
    if (c->lock_fd >= 0)
        close(c->lock_fd);
}

enum cs_status jobs_run(struct jobs *j)
{
    struct controller *c = calloc(1, sizeof *c);
    enum cs_status st;

    if (!c)
        return CS_NOMEM;
    c->j = j;
    st = open_controller(c);
    for (unsigned i = 0; st == CS_OK && i < j->n; i++) {
        c->slots[i].class = sizes_of_place(&j->sizes, i);
        st = start_worker(c, i);
    }
    if (st == CS_OK)
        st = loop(c);
    close_controller(c);
    free(c);
    return st;
}
