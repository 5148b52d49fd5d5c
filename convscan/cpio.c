#include "cpio.h"

#include "base/bytes.h"

/* The header of either kind: where its numbers and the name stand, and bits a digit. */
static const struct kind {
    size_t mode, size, name_size, digits, size_digits, name;
    unsigned bits;
    size_t align;
} octal = { 18, 65, 59, 6, 11, 76, 3, 1 }, hexadecimal = { 14, 54, 94, 8, 8, 110, 4, 4 };

enum { MAGIC = 5, FORMAT_BITS = 0170000, REGULAR = 0100000, DIRECTORY = 0040000, CHARACTER = 0020000, BLOCK = 0060000, FIFO = 0010000, SOCKET = 0140000 };

static const struct kind *kind_of(struct slice head)
{
    if (head.n <= octal.name)
        return NULL;
    return head.p[MAGIC] == '7' ? &octal : head.p[MAGIC] == '1' || head.p[MAGIC] == '2' ? &hexadecimal : NULL;
}

/* The next header that is not the last one of an archive. */
static size_t next(struct slice s, size_t at)
{
    for (; at < s.n; at++) {
        struct slice rest;
        const struct kind *k;

        at += slice_find(slice_drop(s, at), SLICE("07070"));
        rest = slice_drop(s, at);
        k = kind_of(rest);
        if (k && !slice_starts(slice_drop(rest, k->name), SLICE("TRAILER!!!")))
            return at;
    }
    return s.n;
}

/* Behind a digit that is none comes no further one, but its room was made already. */
static uint64_t number(struct slice s, unsigned bits)
{
    uint64_t v = 0;
    size_t i = 0;

    while (i < s.n && s.p[i] == ' ')
        i++;
    for (; i < s.n && s.p[i]; i++) {
        int digit = ascii_hex(s.p[i]);

        v <<= bits;
        if (digit < 0 || digit >> bits)
            break;
        v |= (uint64_t)digit;
    }
    return v;
}

struct member {
    struct slice name, data;
    bool is_file;
    size_t n;                   /* from the first byte of its header to where the next one is looked for */
};

/* s begins with a header. What is said of a size counts for files and links, not for folders, devices, pipes and sockets. */
static struct member member_of(struct slice s)
{
    const struct kind *k = kind_of(s);
    unsigned format = (unsigned)number(slice_sub(s, k->mode, k->digits), k->bits) & FORMAT_BITS;
    bool has_data = format != DIRECTORY && format != CHARACTER && format != BLOCK && format != FIFO && format != SOCKET;
    uint64_t name = number(slice_sub(s, k->name_size, k->digits), k->bits), size = number(slice_sub(s, k->size, k->size_digits), k->bits);
    uint64_t start = (k->name + name + k->align - 1) / k->align * k->align;
    struct member m = { .name = slice_sub(s, k->name, name < s.n ? (size_t)name : 0), .data = slice_take(s, 0),
                        .is_file = format == REGULAR, .n = k->name };

    m.name = slice_take(m.name, slice_chr(m.name, 0));
    if (start < s.n) {
        m.data = slice_take(slice_drop(s, (size_t)start), size < s.n ? (size_t)size : s.n);
        m.n = (size_t)start + (has_data ? m.data.n : 0);
    }
    return m;
}

/* The files, to out unless that is NULL; how many there are, and the bytes in them. */
static enum cs_status walk(struct slice s, struct emit *out, size_t *files, uint64_t *bytes)
{
    enum cs_status st = CS_OK;

    *files = 0;
    *bytes = 0;
    for (size_t at = next(s, 0); at < s.n && st == CS_OK; at = next(s, at)) {
        struct member m = member_of(slice_drop(s, at));
        const struct emit_child c = { .kind = EMIT_MEMBER, .how = "cpio", .name = m.name, .size = UINT64_MAX, .packed = UINT64_MAX };

        if (m.is_file) {
            *files += 1;
            *bytes += m.data.n;
            st = out ? emit_whole(out, &c, m.data) : CS_OK;
        }
        at += m.n;
    }
    return st;
}

bool cpio_has(struct slice object)
{
    return next(object, 0) < object.n;
}

enum cs_status cpio_again(struct slice object, size_t files, uint64_t bytes, struct emit *out)
{
    size_t found;
    uint64_t in_all;
    enum cs_status st = walk(object, NULL, &found, &in_all);

    return st == CS_OK && (found != files || in_all != bytes) ? walk(object, out, &found, &in_all) : st;
}
