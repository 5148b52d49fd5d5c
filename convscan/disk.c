#include "disk.h"

#include "base/bytes.h"
#include "formats.h"

enum { SECTOR = 512, ZEROS = 16384, EXTENDED_STEPS = 64 };

static const uint8_t zeros[ZEROS];

/* ---- where the bytes are ---- */

/* In which place of the file a block begins; UINT64_MAX where it is left out. */
static uint64_t place_of(const struct disk *d, uint64_t number)
{
    struct slice entry;
    uint64_t v;

    if (d->is_vhdx) {
        entry = slice_sub(d->table, number / d->chunk * (d->chunk + 1) * 8 + number % d->chunk * 8, 8);
        v = entry.n == 8 ? get_le64(entry.p) : 0;
        return (v & 7) >= 6 ? v >> 20 << 20 : UINT64_MAX;
    }
    entry = slice_sub(d->table, number * 4, 4);
    v = entry.n == 4 ? get_be32(entry.p) : UINT32_MAX;
    return v == UINT32_MAX ? UINT64_MAX : v * SECTOR + d->head;
}

struct slice disk_run(const struct disk *d, uint64_t at, uint64_t n)
{
    uint64_t place, left;

    if (at >= d->size || n == 0)
        return slice_take(d->file, 0);
    n = n < d->size - at ? n : d->size - at;
    if (d->table.n == 0)
        return slice_sub(d->file, at, n);
    left = d->block - at % d->block;
    n = n < left ? n : left;
    place = place_of(d, at / d->block);
    if (place == UINT64_MAX)
        return slice_of(zeros, n < ZEROS ? n : ZEROS);
    return slice_sub(d->file, place + at % d->block, n);
}

struct slice disk_bytes(const struct disk *d, uint64_t at, size_t n, uint8_t room[DISK_PIECE])
{
    struct slice s = disk_run(d, at, n);
    size_t have = 0;

    if (s.n == n || n > DISK_PIECE)
        return slice_take(s, n);
    while (have < n) {
        s = disk_run(d, at + have, n - have);
        if (s.n == 0)
            return s;
        memcpy(room + have, s.p, s.n);
        have += s.n;
    }
    return slice_of(room, n);
}

enum cs_status disk_put(const struct disk *d, uint64_t at, uint64_t n, struct emit *out)
{
    enum cs_status st = CS_OK;

    while (n && st == CS_OK) {
        struct slice s = disk_run(d, at, n);

        if (s.n == 0)
            break;
        st = out->put(out, s);
        at += s.n;
        n -= s.n;
    }
    return st;
}

/* ---- what stands on it ---- */

static bool is_volume(struct slice boot)
{
    return slice_eq(slice_sub(boot, 3, 8), SLICE("NTFS    ")) || slice_eq(slice_sub(boot, 3, 8), SLICE("EXFAT   ")) || fat_is(boot);
}

/* Four entries: each is started from or not by its first byte, and one at least leads somewhere, of whatever kind it says it is. */
static bool has_partitions(struct slice boot)
{
    bool has_any = false;

    for (size_t i = 0; i < 4; i++) {
        const uint8_t *p = boot.p + 446 + i * 16;

        if (p[0] & 0x7f)
            return false;
        has_any = has_any || (get_le32(p + 8) && get_le32(p + 12));
    }
    return has_any;
}

bool disk_is(struct slice head)
{
    return hfs_is(head) || (head.n > SECTOR && head.p[510] == 0x55 && head.p[511] == 0xaa && (is_volume(head) || has_partitions(head)));
}

/* One place may be read as more than one of them: all readings count. */
static enum cs_status volume(const struct disk *d, uint64_t at, struct emit *out)
{
    static enum cs_status (*const readers[])(const struct disk *, uint64_t, struct emit *, bool *) = { fat_files, exfat_files, hfs_files, ntfs_files };
    uint8_t room[DISK_PIECE];
    struct slice boot = disk_bytes(d, at, SECTOR, room);
    bool is_known = false, any = false;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < sizeof readers / sizeof *readers && st == CS_OK; i++) {
        st = readers[i](d, at, out, &is_known);
        any = any || is_known;
    }
    if (st == CS_OK && !any && boot.n)
        st = out->note(out, EMIT_ENCRYPTED, "file system of a disk image");
    return st;
}

