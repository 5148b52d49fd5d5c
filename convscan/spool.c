#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mapfile.h"

enum { FIRST = 16 << 10 };

void spool_init(struct spool *s, struct spool_rules *rules)
{
    *s = (struct spool){ .rules = rules, .fd = -1 };
}

static void drop_heap(struct spool *s)
{
    s->rules->in_memory -= s->room;
    free(s->heap);
    s->heap = NULL;
    s->room = 0;
}

static enum cs_status move_to_file(struct spool *s)
{
    enum cs_status st;

    s->fd = open(s->rules->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return CS_IO;
    st = fd_write_all(s->fd, slice_of(s->heap, s->n));
    drop_heap(s);
    return st;
}

/* CS_LIMIT: this must go to the file. */
static enum cs_status grow(struct spool *s, size_t need)
{
    size_t room = s->room ? s->room : FIRST;
    uint8_t *p;

    while (room < need)
        room *= 2;
    if (room - s->room > s->rules->max_memory - s->rules->in_memory)
        return CS_LIMIT;
    p = realloc(s->heap, room);
    if (!p)
        return CS_NOMEM;
    s->rules->in_memory += room - s->room;
    s->heap = p;
    s->room = room;
    return CS_OK;
}

enum cs_status spool_put(struct spool *s, struct slice bytes)
{
    enum cs_status st = CS_OK;

    if (bytes.n > SIZE_MAX / 4 - s->n)
        return CS_NOMEM;
    if (s->fd < 0 && bytes.n > s->room - s->n)
        st = grow(s, s->n + bytes.n);
    if (st == CS_LIMIT)
        st = move_to_file(s);
    if (st != CS_OK)
        return st;
    if (s->fd >= 0)
        st = fd_write_all(s->fd, bytes);
    else if (bytes.n)
        memcpy(s->heap + s->n, bytes.p, bytes.n);
    if (st == CS_OK)
        s->n += bytes.n;
    return st;
}

enum cs_status spool_whole(struct spool *s, struct slice *out)
{
    *out = slice_of(s->heap, s->n);
    if (s->fd < 0 || s->n == 0)
        return CS_OK;
    s->map = mmap(NULL, s->n, PROT_READ, MAP_SHARED, s->fd, 0);
    if (s->map == MAP_FAILED) {
        s->map = NULL;
        return CS_NOMEM;
    }
    *out = slice_of(s->map, s->n);
    return CS_OK;
}

void spool_release(struct spool *s)
{
    if (s->map)
        munmap(s->map, s->n);
    if (s->fd >= 0)
        close(s->fd);
    drop_heap(s);
    *s = (struct spool){ .rules = s->rules, .fd = -1 };
}
