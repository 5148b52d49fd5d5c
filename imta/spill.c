#include "spill.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mapfile.h"

void spill_init(struct spill *s, size_t keep, const char *dir)
{
    *s = (struct spill){ .memory = buf_init(SIZE_MAX / 2), .dir = dir, .keep = keep, .fd = -1 };
}

static void unmap(struct spill *s)
{
    if (s->map)
        munmap(s->map, s->n_map);
    s->map = NULL;
}

void spill_release(struct spill *s)
{
    unmap(s);
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    s->n = 0;
    buf_release(&s->memory);
}

static enum cs_status to_file(struct spill *s)
{
    enum cs_status st;

    s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (s->fd < 0)
        return cs_status_errno(errno);
    st = fd_write_all(s->fd, buf_slice(&s->memory));
    buf_release(&s->memory);
    return st;
}

enum cs_status spill_put(struct spill *s, struct slice data)
{
    enum cs_status st = CS_OK;

    unmap(s);
    if (s->fd < 0 && data.n > s->keep - s->n)
        st = to_file(s);
    if (st == CS_OK)
        st = s->fd < 0 ? buf_put(&s->memory, data) : fd_write_all(s->fd, data);
    if (st == CS_OK)
        s->n += data.n;
    return st;
}

enum cs_status spill_view(struct spill *s, struct slice *out)
{
    if (s->fd < 0) {
        *out = buf_slice(&s->memory);
        return CS_OK;
    }
    if (!s->map) {
        s->map = mmap(NULL, s->n, PROT_READ, MAP_PRIVATE, s->fd, 0);
        s->n_map = s->n;
    }
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return cs_status_errno(errno);
    }
    *out = slice_of(s->map, s->n);
    return CS_OK;
}
