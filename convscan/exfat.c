#include "base/bytes.h"
#include "disk.h"
#include "utf16.h"

/*
 * exfat.c - files of exFAT. A file is a set of entries: one that says how many follow, one with its place and size, and pieces of its
 * name. Its clusters stand in a row, or are followed through the table. The sum over a set is not checked: not every reader does.
 */

enum { SECTOR = 512, ENTRY = 32, FIRST_CLUSTER = 2, PIECE_UNITS = 15, NAME_BYTES = 255 * 2, FOLDERS = 4096 };
enum { END = 0, SET = 0x85, STREAM = 0xc0, NAME = 0xc1, IN_USE = 0x80, IS_SECONDARY = 0x40 };
enum { IS_FOLDER = 0x10, IS_IN_A_ROW = 2 };

/* Where the bytes of a file or folder stand. */
struct extent {
    uint32_t first;              /* cluster */
    uint64_t size, valid;        /* what is behind valid reads as zeros, whatever stands there */
    bool is_in_a_row;
};

struct exfat {
    const struct disk *d;
    struct emit *out;
    uint64_t table, heap;        /* where they begin on the disk */
    uint64_t cluster;            /* bytes of one */
    uint32_t clusters;
    struct extent folders[FOLDERS];
    size_t n_folders, at_folder, n_files;
    uint64_t work;               /* entries that may still be read: folders may share clusters, and come back to where they were */
    bool has_set, has_stream;    /* of the set at hand */
    bool is_folder;
    struct extent stream;
    uint8_t name[NAME_BYTES];
    size_t n_name, name_max;
};

static bool read_boot(struct exfat *f, uint64_t at, struct slice boot)
{
    unsigned sector = boot.p[108], per_cluster = boot.p[109];

    if (sector < 9 || sector > 12 || per_cluster > 25 - sector)
        return false;
    f->cluster = (uint64_t)1 << (sector + per_cluster);
    f->table = at + ((uint64_t)get_le32(boot.p + 80) << sector);
    f->heap = at + ((uint64_t)get_le32(boot.p + 88) << sector);
    f->clusters = get_le32(boot.p + 92);
    if (f->clusters > f->d->size / f->cluster)      /* cut off: what is there is looked at */
        f->clusters = (uint32_t)(f->d->size / f->cluster) + 1;
    return f->clusters > 0;
}

static bool is_cluster(const struct exfat *f, uint32_t number)
{
    return number >= FIRST_CLUSTER && number - FIRST_CLUSTER < f->clusters;
}

/* 0 behind the last one. */
static uint32_t next_cluster(const struct exfat *f, const struct extent *e, uint32_t number)
{
    uint8_t room[DISK_PIECE];
    struct slice s;
    uint32_t v = number + 1;

    if (!e->is_in_a_row) {
        s = disk_bytes(f->d, f->table + (uint64_t)number * 4, 4, room);
        v = s.n == 4 ? get_le32(s.p) : 0;
    }
    return is_cluster(f, v) ? v : 0;
}

static uint64_t place_of(const struct exfat *f, uint32_t number)
{
    return f->heap + (uint64_t)(number - FIRST_CLUSTER) * f->cluster;
}

static enum cs_status put_file(struct exfat *f, const struct extent *e)
{
    uint64_t left = e->valid < e->size ? e->valid : e->size;
    uint32_t number = is_cluster(f, e->first) ? e->first : 0;
    enum cs_status st = CS_OK;

    for (uint32_t steps = 0; number && left && steps < f->clusters && st == CS_OK; steps++) {
        uint64_t n = left < f->cluster ? left : f->cluster;

        st = disk_put(f->d, place_of(f, number), n, f->out);
        left -= n;
        number = next_cluster(f, e, number);
    }
    if (st == CS_OK && left == 0 && e->valid < e->size && e->size / f->cluster <= f->clusters)
        st = emit_zeros(f->out, e->size - e->valid);
    return st;
}

static enum cs_status file(struct exfat *f)
{
    struct buf name = buf_init(1 << 12);
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "exfat", .size = f->stream.size, .packed = f->stream.size };
    enum cs_status st = utf16le_put(&name, slice_of(f->name, f->n_name < f->name_max ? f->n_name : f->name_max));

    c.name = buf_slice(&name);
    if (st == CS_OK)
        st = f->out->open(f->out, &c);
    if (st == CS_OK)
        st = put_file(f, &f->stream);
    if (st == CS_OK)
        st = f->out->close(f->out);
    buf_release(&name);
    return st;
}

