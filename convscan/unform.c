#include "unform.h"

#include "magic.h"
#include "unbase.h"

enum { ENOUGH = 24, MOST = 255, GLANCE = 32 };

static bool is_digit_of(uint8_t c, unsigned base)
{
    int v = ascii_hex(c);

    return v >= 0 && (unsigned)v < base;
}

/* What may stand in front of the digits of a number: 0x, \x, &H, #. */
static size_t prefix(struct slice s)
{
    uint8_t second = s.n > 1 ? ascii_lower(s.p[1]) : 0;

    if (s.p[0] == '#')
        return 1;
    return ((s.p[0] == '0' || s.p[0] == '\\') && second == 'x') || (s.p[0] == '&' && second == 'h') ? 2 : 0;
}

/* Numbers up to 255, with anything but digits between them. */
static enum cs_status numbers(struct slice in, struct buf *out, unsigned base)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n) {
        unsigned v = 0, n = 0;

        if (base == 16)
            in = slice_drop(in, prefix(in));
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

/* Nearly all text is told by a glance at its characters to give nothing that is known. */
static bool gives_object(unform *how, struct slice glance, struct slice text)
{
    uint8_t room[UNFORM_HEAD];
    struct buf front = buf_over(room, sizeof room), head = front;

    if (how(glance, &front) == CS_OK && front.n > 2 && !magic_may_begin(slice_take(buf_slice(&front), front.n - 1)))   /* the last is cut, perhaps */
        return false;
    return how(text, &head) == CS_OK && head.n >= ENOUGH && magic_is_object(slice_take(buf_slice(&head), MAGIC_HEAD));
}

/* Decimal digits, and hexadecimal ones: text has few of them. */
struct digits { size_t ten, sixteen; };

static struct digits count_digits(struct slice s)
{
    struct digits n = { 0 };

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i], letter = (uint8_t)((c | 32) - 'a');

        n.ten += (uint8_t)(c - '0') < 10;
        n.sixteen += letter < 6;
    }
    n.sixteen += n.ten;
    return n;
}

unform *unform_of(struct slice text)
{
    struct slice head = slice_take(text, UNFORM_HEAD), glance = slice_take(text, GLANCE), end = slice_drop(text, text.n > GLANCE ? text.n - GLANCE : 0);
    struct slice tail = slice_drop(text, text.n > UNFORM_HEAD ? (text.n - UNFORM_HEAD + 1) & ~(size_t)1 : 0);
    struct digits n = count_digits(head);

    if (n.ten >= ENOUGH && gives_object(decimals, glance, head))
        return decimals;
    if (n.sixteen >= ENOUGH && gives_object(hexadecimals, glance, head))
        return hexadecimals;
    if (n.sixteen >= 2 * ENOUGH && gives_object(unbase_hex, glance, head))
        return unbase_hex;
    if (gives_object(unbase64, glance, head))
        return unbase64;
    return count_digits(tail).sixteen >= 2 * ENOUGH && gives_object(hex_turned, end, tail) ? hex_turned : NULL;
}

bool unform_begins(struct slice text)
{
    text = slice_take(text, UNFORM_SHORT);
    return gives_object(unbase64, slice_take(text, GLANCE), text) || gives_object(unbase_hex, slice_take(text, GLANCE), text);
}
