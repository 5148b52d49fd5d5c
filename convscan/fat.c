#include "base/bytes.h"
#include "disk.h"
#include "utf16.h"

/*
 * fat.c - files of FAT12, FAT16 and FAT32. Clusters of a file are followed through the table; a chain that does not come to an end
 * ends with the file's size. Removed files stand in the bytes of the image, and no program shows them.
 */

enum { SECTOR = 512, ENTRY = 32, NAME_PIECES = 20, PIECE_UNITS = 13, FOLDERS = 4096 };
enum { IS_VOLUME = 8, IS_FOLDER = 16, IS_LONG_NAME = 15 };

struct fat {
    const struct disk *d;
    struct emit *out;
    uint64_t table, root, data;  /* where each begins on the disk */
    uint32_t cluster, clusters;  /* bytes of a cluster, and how many there are */
    unsigned bits;               /* of an entry of the table */
    uint32_t folders[FOLDERS];   /* first clusters of those that are still to be read */
    size_t n_folders, at_folder, n_files;
    uint64_t work;               /* entries that may still be read: chains may share clusters, and come back to where they were */
    uint8_t name[NAME_PIECES * PIECE_UNITS * 2];    /* the long name at hand, UTF-16 */
    size_t name_from;            /* its pieces come last one first */
};

static bool read_boot(struct fat *f, uint64_t at, struct slice boot, uint32_t *root_cluster)
{
    uint32_t sector = get_le16(boot.p + 11), in_table = get_le16(boot.p + 22) ? get_le16(boot.p + 22) : get_le32(boot.p + 36);
    uint32_t roots = get_le16(boot.p + 17), all = get_le16(boot.p + 19) ? get_le16(boot.p + 19) : get_le32(boot.p + 32);
    uint64_t root_bytes = ((uint64_t)roots * ENTRY + sector - 1) / (sector ? sector : 1) * sector, rest;

    if ((sector != 512 && sector != 1024 && sector != 2048 && sector != 4096) || boot.p[13] == 0 || boot.p[16] == 0 || boot.p[16] > 4 || in_table == 0)
        return false;
    f->cluster = sector * boot.p[13];
    f->table = at + (uint64_t)get_le16(boot.p + 14) * sector;
    f->root = f->table + (uint64_t)boot.p[16] * in_table * sector;
    f->data = f->root + root_bytes;
    rest = (uint64_t)all * sector;
    rest -= rest < f->data - at ? rest : f->data - at;
    f->clusters = (uint32_t)(rest / f->cluster);
    f->bits = roots == 0 ? 32 : f->clusters < 4085 ? 12 : 16;
    *root_cluster = roots == 0 ? get_le32(boot.p + 44) : 0;
    return f->clusters > 0;
}

/* The cluster behind this one; 0 at the end. */
static uint32_t next_cluster(const struct fat *f, uint32_t number)
{
    uint8_t room[DISK_PIECE];
    uint64_t bit = (uint64_t)number * f->bits;
    struct slice s = disk_bytes(f->d, f->table + bit / 8, f->bits == 32 ? 4 : 2, room);
    uint32_t v;

    if (s.n < 2)
        return 0;
    v = f->bits == 32 ? get_le32(s.p) & 0x0fffffff : f->bits == 16 ? get_le16(s.p) : get_le16(s.p) >> bit % 8 & 0xfff;
    return v < 2 || v - 2 >= f->clusters ? 0 : v;
}

static uint64_t place_of(const struct fat *f, uint32_t number)
{
    return f->data + (uint64_t)(number - 2) * f->cluster;
}

static struct slice short_name(const uint8_t *entry, uint8_t room[13])
{
    size_t n = 0;

    for (size_t i = 0; i < 11; i++) {
        if (i == 8 && entry[8] != ' ')
            room[n++] = '.';
        if (entry[i] != ' ')
            room[n++] = entry[i];
    }
    return slice_of(room, n);
}

/* A piece of a long name, from the end of it to its beginning. */
static void take_piece(struct fat *f, const uint8_t *entry)
{
    static const uint8_t at[] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };

    if (entry[0] & 0x40)
        f->name_from = sizeof f->name;
    if (f->name_from < (size_t)PIECE_UNITS * 2)
        return;
    f->name_from -= (size_t)PIECE_UNITS * 2;
    for (size_t i = 0; i < PIECE_UNITS; i++)
        memcpy(f->name + f->name_from + i * 2, entry + at[i], 2);
}

static enum cs_status put_chain(struct fat *f, uint32_t first, uint64_t size)
{
    uint32_t steps = 0;
    enum cs_status st = CS_OK;

    while (st == CS_OK && first >= 2 && size && steps++ <= f->clusters) {
        uint64_t n = size < f->cluster ? size : f->cluster;

        st = disk_put(f->d, place_of(f, first), n, f->out);
        size -= n;
        first = next_cluster(f, first);
    }
    return st;
}

