#include "queuefront.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"
#include "jobs.h"

enum { FRONT_OK = 0, FRONT_NONE = 1, FRONT_USAGE = 64, FRONT_RETRY = 75 };

static bool read_number(const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return !errno && end != text && !*end && ascii_is_digit((uint8_t)text[0]) && *out >= least && *out <= most;
}

static bool bad(const char *option, const char *expected, const char *text)
{
    diag_warn("%s: %s expected, not \"%s\"", option, expected, text);
    return false;
}

static bool read_settings(const struct queue_options *o, struct jobs *j, struct queuedir *q)
{
    const char *offset = o->clock_offset && o->clock_offset[0] == '-' ? o->clock_offset + 1 : o->clock_offset;
    uint64_t n = 1, days = 3, seconds = 0, patience = 3600;

    backoff_default(&j->worker.backoff);
    if (o->jobs && !read_number(o->jobs, 1, JOBS_MAX, &n))
        return bad("--jobs", "a number from 1 to 256", o->jobs);
    if (o->notices && !read_number(o->notices, 0, 365, &days))
        return bad("--notices", "days from 0 to 365", o->notices);
    if (o->deliver && slice_trim(slice_str(o->deliver)).n == 0)    /* the shell does nothing, and does it well: all mail would be gone */
        return bad("--deliver", "a command", o->deliver);
    if (o->deliver_timeout && !read_number(o->deliver_timeout, 0, 86400, &patience))
        return bad("--deliver-timeout", "seconds from 0 to 86400", o->deliver_timeout);
    if (offset && !read_number(offset, 0, UINT32_MAX, &seconds))
        return bad("--clock-offset", "seconds", o->clock_offset);
    if (o->backoff && backoff_set(&j->worker.backoff, slice_str(o->backoff)) != CS_OK)
        return bad("--backoff", "up to eight durations as in PT5M,PT1H", o->backoff);
    if (o->classes && !sizes_read(&j->sizes, o->classes))
        return bad("--size-classes", "up to eight ascending sizes as in 2000,10000,50000", o->classes);
    j->n = (unsigned)n;
    j->worker.deliver_seconds = patience;
    j->worker.notices = days * 86400;
    q->clock_offset = offset && offset != o->clock_offset ? -(int64_t)seconds : (int64_t)seconds;
    q->is_durable = !o->is_loose;
    return true;
}

static int trouble(const char *what, enum cs_status st)
{
    diag_warn("%s: %s", what, cs_status_text(st));
    return FRONT_RETRY;
}

/* ---- submitting ---- */

static bool read_priority(const char *text, enum priority *out)
{
    static const char *const names[] = { "normal", "urgent", "nonurgent" };

    for (int i = 0; i < 3; i++)
        if (!text || strcmp(text, names[i]) == 0) {
            *out = (enum priority)i;
            return true;
        }
    return bad("--priority", "normal, urgent or nonurgent", text);
}

static bool fill_envelope(const struct queue_options *o, const struct convert_job *job, struct envelope *e)
{
    *e = (struct envelope){ .from = slice_str(o->from), .in_chan = slice_str(job->in_chan),
                            .out_chan = slice_str(job->out_chan), .n_to = o->n_to };
    for (size_t i = 0; i < o->n_to; i++)
        e->to[i] = slice_str(o->to[i]);
    return read_priority(o->priority, &e->priority);
}

static enum cs_status put_message(int fd, size_t max)
{
    uint8_t *msg;
    size_t n;
    enum cs_status st = fd_read_all(STDIN_FILENO, max, &msg, &n);

    if (st != CS_OK)
        return st;
    st = fd_write_all(fd, slice_of(msg, n));
    free(msg);
    return st;
}

static enum cs_status join_tags(const struct convert_job *job, struct buf *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < job->n_tags; i++)
        st = buf_printf(out, "%s%s", i ? "," : "", job->tags[i]);
    return st;
}

