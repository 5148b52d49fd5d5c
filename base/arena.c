#include "arena.h"

#include "bytes.h"

#include <sys/mman.h>

enum cs_status arena_init(struct arena *a, size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    *a = (struct arena){ 0 };
    if (p == MAP_FAILED)
        return CS_NOMEM;
    a->base = a->at = p;
    a->end = a->base + size;
    return CS_OK;
}

enum cs_status arena_init_most(struct arena *a, uint64_t most)
{
    for (uint64_t n = most; n >= (uint64_t)64 << 20; n /= 4)
        if (n <= SIZE_MAX && arena_init(a, (size_t)n) == CS_OK)
            return CS_OK;
    *a = (struct arena){ 0 };
    return CS_NOMEM;
}

void arena_release(struct arena *a)
{
    if (a->base)
        munmap(a->base, (size_t)(a->end - a->base));
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
