#include "newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "buf.h"
#include "mapfile.h"

enum cs_status newfile_open(struct newfile *f, const char *target, mode_t mode)
{
    enum { TRIES = 100 };

    f->fd = -1;
    f->temp[0] = '\0';
    f->target = target;
    for (int i = 0; i < TRIES; i++) {
        if (!text_print(f->temp, sizeof f->temp, "%s.%ld-%d.new", target, (long)getpid(), i))
            break;
        f->fd = open(f->temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (f->fd >= 0)
            return CS_OK;
        if (errno != EEXIST && errno != EINTR) {
            f->temp[0] = '\0';
            return cs_status_errno(errno);
        }
    }
    f->temp[0] = '\0';
    return CS_IO;
}

enum cs_status newfile_write(struct newfile *f, struct slice s)
{
    return fd_write_all(f->fd, s);
}

static void sync_folder(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    int fd;

    if (n >= sizeof dir)
        return;
    memcpy(dir, path, n);
    dir[n] = '\0';
    fd = open(n ? dir : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

enum cs_status newfile_publish(struct newfile *f, bool is_durable)
{
    enum cs_status st = CS_OK;

    if (is_durable && fsync(f->fd) < 0)
        st = cs_status_errno(errno);
    if (close(f->fd) < 0 && st == CS_OK)
        st = cs_status_errno(errno);
    f->fd = -1;
    if (st == CS_OK && rename(f->temp, f->target) < 0)
        st = cs_status_errno(errno);
    if (st == CS_OK) {
        f->temp[0] = '\0';
        if (is_durable)
            sync_folder(f->target);
    }
    return st;
}

void newfile_drop(struct newfile *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
    if (f->temp[0])
        unlink(f->temp);
    f->temp[0] = '\0';
}

enum cs_status newfile_store(const char *target, mode_t mode, struct slice s, bool is_durable)
{
    struct newfile f;
    enum cs_status st = newfile_open(&f, target, mode);

    if (st == CS_OK)
        st = newfile_write(&f, s);
    if (st == CS_OK)
        st = newfile_publish(&f, is_durable);
    if (st != CS_OK)
        newfile_drop(&f);
    return st;
}
