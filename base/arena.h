/*
 * arena.h - a region with a hard end; mark and rewind.
 *
 *   Owns      its pages, from arena_init() to arena_release(). Pages that are never touched cost nothing.
 *   Fails     arena_get() gives NULL when the room is used up; arena_init() CS_NOMEM.
 *   Bounded   by the size given to arena_init().
 *   Threads   one arena, one thread.
 *
 * Mark and rewind:  uint8_t *mark = a->at; … a->at = mark;
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "slice.h"
#include "status.h"

enum { ARENA_ALIGN = 16 };

struct arena {
    uint8_t *base, *at, *end;
};

enum cs_status arena_init(struct arena *a, size_t size) MUST_USE;
/* For who takes its bytes by hand: all of them are zero, which those of one that was kept are not. */
enum cs_status arena_init_zeroed(struct arena *a, size_t size) MUST_USE;
/* As much of most as there are addresses for, by quarters, down to 64 MB: for what is used up by pages. */
enum cs_status arena_init_most(struct arena *a, uint64_t most) MUST_USE;
void arena_release(struct arena *a);

/*
 * For a thread that stays and needs arenas of the same sizes over and over: from now on the last two that it released wait for its next
 * arena_init() of their size, with what was touched of their first 256 KB.
 */
void arena_keep(void);

/* count zeroed objects of size bytes, aligned; NULL when they do not fit. size is never 0. */
void *arena_get(struct arena *a, size_t count, size_t size) MUST_USE;

/* A copy with a NUL behind it (not counted); p is NULL when it does not fit. */
struct slice arena_copy(struct arena *a, struct slice s) MUST_USE;

#endif
