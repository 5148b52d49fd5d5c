#include <check.h>
#include <zlib.h>

#include "base/bytes.h"
#include "convscan/dmg.h"
#include "recorder.h"

enum { SECTOR = 512, MISH = 204, CHUNK = 40, TAIL = 512, ROOM = 16384 };
static const uint32_t ZEROS = 0, RAW = 1, UNUSED = 2, ADC = 0x80000004, ZLIB = 0x80000005, LZFSE = 0x80000007, REMARK = 0x7ffffffe;

static void put_be32(uint8_t *p, uint32_t v)
{
    for (int i = 4; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static void put_be64(uint8_t *p, uint64_t v)
{
    put_be32(p, (uint32_t)(v >> 32));
    put_be32(p + 4, (uint32_t)v);
}

static void put(struct buf *b, struct slice s)
{
    ck_assert_int_eq(buf_put(b, s), CS_OK);
}

struct piece { uint32_t kind; uint64_t at, n; struct slice packed; };

static void put_base64(struct buf *to, struct slice in)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (; in.n >= 3; in = slice_drop(in, 3))           /* no filling: what is put here is a multiple of three */
        for (unsigned i = 0, v = (unsigned)in.p[0] << 16 | (unsigned)in.p[1] << 8 | in.p[2]; i < 4; i++)
            ck_assert_int_eq(buf_putc(to, (uint8_t)digits[v >> (18 - 6 * i) & 63]), CS_OK);
}

/* A file whose one partition has these pieces. */
static struct buf image(const struct piece *pieces, size_t n)
{
    struct buf file = buf_init(1 << 20);
    uint8_t mish[MISH + 9 * CHUNK] = "mish", tail[TAIL] = "koly";
    size_t list_at;

    put(&file, SLICE("front."));
    ck_assert_uint_lt(n, 9);
    for (size_t i = 0; i < n; i++) {
        uint8_t *row = mish + MISH + i * CHUNK;

        put_be32(row, pieces[i].kind);
        put_be64(row + 8, pieces[i].at);
        put_be64(row + 16, pieces[i].n);
        put_be64(row + 24, file.n - 2);                 /* two more are where the fork begins */
        put_be64(row + 32, pieces[i].packed.n);
        put(&file, pieces[i].packed);
    }
    put_be32(mish + MISH + n * CHUNK, UINT32_MAX);
    list_at = file.n;
    put(&file, SLICE("<dict><key>Name</key><string>the disk</string><key>Data</key><data>\n\t"));
    put_base64(&file, slice_of(mish, MISH + (n + 1) * CHUNK + (3 - (MISH + (n + 1) * CHUNK) % 3) % 3));
    put(&file, SLICE("\n</data></dict>"));
    put_be64(tail + 24, 2);
    put_be32(tail + 60, 1);
    put_be64(tail + 216, list_at);
    put_be64(tail + 224, file.n - list_at);
    put(&file, slice_of(tail, sizeof tail));
    return file;
}

static const uint8_t x512[SECTOR] = { 'x' };

static struct slice zlib_of(struct slice in)
{
    static uint8_t room[ROOM];
    uLongf n = sizeof room;

    ck_assert_int_eq(compress(room, &n, in.p, in.n), Z_OK);
    return slice_of(room, n);
}

START_TEST(pieces_come_out_in_the_order_of_the_disk)
{
    const struct slice sector = slice_of(x512, sizeof x512);
    const struct piece pieces[] = {
        { ZLIB, 3, 1, zlib_of(sector) }, { REMARK, 0, 0, SLICE("+beg") }, { RAW, 0, 1, sector }, { ZEROS, 1, 1, SLICE("") },
        { ADC, 2, 1, SLICE("\x82" "abc\x43\0\2\x08\0") }, { UNUSED, 4, 2, SLICE("") },
    };
    struct buf file = image(pieces, sizeof pieces / sizeof *pieces);
    const struct record *disk;
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(dmg_decode(buf_slice(&file), &r.emit), CS_OK);
    disk = recorder_find(&r, "the disk");
    ck_assert_ptr_nonnull(disk);
    ck_assert_uint_eq(disk->bytes.n, 6 * SECTOR);
    ck_assert(slice_eq(slice_sub(record_bytes(disk), 0, SECTOR), sector));
    ck_assert(slice_eq(slice_sub(record_bytes(disk), 2 * SECTOR, 16), SLICE("abcabcabcaaaaaa\0")));
    ck_assert(slice_eq(slice_sub(record_bytes(disk), 3 * SECTOR, SECTOR), sector));
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED] + r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    for (size_t n = 0; n < file.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(dmg_decode(slice_of(file.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t at = 0; at < file.n; at++) {
        file.p[at] ^= 0x55;
        recorder_init(&r);
        r.max_bytes = 1 << 20;
        ck_assert_int_ne(dmg_decode(buf_slice(&file), &r.emit), CS_NOMEM);
        recorder_release(&r);
        file.p[at] ^= 0x55;
    }
    buf_release(&file);
}
END_TEST

/* What is wrong is said, and what is there comes out all the same. */
static const struct {
    struct piece piece;
    size_t n, encrypted, damaged;
} odd[] = {
    { { LZFSE, 0, 1, { (const uint8_t *)"bvx-", 4 } }, 0, 1, 0 },
    { { 9, 0, 1, { (const uint8_t *)"new", 3 } }, 0, 1, 0 },
    { { RAW, 0, 2, { (const uint8_t *)"short", 5 } }, 2 * SECTOR, 0, 1 },
    { { ZLIB, 0, 1, { (const uint8_t *)"\x78\x9c\xff\xff\xff", 5 } }, SECTOR, 0, 1 },
    { { ADC, 0, 1, { (const uint8_t *)"\x80" "a\x40\xff\xff", 5 } }, SECTOR, 0, 1 },
    { { RAW, UINT64_MAX / 2, 1, { (const uint8_t *)"far", 3 } }, 0, 1, 0 },
};

START_TEST(what_is_wrong_is_noted)
{
    struct buf file = image(&odd[_i].piece, 1);
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(dmg_decode(buf_slice(&file), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, odd[_i].n > 0);
    if (odd[_i].n)
        ck_assert_uint_eq(r.items[0].bytes.n, odd[_i].n);
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], odd[_i].encrypted);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], odd[_i].damaged);
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

/* A piece that unpacks to more than it says gives what it says, and no time goes into the rest. */
START_TEST(a_piece_ends_where_it_says)
{
    static uint8_t all[ROOM / 2];
    const struct piece piece = { ZLIB, 0, 1, zlib_of(slice_of(all, sizeof all)) };
    struct buf file = image(&piece, 1);
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(dmg_decode(buf_slice(&file), &r.emit), CS_OK);
    ck_assert_uint_eq(r.items[0].bytes.n, SECTOR);
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dmg");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_set_timeout(c, 60);
    tcase_add_test(c, pieces_come_out_in_the_order_of_the_disk);
    tcase_add_loop_test(c, what_is_wrong_is_noted, 0, sizeof odd / sizeof *odd);
    tcase_add_test(c, a_piece_ends_where_it_says);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
