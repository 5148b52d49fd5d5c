#include <check.h>

#include "base/bytes.h"
#include "convscan/disk.h"
#include "convscan/formats.h"
#include "recorder.h"

enum { SECTOR = 512, DISK = 48 * SECTOR, BLOCK = 4096 };

static uint8_t image[DISK], wrapped[2 * DISK];

static void put_be32(uint8_t *p, uint32_t v)
{
    for (int i = 4; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static uint8_t *sector(unsigned number)
{
    return image + number * SECTOR;
}

static void end_mark(uint8_t *boot)
{
    boot[510] = 0x55;
    boot[511] = 0xaa;
}

/* The file's 600 bytes: the test file, blanks, and an end that stands in another cluster. */
static struct slice content(void)
{
    static uint8_t all[600];

    memset(all, ' ', sizeof all);
    memcpy(all, test_eicar().p, test_eicar().n);
    memcpy(all + sizeof all - 3, "end", 3);
    return slice_of(all, sizeof all);
}

/* ---- volumes, each with one file in two clusters of which the second stands first ---- */

static struct slice fat12(void)
{
    uint8_t *boot = sector(0), *entry = sector(2);

    memset(image, 0, sizeof image);
    put_le16(boot + 11, SECTOR);
    boot[13] = 1;                           /* sectors of a cluster */
    put_le16(boot + 14, 1);                 /* in front of the table */
    boot[16] = 1;
    put_le16(boot + 17, 16);                /* entries of the root */
    put_le16(boot + 19, DISK / SECTOR);
    put_le16(boot + 22, 1);
    memcpy(boot + 54, "FAT12   ", 8);
    end_mark(boot);
    memcpy(sector(1), "\xf8\xff\xff\0\0\0\0\xf0\xff\5\0", 11);    /* of twelve bits: 5 is the last one, 6 leads there */
    memcpy(entry, "\xe5" "ONE    TXT", 11);
    put_le16(entry + 26, 5);
    put_le32(entry + 28, 3);
    memcpy(entry + 32, "A       COM", 11);
    put_le16(entry + 32 + 26, 6);
    put_le32(entry + 32 + 28, 600);
    memcpy(sector(3 + 6 - 2), content().p, SECTOR);
    memcpy(sector(3 + 5 - 2), content().p + SECTOR, 600 - SECTOR);
    return slice_of(image, sizeof image);
}

/* A set of entries for a name of up to fifteen characters. */
static void exfat_set(uint8_t *at, const char *name, uint8_t marks, uint32_t first, uint64_t size)
{
    size_t n = strlen(name);

    at[0] = 0x85;
    at[1] = 2;
    at[4] = marks;
    at[32] = 0xc0;
    at[33] = 1;
    at[35] = (uint8_t)n;
    put_le64(at + 40, size);
    put_le32(at + 52, first);
    put_le64(at + 56, size);
    at[64] = 0xc1;
    for (size_t i = 0; i < n; i++)
        at[66 + i * 2] = (uint8_t)name[i];
}

static struct slice exfat(void)
{
    static const uint32_t table[] = { 0xfffffff8, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 5 };
    uint8_t *boot = sector(0), *root = sector(4);

    memset(image, 0, sizeof image);
    memcpy(boot + 3, "EXFAT   ", 8);
    put_le64(boot + 72, DISK / SECTOR);
    put_le32(boot + 80, 2);                 /* the table */
    put_le32(boot + 84, 1);
    put_le32(boot + 88, 4);                 /* the clusters */
    put_le32(boot + 92, 40);
    put_le32(boot + 96, 2);                 /* the root */
    boot[108] = 9;
    boot[110] = 1;
    end_mark(boot);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        put_le32(sector(2) + i * 4, table[i]);
    exfat_set(root, "gone", 0, 5, 3);
    root[0] = 5;
    exfat_set(root + 96, "folder", 0x10, 4, SECTOR);
    exfat_set(sector(6), "a.com", 0x20, 6, 600);
    memcpy(sector(4 + 6 - 2), content().p, SECTOR);
    memcpy(sector(4 + 5 - 2), content().p + SECTOR, 600 - SECTOR);
    return slice_of(image, sizeof image);
}

/* ---- what stands around a volume ---- */

static struct slice bare(struct slice volume)
{
    return volume;
}

static uint8_t *partition(uint8_t *boot, size_t number, uint8_t kind, uint32_t at)
{
    uint8_t *p = boot + 446 + number * 16;

    p[4] = kind;
    put_le32(p + 8, at);
    put_le32(p + 12, DISK / SECTOR);
    end_mark(boot);
    return p;
}

static struct slice second_partition(struct slice volume)
{
    memset(wrapped, 0, sizeof wrapped);
    partition(wrapped, 1, 7, 3);
    memcpy(wrapped + 3 * SECTOR, volume.p, volume.n);
    return slice_of(wrapped, 3 * SECTOR + volume.n);
}

static struct slice in_extended(struct slice volume)
{
    memset(wrapped, 0, sizeof wrapped);
    partition(wrapped, 0, 5, 2);
    partition(wrapped + 2 * SECTOR, 0, 0, 0);       /* of none */
    partition(wrapped + 2 * SECTOR, 1, 5, 3);       /* the next one, from the first one on */
    partition(wrapped + 5 * SECTOR, 0, 7, 1);
    memcpy(wrapped + 6 * SECTOR, volume.p, volume.n);
    return slice_of(wrapped, 6 * SECTOR + volume.n);
}

static struct slice in_gpt(struct slice volume)
{
    memset(wrapped, 0, sizeof wrapped);
    partition(wrapped, 0, 0xee, 1);
    memcpy(wrapped + SECTOR, "EFI PART", 8);
    put_le64(wrapped + SECTOR + 72, 2);
    put_le32(wrapped + SECTOR + 80, 4);
    put_le32(wrapped + SECTOR + 84, 128);
    put_le64(wrapped + 2 * SECTOR + 128, 1);        /* the second of four */
    put_le64(wrapped + 2 * SECTOR + 128 + 32, 3);
    memcpy(wrapped + 3 * SECTOR, volume.p, volume.n);
    return slice_of(wrapped, 3 * SECTOR + volume.n);
}

static struct slice vhd_fixed(struct slice volume)
{
    memset(wrapped, 0, sizeof wrapped);
    memcpy(wrapped, volume.p, volume.n);
    memcpy(wrapped + volume.n, "conectix", 8);
    put_be32(wrapped + volume.n + 60, 2);
    return slice_of(wrapped, volume.n + SECTOR);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* Blocks from the last one on; those of zeros are left out. */
static struct slice vhd_sparse(struct slice volume)
{
    enum { TABLE = 3 * SECTOR };
    size_t at = 4 * SECTOR, n = volume.n / BLOCK;

    memset(wrapped, 0, sizeof wrapped);
    memcpy(wrapped, "conectix", 8);
    put_be32(wrapped + 20, SECTOR);                 /* the lower half of 64 bits, as below */
    put_be32(wrapped + 52, (uint32_t)volume.n);
    put_be32(wrapped + 60, 3);
    memcpy(wrapped + SECTOR, "cxsparse", 8);
    put_be32(wrapped + SECTOR + 20, TABLE);
    put_be32(wrapped + SECTOR + 28, (uint32_t)n);
    put_be32(wrapped + SECTOR + 32, BLOCK);
    for (size_t i = n; i-- > 0; ) {
        const uint8_t *p = volume.p + i * BLOCK;

        put_be32(wrapped + TABLE + i * 4, is_zero(p, BLOCK) ? UINT32_MAX : (uint32_t)(at / SECTOR));
        if (is_zero(p, BLOCK))
            continue;
        memcpy(wrapped + at + SECTOR, p, BLOCK);
        at += SECTOR + BLOCK;
    }
    memcpy(wrapped + at, wrapped, SECTOR);
    return slice_of(wrapped, at + SECTOR);
}

static const struct {
    const char *name;
    struct slice (*wrap)(struct slice volume);
    decode_fn *decode;
} wraps[] = {
    { "bare", bare, disk_decode }, { "second partition", second_partition, disk_decode }, { "extended", in_extended, disk_decode },
    { "gpt", in_gpt, disk_decode }, { "fixed", vhd_fixed, vhd_decode }, { "sparse", vhd_sparse, vhd_decode },
};
enum { WRAPS = sizeof wraps / sizeof *wraps };

static struct slice (*const volumes[])(void) = { fat12, exfat };

START_TEST(files_come_out_of_every_volume_however_it_is_kept)
{
    static const char *const names[] = { "A.COM", "a.com" };
    struct slice in = wraps[_i % WRAPS].wrap(volumes[_i / WRAPS]());
    const struct record *file;
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(wraps[_i % WRAPS].decode(in, &r.emit), CS_OK);
    file = recorder_find(&r, names[_i / WRAPS]);
    ck_assert_msg(file && r.n_items == 1, "%s: %zu files", wraps[_i % WRAPS].name, r.n_items);
    ck_assert(slice_eq(record_bytes(file), content()));
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 0);
    recorder_release(&r);
}
END_TEST

START_TEST(damage_is_survived)
{
    struct slice in = wraps[_i % WRAPS].wrap(volumes[_i / WRAPS]());
    uint8_t *bytes = malloc(in.n);
    struct recorder r;

    ck_assert_ptr_nonnull(bytes);
    for (size_t n = 0; n < in.n; n += 173) {
        recorder_init(&r);
        ck_assert_int_eq(wraps[_i % WRAPS].decode(slice_take(in, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t at = 0; at < in.n; at++) {
        static const uint8_t into[] = { 0, 1, 0x7f, 0xff };

        if (in.p[at] == 0 && at % 13)
            continue;
        memcpy(bytes, in.p, in.n);
        bytes[at] = into[at % sizeof into];
        recorder_init(&r);
        ck_assert_int_eq(wraps[_i % WRAPS].decode(slice_of(bytes, in.n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    free(bytes);
}
END_TEST

/* What cannot be opened is said to be so: each is an image with some bytes changed. */
static const struct {
    const char *name;
    struct slice (*volume)(void);
    struct slice (*wrap)(struct slice volume);
    decode_fn *decode;
    size_t at;
    struct slice bytes;
} closed[] = {
    { "no boot mark", fat12, bare, disk_decode, 510, { (const uint8_t *)"\0", 1 } },
    { "sectors of one byte", exfat, bare, disk_decode, 108, { (const uint8_t *)"\0", 1 } },
    { "clusters beyond what there is", exfat, bare, disk_decode, 109, { (const uint8_t *)"\xff", 1 } },
    { "no clusters", exfat, bare, disk_decode, 92, { (const uint8_t *)"\0", 1 } },
    { "unknown volume", exfat, second_partition, disk_decode, 3 * SECTOR + 3, { (const uint8_t *)"other   ", 8 } },
    { "of another one", exfat, vhd_sparse, vhd_decode, 63, { (const uint8_t *)"\4", 1 } },
    { "no table", exfat, vhd_sparse, vhd_decode, SECTOR, { (const uint8_t *)"gone", 4 } },
    { "blocks of nothing", exfat, vhd_sparse, vhd_decode, SECTOR + 32, { (const uint8_t *)"\0\0\0\0", 4 } },
    { "not a VHDX", exfat, bare, vhdx_decode, 0, { (const uint8_t *)"vhdxfile", 8 } },
};

START_TEST(what_cannot_be_opened_is_noted)
{
    struct slice in = closed[_i].wrap(closed[_i].volume());
    struct recorder r;

    memcpy((in.p == image ? image : wrapped) + closed[_i].at, closed[_i].bytes.p, closed[_i].bytes.n);
    if (closed[_i].wrap == vhd_sparse)      /* no copy of the head at the end that could serve */
        in.n -= SECTOR;
    recorder_init(&r);
    ck_assert_int_eq(closed[_i].decode(in, &r.emit), CS_OK);
    ck_assert_msg(r.n_items == 0 && r.notes[EMIT_ENCRYPTED] == 1, "%s: %zu files, %zu notes", closed[_i].name, r.n_items, r.notes[EMIT_ENCRYPTED]);
    recorder_release(&r);
}
END_TEST

/* A volume that says it is of two kinds is read as both. */
START_TEST(two_readings_count)
{
    struct slice in = exfat();
    struct recorder r;

    put_le16(image + 11, SECTOR);
    image[13] = image[16] = 1;
    put_le16(image + 14, 1);
    put_le16(image + 17, 16);
    put_le16(image + 19, DISK / SECTOR);
    put_le16(image + 22, 1);
    memcpy(image + 54, "FAT12   ", 8);
    recorder_init(&r);
    ck_assert_int_eq(disk_decode(in, &r.emit), CS_OK);
    ck_assert_ptr_nonnull(recorder_find(&r, "a.com"));
    recorder_release(&r);
}
END_TEST

/* Folders that hold each other, and clusters that lead back: all comes to an end. */
START_TEST(rings_end)
{
    struct slice in = exfat();
    struct recorder r;

    put_le32(sector(2) + 2 * 4, 4);         /* behind the root the folder, and behind that the root */
    put_le32(sector(2) + 4 * 4, 2);
    put_le32(sector(2) + 5 * 4, 6);         /* and the file's second cluster leads to its first */
    for (size_t at = 96; at + 96 <= SECTOR; at += 96)
        exfat_set(sector(6) + at, "back", 0x10, 2, SECTOR);
    for (size_t at = 192; at + 96 <= SECTOR; at += 96)
        exfat_set(sector(4) + at, "down", 0x10, 4, SECTOR);
    recorder_init(&r);
    ck_assert_int_eq(disk_decode(in, &r.emit), CS_OK);
    ck_assert(r.n_items >= 1 && r.n_items < 100);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "a.com")), content()));
    recorder_release(&r);
}
END_TEST

/* ---- bytes of a disk of which some blocks are left out ---- */

static const struct {
    uint64_t at;
    size_t n, run, bytes;       /* what is asked for, what one run gives, what is put together */
} reads[] = {
    { 0, 10, 10, 10 }, { BLOCK - 4, 10, 4, 10 }, { 0, 2 * BLOCK, BLOCK, 2 * BLOCK }, { BLOCK, 1, 1, 1 }, { 3 * BLOCK - 1, 1, 1, 1 },
    { 3 * BLOCK - 1, 2, 1, 0 }, { 3 * BLOCK, 1, 0, 0 }, { UINT64_MAX, 1, 0, 0 }, { 0, 0, 0, 0 },
};

START_TEST(blocks_are_put_together)
{
    static uint8_t file[3 * BLOCK], room[DISK_PIECE];
    static const uint8_t table[] = { 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };    /* third and first block change places */
    struct disk d = { .file = slice_of(file, sizeof file), .size = 3 * BLOCK, .table = slice_of(table, sizeof table), .block = BLOCK };
    struct slice run = disk_run(&d, reads[_i].at, reads[_i].n), bytes = disk_bytes(&d, reads[_i].at, reads[_i].n, room);

    memset(file, 'c', BLOCK);
    memset(file + BLOCK, 'a', BLOCK);
    ck_assert_uint_eq(run.n, reads[_i].run);
    bytes = disk_bytes(&d, reads[_i].at, reads[_i].n, room);
    ck_assert_uint_eq(bytes.n, reads[_i].bytes);
    for (size_t i = 0; i < bytes.n; i++)
        ck_assert_int_eq(bytes.p[i], "a\0c"[(reads[_i].at + i) / BLOCK]);
}
END_TEST

START_TEST(a_head_tells_a_disk)
{
    struct slice all = volumes[_i]();

    ck_assert(disk_is(all));
    ck_assert(!disk_is(slice_take(all, SECTOR)));
    ck_assert(disk_is(second_partition(all)));
    wrapped[446] = 1;                       /* a first byte that no table of partitions has */
    ck_assert(!disk_is(slice_of(wrapped, sizeof wrapped)));
    image[511] = 0;
    ck_assert(!disk_is(all));
}
END_TEST

int main(void)
{
    enum { KINDS = sizeof volumes / sizeof *volumes };
    Suite *suite = suite_create("disk");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, files_come_out_of_every_volume_however_it_is_kept, 0, WRAPS * KINDS);
    tcase_add_loop_test(c, damage_is_survived, 0, WRAPS * KINDS);
    tcase_add_loop_test(c, what_cannot_be_opened_is_noted, 0, sizeof closed / sizeof *closed);
    tcase_add_test(c, two_readings_count);
    tcase_add_test(c, rings_end);
    tcase_add_loop_test(c, blocks_are_put_together, 0, sizeof reads / sizeof *reads);
    tcase_add_loop_test(c, a_head_tells_a_disk, 0, KINDS);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
