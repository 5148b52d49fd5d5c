#include "buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { BUF_FIRST = 256 };

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

/* ---- formats ---- */

/* One conversion: %s %.*s %c %d %u %x %X %%, the numbers with l, ll, z and filled with zeros (%06ld). */
struct spec {
    char kind, size;            /* 'L' for ll */
    bool has_most;
    unsigned width;
};

enum { DIGITS_MAX = 32 };

/* p stands behind the percent sign. Gives what is behind the conversion, NULL for any other than those. */
static const char *read_spec(const char *p, struct spec *s)
{
    *s = (struct spec){ 0 };
    if (*p == '0')
        while (*p >= '0' && *p <= '9' && s->width < DIGITS_MAX)
            s->width = s->width * 10 + (unsigned)(*p++ - '0');
    if (p[0] == '.' && p[1] == '*') {
        s->has_most = true;
        p += 2;
    }
    if (*p == 'l' || *p == 'z')
        s->size = *p++;
    if (s->size == 'l' && *p == 'l') {
        s->size = 'L';
        p++;
    }
    s->kind = *p;
    switch (*p) {
    case 'd': case 'u': case 'x': case 'X': return s->has_most || s->width >= DIGITS_MAX ? NULL : p + 1;
    case 's':                               return s->width || s->size ? NULL : p + 1;
    case 'c': case '%':                     return s->width || s->size || s->has_most ? NULL : p + 1;
    default:                                return NULL;
    }
}

static enum cs_status put_number(struct buf *b, const struct spec *s, bool is_negative, unsigned long long v)
{
    const char *digits = s->kind == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    unsigned base = s->kind == 'x' || s->kind == 'X' ? 16 : 10;
    char room[DIGITS_MAX], *p = room + sizeof room;

    do
        *--p = digits[v % base];
    while (v /= base);
    while (room + sizeof room - p + is_negative < (int)s->width)
        *--p = '0';
    if (is_negative)
        *--p = '-';
    return buf_put(b, slice_of(p, (size_t)(room + sizeof room - p)));
}

static enum cs_status put_signed(struct buf *b, const struct spec *s, va_list *ap)
{
    long long v = s->size == 'L' ? va_arg(*ap, long long) : s->size == 'z' ? va_arg(*ap, ssize_t) :
                  s->size ? va_arg(*ap, long) : va_arg(*ap, int);

    return put_number(b, s, v < 0, v < 0 ? 0ULL - (unsigned long long)v : (unsigned long long)v);
}

static enum cs_status put_unsigned(struct buf *b, const struct spec *s, va_list *ap)
{
    return put_number(b, s, false, s->size == 'L' ? va_arg(*ap, unsigned long long) : s->size == 'z' ? va_arg(*ap, size_t) :
                                   s->size ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned));
}

static enum cs_status put_text(struct buf *b, const struct spec *s, va_list *ap)
{
    int most = s->has_most ? va_arg(*ap, int) : -1;
    const char *text = va_arg(*ap, const char *);

    if (!text)
        text = "(null)";
    return buf_put(b, slice_of(text, most < 0 ? strlen(text) : strnlen(text, (size_t)most)));
}

static enum cs_status put_one(struct buf *b, const struct spec *s, va_list *ap)
{
    switch (s->kind) {
    case '%': return buf_putc(b, '%');
    case 'c': return buf_putc(b, (uint8_t)va_arg(*ap, int));
    case 's': return put_text(b, s, ap);
    case 'd': return put_signed(b, s, ap);
    default:  return put_unsigned(b, s, ap);
    }
}

/* All or nothing; CS_INVALID for a format with another conversion. */
static enum cs_status put_simple(struct buf *b, const char *fmt, va_list *ap)
{
    enum cs_status st = CS_OK;
    size_t before = b->n;

    while (st == CS_OK && *fmt) {
        size_t n = 0;
        struct spec s;

        while (fmt[n] && fmt[n] != '%')
            n++;
        st = buf_put(b, slice_of(fmt, n));
        fmt += n;
        if (st == CS_OK && *fmt) {
            fmt = read_spec(fmt + 1, &s);
            st = fmt ? put_one(b, &s, ap) : CS_INVALID;
        }
    }
    if (st != CS_OK)
        b->n = before;
    return st;
}

static enum cs_status put_any(struct buf *b, const char *fmt, va_list *ap)
{
    char *text;
    int n = vasprintf(&text, fmt, *ap);
    enum cs_status st;

    if (n < 0)
        return CS_NOMEM;
    st = buf_put(b, slice_of(text, (size_t)n));
    free(text);
    return st;
}

/* The C library's own way costs a start four pages, and a microsecond each time. */
static enum cs_status put_format(struct buf *b, const char *fmt, va_list *ap)
{
    enum cs_status st;
    va_list again;

    va_copy(again, *ap);
    st = put_simple(b, fmt, ap);
    if (st == CS_INVALID)
        st = put_any(b, fmt, &again);
    va_end(again);
    return st;
}

enum cs_status buf_printf(struct buf *b, const char *fmt, ...)
{
    enum cs_status st;
    va_list ap;

    va_start(ap, fmt);
    st = put_format(b, fmt, &ap);
    va_end(ap);
    return st;
}

bool text_print(char *room, size_t size, const char *fmt, ...)
{
    struct buf b = buf_over(room, size - 1);
    enum cs_status st;
    va_list ap;

    va_start(ap, fmt);
    st = put_format(&b, fmt, &ap);
    va_end(ap);
    room[b.n] = '\0';
    return st == CS_OK;
}
