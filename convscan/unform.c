#include "unform.h"

#include "magic.h"
#include "unbase.h"

enum { ENOUGH = 24, MOST = 255 };

static bool is_digit_of(uint8_t c, unsigned base)
{
    int v = ascii_hex(c);

    return v >= 0 && (unsigned)v < base;
}

/* What may stand in front of the digits of a number: 0x, \x, &H, #. */
static struct slice skip_prefix(struct slice s, unsigned base)
{
    static const char *const prefixes[] = { "0x", "\\x", "&h", "#" };

    for (size_t i = 0; base == 16 && i < sizeof prefixes / sizeof *prefixes; i++)
        if (slice_istarts(s, slice_str(prefixes[i])))
            return slice_drop(s, strlen(prefixes[i]));
    return s;
}

/* Numbers up to 255, with anything but digits between them. */
static enum cs_status numbers(struct slice in, struct buf *out, unsigned base)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n) {
        unsigned v = 0, n = 0;

        in = skip_prefix(in, base);
        while (in.n && is_digit_of(in.p[0], base) && v <= MOST) {
            v = v * base + (unsigned)ascii_hex(in.p[0]);
            in = slice_drop(in, 1);
            n++;
        }
        if (n && v <= MOST)
            st = buf_putc(out, (uint8_t)v);
        if (n == 0)
            in = slice_drop(in, 1);
    }
    return st;
}

static enum cs_status decimals(struct slice in, struct buf *out)
{
    return numbers(in, out, 10);
}

static enum cs_status hexadecimals(struct slice in, struct buf *out)
{
    return numbers(in, out, 16);
}

static enum cs_status hex_turned(struct slice in, struct buf *out)
{
    struct buf back = buf_init(in.n);
    enum cs_status st = buf_reserve(&back, in.n);

    for (size_t i = in.n; i && st == CS_OK; i--)
        back.p[back.n++] = in.p[i - 1];
    if (st == CS_OK)
        st = unbase_hex(buf_slice(&back), out);
    buf_release(&back);
    return st;
}

static bool gives_object(unform *how, struct slice text)
{
    uint8_t room[UNFORM_HEAD];
    struct buf head = buf_over(room, sizeof room);

    return how(text, &head) == CS_OK && head.n >= ENOUGH && magic_is_object(slice_take(buf_slice(&head), MAGIC_HEAD));
}

unform *unform_of(struct slice text)
{
    static unform *const forms[] = { decimals, hexadecimals, unbase_hex, unbase64 };
    struct slice head = slice_take(text, UNFORM_HEAD), tail = slice_drop(text, text.n > UNFORM_HEAD ? (text.n - UNFORM_HEAD + 1) & ~(size_t)1 : 0);

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (gives_object(forms[i], head))
            return forms[i];
    return gives_object(hex_turned, tail) ? hex_turned : NULL;
}

bool unform_begins(struct slice text)
{
    text = slice_take(text, UNFORM_SHORT);
    return gives_object(unbase64, text) || gives_object(unbase_hex, text);
}
