#include "flood.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mapfile.h"

struct slot {
    _Atomic uint64_t key;       /* of the signature's name; 0: free */
    _Atomic uint32_t interval;  /* number of the interval the count is for */
    _Atomic uint32_t count;
};

enum { FILE_BYTES = FLOOD_SLOTS * sizeof(struct slot) };

static uint64_t key_of(struct slice s)
{
    uint64_t h = 0xcbf29ce484222325u;

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ s.p[i]) * 0x100000001b3u;
    return h ? h : 1;
}

/* A file of the right size with all its blocks: a hole would be a SIGBUS when the disk is full. */
static bool is_usable(int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || stat_is_unsafe(&st))
        return false;
    return (st.st_size >= FILE_BYTES && st.st_blocks * 512 >= FILE_BYTES) || posix_fallocate(fd, 0, FILE_BYTES) == 0;
}

static struct slot *map_slots(const char *path)
{
    int fd = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600) : -1;
    void *p = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (is_usable(fd))
        p = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

/* Its own slot, a free one, or the one that has been quiet for longest. */
static struct slot *slot_for(struct slot *slots, uint64_t key)
{
    struct slot *quiet = NULL;

    for (size_t i = 0; i < FLOOD_PROBES; i++) {
        struct slot *s = &slots[(key + i) % FLOOD_SLOTS];
        uint64_t none = 0;

        if (atomic_load(&s->key) == key || atomic_compare_exchange_strong(&s->key, &none, key))
            return s;
        if (none == key)
            return s;
        if (!quiet || atomic_load(&s->interval) < atomic_load(&quiet->interval))
            quiet = s;
    }
    atomic_store(&quiet->key, key);
    atomic_store(&quiet->count, 0);
    return quiet;
}

/* The first to see a new interval halves the count when the last one was just before, and starts again otherwise. */
static void turn(struct slot *s, uint32_t now, struct flood_answer *a)
{
    uint32_t then = atomic_load(&s->interval);
    uint32_t count = atomic_load(&s->count);

    if (then == now || !atomic_compare_exchange_strong(&s->interval, &then, now))
        return;
    a->before = count;
    atomic_store(&s->count, now - then == 1 ? count / 2 : 0);
}

struct flood_answer flood_count(const struct conf *c, struct slice signature)
{
    struct flood_answer a = { .is_flood = false };
    struct slot *slots = c->flood.on ? map_slots(c->flood.file) : NULL;
    struct slot *s;
    struct timespec t;

    if (!slots)
        return a;
    clock_gettime(CLOCK_REALTIME, &t);
    s = slot_for(slots, key_of(signature));
    turn(s, (uint32_t)((uint64_t)t.tv_sec / c->flood.interval), &a);
    a.count = atomic_fetch_add(&s->count, 1) + 1;
    a.is_flood = a.count > c->flood.rate;
    if (a.before <= c->flood.rate)
        a.before = 0;
    munmap(slots, FILE_BYTES);
    return a;
}
