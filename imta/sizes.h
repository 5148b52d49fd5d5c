/*
 * sizes.h - size classes of messages: ascending bounds, and one class more for what is larger.
 *
 *   Fails     sizes_read(): false when the text is no ascending list of numbers, or too long.
 *   Bounded   SIZES_MAX bounds.
 */
#ifndef IMTA_SIZES_H
#define IMTA_SIZES_H

#include <stdbool.h>
#include <stdint.h>

enum { SIZES_MAX = 8 };

struct sizes {
    uint64_t bound[SIZES_MAX];          /* bytes; a message of this size still belongs to the class */
    unsigned n;
};

/* As in 2000,10000,50000. */
bool sizes_read(struct sizes *s, const char *text);
/* 0 to n. */
unsigned sizes_class(const struct sizes *s, uint64_t bytes);
/* The largest class that place i of several takes: the first takes every size, the others in turn less. */
unsigned sizes_of_place(const struct sizes *s, unsigned i);

#endif
