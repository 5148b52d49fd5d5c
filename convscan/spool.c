#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mapfile.h"

enum { FIRST = 16 << 10, PAGED = 1 << 20, RESERVE = 8 };

void spool_init(struct spool *s, struct spool_rules *rules)
{
    *s = (struct spool){ .rules = rules, .fd = -1 };
}

/* Small ones come from the heap, large ones are pages of their own: those grow without a copy, in large pages where there are any. */
static uint8_t *resize(uint8_t *p, size_t from, size_t to)
{
    void *q;

    if (to < PAGED)
        return realloc(p, to ? to : 1);
    if (from >= PAGED)
        q = mremap(p, from, to, MREMAP_MAYMOVE);
    else
        q = mmap(NULL, to, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (q == MAP_FAILED)
        return NULL;
    madvise(q, to, MADV_HUGEPAGE);
    if (from && from < PAGED) {
        memcpy(q, p, from);
        free(p);
    }
    return q;
}

static void drop_memory(struct spool *s)
{
    s->rules->in_memory -= s->room;
    if (s->room >= PAGED)
        munmap(s->heap, s->room);
    else
        free(s->heap);
    s->heap = NULL;
    s->room = 0;
}

/* For file systems that cannot make a file without a name. */
static int open_and_unlink(const char *folder)
{
    static atomic_uint count;
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/.convscan-%ld-%u", folder, (long)getpid(), atomic_fetch_add(&count, 1));
    int fd = n > 0 && (size_t)n < sizeof path ? open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600) : -1;

    if (fd >= 0 && unlink(path) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int open_unnamed(const struct spool_rules *r)
{
    const char *slash = r->beside ? strrchr(r->beside, '/') : NULL;
    char folder[PATH_MAX];
    int n, fd;

    if (r->folder)
        n = snprintf(folder, sizeof folder, "%s", r->folder);
    else if (!r->beside)
        n = snprintf(folder, sizeof folder, "/tmp");
    else
        n = snprintf(folder, sizeof folder, "%.*s.", slash ? (int)(slash - r->beside) + 1 : 0, r->beside);
    if (n <= 0 || (size_t)n >= sizeof folder)
        return -1;
    fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR) ? open_and_unlink(folder) : fd;
}

static enum cs_status open_file(struct spool *s)
{
    s->fd = open_unnamed(s->rules);
    return s->fd < 0 ? CS_IO : CS_OK;
}

static enum cs_status move_to_file(struct spool *s)
{
    enum cs_status st = open_file(s);

    if (st != CS_OK)
        return st;
    st = fd_write_all(s->fd, slice_of(s->heap, s->n));
    drop_memory(s);
    return st;
}

/* What one spool may have: large ones leave an eighth to the small ones inside them, which would each need a file otherwise. */
static size_t memory_left(const struct spool *s, size_t room)
{
    size_t reserve = room >= PAGED ? s->rules->max_memory / RESERVE : 0, taken = s->rules->in_memory + reserve;

    return taken < s->rules->max_memory ? s->rules->max_memory - taken : 0;
}

/* CS_LIMIT: this must go to the file. Twice the room while there is as much, then what there is. */
static enum cs_status grow(struct spool *s, size_t need)
{
    size_t room = s->room ? s->room : FIRST, most;
    uint8_t *p;

    while (room < need)
        room *= 2;
    most = s->room + memory_left(s, room);
    if (room > most && need <= most)
        room = most;
    if (room > most)
        return CS_LIMIT;
    p = resize(s->heap, s->room, room);
    if (!p)
        return CS_NOMEM;
    s->rules->in_memory += room - s->room;
    s->heap = p;
    s->room = room;
    return CS_OK;
}

static enum cs_status append(struct spool *s, struct slice bytes)
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

static enum cs_status map_file(struct spool *s, size_t n, int prot)
{
    s->map = mmap(NULL, n, prot, MAP_SHARED, s->fd, 0);
    if (s->map == MAP_FAILED)
        s->map = NULL;
    s->n_map = s->map ? n : 0;
    return s->map ? CS_OK : CS_NOMEM;
}

static void unmap_file(struct spool *s)
{
    if (s->map)
        munmap(s->map, s->n_map);
    s->map = NULL;
    s->n_map = 0;
}

/* Blocks are there before anything is written: a full disk shows here, not as a signal. */
static uint8_t *file_room(struct spool *s, size_t n)
{
    if (open_file(s) == CS_OK && fallocate(s->fd, 0, 0, (off_t)n) == 0 && map_file(s, n, PROT_READ | PROT_WRITE) == CS_OK)
        return s->map;
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    return NULL;
}

uint8_t *spool_room(struct spool *s, size_t n)
{
    enum cs_status st;

    if (spool_size(s) || s->fd >= 0 || n == 0 || n > SIZE_MAX / 4)
        return NULL;
    st = n <= s->room ? CS_OK : grow(s, n);
    return st == CS_OK ? s->heap : st == CS_LIMIT ? file_room(s, n) : NULL;
}

/* What was written into the room is there already. */
static bool is_in_room(const struct spool *s, struct slice bytes)
{
    if (s->n || s->lent.n || bytes.n == 0)
        return false;
    return s->map ? bytes.p == s->map && bytes.n <= s->n_map : bytes.p == s->heap && bytes.n <= s->room;
}

static enum cs_status take_room(struct spool *s, struct slice bytes)
{
    s->n = bytes.n;
    if (!s->map)
        return CS_OK;
    unmap_file(s);
    return lseek(s->fd, (off_t)s->n, SEEK_SET) < 0 ? CS_IO : CS_OK;     /* more may follow */
}

static bool is_within(struct slice in, struct slice bytes)
{
    return bytes.n && bytes.p >= in.p && bytes.p < in.p + in.n && bytes.n <= (size_t)(in.p + in.n - bytes.p);
}

/* Stored members are runs of the container's own bytes: those are borrowed as long as they stay one run. */
static bool lend(struct spool *s, struct slice container, struct slice bytes)
{
    if (s->n || !is_within(container, bytes) || (s->lent.n && s->lent.p + s->lent.n != bytes.p))
        return false;
    s->lent = s->lent.n ? (struct slice){ s->lent.p, s->lent.n + bytes.n } : bytes;
    return true;
}

enum cs_status spool_put(struct spool *s, struct slice container, struct slice bytes)
{
    struct slice lent = s->lent;
    enum cs_status st = CS_OK;

    if (is_in_room(s, bytes))
        return take_room(s, bytes);
    unmap_file(s);
    if (lend(s, container, bytes))
        return CS_OK;
    s->lent.n = 0;
    if (lent.n)
        st = append(s, lent);
    return st == CS_OK ? append(s, bytes) : st;
}

size_t spool_size(const struct spool *s)
{
    return s->n + s->lent.n;
}

enum cs_status spool_whole(struct spool *s, struct slice *out)
{
    enum cs_status st = CS_OK;

    *out = s->lent.n ? s->lent : slice_of(s->heap, s->n);
    unmap_file(s);
    if (s->fd < 0 || s->n == 0)
        return CS_OK;
    st = map_file(s, s->n, PROT_READ);
    *out = slice_of(s->map, st == CS_OK ? s->n : 0);
    return st;
}

void spool_release(struct spool *s)
{
    unmap_file(s);
    if (s->fd >= 0)
        close(s->fd);
    drop_memory(s);
    *s = (struct spool){ .rules = s->rules, .fd = -1 };
}
