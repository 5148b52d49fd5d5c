#include "ziprewrite.h"

#include "base/bytes.h"
#include "inflate.h"

enum { ENTRIES_MAX = 65534, COMMENT_REACH = ZIP_END_SIZE + 65535, DESCRIPTOR_MAX = 24 };

struct entry {
    struct zip_head central;
    struct slice record;         /* the central record */
    uint64_t local, data, next;  /* next: where the following member, or the directory, begins */
    uint64_t moved;              /* where its local header is in the new file, less base */
    enum zip_fate fate;
    size_t size, name_length;    /* of a replacement */
    uint32_t crc;
};

struct rewrite {
    struct slice in;
    struct buf *out;
    struct entry *entries;
    size_t n;
    uint64_t directory, end, base;
};

static enum cs_status keep(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

enum cs_status zip_content(const struct zip_head *h, struct slice packed, struct buf *out)
{
    struct inflate_result res;
    enum cs_status st;

    if (h->flags & ZIP_ENCRYPTED)
        return CS_UNSUPPORTED;
    if (h->method == 0)
        return buf_put(out, packed);
    if (h->method != 8)
        return CS_UNSUPPORTED;
    st = inflate_all(packed, INFLATE_RAW, keep, out, &res);
    return st == CS_OK && res.is_damaged ? CS_UNSUPPORTED : st;
}

/* ---- reading: only what has one meaning ---- */

/* The one end record, with nothing behind it but its comment. */
static bool find_end(struct rewrite *w, struct zip_end *e)
{
    struct slice in = w->in;
    uint64_t low = in.n > COMMENT_REACH ? in.n - COMMENT_REACH : 0;

    for (uint64_t at = in.n; at-- > low;)
        if (in.n - at >= ZIP_END_SIZE && get_le32(in.p + at) == ZIP_END) {
            w->end = at;
            return in.n - at - ZIP_END_SIZE == get_le16(in.p + at + 20) && zip_read_end(in, at, e) && e->at == at &&
                   e->size <= at && at - e->size >= e->offset;
        }
    return false;
}

static bool read_entry(struct rewrite *w, uint64_t *at, struct entry *e)
{
    struct zip_head local;

    if (!zip_read_central(w->in, *at, &e->central) || e->central.length > w->end - *at)
        return false;
    e->record = slice_sub(w->in, *at, e->central.length);
    *at += e->central.length;
    if (get_le32(e->record.p + 42) != e->central.offset || e->central.offset > w->directory - w->base)
        return false;
    e->local = w->base + e->central.offset;
    if (!zip_read_local(w->in, e->local, &local) || !slice_eq(local.name, e->central.name) || local.method != e->central.method ||
        (local.flags ^ e->central.flags) & ZIP_ENCRYPTED)
        return false;
    e->data = e->local + local.length;
    if (!(local.flags & ZIP_STREAMED) && (local.packed != e->central.packed || local.size != e->central.size))
        return false;
    return e->data <= w->directory && e->central.packed <= w->directory - e->data;
}

static int by_local(const void *a, const void *b)
{
    const struct entry *p = a, *q = b;

    return p->local < q->local ? -1 : p->local > q->local;
}

/* Members follow one another, with nothing between them but descriptors where they are due. */
static bool is_tight(const struct rewrite *w)
{
    for (size_t i = 0; i < w->n; i++) {
        struct entry *e = &w->entries[i];
        uint64_t end = e->data + e->central.packed, next = i + 1 < w->n ? w->entries[i + 1].local : w->directory;
        if (next < end || next - end > (e->central.flags & ZIP_STREAMED ? DESCRIPTOR_MAX : 0))
            return false;
        e->next = next;
    }
    return w->n && zip_next(w->in, 0, w->entries[0].local, ZIP_LOCAL) == w->entries[0].local;
}

static enum cs_status read_all(struct rewrite *w)
{
    struct zip_end e;
    uint64_t at;
    size_t count;

    if (!find_end(w, &e))
        return CS_UNSUPPORTED;
    count = get_le16(w->in.p + w->end + 10);
    if (get_le16(w->in.p + w->end + 4) != 0 || get_le16(w->in.p + w->end + 8) != count || count == 0 || count > ENTRIES_MAX)
        return CS_UNSUPPORTED;
    w->directory = at = e.at - e.size;
    w->base = at - e.offset;
    w->entries = calloc(count, sizeof *w->entries);
    if (!w->entries)
        return CS_NOMEM;
    for (; w->n < count; w->n++)
        if (!read_entry(w, &at, &w->entries[w->n]))
            return CS_UNSUPPORTED;
    if (at != w->end)
        return CS_UNSUPPORTED;
    qsort(w->entries, w->n, sizeof *w->entries, by_local);
    return is_tight(w) ? CS_OK : CS_UNSUPPORTED;
}

/* ---- writing ---- */

static enum cs_status put_replacement(struct rewrite *w, struct entry *e, struct slice name, struct slice bytes)
{
    uint8_t head[ZIP_LOCAL_SIZE] = { 0 };
    enum cs_status st;

    put_le32(head, ZIP_LOCAL);
    put_le16(head + 4, 20);
    put_le16(head + 6, e->central.flags & 0x800);
    memcpy(head + 10, e->record.p + 12, 4);         /* the time */
    put_le32(head + 14, e->crc);
    put_le32(head + 18, (uint32_t)bytes.n);
    put_le32(head + 22, (uint32_t)bytes.n);
    put_le16(head + 26, (uint16_t)name.n);
    st = buf_put(w->out, slice_of(head, sizeof head));
    if (st == CS_OK)
        st = buf_put(w->out, name);
    return st == CS_OK ? buf_put(w->out, bytes) : st;
}

static enum cs_status put_member(struct rewrite *w, struct entry *e, zip_decide *decide, void *to, bool *is_changed)
{
    struct buf name = buf_init(UINT16_MAX), bytes = buf_init(ZIP_REPLACEMENT);
    struct slice packed = slice_sub(w->in, e->data, e->central.packed);
    enum cs_status st = decide(to, &e->central, packed, &e->fate, &name, &bytes);

    *is_changed |= e->fate != ZIP_KEEP;
    e->moved = w->out->n - w->base;
    if (st == CS_OK && e->fate == ZIP_KEEP)
        st = buf_put(w->out, slice_sub(w->in, e->local, e->next - e->local));
    if (st == CS_OK && e->fate == ZIP_REPLACE) {
        e->crc = inflate_crc32(0, buf_slice(&bytes));
        e->size = bytes.n;
        e->name_length = name.n;
        st = put_replacement(w, e, buf_slice(&name), buf_slice(&bytes));
    }
    buf_release(&name);
    buf_release(&bytes);
    return st;
}

/* The name of a replacement stands in its new local header. */
static struct slice new_name(const struct rewrite *w, const struct entry *e)
{
    return slice_sub(buf_slice(w->out), w->base + e->moved + ZIP_LOCAL_SIZE, e->name_length);
}

static enum cs_status put_central(struct rewrite *w, const struct entry *e)
{
    uint8_t head[ZIP_CENTRAL_SIZE];
    struct buf name = buf_init(UINT16_MAX);
    enum cs_status st;

    memcpy(head, e->record.p, sizeof head);
    put_le32(head + 42, (uint32_t)e->moved);
    if (e->fate == ZIP_KEEP) {
        st = buf_put(w->out, slice_of(head, sizeof head));
        return st == CS_OK ? buf_put(w->out, slice_drop(e->record, sizeof head)) : st;
    }
    put_le16(head + 6, 20);
    put_le16(head + 8, e->central.flags & 0x800);
    put_le16(head + 10, 0);
    put_le32(head + 16, e->crc);
    put_le32(head + 20, (uint32_t)e->size);
    put_le32(head + 24, (uint32_t)e->size);
    put_le16(head + 28, (uint16_t)e->name_length);
    put_le32(head + 30, 0);                          /* no extra field, no comment */
    st = buf_put(&name, new_name(w, e));             /* out may move while it grows */
    if (st == CS_OK)
        st = buf_put(w->out, slice_of(head, sizeof head));
    if (st == CS_OK)
        st = buf_put(w->out, buf_slice(&name));
    buf_release(&name);
    return st;
}

static enum cs_status put_end(struct rewrite *w, uint64_t start, size_t count)
{
    uint8_t head[ZIP_END_SIZE];
    enum cs_status st;

    memcpy(head, w->in.p + w->end, sizeof head);
    put_le16(head + 8, (uint16_t)count);
    put_le16(head + 10, (uint16_t)count);
    put_le32(head + 12, (uint32_t)(w->out->n - start));
    put_le32(head + 16, (uint32_t)(start - w->base));
    st = buf_put(w->out, slice_of(head, sizeof head));
    return st == CS_OK ? buf_put(w->out, slice_drop(w->in, w->end + ZIP_END_SIZE)) : st;
}

/* The directory in the order of the members; unpackers do not mind. */
static enum cs_status put_directory(struct rewrite *w)
{
    uint64_t start = w->out->n;
    size_t count = 0;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < w->n && st == CS_OK; i++) {
        if (w->entries[i].fate == ZIP_DROP)
            continue;
        st = put_central(w, &w->entries[i]);
        count++;
    }
    return st == CS_OK ? put_end(w, start, count) : st;
}

static enum cs_status put_all(struct rewrite *w, zip_decide *decide, void *to, bool *is_changed)
{
    enum cs_status st = buf_put(w->out, slice_take(w->in, w->entries[0].local));

    for (size_t i = 0; i < w->n && st == CS_OK; i++)
        st = put_member(w, &w->entries[i], decide, to, is_changed);
    return st == CS_OK ? put_directory(w) : st;
}

enum cs_status zip_rewrite(struct slice in, zip_decide *decide, void *to, struct buf *out, bool *is_changed)
{
    struct rewrite w = { .in = in, .out = out };
    enum cs_status st;

    *is_changed = false;
    if (out->n || in.n >= UINT32_MAX)
        return CS_UNSUPPORTED;
    st = read_all(&w);
    if (st == CS_OK)
        st = put_all(&w, decide, to, is_changed);
    free(w.entries);
    return st;
}
