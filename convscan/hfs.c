#include "base/bytes.h"
#include "disk.h"
#include "utf16.h"

/*
 * hfs.c - files of HFS+ and HFSX: the leaves of the catalogue, from the first one on. Files in more pieces than an entry of the catalogue
 * holds, and files that the file system packs itself, are noted.
 */

enum { HEAD_AT = 1024, HEAD = 512, FORK = 80, EXTENTS = 8, NODE_MIN = 512, NODE_HEAD = 14, NAME_UNITS = 255 };
enum { FILE_RECORD = 2, RECORD_BYTES = 248, DATA_FORK = 88, RESOURCE_FORK = 168, OWNER_FLAGS = 41, IS_PACKED = 0x20 };

struct fork {
    uint64_t size;
    struct { uint64_t at, n; } pieces[EXTENTS];     /* bytes of the disk */
    bool is_whole;               /* no piece of it stands elsewhere */
};

struct hfs {
    const struct disk *d;
    struct emit *out;
    uint64_t at, block;          /* where the volume begins; bytes of a block */
    struct fork catalogue;
    size_t node, n_files;
};

static struct fork read_fork(const struct hfs *h, const uint8_t *p)
{
    struct fork f = { .size = get_be64(p) };
    uint64_t all = 0;

    for (size_t i = 0; i < EXTENTS; i++) {
        f.pieces[i].at = h->at + get_be32(p + 16 + i * 8) * h->block;
        f.pieces[i].n = get_be32(p + 20 + i * 8) * h->block;
        all += f.pieces[i].n;
    }
    f.is_whole = f.size <= all;
    return f;
}

/* n bytes of a fork that lie in its pieces; empty when they are not there. */
static struct slice fork_bytes(const struct hfs *h, const struct fork *f, uint64_t at, size_t n, uint8_t room[DISK_PIECE])
{
    uint8_t piece[DISK_PIECE];
    size_t have = 0;

    for (size_t i = 0; i < EXTENTS && have < n; i++) {
        uint64_t left = f->pieces[i].n;

        if (at >= left) {
            at -= left;
            continue;
        }
        left = left - at < n - have ? left - at : n - have;
        struct slice s = disk_bytes(h->d, f->pieces[i].at + at, (size_t)left, piece);
        if (s.n < left)
            break;
        memcpy(room + have, s.p, s.n);
        have += s.n;
        at = 0;
    }
    return slice_of(room, have == n ? n : 0);
}

static enum cs_status put_fork(const struct hfs *h, const struct fork *f)
{
    uint64_t left = f->size;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < EXTENTS && left && st == CS_OK; i++) {
        uint64_t n = f->pieces[i].n < left ? f->pieces[i].n : left;

        st = disk_put(h->d, f->pieces[i].at, n, h->out);
        left -= n;
    }
    return st;
}

static enum cs_status put_name(struct slice name, struct buf *to)
{
    uint8_t turned[NAME_UNITS * 2];

    for (size_t i = 0; i < name.n; i++)
        turned[i ^ 1] = name.p[i];
    return utf16le_put(to, slice_of(turned, name.n));
}

static enum cs_status emit_fork(struct hfs *h, const struct fork *f, const char *how, struct slice name)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = how, .name = name, .size = f->size, .packed = f->size };
    enum cs_status st = f->is_whole ? CS_OK : h->out->note(h->out, EMIT_ENCRYPTED, "file of a disk image in many pieces");

    if (st == CS_OK)
        st = h->out->open(h->out, &c);
    if (st == CS_OK)
        st = put_fork(h, f);
    return st == CS_OK ? h->out->close(h->out) : st;
}

static enum cs_status file(struct hfs *h, struct slice utf16, const uint8_t *record)
{
    struct fork data = read_fork(h, record + DATA_FORK), resource = read_fork(h, record + RESOURCE_FORK);
    struct buf name = buf_init(1 << 12);
    enum cs_status st = put_name(utf16, &name);

    if (st == CS_OK && record[OWNER_FLAGS] & IS_PACKED)
        st = h->out->note(h->out, EMIT_ENCRYPTED, "packed file of a disk image");
    if (st == CS_OK)
        st = emit_fork(h, &data, "hfs", buf_slice(&name));
    if (st == CS_OK && resource.size)
        st = emit_fork(h, &resource, "hfs-resource", buf_slice(&name));
    buf_release(&name);
    return st;
}

/* The n-th record of a leaf: a key that holds a name, then what it is of. */
static enum cs_status record(struct hfs *h, struct slice node, size_t n)
{
    struct slice place = slice_sub(node, node.n - 2 * (n + 1), 2), r, name, what;
    size_t key;

    if (place.n < 2)
        return CS_OK;
    r = slice_drop(node, get_be16(place.p));
    key = r.n >= 8 ? get_be16(r.p) : 0;
    if (key < 6)
        return CS_OK;
    name = slice_sub(r, 8, (size_t)get_be16(r.p + 6) * 2);
    what = slice_sub(r, 2 + key + key % 2, RECORD_BYTES);
    if (what.n < RECORD_BYTES || get_be16(what.p) != FILE_RECORD || name.n > NAME_UNITS * 2 || name.n % 2)
        return CS_OK;
    if (++h->n_files > DISK_FILES)
        return h->out->note(h->out, EMIT_LIMITED, "files of a disk image");
    return file(h, name, what.p);
}

static enum cs_status leaves(struct hfs *h, uint32_t first)
{
    static const uint8_t is_leaf = 0xff;
    uint64_t nodes = (h->catalogue.size < h->d->file.n ? h->catalogue.size : h->d->file.n) / h->node;
    uint8_t *room = malloc(DISK_PIECE);
    enum cs_status st = room ? CS_OK : CS_NOMEM;

    for (uint64_t steps = 0; first && steps < nodes && st == CS_OK; steps++) {
        struct slice node = fork_bytes(h, &h->catalogue, (uint64_t)first * h->node, h->node, room);

        if (node.n < h->node || node.p[8] != is_leaf) {
            st = h->out->note(h->out, EMIT_ENCRYPTED, "catalogue of a disk image");
            break;
        }
        first = get_be32(node.p);
        for (size_t i = 0, n = get_be16(node.p + 10); i < n && i < h->node / 2 && st == CS_OK; i++)
            st = record(h, node, i);
    }
    free(room);
    return st;
}

bool hfs_is(struct slice head)
{
    struct slice mark = slice_sub(head, HEAD_AT, 4);

    return slice_eq(mark, SLICE("H+\0\4")) || slice_eq(mark, SLICE("HX\0\5"));
}

enum cs_status hfs_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known)
{
    uint8_t room[DISK_PIECE];
    struct slice head = disk_bytes(d, at, HEAD_AT + HEAD, room), node;
    struct hfs h = { .d = d, .out = out, .at = at };

    *is_known = head.n && hfs_is(head);
    if (!*is_known)
        return CS_OK;
    h.block = get_be32(head.p + HEAD_AT + 40);
    h.catalogue = read_fork(&h, head.p + HEAD_AT + 272);
    node = fork_bytes(&h, &h.catalogue, 0, NODE_MIN, room);
    h.node = node.n ? get_be16(node.p + NODE_HEAD + 18) : 0;
    if (h.block < 512 || h.node < NODE_MIN || h.node > DISK_PIECE / 2 || !h.catalogue.is_whole)
        return out->note(out, EMIT_ENCRYPTED, "catalogue of a disk image");
    return leaves(&h, get_be32(node.p + NODE_HEAD + 10));
}