/* GPT: a list of partitions whose place the second sector tells. */
static enum cs_status gpt(const struct disk *d, struct emit *out)
{
    uint8_t room[DISK_PIECE], entries[DISK_PIECE];
    struct slice head = disk_bytes(d, SECTOR, 92, room), list;
    uint32_t n, each;
    enum cs_status st = CS_OK;

    if (!slice_starts(head, SLICE("EFI PART")))
        return out->note(out, EMIT_ENCRYPTED, "table of partitions");
    n = get_le32(head.p + 80) < DISK_PARTITIONS ? get_le32(head.p + 80) : DISK_PARTITIONS;
    each = get_le32(head.p + 84);
    if (each < 128 || each > 512)
        return out->note(out, EMIT_ENCRYPTED, "table of partitions");
    list = disk_bytes(d, get_le64(head.p + 72) * SECTOR, (size_t)n * each, entries);
    for (; list.n >= each && st == CS_OK; list = slice_drop(list, each))
        if (get_le64(list.p) && get_le64(list.p + 32))
            st = volume(d, get_le64(list.p + 32) * SECTOR, out);
    return st;
}

/* A partition that holds others: each names its volume, and the next one. */
static enum cs_status extended(const struct disk *d, uint64_t first, struct emit *out)
{
    uint8_t room[DISK_PIECE];
    uint64_t at = first;
    enum cs_status st = CS_OK;

    for (int i = 0; i < EXTENDED_STEPS && st == CS_OK; i++) {
        struct slice boot = disk_bytes(d, at * SECTOR, SECTOR, room);
        uint64_t volume_at, next;

        if (boot.n < SECTOR || boot.p[510] != 0x55)
            break;
        volume_at = get_le32(boot.p + 446 + 8);
        next = get_le32(boot.p + 446 + 16 + 8);
        if (volume_at)
            st = volume(d, (at + volume_at) * SECTOR, out);
        if (next == 0)
            break;
        at = first + next;
    }
    return st;
}

static enum cs_status partitions(const struct disk *d, struct slice boot, struct emit *out)
{
    enum { GPT = 0xee, EXTENDED = 5, EXTENDED_LARGE = 15 };
    enum cs_status st = CS_OK;
    bool has_any = false;

    for (size_t i = 0; i < 4 && st == CS_OK; i++) {
        const uint8_t *p = boot.p + 446 + i * 16;
        uint64_t at = get_le32(p + 8);

        if (p[4] == GPT)
            st = gpt(d, out);
        else if (p[4] == EXTENDED || p[4] == EXTENDED_LARGE)
            st = extended(d, at, out);
        else if (at && (p[4] || get_le32(p + 12)))
            st = volume(d, at * SECTOR, out);
        else
            continue;
        has_any = true;
    }
    return st == CS_OK && !has_any ? out->note(out, EMIT_ENCRYPTED, "disk image without partitions") : st;
}

/* A sector may be the first of a volume and hold partitions as well: which of them counts, systems do not agree. */
static enum cs_status files(const struct disk *d, struct emit *out)
{
    uint8_t room[DISK_PIECE];
    bool is_hfs = hfs_is(disk_bytes(d, 0, (size_t)4 * SECTOR, room));
    struct slice boot = disk_bytes(d, 0, SECTOR, room);
    bool is_boot = boot.n == SECTOR && boot.p[510] == 0x55 && boot.p[511] == 0xaa, is_first = is_boot && is_volume(boot);
    enum cs_status st = is_hfs || is_first ? volume(d, 0, out) : CS_OK;

    if (st == CS_OK && is_boot && (!is_first || has_partitions(boot)))
        return partitions(d, boot, out);
    return st == CS_OK && !is_boot && !is_hfs ? out->note(out, EMIT_ENCRYPTED, "disk image") : st;
}

enum cs_status disk_decode(struct slice object, struct emit *out)
{
    const struct disk d = { .file = object, .size = object.n };

    return files(&d, out);
}

/* ---- VHD: the last sector tells, and where blocks are left out, a table ---- */

