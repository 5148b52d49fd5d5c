#include <check.h>

#include "base/bytes.h"
#include "convscan/inflate.h"
#include "convscan/lha.h"
#include "corpus.h"
#include "recorder.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void put(struct buf *b, struct slice s)
{
    ck_assert_int_eq(buf_put(b, s), CS_OK);
}

static void le(struct buf *b, uint64_t v, size_t n)
{
    uint8_t at[8];

    put_le64(at, v);
    put(b, slice_of(at, n));
}

/* A stored file with a head of each level, under the name d/b.com; in level 0 all of the name stands in the head. */
static void add(struct buf *b, unsigned level, struct slice data)
{
    size_t packed = data.n + (level == 1 ? 8 + 5 : 0);

    if (level < 2) {
        le(b, level ? 25 + 5 : 22 + 7, 1);
        le(b, 0, 1);
    } else {
        le(b, level == 2 ? 26 + 8 + 5 : 4, 2);
    }
    put(b, SLICE("-lh0-"));
    le(b, packed, 4);
    le(b, data.n, 4);
    le(b, 0, 4);
    le(b, ' ' | level << 8, 2);
    if (level == 0) {
        put(b, SLICE("\7d\xff" "b.com"));
        le(b, 0, 2);
    } else if (level == 1) {
        put(b, SLICE("\5xxxxx\0\0M\5\0"));
    } else {
        put(b, SLICE("\0\0M"));
        le(b, level == 2 ? 5 : 32 + 7 + 10, level == 2 ? 2 : 4);
        if (level == 3)
            le(b, 7, 4);
    }
    if (level == 1 || level == 2)
        put(b, SLICE("\2d\xff\x08\0\1b.com\0\0"));
    else if (level == 3)
        put(b, SLICE("\2d\xff\x0a\0\0\0" "\1b.com\0\0\0\0"));
    put(b, data);
}

START_TEST(heads_of_every_level)
{
    struct buf b = buf_init(4096);
    struct recorder r;

    add(&b, (unsigned)_i, test_eicar());
    put(&b, SLICE("\0"));
    recorder_init(&r);
    ck_assert_int_eq(lha_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert_msg(recorder_find(&r, "d/b.com") != NULL, "%.*s", (int)r.items[0].name.n, (const char *)r.items[0].name.p);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    ck_assert(slice_eq(record_bytes(&r.items[0]), test_eicar()));
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(lha_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

START_TEST(junk_between_files_is_stepped_over)
{
    struct buf b = buf_init(4096);
    struct recorder r;

    add(&b, 0, SLICE("one"));
    put(&b, SLICE("some-junk-"));
    add(&b, 2, test_eicar());
    recorder_init(&r);
    ck_assert_int_eq(lha_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert_ptr_nonnull(recorder_holding(&r, test_eicar()));
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 1);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

/* CRC-32 of what Lhasa gets out. */
static const struct {
    const char *file, *member;
    size_t size;
    uint32_t crc;
} samples[] = {
    { "containers/lhasa/maclha_224__l0_lh1.lzh", "gpl-2", 18304, 0xf96b05fd },
    { "containers/clamav-other/other_scanfiles__lha_lzh__lh7.lzh", "archive_contents/images/logo.png", 25476, 0x39f274f3 },
    { "containers/clamav-other/other_scanfiles__lha_lzh__lh0.lzh", "archive_contents/images/logo.png", 25476, 0x39f274f3 },
    { "containers/lhasa/lengths__lz5-64k.lzs", "65536.BIN", 65536, 0xd7978eeb },
    { "containers/afl/archives__exotic__lha__small_archive.lha", "limerick", 191, 0xf0c14f39 },
};

START_TEST(every_method_unpacks)
{
    struct mapfile m;
    struct recorder r;
    const struct record *item;

    if (!corpus_open(&m, samples[_i].file))
        return;
    recorder_init(&r);
    ck_assert_int_eq(lha_decode(m.data, &r.emit), CS_OK);
    item = recorder_find(&r, samples[_i].member);
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(item->bytes.n, samples[_i].size);
    ck_assert_msg(inflate_crc32(0, record_bytes(item)) == samples[_i].crc, "%08x", inflate_crc32(0, record_bytes(item)));
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lha");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, heads_of_every_level, 0, 4);
    tcase_add_test(c, junk_between_files_is_stepped_over);
    tcase_add_loop_test(c, every_method_unpacks, 0, (int)COUNT(samples));
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
