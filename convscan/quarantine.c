#include "quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"
#include "json.h"

/* A value of the environment may have any length; with this the record fits in what convhold reads, however much must be escaped. */
enum { VALUE_MAX = 2048, RECORD_MAX = 64 << 10, HEADERS_MAX = 2 << 20 };

static enum cs_status put_record(const struct quarantine_record *r, size_t size, struct buf *b)
{
    const struct { const char *key, *value; } rows[] = {
        { "id", r->id },         { "class", r->cls },   { "name", r->name },       { "member", r->member },
        { "file", r->file },     { "type", r->type },   { "sender", r->sender },   { "recipients", r->recipients },
        { "subject", r->subject }, { "date", r->date }, { "in", r->in },           { "out", r->out },
        { "action", r->action },
    };
    struct json j = { .out = b };
    enum cs_status st = buf_puts(b, "X-Convscan-Record: ");

    json_open(&j, NULL, '{');
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        json_text(&j, rows[i].key, slice_take(slice_str(rows[i].value), VALUE_MAX));
    json_number(&j, "size", size);
    json_close(&j, '}');
    return st == CS_OK && !j.is_cut ? buf_putc(b, '\n') : CS_TOOBIG;
}

/* Line by line: what could end the header early is left out. */
static enum cs_status put_headers(struct slice headers, struct buf *b)
{
    static const char encoding[] = "Content-Transfer-Encoding:";
    enum cs_status st = CS_OK;

    while (headers.n && st == CS_OK) {
        struct slice line = slice_take(headers, slice_chr(headers, '\n'));

        headers = slice_drop(headers, line.n + 1);
        while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == '\n'))
            line.n--;
        if (slice_trim(line).n == 0)
            continue;
        if (slice_istarts(line, SLICE(encoding))) {
            st = buf_puts(b, "X-Convscan-Encoding:");
            line = slice_drop(line, sizeof encoding - 1);
        }
        if (st == CS_OK)
            st = buf_put(b, line);
        if (st == CS_OK)
            st = buf_putc(b, '\n');
    }
    return st == CS_OK ? buf_puts(b, "Content-Transfer-Encoding: binary\n\n") : st;
}

/* Not where others could take mail away or put some in. */
static enum cs_status make_folder(const char *path)
{
    struct stat st;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return cs_status_errno(errno);
    if (stat(path, &st) != 0)
        return cs_status_errno(errno);
    return S_ISDIR(st.st_mode) && !stat_is_unsafe(&st) ? CS_OK : CS_UNSAFE;
}

enum cs_status quarantine_prepare(const char *folder)
{
    static const char *const parts[] = { "", "/tmp", "/new", "/cur" };
    char path[PATH_MAX];
    enum cs_status st = CS_OK;
    int last = snprintf(path, sizeof path, "%s/cur", folder);

    if (last > 0 && (size_t)last < sizeof path && access(path, F_OK) == 0)
        return CS_OK;           /* made last, so all of them are there */
    for (size_t i = 0; i < sizeof parts / sizeof *parts && st == CS_OK; i++) {
        int n = snprintf(path, sizeof path, "%s%s", folder, parts[i]);

        st = n > 0 && (size_t)n < sizeof path ? make_folder(path) : CS_TOOBIG;
    }
    return st;
}

static void sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

static enum cs_status write_file(const char *path, struct slice head, struct slice body)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    enum cs_status st;

    if (fd < 0)
        return cs_status_errno(errno);
    st = fd_write_all(fd, head);
    if (st == CS_OK)
        st = fd_write_all(fd, body);
    if (st == CS_OK && fsync(fd) != 0)
        st = cs_status_errno(errno);
    if (close(fd) != 0 && st == CS_OK)
        st = cs_status_errno(errno);
    return st;
}

static enum cs_status deliver(const char *folder, const char *id, struct slice head, struct slice body)
{
    char temp[PATH_MAX], target[PATH_MAX], new[PATH_MAX];
    int a = snprintf(temp, sizeof temp, "%s/tmp/%s", folder, id), b = snprintf(target, sizeof target, "%s/new/%s", folder, id);
    enum cs_status st;

    if (a < 0 || b < 0 || (size_t)a >= sizeof temp || (size_t)b >= sizeof target)
        return CS_TOOBIG;
    snprintf(new, sizeof new, "%s/new", folder);
    st = write_file(temp, head, body);
    if (st == CS_OK && rename(temp, target) != 0)
        st = cs_status_errno(errno);
    if (st == CS_OK)
        sync_folder(new);
    else
        unlink(temp);
    return st;
}

enum cs_status quarantine_store(const char *folder, const struct quarantine_record *r, struct slice headers, struct slice body)
{
    struct buf b = buf_init(RECORD_MAX + HEADERS_MAX);
    enum cs_status st = put_record(r, body.n, &b);

    if (st == CS_OK)
        st = put_headers(headers, &b);
    if (st == CS_OK)
        st = quarantine_prepare(folder);
    if (st == CS_OK)
        st = deliver(folder, r->id, buf_slice(&b), body);
    buf_release(&b);
    return st;
}
