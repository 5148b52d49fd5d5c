#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <syslog.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/mapfile.h"
#include "base/safe.h"
#include "base/utc.h"

bool log_is_on(const struct conf *c)
{
    return c->log.file || c->log.syslog;
}

/* Bare where a reader of key=value pairs cannot be misled, in quotes otherwise; '-' stands for nothing. */
static enum cs_status put_pair(struct buf *b, const char *key, const char *value)
{
    char text[400];
    size_t n = safe_text(text, sizeof text, slice_str(value));
    bool is_bare = n > 0;

    for (size_t i = 0; i < n; i++)
        is_bare = is_bare && (uint8_t)text[i] > ' ' && text[i] != '=' && text[i] != '\\';
    if (n == 0)
        return buf_printf(b, " %s=-", key);
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\\')
            text[i] = '/';
    return buf_printf(b, is_bare ? " %s=%s" : " %s=\"%s\"", key, text);
}

static enum cs_status put_time(struct buf *b)
{
    struct timespec now;
    struct utc t;

    clock_gettime(CLOCK_REALTIME, &now);
    t = utc_of(now.tv_sec);
    return buf_printf(b, "time=%04u-%02u-%02uT%02u:%02u:%02u.%06ldZ", t.year, t.month, t.day, t.hour, t.minute, t.second, now.tv_nsec / 1000);
}

static enum cs_status put_line(const struct log_facts *f, struct buf *b)
{
    const struct { const char *key, *value; } texts[] = {
        { "id", f->id },     { "part", f->part }, { "in", f->in },          { "out", f->out },
        { "type", f->type }, { "name", f->name }, { "class", cls_name(f->cls) }, { "sig", f->sig },
        { "action", f->action },
    };
    enum cs_status st = put_time(b);

    for (size_t i = 0; i < sizeof texts / sizeof *texts && st == CS_OK; i++)
        st = put_pair(b, texts[i].key, texts[i].value);
    if (st == CS_OK && f->uncaged && f->uncaged[0])
        st = put_pair(b, "uncaged", f->uncaged);
    if (st == CS_OK && f->exceptions)
        st = put_pair(b, "except", f->exceptions);
    if (st == CS_OK && f->flood)
        st = buf_printf(b, " flood=%" PRIu32, f->flood);
    if (st == CS_OK && f->flooded)
        st = buf_printf(b, " flooded=%" PRIu32, f->flooded);
    if (st == CS_OK)
        st = buf_printf(b, " size=%" PRIu64 " objects=%" PRIu64 " bytes=%" PRIu64 " us=%" PRIu64 " cpu_us=%" PRIu64
                        " db=%016" PRIx64 "\n", f->size, f->objects, f->bytes, f->us, f->cpu_us, f->db);
    return st;
}

static void to_file(const char *path, struct slice line)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
    enum cs_status st = fd < 0 ? cs_status_errno(errno) : fd_write_all(fd, line);

    if (fd >= 0)
        close(fd);
    if (st != CS_OK)
        diag_warn("%s: the log line is lost: %s", path, cs_status_text(st));
}

void log_open(const struct conf *c)
{
    if (c->log.syslog)
        openlog("convscan", LOG_PID | LOG_NDELAY, LOG_MAIL);
}

void log_part(const struct conf *c, const struct log_facts *f)
{
    char room[LOG_LINE];
    struct buf b = buf_over(room, sizeof room);

    if (!log_is_on(c) || put_line(f, &b) != CS_OK)
        return;
    if (c->log.file)
        to_file(c->log.file, buf_slice(&b));
    if (c->log.syslog)
        syslog(f->cls == CLS_CLEAN ? LOG_INFO : LOG_NOTICE, "%.*s", (int)b.n - 1, (const char *)b.p);
}
