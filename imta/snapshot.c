#include "snapshot.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"
#include "base/newfile.h"
#include "base/safe.h"
#include "statlog.h"

static const char magic[] = "convscan-status 1\n";

/* ---- queues ---- */

static struct snap_queue *add_queue(struct snapshot *s, const char *name)
{
    struct snap_queue *q = &s->queue[s->n_queues < SNAP_QUEUES ? s->n_queues++ : SNAP_QUEUES - 1];

    safe_ascii(q->name, sizeof q->name, slice_str(name));
    return q;
}

enum wanted { W_ALL, W_WAITING, W_HELD };

static bool is_wanted(const char *name, enum wanted which)
{
    bool is_held = slice_ends(slice_str(name), SLICE(".HELD"));

    return name[0] != '.' && (which == W_ALL || is_held == (which == W_HELD));
}

/* Counts the files of a folder, and of its subfolders down to depth. Files come and go meanwhile: what is gone is not counted. */
static void count_files(struct snap_queue *q, int top, const char *folder, enum wanted which, double now, unsigned depth)
{
    int fd = openat(top, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    struct stat st;

    if (!d) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISDIR(st.st_mode) && depth > 0)
            count_files(q, fd, e->d_name, which, now, depth - 1);
        if (!S_ISREG(st.st_mode) || !is_wanted(e->d_name, which))
            continue;
        q->n++;
        q->bytes += (double)st.st_size;
        q->oldest = fmax(q->oldest, now - (double)st.st_ctime);
    }
    closedir(d);
}

static void take_spool(struct snapshot *s, int fd)
{
    static const struct { const char *name, *folder; enum wanted which; } rows[] = {
        { "waiting", "queue", W_WAITING }, { "working", "work", W_ALL }, { "ready", "ready", W_ALL },
        { "out", "out", W_ALL },           { "held", "queue", W_HELD },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        count_files(add_queue(s, rows[i].name), fd, rows[i].folder, rows[i].which, s->time, 0);
}

/* Messaging Server: a folder a channel. */
static void take_channels(struct snapshot *s, const char *folder, int fd)
{
    DIR *d = opendir(folder);
    struct stat st;

    for (struct dirent *e; d && (e = readdir(d)) != NULL && s->n_queues + 2 < SNAP_QUEUES;) {
        char name[SNAP_WORD];
        struct snap_queue *q;

        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
            continue;
        snprintf(name, sizeof name, "%.40s", e->d_name);
        count_files(add_queue(s, name), fd, e->d_name, W_WAITING, s->time, 1);
        snprintf(name, sizeof name, "%.40s held", e->d_name);
        q = add_queue(s, name);
        count_files(q, fd, e->d_name, W_HELD, s->time, 1);
        if (q->n == 0)
            *q = (struct snap_queue){ .n = 0 }, s->n_queues--;
    }
    if (d)
        closedir(d);
}

static void take_queue(struct snapshot *s, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return;
    if (fstatat(fd, "queue", &st, 0) == 0 && fstatat(fd, "work", &st, 0) == 0)
        take_spool(s, fd);
    else
        take_channels(s, folder, fd);
    close(fd);
}

static void take_quarantine(struct snapshot *s, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct snap_queue *q;

    if (fd < 0)
        return;
    q = add_queue(s, "quarantine");
    count_files(q, fd, "new", W_ALL, s->time, 0);
    count_files(q, fd, "cur", W_ALL, s->time, 0);
    close(fd);
}

/* ---- the end of the log ---- */

static struct snap_class *class_of(struct snapshot *s, const char *name)
{
    for (size_t i = 0; i < s->n_classes; i++)
        if (strcmp(s->cls[i].name, name) == 0)
            return &s->cls[i];
    if (s->n_classes == SNAP_CLASSES)
        return &s->cls[SNAP_CLASSES - 1];
    safe_ascii(s->cls[s->n_classes].name, SNAP_WORD, slice_str(*name ? name : "-"));
    return &s->cls[s->n_classes++];
}

static void note_slow(struct snapshot *s, const struct stat_record *r)
{
    size_t at = s->n_slow;

    while (at > 0 && s->slow[at - 1].us < r->us)
        at--;
    if (at == SNAP_SLOW)
        return;
    if (s->n_slow < SNAP_SLOW)
        s->n_slow++;
    memmove(&s->slow[at + 1], &s->slow[at], (s->n_slow - at - 1) * sizeof *s->slow);
    s->slow[at] = (struct snap_slow){ .us = r->us, .bytes = r->bytes };
    safe_ascii(s->slow[at].id, SNAP_WORD, slice_str(*r->id ? r->id : "-"));
    safe_ascii(s->slow[at].cls, SNAP_WORD, slice_str(*r->class ? r->class : "-"));
}

static void take_record(struct snapshot *s, const struct stat_record *r)
{
    struct snap_class *c;

    if (r->is_message || r->time < s->time - s->window || r->time > s->time + 1)
        return;
    c = class_of(s, r->class);
    c->n++;
    c->us += r->us;
    c->us_max = fmax(c->us_max, r->us);
    note_slow(s, r);
}

static void take_log(struct snapshot *s, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    off_t end = fd < 0 ? -1 : lseek(fd, 0, SEEK_END), at = end > SNAP_TAIL ? end - SNAP_TAIL : 0;
    uint8_t *bytes = NULL;
    size_t n = 0;
    struct slice left;

    if (end >= 0 && lseek(fd, at, SEEK_SET) == at && fd_read_all(fd, SNAP_TAIL + (1 << 20), &bytes, &n) == CS_OK) {
        left = slice_of(bytes, n);
        if (at > 0)                     /* the first line is a part of one */
            left = slice_drop(left, slice_chr(left, '\n') + 1);
        while (left.n) {
            struct slice line = slice_take(left, slice_chr(left, '\n'));
            struct stat_record r;

            if (statlog_line(line, &r))
                take_record(s, &r);
            left = slice_drop(left, line.n + 1);
        }
        free(bytes);
    }
    if (fd >= 0)
        close(fd);
}

/* ---- ages ---- */

static void take_databases(struct snapshot *s, const char *folder)
{
    DIR *d = opendir(folder);
    struct stat st;

    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (!slice_ends(slice_str(e->d_name), SLICE(".vdb")) || fstatat(dirfd(d), e->d_name, &st, 0) != 0)
            continue;
        s->db_bytes = fmax(s->db_bytes, 0) + (double)st.st_size;
        s->db_age = s->db_age < 0 ? s->time - (double)st.st_mtime : fmin(s->db_age, s->time - (double)st.st_mtime);
    }
    if (d)
        closedir(d);
}

