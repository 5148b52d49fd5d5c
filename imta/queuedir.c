#include "queuedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "held.h"

void (*queuedir_step)(const char *step);

static const char *const folders[QUEUE_FOLDERS] = { "tmp", "queue", "work", "ready", "out" };

/* Where a message of this folder and number of attempts is, in words. */
static const char *place(enum queue_folder f, unsigned attempts)
{
    return f == QUEUE_QUEUE && attempts == QUEUE_HELD ? "held" : folders[f];
}

static void step(const char *from, const char *to)
{
    char name[2 * QUEUE_NAME];

    if (!queuedir_step)
        return;
    snprintf(name, sizeof name, "%s>%s", from, to);
    queuedir_step(name);
}

enum cs_status queuedir_open(struct queuedir *q, const char *path)
{
    struct stat about;

    *q = (struct queuedir){ .top = -1, .is_durable = true };
    for (int i = 0; i < QUEUE_FOLDERS; i++)
        q->fd[i] = -1;
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return cs_status_errno(errno);
    q->top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (q->top < 0)
        return cs_status_errno(errno);
    if (fstat(q->top, &about) != 0 || stat_is_unsafe(&about)) {
        queuedir_close(q);
        return CS_UNSAFE;
    }
    for (int i = 0; i < QUEUE_FOLDERS; i++) {
        if (mkdirat(q->top, folders[i], 0700) < 0 && errno != EEXIST)
            break;
        q->fd[i] = openat(q->top, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (q->fd[i] < 0)
            break;
    }
    if (q->fd[QUEUE_FOLDERS - 1] < 0) {
        enum cs_status st = cs_status_errno(errno);

        queuedir_close(q);
        return st;
    }
    return CS_OK;
}

void queuedir_close(struct queuedir *q)
{
    for (int i = 0; i < QUEUE_FOLDERS; i++)
        if (q->fd[i] >= 0)
            close(q->fd[i]);
    if (q->top >= 0)
        close(q->top);
}

uint64_t queuedir_now(const struct queuedir *q)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)(t.tv_sec + q->clock_offset) * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool queued_parse(const char *name, struct queued *out)
{
    const char *dot = strrchr(name, '.');
    size_t n = dot ? (size_t)(dot - name) : 0;

    if (n == 0 || n >= QUEUE_NAME - 8 || name[0] == '.')
        return false;
    if (strcmp(dot, ".HELD") == 0)
        out->attempts = QUEUE_HELD;
    else if (ascii_is_digit((uint8_t)dot[1]) && ascii_is_digit((uint8_t)dot[2]) && !dot[3])
        out->attempts = (unsigned)(dot[1] - '0') * 10 + (unsigned)(dot[2] - '0');
    else
        return false;
    memcpy(out->id, name, n);
    out->id[n] = '\0';
    out->fd = -1;
    return true;
}

void queued_name(const struct queued *m, char *out)
{
    if (m->attempts == QUEUE_HELD)
        snprintf(out, QUEUE_NAME, "%.56s.HELD", m->id);
    else
        snprintf(out, QUEUE_NAME, "%.56s.%02u", m->id, m->attempts % QUEUE_HELD);
}

static void temp_name(const struct queued *m, const char *suffix, char *out)
{
    snprintf(out, QUEUE_NAME, "%.50s%s.tmp", m->id, suffix);
}

void queuedir_new_id(const struct queuedir *q, struct queued *m)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    static unsigned serial;             /* two messages of one process in one microsecond */
    uint64_t v = queuedir_now(q);
    char stamp[16];
    int at = sizeof stamp;

    stamp[--at] = '\0';
    for (int i = 0; i < 11; i++, v /= 36)
        stamp[--at] = digits[v % 36];
    snprintf(m->id, sizeof m->id, "ZZ%s-%lx-%x", stamp + at, (long)getpid(), serial++);
    m->attempts = 0;
    m->fd = -1;
}

/* A file of tmp/ that a dead process has left. One that is locked, or no file, stays. */
static void remove_stale(const struct queuedir *q, const char *name)
{
    int fd;

    if (held_open(q->fd[QUEUE_TMP], name, O_RDONLY, &fd) != CS_OK)
        return;
    unlinkat(q->fd[QUEUE_TMP], name, 0);
    close(fd);
}

enum cs_status queuedir_create(const struct queuedir *q, struct queued *m, const char *suffix)
{
    enum { TRIES = 2000, PAUSE_NS = 1000000 };    /* two seconds: whoever sweeps may have been put to sleep over it */
    char name[QUEUE_NAME];
    enum cs_status st;

    temp_name(m, suffix, name);
    st = held_make(q->fd[QUEUE_TMP], name, &m->fd);
    for (int i = 1; st == CS_STOP && i < TRIES; i++) {
        if (i > 2)
            nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
        remove_stale(q, name);
        st = held_make(q->fd[QUEUE_TMP], name, &m->fd);
    }
    m->folder = QUEUE_TMP;
    return st == CS_STOP ? CS_IO : st;
}

