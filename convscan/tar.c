#include "tar.h"

enum { NAME = 100, SIZE = 124, SIZE_N = 12, SUM = 148, SUM_N = 8, KIND = 156, SUM_MOST = TAR_BLOCK * 255 };

struct number {
    uint64_t value;
    bool is_plain;                  /* libarchive reads it so, too */
};

static struct number all_bits(struct slice field)
{
    uint64_t value = field.p[0] & 0x3f;

    if (field.p[0] & 0x40)
        return (struct number){ UINT64_MAX, true };         /* below zero */
    for (size_t i = 1; i < field.n; i++)
        value = value >> 55 ? UINT64_MAX >> 1 : value << 8 | field.p[i];
    return (struct number){ value, true };
}

static int digit_of(uint8_t c, bool is_64)
{
    if (!is_64)
        return c >= '0' && c <= '7' ? c - '0' : -1;
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Octal digits behind white space and, in GNU tar, behind one zero byte; old GNU tar wrote base 64 behind a sign. */
static struct number number_of(struct slice field)
{
    struct number n = { 0, true };
    bool is_64 = false;
    int digit;

    if (field.p[0] & 0x80)
        return all_bits(field);
    if (field.p[0] == 0) {
        n.is_plain = false;
        field = slice_drop(field, 1);
    }
    while (field.n && ascii_is_space(field.p[0])) {
        n.is_plain = n.is_plain && (field.p[0] == ' ' || field.p[0] == '\t');
        field = slice_drop(field, 1);
    }
    if (field.n && (field.p[0] == '+' || field.p[0] == '-')) {
        is_64 = true;
        field = slice_drop(field, 1);
    }
    while (field.n && (digit = digit_of(field.p[0], is_64)) >= 0) {
        n.value = n.value << (is_64 ? 6 : 3) | (uint64_t)digit;
        field = slice_drop(field, 1);
    }
    n.is_plain = !is_64 && (n.is_plain || n.value == 0);
    return n;
}

static struct slice sum_field(struct slice s)
{
    return slice_sub(s, SUM, SUM_N);
}

bool tar_is_header(struct slice s)
{
    int32_t sum = SUM_N * ' ', with_sign = SUM_N * ' ';
    uint64_t said;

    if (s.n < TAR_BLOCK || s.p[0] == 0)
        return false;
    said = number_of(sum_field(s)).value;
    if (said == 0 || said > SUM_MOST)
        return false;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        if (i == SUM)
            i += SUM_N;
        sum += s.p[i];
        with_sign += (int8_t)s.p[i];
    }
    return said == (uint64_t)sum || (with_sign > 0 && said == (uint64_t)with_sign);
}

size_t tar_next(struct slice s, size_t at, size_t end)
{
    for (at = (at + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK; at < end; at += TAR_BLOCK)
        if (tar_is_header(slice_drop(s, at)))
            return at;
    return s.n;
}

enum cs_status tar_give(struct slice object, size_t at, struct emit *out)
{
    static const struct emit_child c = { .kind = EMIT_MEMBER, .how = "inside", .type = "tar", .size = UINT64_MAX, .packed = UINT64_MAX };

    return emit_whole(out, &c, slice_drop(object, at));
}

/* libarchive wants nothing but digits, blanks and zero bytes in the sum. */
static bool is_plain(struct slice head)
{
    struct slice sum = sum_field(head);

    for (size_t i = 0; i < sum.n; i++)
        if (sum.p[i] != ' ' && sum.p[i] != 0 && digit_of(sum.p[i], false) < 0)
            return false;
    return number_of(sum).is_plain && number_of(slice_sub(head, SIZE, SIZE_N)).is_plain;
}

static bool has_data(struct slice head)
{
    return head.p[KIND] < '1' || head.p[KIND] > '6';
}

/* What the member whose header begins there holds, as far as it is there. */
static struct slice data_of(struct slice object, size_t at)
{
    struct slice head = slice_sub(object, at, TAR_BLOCK), data = slice_drop(object, at + TAR_BLOCK);
    uint64_t size = has_data(head) ? number_of(slice_sub(head, SIZE, SIZE_N)).value : 0;

    return slice_take(data, size < data.n ? (size_t)size : data.n);
}

static enum cs_status give_member(struct slice object, size_t at, struct emit *out)
{
    struct slice head = slice_sub(object, at, TAR_BLOCK), name = slice_take(head, NAME);
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "tar", .packed = UINT64_MAX };

    c.name = slice_take(name, slice_chr(name, '\0'));
    c.size = number_of(slice_sub(head, SIZE, SIZE_N)).value;
    return emit_whole(out, &c, data_of(object, at));
}

enum cs_status tar_again(struct slice object, uint64_t read, struct emit *out)
{
    const size_t end = read == 0 ? 1 : read < object.n ? (size_t)read : object.n;
    enum cs_status st = CS_OK;

    for (size_t at = 0; st == CS_OK && (at = tar_next(object, at, object.n)) < object.n;) {
        size_t next = at + TAR_BLOCK + data_of(object, at).n;

        if (!is_plain(slice_drop(object, at)))
            st = has_data(slice_drop(object, at)) ? give_member(object, at, out) : CS_OK;
        else if (at >= end)
            return tar_give(object, at, out);
        else if (next > end)                                /* not beyond what was read */
            next = end > at + TAR_BLOCK ? end : at + TAR_BLOCK;
        at = next;
    }
    return st;
}
