#include <check.h>

#include "base/bytes.h"
#include "convscan/udf.h"
#include "recorder.h"

enum { BLOCK = 2048, PARTITION = 257, BLOCKS = 320 };

static uint8_t image[BLOCKS * BLOCK];

static uint8_t *tagged(unsigned block, unsigned tag, uint32_t number)
{
    uint8_t *p = image + block * BLOCK;
    unsigned sum = 0;

    put_le16(p, (uint16_t)tag);
    put_le32(p + 12, number);
    p[4] = 0;
    for (int i = 0; i < 16; i++)
        sum += p[i];
    p[4] = (uint8_t)sum;
    return p;
}

/* A file entry; how: 0 short, 1 long, 3 the data stand there. */
static void file_entry(uint32_t number, unsigned tag, unsigned type, unsigned how, uint64_t size, struct slice extents)
{
    uint8_t *p = tagged(PARTITION + number, tag, number);
    size_t head = tag == 261 ? 176 : 216;

    p[27] = (uint8_t)type;
    p[34] = (uint8_t)how;
    put_le64(p + 56, size);
    put_le32(p + head - 4, (uint32_t)extents.n);
    memcpy(p + head, extents.p, extents.n);
}

static void name_entry(struct buf *b, uint32_t number, struct slice name)
{
    uint8_t p[38] = { 0 };

    put_le16(p, 257);
    p[19] = (uint8_t)name.n;
    put_le32(p + 24, number);
    ck_assert_int_eq(buf_put(b, slice_of(p, sizeof p)), CS_OK);
    ck_assert_int_eq(buf_put(b, name), CS_OK);
    while (b->n % 4)
        ck_assert_int_eq(buf_putc(b, 0), CS_OK);
}

/* Three files: in the entry itself, in two short extents, in a long one. */
static struct slice sample(void)
{
    struct buf names = buf_init(4096);
    uint8_t shorts[16] = { 0 }, longs[16] = { 0 };

    memset(image, 0, sizeof image);
    memcpy(image + 17 * BLOCK, "\0NSR02", 6);
    tagged(256, 2, 256);
    put_le32(tagged(34, 5, 34) + 188, PARTITION);
    name_entry(&names, 5, SLICE("\x08" "a.txt"));
    name_entry(&names, 6, SLICE("\x10\0b\0.\0c\0o\0m"));
    name_entry(&names, 7, SLICE("\x08" "c.bin"));
    file_entry(2, 261, 4, 3, names.n, buf_slice(&names));
    file_entry(5, 266, 5, 3, 5, SLICE("hello"));
    put_le32(shorts, 60);
    put_le32(shorts + 4, 20);
    put_le32(shorts + 8, 8);
    put_le32(shorts + 12, 30);
    file_entry(6, 261, 5, 0, 68, slice_of(shorts, 16));
    memcpy(image + (PARTITION + 20) * BLOCK, test_eicar().p, 60);
    memcpy(image + (PARTITION + 30) * BLOCK, test_eicar().p + 60, 8);
    put_le32(longs, BLOCK);
    put_le32(longs + 4, 40);
    file_entry(7, 261, 5, 1, 6, slice_of(longs, 16));
    memcpy(image + (PARTITION + 40) * BLOCK, "longer", 6);
    buf_release(&names);
    return slice_of(image, sizeof image);
}

START_TEST(files_come_out_under_their_names)
{
    struct slice in = sample();
    struct recorder r;

    ck_assert(udf_is(in));
    recorder_init(&r);
    ck_assert_int_eq(udf_decode(in, &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 3);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "a.txt")), SLICE("hello")));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "b.com")), test_eicar()));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "c.bin")), SLICE("longer")));
    recorder_release(&r);
}
END_TEST

START_TEST(damage_is_survived)
{
    struct slice in = sample();

    for (size_t n = 0; n < in.n; n += 4999) {
        struct recorder r;
        recorder_init(&r);
        ck_assert_int_eq(udf_decode(slice_take(in, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t i = 0; i < 256; i++) {
        struct recorder r;
        uint8_t *at = image + (PARTITION + 2 + i % 6) * BLOCK + 16 + i;
        *at ^= 0xff;
        recorder_init(&r);
        ck_assert_int_eq(udf_decode(in, &r.emit), CS_OK);
        recorder_release(&r);
        *at ^= 0xff;
    }
}
END_TEST

/* Without names, and without the block that says where the partition is, the files are there all the same. */
START_TEST(a_broken_tree_hides_nothing)
{
    struct slice in = sample();
    struct recorder r;

    memset(image + 34 * BLOCK, 0, BLOCK);
    memset(image + (PARTITION + 2) * BLOCK, 0, BLOCK);
    recorder_init(&r);
    ck_assert_int_eq(udf_decode(in, &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 3);
    ck_assert_ptr_nonnull(recorder_holding(&r, test_eicar()));
    recorder_release(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("udf");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, files_come_out_under_their_names);
    tcase_add_test(c, damage_is_survived);
    tcase_add_test(c, a_broken_tree_hides_nothing);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