void snapshot_take(struct snapshot *s, const struct sources *from)
{
    struct timespec now;
    struct stat st;

    clock_gettime(CLOCK_REALTIME, &now);
    *s = (struct snapshot){ .time = (double)now.tv_sec + (double)now.tv_nsec / 1e9, .window = from->window, .db_age = -1, .db_bytes = -1,
                            .flood_age = -1 };
    if (gethostname(s->host, sizeof s->host - 1) != 0 || !s->host[0])
        snprintf(s->host, sizeof s->host, "localhost");
    if (from->queue)
        take_queue(s, from->queue);
    if (from->quarantine)
        take_quarantine(s, from->quarantine);
    if (from->log)
        take_log(s, from->log);
    if (from->databases)
        take_databases(s, from->databases);
    if (from->flood && stat(from->flood, &st) == 0)
        s->flood_age = fmax(0, s->time - (double)st.st_mtime);
}

/* ---- the status file ---- */

/* One word: blanks and whatever a terminal would act on become '_'. */
static const char *word(const char *text, char out[SNAP_WORD])
{
    safe_ascii(out, SNAP_WORD, slice_str(*text ? text : "-"));
    for (char *c = out; *c; c++)
        if (*c == ' ')
            *c = '_';
    return out;
}

enum cs_status snapshot_write(const struct snapshot *s, const char *path)
{
    struct buf b = buf_init(SNAP_FILE);
    char a[SNAP_WORD], c[SNAP_WORD];
    enum cs_status st = buf_printf(&b, "%shost %s %.0f %.0f %.0f %.0f %.0f\n", magic, word(s->host, a), s->time, s->window, s->db_age,
                                   s->db_bytes, s->flood_age);

    for (size_t i = 0; st == CS_OK && i < s->n_queues; i++)
        st = buf_printf(&b, "queue %s %.0f %.0f %.0f\n", word(s->queue[i].name, a), s->queue[i].n, s->queue[i].bytes, s->queue[i].oldest);
    for (size_t i = 0; st == CS_OK && i < s->n_classes; i++)
        st = buf_printf(&b, "class %s %.0f %.0f %.0f\n", word(s->cls[i].name, a), s->cls[i].n, s->cls[i].us, s->cls[i].us_max);
    for (size_t i = 0; st == CS_OK && i < s->n_slow; i++)
        st = buf_printf(&b, "slow %s %s %.0f %.0f\n", word(s->slow[i].id, a), word(s->slow[i].cls, c), s->slow[i].us, s->slow[i].bytes);
    if (st == CS_OK)
        st = newfile_store(path, 0644, buf_slice(&b), false);
    buf_release(&b);
    return st;
}

static bool parse_line(struct snapshot *s, const char *line)
{
    struct snap_queue q = { .n = 0 };
    struct snap_class c = { .n = 0 };
    struct snap_slow w = { .us = 0 };

    if (sscanf(line, "queue %47s %lf %lf %lf", q.name, &q.n, &q.bytes, &q.oldest) == 4) {
        if (s->n_queues < SNAP_QUEUES)
            s->queue[s->n_queues++] = q;
    } else if (sscanf(line, "class %47s %lf %lf %lf", c.name, &c.n, &c.us, &c.us_max) == 4) {
        if (s->n_classes < SNAP_CLASSES)
            s->cls[s->n_classes++] = c;
    } else if (sscanf(line, "slow %47s %47s %lf %lf", w.id, w.cls, &w.us, &w.bytes) == 4) {
        if (s->n_slow < SNAP_SLOW)
            s->slow[s->n_slow++] = w;
    } else {
        return sscanf(line, "host %47s %lf %lf %lf %lf %lf", s->host, &s->time, &s->window, &s->db_age, &s->db_bytes, &s->flood_age) == 6;
    }
    return true;
}

bool snapshot_parse(struct snapshot *s, struct slice text)
{
    *s = (struct snapshot){ .db_age = -1, .db_bytes = -1, .flood_age = -1 };
    if (!slice_starts(text, SLICE(magic)))
        return false;
    text = slice_drop(text, sizeof magic - 1);
    while (text.n) {
        char line[256];
        size_t n = slice_chr(text, '\n');

        if (safe_ascii(line, sizeof line, slice_take(text, n)), !parse_line(s, line))
            return false;
        text = slice_drop(text, n + 1);
    }
    return s->host[0] != '\0';
}

enum cs_status snapshot_read(struct snapshot *s, const char *path)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_COPY, SNAP_FILE);

    if (st != CS_OK)
        return st;
    if (!snapshot_parse(s, m.data))
        st = CS_FOREIGN;
    mapfile_close(&m);
    return st;
}
