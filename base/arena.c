#include "arena.h"

#include "bytes.h"

#include <sys/mman.h>

enum { KEPT_BYTES = 256 << 10, KEPT_ARENAS = 2, LARGE_PAGE = 2 << 20 };

static _Thread_local bool keeps;
static _Thread_local struct arena kept[KEPT_ARENAS];

void arena_keep(void)
{
    keeps = true;
}

static size_t size_of(const struct arena *a)
{
    return (size_t)(a->end - a->base);
}

static bool take_kept(struct arena *a, size_t size)
{
    for (size_t i = 0; i < KEPT_ARENAS; i++)
        if (kept[i].base && size_of(&kept[i]) == size) {
            *a = kept[i];
            kept[i] = (struct arena){ 0 };
            return true;
        }
    return false;
}

/* In the place of the one that has waited longest. */
static bool keep(const struct arena *a)
{
    static _Thread_local unsigned next;
    struct arena *k = &kept[next];

    if (!keeps || size_of(a) <= KEPT_BYTES || madvise(a->base + KEPT_BYTES, size_of(a) - KEPT_BYTES, MADV_DONTNEED) != 0)
        return false;
    if (k->base)
        munmap(k->base, size_of(k));
    *k = (struct arena){ a->base, a->base, a->end };
    next = (next + 1) % KEPT_ARENAS;
    return true;
}

static enum cs_status map_pages(struct arena *a, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *a = (struct arena){ 0 };
    if (p == MAP_FAILED)
        return CS_NOMEM;
    a->base = a->at = p;
    a->end = a->base + size;
    return CS_OK;
}

/* Most are large and touched for a few bytes: where the system gives large pages to all, those would cost two million zeros. */
static void have_small_pages(const struct arena *a)
{
#ifdef MADV_NOHUGEPAGE
    if (size_of(a) >= LARGE_PAGE)
        (void)madvise(a->base, size_of(a), MADV_NOHUGEPAGE);
#else
    (void)a;
#endif
}

enum cs_status arena_init_zeroed(struct arena *a, size_t size)
{
    enum cs_status st = map_pages(a, size);

    if (st == CS_OK)
        have_small_pages(a);
    return st;
}

enum cs_status arena_init(struct arena *a, size_t size)
{
    return take_kept(a, size) ? CS_OK : arena_init_zeroed(a, size);
}

enum cs_status arena_init_most(struct arena *a, uint64_t most)
{
    for (uint64_t n = most; n >= (uint64_t)64 << 20; n /= 4)
        if (n <= SIZE_MAX && map_pages(a, (size_t)n) == CS_OK)
            return CS_OK;
    *a = (struct arena){ 0 };
    return CS_NOMEM;
}

void arena_release(struct arena *a)
{
    if (a->base && !keep(a))
        munmap(a->base, size_of(a));
    *a = (struct arena){ 0 };
}

void *arena_get(struct arena *a, size_t count, size_t size)
{
    size_t pad = (size_t)(0 - (uintptr_t)a->at) & (ARENA_ALIGN - 1);
    size_t room = (size_t)(a->end - a->at);

    if (pad > room || count > (room - pad) / size)
        return NULL;
    a->at += pad + count * size;
    return memset(a->at - count * size, 0, count * size);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    size_t room;
    uint8_t *p = add_ok(s.n, 1, &room) ? arena_get(a, room, 1) : NULL;

    if (p)
        memcpy(p, s.p, s.n);
    return (struct slice){ p, p ? s.n : 0 };
}