static int submit(const struct queue_options *o, const struct convert_job *job, struct queuedir *q)
{
    static struct envelope e;           /* large, and there is one */
    struct buf head = buf_init(ENVELOPE_BYTES), tags = buf_init(ENVELOPE_BYTES);
    struct queued m = { .fd = -1 };
    enum cs_status st;

    if (!fill_envelope(o, job, &e))
        return FRONT_USAGE;
    e.arrived = queuedir_now(q);
    queuedir_new_id(q, &m);
    st = join_tags(job, &tags);
    e.tags = buf_slice(&tags);
    if (st == CS_OK)
        st = envelope_write(&e, &head);
    if (st == CS_OK)
        st = queuedir_create(q, &m, "");
    if (st == CS_OK)
        st = fd_write_all(m.fd, buf_slice(&head));
    if (st == CS_OK)
        st = put_message(m.fd, (size_t)job->switches->max_message);
    if (st == CS_OK)
        st = queuedir_set_due(&m, e.arrived);
    if (o->is_held)
        m.attempts = QUEUE_HELD;
    if (st == CS_OK)
        st = queuedir_publish(q, &m, "", QUEUE_QUEUE);
    if (st != CS_OK && m.fd >= 0)
        queuedir_take_back(q, &m, "");
    queuedir_unlock(&m);
    buf_release(&head);
    buf_release(&tags);
    if (st == CS_INVALID) {
        diag_warn("an address, channel or tag without blanks and control characters expected");
        return FRONT_USAGE;
    }
    if (st != CS_OK)
        return trouble("not submitted", st);
    puts(m.id);
    return FRONT_OK;
}

/* ---- held messages ---- */

static int list_held(struct queuedir *q, const char *release)
{
    struct queue_entry *all;
    size_t n, found = 0;
    enum cs_status st = queuedir_list(q, QUEUE_QUEUE, true, &all, &n);

    for (size_t i = 0; st == CS_OK && i < n; i++) {
        if (all[i].m.attempts != QUEUE_HELD)
            continue;
        found++;
        if (release)
            st = queuedir_release(q, all[i].m.id);
        printf("%s %llu\n", all[i].m.id, (unsigned long long)all[i].size);
    }
    free(all);
    return st != CS_OK ? trouble("held messages", st) : found ? FRONT_OK : FRONT_NONE;
}

static int release(struct queuedir *q, const char *id)
{
    enum cs_status st;

    if (strcmp(id, "all") == 0)
        return list_held(q, id);
    st = queuedir_release(q, id);
    if (st == CS_OK)
        return FRONT_OK;
    diag_warn("%s: no such held message", id);
    return FRONT_NONE;
}

/* ---- working ---- */

static enum cs_status open_log(const char *path, int *fd)
{
    enum cs_status st;

    *fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (!path || *fd >= 0)
        return CS_OK;
    st = cs_status_errno(errno);
    diag_warn("%s: %s", path, cs_status_text(st));
    return st;
}

static int work(const struct queue_options *o, const struct convert_job *job, struct jobs *j, struct queuedir *q)
{
    static char host[256] = "localhost", postmaster[300];       /* static: j, the caller's, points to them */
    enum cs_status st;

    gethostname(host, sizeof host - 1);
    j->folder = o->folder;
    j->is_draining = o->is_draining;
    j->worker.queue = q;
    j->worker.job = *job;
    j->worker.deliver = o->deliver;
    j->worker.host = o->host ? o->host : host;
    snprintf(postmaster, sizeof postmaster, "postmaster@%s", j->worker.host);
    j->worker.postmaster = o->postmaster ? o->postmaster : postmaster;
    st = open_log(o->log, &j->worker.log);
    if (st == CS_OK)
        st = open_log(o->mail_log, &j->worker.maillog);
    if (st != CS_OK)
        return st == CS_NOMEM || st == CS_IO ? FRONT_RETRY : FRONT_USAGE;
    st = jobs_run(j);
    j->worker.host = j->worker.postmaster = NULL;      /* they stood here */
    if (st == CS_ACCESS)
        diag_warn("%s: another controller works here", o->folder);
    else if (st != CS_OK)
        diag_warn("%s: %s", o->folder, cs_status_text(st));
    return st == CS_OK ? FRONT_OK : FRONT_RETRY;
}

int queuefront_run(const struct queue_options *o, const struct convert_job *job)
{
    struct jobs j = { .n = 1 };
    struct queuedir q;
    enum cs_status st = queuedir_open(&q, o->folder);
    int code;

    if (st != CS_OK)
        return trouble(o->folder, st);
    if (!read_settings(o, &j, &q))
        code = FRONT_USAGE;
    else if (o->is_submitting)
        code = submit(o, job, &q);
    else if (o->is_listing)
        code = list_held(&q, NULL);
    else if (o->release)
        code = release(&q, o->release);
    else
        code = work(o, job, &j, &q);
    queuedir_close(&q);
    return code;
}
