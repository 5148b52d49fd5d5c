#include "base/bytes.h"
#include "disk.h"
#include "utf16.h"

/*
 * ntfs.c - files of NTFS: every record of the master file table that is in use, whatever folder it stands in. Files that are compressed,
 * encrypted or told in several records are named and, where their data cannot be read, class encrypted.
 */

enum { SECTOR = 512, RECORD_MAX = 4096, SYSTEM_RECORDS = 16, RUNS = 16384 };
enum { NAME = 0x30, DATA = 0x80, END = -1, IN_USE = 1, IS_FOLDER = 2, COMPRESSED = 0x00ff, ENCRYPTED = 0x4000 };

struct ntfs {
    const struct disk *d;
    struct emit *out;
    uint64_t at, cluster;        /* where the volume begins; bytes of a cluster */
    size_t record;               /* bytes of a record */
    uint8_t bytes[RECORD_MAX], first[RECORD_MAX];   /* the record at hand, and that of the table itself */
    size_t n_files;
};

/* A run of clusters: 0 for a hole. */
struct run {
    uint64_t n, at;
};

static uint64_t number(struct slice s)
{
    uint64_t v = 0;

    for (size_t i = s.n; i-- > 0;)
        v = v << 8 | s.p[i];
    return v;
}

/* The next run off the front of the list; false at its end. *before: where the one before it began. */
static bool next_run(struct slice *list, uint64_t *before, struct run *r)
{
    size_t n_length = list->n ? list->p[0] & 15 : 0, n_place = list->n ? list->p[0] >> 4 : 0;
    struct slice place = slice_sub(*list, 1 + n_length, n_place);

    if (n_length == 0 || n_length > 8 || n_place > 8 || list->n < 1 + n_length + n_place)
        return false;
    r->n = number(slice_sub(*list, 1, n_length));
    r->at = 0;
    if (n_place) {
        uint64_t moved = number(place);

        if (n_place < 8 && place.p[n_place - 1] & 0x80)
            moved |= UINT64_MAX << n_place * 8;
        *before += moved;
        r->at = *before;
    }
    *list = slice_drop(*list, 1 + n_length + n_place);
    return true;
}

static bool fits(const struct ntfs *t, const struct run *r)
{
    return r->n <= t->d->size / t->cluster && r->at <= t->d->size / t->cluster;
}

static enum cs_status put_runs(const struct ntfs *t, struct slice list, uint64_t size)
{
    struct run r;
    uint64_t before = 0;
    enum cs_status st = CS_OK;

    for (int i = 0; i < RUNS && size && st == CS_OK && next_run(&list, &before, &r) && fits(t, &r); i++) {
        uint64_t n = r.n * t->cluster < size ? r.n * t->cluster : size;

        st = r.at ? disk_put(t->d, t->at + r.at * t->cluster, n, t->out) : emit_zeros(t->out, n);
        size -= n;
    }
    return st;
}

/* ---- records ---- */

/* The last two bytes of each sector stand elsewhere in the record. */
static bool mend(uint8_t *record, size_t n)
{
    size_t at = get_le16(record + 4), count = get_le16(record + 6);

    if (!slice_starts(slice_of(record, n), SLICE("FILE")) || count == 0 || at + count * 2 > n || (count - 1) * SECTOR > n)
        return false;
    for (size_t i = 1; i < count; i++)
        memcpy(record + i * SECTOR - 2, record + at + i * 2, 2);
    return true;
}

/* The attribute at this place; empty behind the last one. */
static struct slice attribute(struct slice record, size_t at)
{
    struct slice a = slice_drop(record, at);

    if (a.n < 24 || get_le32(a.p) == UINT32_MAX || get_le32(a.p + 4) < 24)
        return slice_take(a, 0);
    return slice_take(a, get_le32(a.p + 4));
}

static struct slice resident(struct slice a)
{
    return a.p[8] ? slice_take(a, 0) : slice_sub(a, get_le16(a.p + 20), get_le32(a.p + 16));
}

/* The longest of its names: the other one is for old programs. */
static struct slice name_of(struct slice record)
{
    struct slice best = slice_take(record, 0), a;

    for (size_t at = get_le16(record.p + 20); (a = attribute(record, at)).n; at += a.n) {
        struct slice v = get_le32(a.p) == NAME ? resident(a) : slice_take(a, 0), name;

        if (v.n < 66)
            continue;
        name = slice_sub(v, 66, (size_t)v.p[64] * 2);
        if (name.n > best.n)
            best = name;
    }
    return best;
}

static enum cs_status put_data(const struct ntfs *t, struct slice a)
{
    bool is_far = a.p[8] != 0;
    unsigned marks = get_le16(a.p + 12);

