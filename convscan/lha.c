#include "lha.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "lzh.h"

enum { HEAD_LEAST = 22, LEVEL = 20, NAME_MOST = 1024, EXTRA_NAME = 1, EXTRA_FOLDER = 2, EXTRAS = 64 };

struct entry {
    char method[5];
    uint64_t size;
    struct slice name, folder, data;
    size_t whole;               /* of head and data */
};

static bool is_head(struct slice s)
{
    return s.n >= HEAD_LEAST && s.p[2] == '-' && (s.p[3] == 'l' || s.p[3] == 'p') && s.p[6] == '-' && s.p[LEVEL] <= 3;
}

/*
 * Extra heads: each has the size of the next one at its end. size_bytes is 2, in level 3 it is 4.
 * Gives what they take in all.
 */
static size_t extras(struct entry *e, struct slice s, size_t first, size_t size_bytes)
{
    size_t n = first, taken = 0;

    for (unsigned i = 0; i < EXTRAS && n > size_bytes && n <= s.n; i++) {
        struct slice value = slice_sub(s, 1, n - 1 - size_bytes);
        if (s.p[0] == EXTRA_NAME)
            e->name = value;
        else if (s.p[0] == EXTRA_FOLDER)
            e->folder = value;
        taken += n;
        first = size_bytes == 2 ? get_le16(s.p + n - 2) : get_le32(s.p + n - 4);
        s = slice_drop(s, n);
        n = first;
    }
    return taken;
}

/* Levels 0 and 1 begin with the size of their head, less two; the name stands in it. */
static size_t old_head(struct slice s, struct entry *e, uint64_t *packed)
{
    size_t head = (size_t)s.p[0] + 2, extra = 0;

    e->name = slice_sub(slice_take(s, head), 22, s.p[21]);
    if (s.p[LEVEL] == 1 && head >= HEAD_LEAST && head <= s.n) {
        extra = extras(e, slice_drop(s, head), get_le16(s.p + head - 2), 2);
        *packed -= extra < *packed ? extra : *packed;
    }
    return head + extra;
}

static size_t new_head(struct slice s, struct entry *e)
{
    bool is_third = s.p[LEVEL] == 3;

    if (s.n < 32)
        return s.n;
    if (is_third)
        (void)extras(e, slice_drop(s, 32), get_le32(s.p + 28), 4);
    else
        (void)extras(e, slice_drop(s, 26), get_le16(s.p + 24), 2);
    return is_third ? get_le32(s.p + 24) : get_le16(s.p);
}

static void read_entry(struct slice s, struct entry *e)
{
    uint64_t packed = get_le32(s.p + 7);
    size_t head;

    *e = (struct entry){ .size = get_le32(s.p + 11), .name = slice_of(NULL, 0), .folder = slice_of(NULL, 0) };
    memcpy(e->method, s.p + 2, sizeof e->method);
    head = s.p[LEVEL] < 2 ? old_head(s, e, &packed) : new_head(s, e);
    head = head < HEAD_LEAST ? HEAD_LEAST : head;
    e->data = slice_sub(s, head, packed < SIZE_MAX ? (size_t)packed : SIZE_MAX);
    e->whole = (size_t)(e->data.p - s.p) + e->data.n;
}

/* Folders are parted by 0xff, which is no character of Shift JIS either. */
static enum cs_status name_put(struct buf *out, struct slice name)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < name.n && out->n < NAME_MOST; i++)
        st = buf_putc(out, name.p[i] == 0xff ? '/' : name.p[i]);
    return st;
}

static enum cs_status put_piece(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

static bool is_method(const struct entry *e, const char *method)
{
    return memcmp(e->method + 1, method, 3) == 0;
}

static enum cs_status unpack(const struct entry *e, struct emit *out, bool *is_damaged)
{
    struct inflate_result res = { 0 };
    enum cs_status st;

    if (is_method(e, "lz5"))
        st = lzh_unpack_lz5(e->data, e->size, put_piece, out, &res);
    else if (is_method(e, "lh1"))
        st = lzh_unpack_lh1(e->data, e->size, put_piece, out, &res);
    else if (e->method[1] == 'l' && e->method[2] == 'h' && e->method[3] >= '4' && e->method[3] <= '7')
        st = lzh_unpack(e->data, e->method[3], e->size, put_piece, out, &res);
    else
        return out->put(out, e->data);
    *is_damaged = *is_damaged || res.is_damaged;
    return st;
}

static bool is_known(const struct entry *e)
{
    static const char *const methods[] = { "lh0", "lz4", "pm0", "lz5", "lh1", "lh4", "lh5", "lh6", "lh7" };

    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (is_method(e, methods[i]))
            return true;
    return false;
}

static enum cs_status emit_entry(const struct entry *e, struct emit *out, bool *is_damaged)
{
    uint8_t room[NAME_MOST + 8];
    struct buf name = buf_over(room, sizeof room);
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "lha", .size = e->size, .packed = e->data.n };
    enum cs_status st;

    if (is_method(e, "lhd"))
        return CS_OK;
    if (!is_known(e))
        return out->note(out, EMIT_ENCRYPTED, "method of an LHA archive");
    st = name_put(&name, e->folder);
    if (st == CS_OK && name.n && name.p[name.n - 1] != '/')
        st = buf_putc(&name, '/');
    if (st == CS_OK)
        st = name_put(&name, slice_take(e->name, slice_chr(e->name, 0)));
    c.name = buf_slice(&name);
    if (st == CS_OK)
        st = out->open(out, &c);
    if (st == CS_OK)
        st = unpack(e, out, is_damaged);
    return st == CS_OK ? out->close(out) : st;
}

/* The next place that looks like a head; nothing when there is none. */
static struct slice next_head(struct slice s)
{
    while (s.n >= HEAD_LEAST && !is_head(s)) {
        s = slice_drop(s, 1);
        s = slice_drop(s, slice_chr(slice_drop(s, 2), '-'));
    }
    return is_head(s) ? s : slice_of(NULL, 0);
}

enum cs_status lha_decode(struct slice object, struct emit *out)
{
    bool is_damaged = false;
    enum cs_status st = CS_OK;

    while (st == CS_OK && object.n && object.p[0] != 0) {
        struct entry e;
        if (!is_head(object)) {
            is_damaged = true;
            object = next_head(object);
            continue;
        }
        read_entry(object, &e);
        st = emit_entry(&e, out, &is_damaged);
        object = slice_drop(object, e.whole);
    }
    return st == CS_OK && is_damaged ? out->note(out, EMIT_DAMAGED, "LHA archive") : st;
}