static enum cs_status add_folder(struct exfat *f, const struct extent *e)
{
    if (!is_cluster(f, e->first))
        return CS_OK;
    for (size_t i = 0; i < f->n_folders; i++)
        if (f->folders[i].first == e->first)
            return CS_OK;
    if (f->n_folders == FOLDERS)
        return f->out->note(f->out, EMIT_LIMITED, "folders of a disk image");
    f->folders[f->n_folders++] = *e;
    return CS_OK;
}

/* The set at hand has come to its end. */
static enum cs_status end_set(struct exfat *f)
{
    bool is_whole = f->has_set && f->has_stream;

    f->has_set = f->has_stream = false;
    if (!is_whole)
        return CS_OK;
    if (f->is_folder)
        return add_folder(f, &f->stream);
    if (++f->n_files > DISK_FILES)
        return f->out->note(f->out, EMIT_LIMITED, "files of a disk image");
    return file(f);
}

static void take_stream(struct exfat *f, const uint8_t *e)
{
    f->has_stream = true;
    f->name_max = (size_t)e[3] * 2;
    f->stream = (struct extent){ .first = get_le32(e + 20), .size = get_le64(e + 24), .valid = get_le64(e + 8), .is_in_a_row = e[1] & IS_IN_A_ROW };
}

static void take_name(struct exfat *f, const uint8_t *e)
{
    if (f->n_name > NAME_BYTES - PIECE_UNITS * 2)
        return;
    memcpy(f->name + f->n_name, e + 2, PIECE_UNITS * 2);
    f->n_name += PIECE_UNITS * 2;
}

static enum cs_status entry(struct exfat *f, const uint8_t *e)
{
    enum cs_status st = CS_OK;

    if (e[0] == STREAM && !f->has_stream)
        take_stream(f, e);
    else if (e[0] == NAME)
        take_name(f, e);
    if ((e[0] & IN_USE) && (e[0] & IS_SECONDARY))
        return CS_OK;
    st = end_set(f);
    f->has_set = e[0] == SET;
    f->is_folder = e[4] & IS_FOLDER;
    f->n_name = 0;
    return st;
}

/* Entries of one cluster; *is_end: the one that ends them was met. */
static enum cs_status entries(struct exfat *f, uint64_t at, bool *is_end)
{
    uint8_t room[DISK_PIECE];
    enum cs_status st = CS_OK;

    for (uint64_t i = 0; i < f->cluster && st == CS_OK; i += ENTRY) {
        struct slice s = disk_bytes(f->d, at + i, ENTRY, room);

        *is_end = s.n < ENTRY || s.p[0] == END;
        if (*is_end)
            break;
        if (f->work == 0) {
            *is_end = true;
            f->has_set = false;
            return f->out->note(f->out, EMIT_LIMITED, "folders of a disk image");
        }
        f->work--;
        st = entry(f, s.p);
    }
    return st;
}

static enum cs_status folder(struct exfat *f, const struct extent *e)
{
    uint64_t most = e->is_in_a_row ? (e->size + f->cluster - 1) / f->cluster : f->clusters;
    uint32_t number = e->first;
    bool is_end = false;
    enum cs_status st = CS_OK;

    f->has_set = f->has_stream = false;
    for (uint64_t steps = 0; st == CS_OK && number && !is_end && steps < most && steps < f->clusters; steps++) {
        st = entries(f, place_of(f, number), &is_end);
        number = next_cluster(f, e, number);
    }
    return st == CS_OK ? end_set(f) : st;
}

enum cs_status exfat_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known)
{
    struct exfat *f = malloc(sizeof *f);
    uint8_t room[DISK_PIECE];
    struct slice boot = disk_bytes(d, at, SECTOR, room);
    enum cs_status st = CS_OK;

    *is_known = false;
    if (!f)
        return CS_NOMEM;
    f->d = d;
    f->out = out;
    f->n_folders = f->at_folder = f->n_files = 0;
    f->has_set = f->has_stream = false;
    f->work = d->file.n / ENTRY * 2;
    if (boot.n == SECTOR && slice_eq(slice_sub(boot, 3, 8), SLICE("EXFAT   ")) && read_boot(f, at, boot)) {
        *is_known = true;
        st = add_folder(f, &(struct extent){ .first = get_le32(boot.p + 96) });
    }
    while (st == CS_OK && f->work && f->at_folder < f->n_folders) {
        struct extent e = f->folders[f->at_folder++];

        st = folder(f, &e);
    }
    free(f);
    return st;
}