enum cs_status vhd_decode(struct slice object, struct emit *out)
{
    enum { FIXED = 2, DYNAMIC = 3 };
    struct slice foot = slice_drop(object, object.n > SECTOR ? object.n - SECTOR : 0), head;
    struct disk d = { .file = object };
    uint32_t bits;

    if (!slice_starts(foot, SLICE("conectix")))
        foot = slice_take(object, SECTOR);
    if (foot.n < SECTOR || !slice_starts(foot, SLICE("conectix")))
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    if (get_be32(foot.p + 60) == FIXED) {
        d.file = slice_take(object, object.n - SECTOR);
        d.size = d.file.n;
        return files(&d, out);
    }
    head = slice_sub(object, get_be64(foot.p + 16), 1024);
    if (get_be32(foot.p + 60) != DYNAMIC || head.n < 1024 || !slice_starts(head, SLICE("cxsparse")))
        return out->note(out, EMIT_ENCRYPTED, "disk image that goes with another one");
    d.size = get_be64(foot.p + 48);
    d.block = get_be32(head.p + 32);
    d.table = slice_sub(object, get_be64(head.p + 16), (uint64_t)get_be32(head.p + 28) * 4);
    if (d.block < SECTOR || d.block % SECTOR || d.table.n == 0)
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    bits = (uint32_t)((d.block / SECTOR + 7) / 8);      /* one for each sector, in front of the block */
    d.head = (bits + SECTOR - 1) & ~(uint32_t)(SECTOR - 1);
    return files(&d, out);
}

/* ---- VHDX: regions, one of which holds what is said about the disk, another one the table ---- */

static struct slice region(struct slice file, struct slice guid)
{
    enum { REGIONS = 192 << 10, HEAD = 16, ENTRY = 32, MOST = 64 };
    struct slice s = slice_sub(file, REGIONS, HEAD + ENTRY * MOST);

    if (!slice_starts(s, SLICE("regi")))
        return slice_take(s, 0);
    for (s = slice_drop(s, HEAD); s.n >= ENTRY; s = slice_drop(s, ENTRY))
        if (slice_eq(slice_take(s, 16), guid))
            return slice_sub(file, get_le64(s.p + 16), get_le32(s.p + 24));
    return slice_take(s, 0);
}

static struct slice item(struct slice metadata, struct slice guid)
{
    enum { HEAD = 32, ENTRY = 32, MOST = 64 };
    struct slice s = slice_sub(metadata, HEAD, (size_t)ENTRY * MOST);

    for (; s.n >= ENTRY; s = slice_drop(s, ENTRY))
        if (slice_eq(slice_take(s, 16), guid))
            return slice_sub(metadata, get_le32(s.p + 16), get_le32(s.p + 20));
    return slice_take(s, 0);
}

enum cs_status vhdx_decode(struct slice object, struct emit *out)
{
    static const uint64_t entries_of_sectors = 1 << 23;
    struct slice meta = region(object, SLICE("\x06\xa2\x7c\x8b\x90\x47\x9a\x4b\xb8\xfe\x57\x5f\x05\x0f\x88\x6e"));
    struct slice parameters = item(meta, SLICE("\x37\x67\xa1\xca\x36\xfa\x43\x4d\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b"));
    struct slice size = item(meta, SLICE("\x24\x42\xa5\x2f\x1b\xcd\x76\x48\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8"));
    struct slice sector = item(meta, SLICE("\x1d\xbf\x41\x81\x6f\xa9\x09\x47\xba\x47\xf2\x33\xa8\xfa\xab\x5f"));
    struct disk d = { .file = object, .is_vhdx = true };

    d.table = region(object, SLICE("\x66\x77\xc2\x2d\x23\xf6\x00\x42\x9d\x64\x11\x5e\x9b\xfd\x4a\x08"));
    if (parameters.n < 8 || size.n < 8 || sector.n < 4 || d.table.n == 0 || parameters.p[4] & 2)
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    d.block = get_le32(parameters.p);
    d.size = get_le64(size.p);
    if (d.block < 1 << 20 || get_le32(sector.p) < SECTOR)
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    d.chunk = entries_of_sectors * get_le32(sector.p) / d.block;
    if (d.chunk == 0)
        return out->note(out, EMIT_ENCRYPTED, "disk image");
    return files(&d, out);
}
