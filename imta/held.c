#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does the name still mean what fd is? */
static bool is_named(int at, const char *name, int fd)
{
    struct stat here, there;

    return fstat(fd, &here) == 0 && fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == there.st_ino &&
           here.st_dev == there.st_dev;
}

/* Takes the lock, or closes it. */
static enum cs_status lock(int at, const char *name, int *fd)
{
    enum cs_status st = CS_OK;

    if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
        st = errno == EWOULDBLOCK || errno == EINTR ? CS_STOP : cs_status_errno(errno);
    else if (!is_named(at, name, *fd))
        st = CS_STOP;
    if (st != CS_OK) {
        close(*fd);
        *fd = -1;
    }
    return st;
}

enum cs_status held_open(int at, const char *name, int flags, int *fd)
{
    struct stat st;

    *fd = openat(at, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (*fd < 0)
        return errno == ENOENT ? CS_STOP : cs_status_errno(errno);
    if (!(flags & O_DIRECTORY) && (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(*fd);
        *fd = -1;
        return CS_STOP;
    }
    return lock(at, name, fd) == CS_OK ? CS_OK : CS_STOP;
}

/* What somebody else has locked is his to remove: by the time he does, the name must not mean anything newer. */
static enum cs_status lock_new(int at, const char *name, int how, int *fd)
{
    enum cs_status st = lock(at, name, fd);

    if (st != CS_OK && st != CS_STOP)
        unlinkat(at, name, how);
    return st;
}

enum cs_status held_make(int at, const char *name, int *fd)
{
    *fd = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (*fd < 0)
        return errno == EEXIST ? CS_STOP : cs_status_errno(errno);
    return lock_new(at, name, 0, fd);
}

enum cs_status held_make_folder(char *path, int *fd)
{
    *fd = -1;
    if (!mkdtemp(path))
        return cs_status_errno(errno);
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (*fd < 0) {
        enum cs_status st = errno == ENOENT ? CS_STOP : cs_status_errno(errno);

        rmdir(path);
        return st;
    }
    return lock_new(AT_FDCWD, path, AT_REMOVEDIR, fd);
}
