#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#ifndef STATX_BTIME                     /* musl before 1.2.5 and old versions of glibc have no statx() */
#include <linux/stat.h>
#endif

#include "base/arena.h"
#include "base/diag.h"
#include "base/mapfile.h"
#include "bounce.h"
#include "maillog.h"
#include "runner.h"
#include "symbols.h"

enum { OUT_ROOM = 65536, COPIED = 256 << 10, SPARE_NAME = 48, BLOCK = 4096, LEASE_S = 60 };

struct task {
    struct worker *w;
    struct queued m;                    /* what came */
    struct queued next;                 /* what it becomes, in tmp/ and ready/; no file as long as it is the same */
    struct slice same;                  /* of the file that came: what a successor that is the same would have next */
    bool is_same;
    struct mapfile file;
    struct envelope env;
    struct slice message;
    char in_chan[64], out_chan[64], tags[ENVELOPE_ADDRESS + 1];
    struct convert_result result;
    uint64_t begun, cpu_begun;
    size_t n_room;
    uint8_t room[OUT_ROOM];
};

static void copy_text(char *to, size_t size, struct slice s, const char *otherwise)
{
    if (s.n == 0)
        s = slice_str(otherwise);
    snprintf(to, size, "%.*s", (int)slice_take(s, size - 1).n, (const char *)s.p);
}

/* When the file came to be: its other times change with every state. */
static uint64_t born(const struct task *t)
{
    struct statx x;

    if (syscall(SYS_statx, t->m.fd, "", AT_EMPTY_PATH, STATX_BTIME, &x) == 0 && (x.stx_mask & STATX_BTIME))
        return (uint64_t)x.stx_btime.tv_sec * 1000000 + x.stx_btime.tv_nsec / 1000;
    return (uint64_t)t->file.st.st_mtim.tv_sec * 1000000;
}

/* A message without an envelope was put there by hand: it has come when its file was written. */
static enum cs_status read_task(struct task *t)
{
    const size_t max = (size_t)t->w->job.switches->max_message;
    enum cs_status st = mapfile_take(&t->file, t->m.fd, MAPFILE_COPY, max < COPIED ? max : COPIED);

    if (st == CS_TOOBIG)
        st = mapfile_take(&t->file, t->m.fd, MAPFILE_MAP, max);
    if (st != CS_OK)
        return st;
    if (!envelope_read(t->file.data, &t->env, &t->message))
        t->env.arrived = 0;
    if (t->env.arrived == 0)
        t->env.arrived = born(t);
    copy_text(t->in_chan, sizeof t->in_chan, t->env.in_chan, t->w->job.in_chan);
    copy_text(t->out_chan, sizeof t->out_chan, t->env.out_chan, t->w->job.out_chan);
    t->env.in_chan = slice_str(t->in_chan);
    t->env.out_chan = slice_str(t->out_chan);
    return CS_OK;
}

static void log_mail(const struct task *t, const char *from, const char *to, const char *entry, const char *text)
{
    maillog_write(t->w->maillog, queuedir_now(t->w->queue), from, to, entry, t->message.n, &t->env, text);
}