/* Nobody else may have a name for it, or hold it. */
static int open_spare(const struct queuedir *q, const char *name)
{
    struct stat st;
    int fd;

    if (held_open(q->fd[QUEUE_TMP], name, O_RDWR, &fd) != CS_OK ||
        (fstat(fd, &st) == 0 && st.st_nlink == 1 && st.st_uid == geteuid() && fchmod(fd, 0600) == 0))
        return fd;
    close(fd);
    return -1;
}

enum cs_status queuedir_create_over(const struct queuedir *q, struct queued *m, const char *spare)
{
    char name[QUEUE_NAME];

    temp_name(m, "", name);
    m->fd = renameat(q->fd[QUEUE_TMP], spare, q->fd[QUEUE_TMP], name) == 0 ? open_spare(q, name) : -1;
    if (m->fd < 0)
        return queuedir_create(q, m, "");
    m->folder = QUEUE_TMP;
    return CS_OK;
}

static enum cs_status sync_fd(const struct queuedir *q, int fd)
{
    while (q->is_durable && fsync(fd) < 0)
        if (errno != EINTR)
            return cs_status_errno(errno);
    return CS_OK;
}

static enum cs_status sync_folder(const struct queuedir *q, enum queue_folder f)
{
    return sync_fd(q, q->fd[f]);
}

enum cs_status queuedir_publish(const struct queuedir *q, struct queued *m, const char *suffix, enum queue_folder to)
{
    char from[QUEUE_NAME], name[QUEUE_NAME];
    enum cs_status st = sync_fd(q, m->fd);

    temp_name(m, suffix, from);
    queued_name(m, name);
    if (st != CS_OK)
        return st;
    step("", folders[QUEUE_TMP]);
    if (renameat(q->fd[QUEUE_TMP], from, q->fd[to], name) < 0)
        return cs_status_errno(errno);
    m->folder = to;
    step(folders[QUEUE_TMP], place(to, m->attempts));
    return sync_folder(q, to);
}

void queuedir_discard(const struct queuedir *q, struct queued *m, const char *suffix)
{
    char name[QUEUE_NAME];

    temp_name(m, suffix, name);
    if (m->fd >= 0)
        unlinkat(q->fd[QUEUE_TMP], name, 0);
    queuedir_unlock(m);
}

void queuedir_take_back(const struct queuedir *q, struct queued *m, const char *suffix)
{
    char name[QUEUE_NAME];

    queued_name(m, name);
    if (m->folder != QUEUE_TMP)
        unlinkat(q->fd[m->folder], name, 0);
    queuedir_discard(q, m, suffix);
}

void queuedir_unlock(struct queued *m)
{
    if (m->fd >= 0)
        close(m->fd);
    m->fd = -1;
}

/* Between open and lock the file may have gone on to another folder, taken there by its last owner: that is CS_STOP, too. */
enum cs_status queuedir_lock(const struct queuedir *q, struct queued *m)
{
    char name[QUEUE_NAME];

    queued_name(m, name);
    return held_open(q->fd[m->folder], name, O_RDWR, &m->fd);
}

enum cs_status queuedir_move(const struct queuedir *q, struct queued *m, enum queue_folder to, unsigned attempts)
{
    struct queued next = *m;
    char from[QUEUE_NAME], name[QUEUE_NAME];

    next.attempts = attempts > 99 && attempts != QUEUE_HELD ? 99 : attempts;
    queued_name(m, from);
    queued_name(&next, name);
    if (renameat(q->fd[m->folder], from, q->fd[to], name) < 0)
        return cs_status_errno(errno);
    step(place(m->folder, m->attempts), place(to, next.attempts));
    m->attempts = next.attempts;
    m->folder = to;
    return sync_folder(q, to);
}

enum cs_status queuedir_promote(const struct queuedir *q, struct queued *m)
{
    enum cs_status st = sync_fd(q, m->fd);      /* whoever put it there may not have done so */

    return st == CS_OK ? queuedir_move(q, m, QUEUE_READY, 0) : st;
}

enum cs_status queuedir_unlink(const struct queuedir *q, const struct queued *m)
{
    char name[QUEUE_NAME];

    queued_name(m, name);
    if (unlinkat(q->fd[m->folder], name, 0) < 0 && errno != ENOENT)
        return cs_status_errno(errno);
    step(place(m->folder, m->attempts), "gone");
    return sync_folder(q, m->folder);
}

enum cs_status queuedir_retire(const struct queuedir *q, const struct queued *m, const char *spare)
{
    char name[QUEUE_NAME];

    queued_name(m, name);
    if (renameat(q->fd[m->folder], name, q->fd[QUEUE_TMP], spare) < 0)
        return queuedir_unlink(q, m);
    step(place(m->folder, m->attempts), "gone");
    return sync_folder(q, m->folder);
}

