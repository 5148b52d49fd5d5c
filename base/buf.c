#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_FIRST = 256, BUF_LINE = 4096 };

void buf_release(struct buf *b)
{
    if (!b->is_borrowed)
        free(b->p);
    *b = (struct buf){ .max = b->max };
}

enum cs_status buf_reserve(struct buf *b, size_t n)
{
    size_t room = b->room ? b->room : BUF_FIRST;
    uint8_t *p;

    if (n <= b->room - b->n)
        return CS_OK;
    if (n > b->max - b->n)
        return CS_TOOBIG;
    if (b->is_borrowed)
        return CS_TOOBIG;
    while (room - b->n < n)
        room = room > b->max / 2 ? b->max : room * 2;
    p = realloc(b->p, room);
    if (!p)
        return CS_NOMEM;
    b->p = p;
    b->room = room;
    return CS_OK;
}

enum cs_status buf_put(struct buf *b, struct slice s)
{
    enum cs_status st = buf_reserve(b, s.n);

    if (st == CS_OK && s.n) {
        memcpy(b->p + b->n, s.p, s.n);
        b->n += s.n;
    }
    return st;
}

enum cs_status buf_putc(struct buf *b, uint8_t c)
{
    return buf_put(b, slice_of(&c, 1));
}

enum cs_status buf_puts(struct buf *b, const char *s)
{
    return buf_put(b, slice_str(s));
}

enum cs_status buf_printf(struct buf *b, const char *fmt, ...)
{
    char small[BUF_LINE];
    enum cs_status st;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return CS_INVALID;
    if ((size_t)n < sizeof small)
        return buf_put(b, slice_of(small, (size_t)n));
    st = buf_reserve(b, (size_t)n + 1);
    if (st != CS_OK)
        return st;
    va_start(ap, fmt);
    vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
    return CS_OK;
}