    if (!is_far)
        return t->out->put(t->out, resident(a));
    if (a.n < 64)
        return CS_OK;
    if (marks & (COMPRESSED | ENCRYPTED))
        return CS_UNSUPPORTED;
    return put_runs(t, slice_drop(a, get_le16(a.p + 32)), get_le64(a.p + 48));
}

static enum cs_status stream(struct ntfs *t, struct slice name, struct slice a)
{
    const struct emit_child c = { .kind = EMIT_MEMBER, .how = "ntfs", .name = name, .size = UINT64_MAX, .packed = UINT64_MAX };
    enum cs_status st = t->out->open(t->out, &c), data = CS_OK;

    if (st != CS_OK)
        return st;
    data = put_data(t, a);
    if (data != CS_OK && data != CS_UNSUPPORTED)
        return data;
    st = t->out->close(t->out);
    return st == CS_OK && data == CS_UNSUPPORTED ? t->out->note(t->out, EMIT_ENCRYPTED, "packed file of a disk image") : st;
}

static enum cs_status record(struct ntfs *t)
{
    struct slice all = slice_of(t->bytes, t->record), a;
    struct buf name = buf_init(1 << 12);
    enum cs_status st = utf16le_put(&name, name_of(all));

    for (size_t at = get_le16(all.p + 20); st == CS_OK && (a = attribute(all, at)).n; at += a.n)
        if (get_le32(a.p) == DATA)
            st = ++t->n_files > DISK_FILES ? t->out->note(t->out, EMIT_LIMITED, "files of a disk image") : stream(t, buf_slice(&name), a);
    buf_release(&name);
    return st;
}

static bool read_record(struct ntfs *t, uint64_t at, uint8_t *to)
{
    uint8_t room[DISK_PIECE];
    struct slice s = disk_bytes(t->d, at, t->record, room);

    if (s.n < t->record)
        return false;
    memcpy(to, s.p, t->record);
    return mend(to, t->record);
}

/* All records of one run of the table. */
static enum cs_status records(struct ntfs *t, const struct run *r, uint64_t *count)
{
    uint64_t n = r->n * t->cluster / t->record, most = t->d->file.n / t->record + SYSTEM_RECORDS;
    enum cs_status st = CS_OK;

    for (uint64_t i = 0; i < n && st == CS_OK; i++, ++*count) {
        uint64_t at = t->at + r->at * t->cluster + i * t->record;

        if (at >= t->d->size)
            break;
        if (*count > most)
            return t->out->note(t->out, EMIT_LIMITED, "files of a disk image");
        if (*count >= SYSTEM_RECORDS && read_record(t, at, t->bytes) && get_le16(t->bytes + 22) & IN_USE && !(get_le16(t->bytes + 22) & IS_FOLDER))
            st = record(t);
    }
    return st;
}

/* The table is a file of its own, told in its first record. */
static enum cs_status table(struct ntfs *t, uint64_t at)
{
    struct slice all = slice_of(t->first, t->record), a, list = slice_of(NULL, 0);
    uint64_t before = 0, count = 0;
    struct run r;
    enum cs_status st = CS_OK;

    if (!read_record(t, at, t->first))
        return t->out->note(t->out, EMIT_ENCRYPTED, "file system of a disk image");
    for (size_t place = get_le16(all.p + 20); (a = attribute(all, place)).n; place += a.n)
        if (get_le32(a.p) == DATA && a.p[8] && a.n >= 64)
            list = slice_drop(a, get_le16(a.p + 32));
    for (int i = 0; i < RUNS && st == CS_OK && count <= t->d->file.n / t->record + SYSTEM_RECORDS && next_run(&list, &before, &r) && fits(t, &r); i++)
        if (r.at)
            st = records(t, &r, &count);
    return st;
}

enum cs_status ntfs_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known)
{
    uint8_t room[DISK_PIECE];
    struct slice boot = disk_bytes(d, at, SECTOR, room);
    struct ntfs *t;
    uint64_t place;
    int8_t size;
    enum cs_status st;

    *is_known = false;
    if (boot.n < SECTOR || !slice_eq(slice_sub(boot, 3, 8), SLICE("NTFS    ")) || get_le16(boot.p + 11) < 256 || boot.p[13] == 0)
        return CS_OK;
    t = malloc(sizeof *t);
    if (!t)
        return CS_NOMEM;
    *t = (struct ntfs){ .d = d, .out = out, .at = at, .cluster = (uint64_t)get_le16(boot.p + 11) * boot.p[13] };
    size = (int8_t)boot.p[64];
    t->record = size > 0 ? (size_t)((uint64_t)size * t->cluster) : size > -13 ? (size_t)1 << -size : 0;
    place = get_le64(boot.p + 48);
    *is_known = t->record >= SECTOR && t->record <= RECORD_MAX && place <= d->size / t->cluster;
    st = *is_known ? table(t, at + place * t->cluster) : CS_OK;
    free(t);
    return st;
}