enum cs_status queuedir_set_due(struct queued *m, uint64_t due)
{
    struct timespec t[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = (time_t)(due / 1000000), .tv_nsec = (long)(due % 1000000) * 1000 } };

    return futimens(m->fd, t) < 0 ? cs_status_errno(errno) : CS_OK;
}

static DIR *open_folder(const struct queuedir *q, enum queue_folder f)
{
    int fd = openat(q->fd[f], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);

    if (!d && fd >= 0)
        close(fd);
    return d;
}

enum cs_status queuedir_find(const struct queuedir *q, enum queue_folder f, const char *id, struct queued *found)
{
    *found = (struct queued){ .folder = f, .fd = -1 };
    snprintf(found->id, sizeof found->id, "%s", id);
    for (unsigned i = 0; i <= QUEUE_HELD; i++) {
        char name[QUEUE_NAME];

        found->attempts = i;
        queued_name(found, name);
        if (faccessat(q->fd[f], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            return CS_OK;
        if (errno != ENOENT)
            return cs_status_errno(errno);
    }
    return CS_NOENT;
}

enum cs_status queuedir_recover_one(const struct queuedir *q, struct queued *m, unsigned attempts, uint64_t due)
{
    struct queued after;
    enum cs_status st = queuedir_lock(q, m);

    if (st != CS_OK)
        return st;
    st = queuedir_find(q, QUEUE_READY, m->id, &after);
    if (st == CS_OK) {
        st = queuedir_unlink(q, m);
    } else if (st == CS_NOENT) {
        st = due ? queuedir_set_due(m, due) : CS_OK;
        if (st == CS_OK)
            st = queuedir_move(q, m, QUEUE_QUEUE, attempts);
    }
    queuedir_unlock(m);
    return st;
}

/* What cannot be removed now, or is being written, stays until the next time. */
static void sweep(const struct queuedir *q)
{
    DIR *d = open_folder(q, QUEUE_TMP);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL)
        if (slice_ends(slice_str(e->d_name), SLICE(".tmp")))
            remove_stale(q, e->d_name);
    if (d)
        closedir(d);
}

enum cs_status queuedir_recover(const struct queuedir *q, unsigned *n)
{
    struct queue_entry *all;
    size_t count;
    enum cs_status st = queuedir_list(q, QUEUE_WORK, false, &all, &count);

    *n = 0;
    for (size_t i = 0; st == CS_OK && i < count; i++) {
        st = queuedir_recover_one(q, &all[i].m, all[i].m.attempts, 0);
        *n += st != CS_STOP;
        if (st == CS_STOP)              /* its worker lives */
            st = CS_OK;
    }
    free(all);
    sweep(q);
    return st;
}

enum cs_status queuedir_release(const struct queuedir *q, const char *id)
{
    struct queued m = { .attempts = QUEUE_HELD, .folder = QUEUE_QUEUE, .fd = -1 };
    enum cs_status st;

    snprintf(m.id, sizeof m.id, "%s", id);
    if (strchr(id, '/') || strlen(id) >= QUEUE_NAME - 8)
        return CS_INVALID;
    st = queuedir_lock(q, &m);
    if (st != CS_OK)
        return st == CS_STOP ? CS_NOENT : st;
    st = queuedir_set_due(&m, queuedir_now(q));
    if (st == CS_OK)
        st = queuedir_move(q, &m, QUEUE_QUEUE, 0);
    queuedir_unlock(&m);
    return st;
}

static enum cs_status add_entry(const struct queuedir *q, enum queue_folder f, const char *name, struct queue_entry **out,
                                size_t *n, size_t *room)
{
    struct queue_entry e = { .size = 0 };
    struct stat st;

    if (!queued_parse(name, &e.m))
        return CS_OK;
    if (fstatat(q->fd[f], name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? CS_OK : cs_status_errno(errno);        /* gone in between */
    if (!S_ISREG(st.st_mode))
        return CS_OK;                   /* nothing of ours */
    e.m.folder = f;
    e.size = (uint64_t)st.st_size;
    e.due = (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
    if (*n == *room) {
        size_t more = *room ? *room * 2 : 256;
        struct queue_entry *p = reallocarray(*out, more, sizeof *p);

        if (!p)
            return CS_NOMEM;
        *out = p;
        *room = more;
    }
    (*out)[(*n)++] = e;
    return CS_OK;
}

enum cs_status queuedir_list(const struct queuedir *q, enum queue_folder f, bool wants_held, struct queue_entry **out,
                             size_t *n)
{
    DIR *d = open_folder(q, f);
    enum cs_status st = CS_OK;
    size_t room = 0;
    struct dirent *e;

    *out = NULL;
    *n = 0;
    if (!d)
        return cs_status_errno(errno);
    while (st == CS_OK && (errno = 0, e = readdir(d)) != NULL) {
        struct queued m;

        if (queued_parse(e->d_name, &m) && (wants_held || m.attempts != QUEUE_HELD))
            st = add_entry(q, f, e->d_name, out, n, &room);
    }
    if (st == CS_OK && errno)
        st = cs_status_errno(errno);
    closedir(d);
    return st;
}