/* Processor time of this worker and of the commands it has waited for. */
static uint64_t cpu_us(void)
{
    static const int who[] = { RUSAGE_SELF, RUSAGE_CHILDREN };
    uint64_t us = 0;

    for (int i = 0; i < 2; i++) {
        struct rusage u;

        if (getrusage(who[i], &u) == 0)
            us += (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
                  (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
    }
    return us;
}

/* What convstat and the storm read: one line a message. */
static void log_task(const struct task *t, const char *what)
{
    char line[512 + CONVERT_DIAGNOSTIC];
    uint64_t now = queuedir_now(t->w->queue);
    char reason[CONVERT_DIAGNOSTIC];
    int n;

    if (t->w->log < 0)
        return;
    for (n = 0; t->result.diagnostic[n]; n++)
        reason[n] = t->result.diagnostic[n] == '"' ? '\'' : t->result.diagnostic[n];
    reason[n] = '\0';
    n = snprintf(line, sizeof line,
                 "time=%llu.%06llu id=%s outcome=%s size=%zu parts=%u commands=%u attempts=%u us=%llu cpu_us=%llu delay_us=%llu worker=%u%s%s%s\n",
                 (unsigned long long)(now / 1000000), (unsigned long long)(now % 1000000), t->m.id, what, t->message.n,
                 t->result.parts, t->result.commands, t->m.attempts, (unsigned long long)(now - t->begun),
                 (unsigned long long)(cpu_us() - t->cpu_begun),
                 (unsigned long long)(now > t->env.arrived ? now - t->env.arrived : 0), t->w->number,
                 reason[0] ? " reason=\"" : "", reason, reason[0] ? "\"" : "");
    if (write(t->w->log, line, (size_t)n) < 0)
        return;
}

static enum cs_status flush(struct task *t)
{
    size_t n = t->n_room;

    t->n_room = 0;
    return n ? fd_write_all(t->next.fd, slice_of(t->room, n)) : CS_OK;
}

static enum cs_status append(struct task *t, struct slice s)
{
    enum cs_status st = s.n > sizeof t->room - t->n_room ? flush(t) : CS_OK;

    if (st == CS_OK && s.n >= sizeof t->room)
        return fd_write_all(t->next.fd, s);
    if (st == CS_OK && s.n) {
        memcpy(t->room + t->n_room, s.p, s.n);
        t->n_room += s.n;
    }
    return st;
}

/* In the folder that is emptied when the worker begins and ends. One for each number of blocks: to cut one off a file takes as long as to
 * remove it, and what becomes of a message is mostly about as long. */
static void name_spare(const struct task *t, char *out)
{
    snprintf(out, SPARE_NAME, "%s/spare.%zu", t->w->room, (t->file.data.n + BLOCK - 1) / BLOCK);
}

/* From here on the successor has a file of its own, in tmp/. */
static enum cs_status differ(struct task *t)
{
    char spare[SPARE_NAME];
    enum cs_status st;

    name_spare(t, spare);
    st = queuedir_create_over(t->w->queue, &t->next, spare);
    t->is_same = false;
    return st == CS_OK ? append(t, slice_take(t->file.data, t->file.data.n - t->same.n)) : st;
}

static enum cs_status put(void *ctx, struct slice s)
{
    struct task *t = ctx;
    enum cs_status st = CS_OK;

    if (t->is_same && slice_starts(t->same, s)) {
        t->same = slice_drop(t->same, s.n);
        return CS_OK;
    }
    if (t->is_same)
        st = differ(t);
    return st == CS_OK ? append(t, s) : st;
}

/* The successor begins, with its envelope. */
static enum cs_status begin_next(struct task *t, const struct envelope *e)
{
    struct buf head = buf_init(ENVELOPE_BYTES);
    enum cs_status st = envelope_write(e, &head);

    t->next = t->m;
    t->next.attempts = 0;
    t->next.fd = -1;
    t->same = t->file.data;
    t->is_same = true;
    if (st == CS_OK)
        st = put(t, buf_slice(&head));
    buf_release(&head);
    return st;
}

/* ---- handing on ---- */

/* The command has the lock on the message as well: a worker that is killed alone does not make another one begin beside it. */
static enum cs_status run_deliver(const struct worker *w, const char *id, int fd, const struct envelope *e, size_t start, struct runner_result *r)
{
    struct arena a;
    struct symbols s = { .arena = &a };
    struct buf to = buf_init(ENVELOPE_BYTES);
    const char *path = getenv("PATH");
    char *argv[] = { (char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)w->deliver, NULL };
    struct runner run = { .stop_fd = -1, .in_fd = fd, .group = w->job.group };
    char **env;
    enum cs_status st = arena_init(&a, 4 << 20);

    if (st != CS_OK)
        return st;
    for (size_t i = 0; st == CS_OK && i < e->n_to; i++)
        st = buf_printf(&to, "%s%.*s", i ? " " : "", (int)e->to[i].n, (const char *)e->to[i].p);
    if (st == CS_OK)
        st = symbols_set(&s, "PATH", slice_str(path ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"));
    if (st == CS_OK)
        st = symbols_set(&s, "SENDER", e->from);
    if (st == CS_OK)
        st = symbols_set(&s, "RECIPIENTS", buf_slice(&to));
    if (st == CS_OK)
        st = symbols_set(&s, "QUEUE_ID", slice_str(id));
    if (st == CS_OK)
        st = symbols_environ(&s, &env);
    if (st == CS_OK && lseek(fd, (off_t)start, SEEK_SET) < 0)
        st = cs_status_errno(errno);
    if (st == CS_OK)
        st = runner_run(&run, argv, env, w->deliver_seconds, r);
    buf_release(&to);
    arena_release(&a);
    return st;
}

static enum cs_status set_wait(struct task *t, enum priority p)
{
    struct worker *w = t->w;

    return queuedir_set_due(&t->next, queuedir_now(w->queue) + backoff_seconds(&w->backoff, p, t->next.attempts + 1) * 1000000);
}

static void name_end(const struct runner_result *r, char *out, size_t size)
{
    static const char *const texts[] = { [RUN_EXITED] = "ended with status", [RUN_SIGNALLED] = "was killed by signal",
                                         [RUN_TIMED_OUT] = "took too long: signal", [RUN_NOT_STARTED] = "could not be started: status" };

    snprintf(out, size, "%s %d", texts[r->end], r->code);
}

/* What cannot be removed would be delivered again and again: at least it waits as long as what was not taken. */
static enum cs_status take_end(struct task *t, const struct runner_result *r, enum priority p)
{
    char end[64];
    enum cs_status st;

    if (r->end == RUN_EXITED && r->code == 0) {
        st = queuedir_unlink(t->w->queue, &t->next);
        return st != CS_OK && set_wait(t, p) != CS_OK ? CS_IO : st;
    }
    st = set_wait(t, p);
    if (st == CS_OK)
        st = queuedir_move(t->w->queue, &t->next, QUEUE_READY, t->next.attempts + 1);
    name_end(r, end, sizeof end);
    diag_warn("%s: the delivery command %s, it is tried again later", t->m.id, end);
    return st;
}

/*
 * A ready message goes out. Its predecessor in work/ must be gone by now. Before the command begins the message is put off for a moment: a spool
 * that cannot be written to is found out before and not behind it, and a command that takes its worker with it does not begin again at once.
 */
static enum cs_status hand_on(struct task *t)
{
    struct worker *w = t->w;
    struct runner_result r;
    struct mapfile f;
    struct envelope e;
    struct slice msg;
    enum cs_status st;

    if (!w->deliver)
        return queuedir_move(w->queue, &t->next, QUEUE_OUT, 0);
    st = mapfile_take(&f, t->next.fd, MAPFILE_MAP, SIZE_MAX);
    if (st != CS_OK)
        return st;
    envelope_read(f.data, &e, &msg);
    st = queuedir_set_due(&t->next, queuedir_now(w->queue) + LEASE_S * (uint64_t)1000000);
    if (st == CS_OK)
        st = run_deliver(w, t->m.id, t->next.fd, &e, (size_t)(msg.p - f.data.p), &r);
    if (st == CS_OK)
        st = take_end(t, &r, e.priority);
    mapfile_close(&f);
    return st;
}

/* Byte for byte what came, with its envelope: the file goes on as it is. */
static enum cs_status keep_file(struct task *t)
{
    t->next = t->m;
    t->m.fd = -1;
    return queuedir_promote(t->w->queue, &t->next);
}

/* The file of a message that is through is written over by that of a later one: to give back its place on the disk takes long. */
static enum cs_status retire(struct task *t)
{
    char spare[SPARE_NAME];

    name_spare(t, spare);
    return t->file.data.n <= COPIED ? queuedir_retire(t->w->queue, &t->m, spare) : queuedir_unlink(t->w->queue, &t->m);
}

/* What an earlier message has left behind the end. */
static enum cs_status cut(int fd)
{
    const off_t end = lseek(fd, 0, SEEK_CUR);
    struct stat st;

    if (end < 0 || fstat(fd, &st) < 0 || (st.st_size > end && ftruncate(fd, end) < 0))
        return cs_status_errno(errno);
    return CS_OK;
}

/* The successor is whole: from here on it is the message. */
static enum cs_status finish_next(struct task *t)
{
    enum cs_status st = CS_OK;

    if (t->is_same && t->same.n == 0)
        return keep_file(t);
    if (t->is_same)                     /* the same, but shorter */
        st = differ(t);
    if (st == CS_OK)
        st = flush(t);
    if (st == CS_OK)
        st = cut(t->next.fd);
    if (st == CS_OK)
        st = queuedir_publish(t->w->queue, &t->next, "", QUEUE_READY);
    return st == CS_OK ? retire(t) : st;
}

/* ---- what becomes of a message ---- */

static enum cs_status send_back(struct task *t, const char *reason)
{
    struct envelope back = { .to = { t->env.from }, .n_to = 1, .in_chan = SLICE("process"), .out_chan = SLICE("process"),
                             .arrived = queuedir_now(t->w->queue) };
    struct buf text = buf_init(SIZE_MAX / 2);
    struct bounce b = { .host = t->w->host, .id = t->m.id, .envelope = &t->env, .diagnostic = t->result.diagnostic,
                        .message = t->message, .sample = buf_slice(&t->result.sample), .reason = reason,
                        .now = queuedir_now(t->w->queue) / 1000000 };
    enum cs_status st;

    log_mail(t, "conversion", "", "R", t->result.diagnostic);
    if (t->env.from.n == 0)             /* never an answer to a notification */
        return queuedir_unlink(t->w->queue, &t->m);
    st = bounce_write(&b, &text);
    if (st == CS_OK)
        st = begin_next(t, &back);
    if (st == CS_OK)
        st = put(t, buf_slice(&text));
    if (st == CS_OK)
        st = finish_next(t);
    if (t->next.folder == QUEUE_READY)
        maillog_write(t->w->maillog, queuedir_now(t->w->queue), "conversion", "process", "E", text.n, &back, NULL);
    buf_release(&text);
    return st;
}

static enum cs_status to_postmaster(struct task *t)
{
    struct envelope e = t->env;
    enum cs_status st;

    e.to[0] = slice_str(t->w->postmaster);
    e.n_to = 1;
    st = begin_next(t, &e);
    if (st == CS_OK)
        st = put(t, t->message);
    if (st != CS_OK)
        return st;
    log_mail(t, "conversion", "process", "E", NULL);
    log_mail(t, "conversion", "", "D", NULL);
    return finish_next(t);
}

static enum cs_status try_later(struct task *t)
{
    struct worker *w = t->w;
    unsigned attempts = t->m.attempts + 1;
    enum cs_status st = queuedir_set_due(&t->m, queuedir_now(w->queue) + backoff_seconds(&w->backoff, t->env.priority, attempts) * 1000000);

    return st == CS_OK ? queuedir_move(w->queue, &t->m, QUEUE_QUEUE, attempts) : st;
}

static enum cs_status retry(struct task *t)
{
    struct worker *w = t->w;
    uint64_t now = queuedir_now(w->queue);
    enum cs_status st;

    if (now > t->env.arrived && (now - t->env.arrived) / 1000000 >= w->notices)     /* nobody to tell: kept for a human */
        return t->env.from.n ? send_back(t, "The message could not be processed in time for")
                             : queuedir_move(w->queue, &t->m, QUEUE_QUEUE, QUEUE_HELD);
    st = try_later(t);
    log_mail(t, "conversion", "", "Q", t->result.diagnostic);
    return st;
}

static enum cs_status settle(struct task *t)
{
    enum cs_status st;

    switch (t->result.outcome) {
    case OUTCOME_PASS:
        st = finish_next(t);
        if (t->next.folder != QUEUE_READY)
            return st;
        log_mail(t, "conversion", t->out_chan, "E", NULL);
        log_mail(t, "conversion", "", "D", NULL);
        return st;
    case OUTCOME_RETRY:
        return retry(t);
    case OUTCOME_HOLD:
        return queuedir_move(t->w->queue, &t->m, QUEUE_QUEUE, QUEUE_HELD);
    case OUTCOME_RETURN:
    case OUTCOME_RETURN_SAMPLE:
        return send_back(t, "Your message was refused for");
    case OUTCOME_POSTMASTER:
        return to_postmaster(t);
    default:                            /* discarded, one way or another */
        log_mail(t, "conversion", "bitbucket", "E", NULL);
        log_mail(t, "conversion", "", "D", NULL);
        return queuedir_unlink(t->w->queue, &t->m);
    }
}

/* The envelope's tags besides those of the command line. */
static void add_tags(struct task *t, struct convert_job *job)
{
    copy_text(t->tags, sizeof t->tags, t->env.tags, "");
    for (char *at = t->tags, *tag; (tag = strsep(&at, ",")) != NULL;)
        if (*tag && !convert_add_tag(job, tag))
            diag_warn("%s: more than %d tags", t->m.id, CONVERT_TAGS);
}

static void drop_next(struct task *t)
{
    t->n_room = 0;
    if (t->next.fd >= 0)
        queuedir_discard(t->w->queue, &t->next, "");
}

static enum cs_status convert(struct task *t)
{
    struct convert_job job = t->w->job;
    enum cs_status st = begin_next(t, &t->env);

    job.in_chan = t->in_chan;
    job.out_chan = t->out_chan;
    add_tags(t, &job);
    for (size_t i = 0; i < t->env.n_to; i++)
        job.is_addressed |= convert_is_addressed(t->env.to[i]);
    if (st == CS_OK)
        st = convert_message(&job, t->message, put, t, &t->result);
    if (st == CS_STOP)
        return st;
    if (st != CS_OK) {                  /* our own failure: nothing is known about the message */
        snprintf(t->result.diagnostic, sizeof t->result.diagnostic, "%s", cs_status_text(st));
        t->result.outcome = OUTCOME_RETRY;
    }
    if (t->result.outcome != OUTCOME_PASS) {
        drop_next(t);
    }
    return CS_OK;
}

static enum cs_status process_queued(struct task *t)
{
    struct worker *w = t->w;
    enum cs_status st = queuedir_move(w->queue, &t->m, QUEUE_WORK, t->m.attempts);

    if (st != CS_OK)
        return st;
    st = read_task(t);
    if (st == CS_NOMEM || st == CS_IO) {        /* perhaps not the next time */
        diag_warn("%s: %s: tried again later", t->m.id, cs_status_text(st));
        return try_later(t);
    }
    if (st != CS_OK) {                  /* too large, say: kept for a human */
        diag_warn("%s: %s: held", t->m.id, cs_status_text(st));
        return queuedir_move(w->queue, &t->m, QUEUE_QUEUE, QUEUE_HELD);
    }
    t->result.sample = buf_init(SIZE_MAX / 2);
    st = convert(t);
    if (st == CS_OK) {
        const char *outcome;

        st = settle(t);
        outcome = st == CS_OK ? outcome_text(t->result.outcome) : "error";
        if (t->next.folder == QUEUE_TMP)        /* begun, and it came to nothing */
            queuedir_discard(w->queue, &t->next, "");
        else if (st == CS_OK && t->next.folder == QUEUE_READY)
            st = hand_on(t);
        log_task(t, outcome);
    } else {
        drop_next(t);
        if (queuedir_move(w->queue, &t->m, QUEUE_QUEUE, t->m.attempts) != CS_OK)
            st = CS_IO;
    }
    buf_release(&t->result.sample);
    mapfile_close(&t->file);
    return st;
}

static enum cs_status process_ready(struct task *t)
{
    struct queued before;
    enum cs_status st = queuedir_find(t->w->queue, QUEUE_WORK, t->m.id, &before);

    if (st == CS_OK)
        st = queuedir_unlink(t->w->queue, &before);
    t->next = t->m;
    t->m.fd = -1;
    return st == CS_OK || st == CS_NOENT ? hand_on(t) : st;
}

enum cs_status worker_process(struct worker *w, struct queued m)
{
    struct task *t = calloc(1, sizeof *t);
    enum cs_status st;

    if (!t)
        return CS_NOMEM;
    t->w = w;
    t->m = m;
    t->next.fd = -1;
    t->begun = queuedir_now(w->queue);
    t->cpu_begun = cpu_us();
    st = queuedir_lock(w->queue, &t->m);
    if (st == CS_OK)
        st = m.folder == QUEUE_READY ? process_ready(t) : process_queued(t);
    queuedir_unlock(&t->next);
    queuedir_unlock(&t->m);
    free(t);
    return st;
}
