/*
 * buf.h - growing bytes with a ceiling.
 *
 *   Owns      its memory when made by buf_init(); buf_over() works in the caller's room and never grows.
 *   Fails     CS_NOMEM without memory, CS_TOOBIG at the ceiling; what was there stays as it was.
 *   Bounded   by max bytes.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "slice.h"
#include "status.h"

struct buf {
    uint8_t *p;
    size_t n, room, max;
    bool is_borrowed;
};

static inline struct buf buf_init(size_t max)
{
    return (struct buf){ .max = max };
}

static inline struct buf buf_over(void *room, size_t size)
{
    return (struct buf){ .p = room, .room = size, .max = size, .is_borrowed = true };
}

void buf_release(struct buf *b);

static inline struct slice buf_slice(const struct buf *b)
{
    return slice_of(b->p, b->n);
}

/* Make sure that n more bytes fit; then b->p + b->n may be written. */
enum cs_status buf_reserve(struct buf *b, size_t n) MUST_USE;
enum cs_status buf_put(struct buf *b, struct slice s) MUST_USE;
enum cs_status buf_putc(struct buf *b, uint8_t c) MUST_USE;
enum cs_status buf_puts(struct buf *b, const char *s) MUST_USE;
enum cs_status buf_printf(struct buf *b, const char *fmt, ...) MUST_USE __attribute__((format(printf, 2, 3)));

/* A text in the caller's room, of size bytes with its NUL. False when it does not fit; then it is empty. */
bool text_print(char *room, size_t size, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
