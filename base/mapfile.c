#include "mapfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGE_PAGE = 2 << 20 };

enum cs_status fd_read_all(int fd, size_t max, uint8_t **out, size_t *n)
{
    size_t room = 0;
    struct stat st;
    ssize_t got;

    *out = NULL;
    *n = 0;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 && (uintmax_t)st.st_size < max)
        room = (size_t)st.st_size + 1;
    else
        room = max < 65536 ? max + 1 : 65536;
    for (;;) {
        uint8_t *p = realloc(*out, room);

        if (!p) {
            free(*out);
            *out = NULL;
            return CS_NOMEM;
        }
        *out = p;
        do
            got = read(fd, p + *n, room - *n);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
            break;
        *n += (size_t)got;
        if (*n > max) {
            free(*out);
            *out = NULL;
            return CS_TOOBIG;
        }
        if (*n == room)
            room = room > max / 2 ? max + 1 : room * 2;
    }
    if (got == 0)
        return CS_OK;
    free(*out);
    *out = NULL;
    return cs_status_errno(errno);
}

enum cs_status fd_write_all(int fd, struct slice s)
{
    while (s.n) {
        ssize_t put = write(fd, s.p, s.n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return cs_status_errno(errno);
        s = slice_drop(s, (size_t)put);
    }
    return CS_OK;
}

enum cs_status mapfile_take(struct mapfile *m, int fd, enum mapfile_how how, size_t max)
{
    uint8_t *p;
    size_t n;

    *m = (struct mapfile){ .data = slice_of(NULL, 0) };
    if (fstat(fd, &m->st) < 0)
        return cs_status_errno(errno);
    if (!S_ISREG(m->st.st_mode))
        return CS_NOTREG;
    if ((how == MAPFILE_TRUSTED || how == MAPFILE_OURS) && stat_is_unsafe(&m->st))
        return CS_UNSAFE;
    if (m->st.st_size < 0 || (uintmax_t)m->st.st_size > max)
        return CS_TOOBIG;
    if (how == MAPFILE_COPY || how == MAPFILE_OURS) {
        enum cs_status st = fd_read_all(fd, max, &p, &n);

        if (st == CS_OK) {
            m->data = (struct slice){ p, n };
            m->heap = p;
        }
        return st;
    }
    if (m->st.st_size == 0) {
        m->data = slice_of(NULL, 0);
        return CS_OK;
    }
    p = mmap(NULL, (size_t)m->st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return cs_status_errno(errno);
    if (m->st.st_size >= LARGE_PAGE)        /* what must come from the disk comes in large pages, which last in the cache */
        (void)madvise(p, (size_t)m->st.st_size, MADV_HUGEPAGE);
    m->data = (struct slice){ p, (size_t)m->st.st_size };
    m->map = p;
    return CS_OK;
}

enum cs_status mapfile_begin(const char *path, int *fd)
{
    do
        *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? cs_status_errno(errno) : CS_OK;
}

enum cs_status mapfile_open(struct mapfile *m, const char *path, enum mapfile_how how, size_t max)
{
    int fd;
    enum cs_status st = mapfile_begin(path, &fd);

    *m = (struct mapfile){ .data = slice_of(NULL, 0) };
    if (st != CS_OK)
        return st;
    st = mapfile_take(m, fd, how, max);
    close(fd);
    return st;
}

void mapfile_close(struct mapfile *m)
{
    if (m->map)
        munmap(m->map, m->data.n);
    free(m->heap);
    *m = (struct mapfile){ .data = slice_of(NULL, 0) };
}