static enum cs_status file(struct fat *f, const uint8_t *entry, uint32_t first)
{
    struct buf name = buf_init(1 << 12);
    uint8_t room[13];
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "fat", .size = get_le32(entry + 28), .packed = get_le32(entry + 28) };
    enum cs_status st = utf16le_put(&name, utf16le_until_nul(slice_of(f->name + f->name_from, sizeof f->name - f->name_from)));

    c.name = name.n ? buf_slice(&name) : short_name(entry, room);
    if (st == CS_OK)
        st = f->out->open(f->out, &c);
    if (st == CS_OK)
        st = put_chain(f, first, c.size);
    if (st == CS_OK)
        st = f->out->close(f->out);
    buf_release(&name);
    return st;
}

static bool is_listed(const struct fat *f, uint32_t first)
{
    for (size_t i = 0; i < f->n_folders; i++)
        if (f->folders[i] == first)
            return true;
    return false;
}

static enum cs_status add_folder(struct fat *f, uint32_t first)
{
    if (first < 2 || is_listed(f, first))
        return CS_OK;
    if (f->n_folders == FOLDERS)
        return f->out->note(f->out, EMIT_LIMITED, "folders of a disk image");
    f->folders[f->n_folders++] = first;
    return CS_OK;
}

static enum cs_status entry(struct fat *f, const uint8_t *e)
{
    uint32_t first = get_le16(e + 26) | (f->bits == 32 ? (uint32_t)get_le16(e + 20) << 16 : 0);
    enum cs_status st = CS_OK;

    if ((e[11] & 0x3f) == IS_LONG_NAME) {
        take_piece(f, e);
        return CS_OK;
    }
    if (e[0] != 0xe5 && e[0] != '.' && !(e[11] & IS_VOLUME)) {
        if (e[11] & IS_FOLDER)
            st = add_folder(f, first);
        else if (++f->n_files > DISK_FILES)
            st = f->out->note(f->out, EMIT_LIMITED, "files of a disk image");
        else
            st = file(f, e, first);
    }
    f->name_from = sizeof f->name;
    return st;
}

/* Entries in one run of the disk; *is_end: the one that ends them was met. */
static enum cs_status entries(struct fat *f, uint64_t at, uint64_t n, bool *is_end)
{
    uint8_t room[DISK_PIECE];
    enum cs_status st = CS_OK;

    for (uint64_t i = 0; i + ENTRY <= n && st == CS_OK; i += ENTRY) {
        struct slice s = disk_bytes(f->d, at + i, ENTRY, room);

        *is_end = s.n < ENTRY || s.p[0] == 0;
        if (*is_end)
            break;
        if (f->work == 0) {
            *is_end = true;
            return f->out->note(f->out, EMIT_LIMITED, "folders of a disk image");
        }
        f->work--;
        st = entry(f, s.p);
    }
    return st;
}

static enum cs_status folder(struct fat *f, uint32_t first)
{
    bool is_end = false;
    uint32_t steps = 0;
    enum cs_status st = CS_OK;

    f->name_from = sizeof f->name;
    while (st == CS_OK && first >= 2 && !is_end && steps++ <= f->clusters) {
        st = entries(f, place_of(f, first), f->cluster, &is_end);
        first = next_cluster(f, first);
    }
    return st;
}

/* The name of the file system is there to be read by people: Windows and 7-Zip go by the numbers in front of it. */
static bool has_layout(struct slice boot)
{
    unsigned sector = get_le16(boot.p + 11), in_cluster = boot.p[13], tables = boot.p[16], media = boot.p[21];

    return (boot.p[0] == 0xeb || boot.p[0] == 0xe9) && sector >= 512 && sector <= 4096 && (sector & (sector - 1)) == 0 && in_cluster &&
           (in_cluster & (in_cluster - 1)) == 0 && get_le16(boot.p + 14) && tables >= 1 && tables <= 4 && (media == 0xf0 || media >= 0xf8);
}

bool fat_is(struct slice boot)
{
    return boot.n >= SECTOR && boot.p[510] == 0x55 && boot.p[511] == 0xaa &&
           (slice_eq(slice_sub(boot, 54, 3), SLICE("FAT")) || slice_eq(slice_sub(boot, 82, 5), SLICE("FAT32")) || has_layout(boot));
}

enum cs_status fat_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known)
{
    struct fat *f = malloc(sizeof *f);
    uint8_t room[DISK_PIECE];
    struct slice boot = disk_bytes(d, at, SECTOR, room);
    uint32_t root = 0;
    bool is_end = false;
    enum cs_status st = CS_OK;

    if (!f)
        return CS_NOMEM;
    f->d = d;
    f->out = out;
    f->n_folders = f->at_folder = f->n_files = 0;
    f->name_from = sizeof f->name;
    f->work = d->file.n / ENTRY * 2;
    *is_known = fat_is(boot) && read_boot(f, at, boot, &root);
    if (*is_known)
        st = root ? add_folder(f, root) : entries(f, f->root, f->data - f->root, &is_end);
    while (*is_known && st == CS_OK && f->work && f->at_folder < f->n_folders)
        st = folder(f, f->folders[f->at_folder++]);
    free(f);
    return st;
}
