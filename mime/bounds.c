#include "bounds.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16 };

#define HASH_BEGIN 2166136261u

void bounds_release(struct bounds *b)
{
    free(b->list);
    *b = (struct bounds){ 0 };
}

static uint32_t hash_step(uint32_t h, uint8_t c)
{
    return (h ^ c) * 16777619u;
}

static uint32_t hash_end(uint32_t h)
{
    return h ^ h >> 15;
}

uint32_t bounds_hash(struct slice text)
{
    uint32_t h = HASH_BEGIN;

    for (size_t i = 0; i < text.n; i++)
        h = hash_step(h, text.p[i]);
    return hash_end(h);
}

enum cs_status bounds_push(struct bounds *b, struct slice text, void *owner, unsigned reading)
{
    uint32_t hash = bounds_hash(text);

    if (b->n == b->room) {
        size_t room = b->room ? b->room * 2 : FIRST_ROOM;
        struct bound *list = realloc(b->list, room * sizeof *list);
        if (!list) {
            b->is_starved = true;
            return CS_NOMEM;
        }
        b->list = list;
        b->room = room;
    }
    b->list[b->n] = (struct bound){ .text = text, .hash = hash, .next = b->bucket[hash % BOUND_BUCKETS],
                                    .owner = owner, .reading = reading };
    b->bucket[hash % BOUND_BUCKETS] = (uint32_t)++b->n;
    if (text.n < BOUND_PREFIX)
        b->of_len[text.n]++;
    if (text.n > b->longest)
        b->longest = text.n;
    return CS_OK;
}

/* longest is not brought down again: it only saves work on long lines. */
void bounds_pop(struct bounds *b, const void *owner)
{
    while (b->n && b->list[b->n - 1].owner == owner) {
        const struct bound *last = &b->list[--b->n];
        b->bucket[last->hash % BOUND_BUCKETS] = last->next;
        if (last->text.n < BOUND_PREFIX)
            b->of_len[last->text.n]--;
    }
}

const struct bound *bounds_find(const struct bounds *b, struct slice text, uint32_t hash, const struct bound *prev)
{
    uint32_t at = prev ? prev->next : b->bucket[hash % BOUND_BUCKETS];

    for (; at; at = b->list[at - 1].next)
        if (b->list[at - 1].hash == hash && slice_eq(b->list[at - 1].text, text))
            return &b->list[at - 1];
    return NULL;
}

const struct bound *bounds_find_prefix(const struct bounds *b, struct slice text)
{
    const struct bound *hit = NULL, *now;
    uint32_t h = HASH_BEGIN;

    for (size_t n = 1; n < BOUND_PREFIX && n <= text.n && n <= b->longest; n++) {
        h = hash_step(h, text.p[n - 1]);
        if (b->of_len[n] && (now = bounds_find(b, slice_take(text, n), hash_end(h), NULL)))
            hit = now;
    }
    return hit;
}
