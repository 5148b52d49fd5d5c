#include <check.h>

#include "base/bytes.h"
#include "convscan/alz.h"
#include "corpus.h"
#include "recorder.h"

static void put(struct buf *b, struct slice s)
{
    ck_assert_int_eq(buf_put(b, s), CS_OK);
}

/* Two files: stored, and deflated (as a stored block); then the end. */
static struct buf sample(void)
{
    struct buf b = buf_init(4096);
    uint8_t size = (uint8_t)(test_eicar().n + 5);

    put(&b, SLICE("ALZ\1\x0a\0\0\0"));
    put(&b, SLICE("BLZ\1\5\0 \0\0\0\0\x10\0\0\0crc.\5\5a.txthello"));
    put(&b, SLICE("BLZ\1\5\0 \0\0\0\0\x20\0\2\0crc."));
    put(&b, slice_of(&size, 1));
    put(&b, SLICE("\0\x44\0b.com\1\x44\0\xbb\xff"));
    put(&b, test_eicar());
    put(&b, SLICE("CLZ\1............CLZ\2"));
    return b;
}

START_TEST(files_come_out)
{
    struct buf b = sample();
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(alz_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "a.txt")), SLICE("hello")));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "b.com")), test_eicar()));
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(alz_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

START_TEST(what_cannot_be_opened_is_noted)
{
    static const struct slice in[] = {
        { (const uint8_t *)"ALZ\1\x0a\0\0\0BLZ\1\1\0 \0\0\0\0\x11\0\0\0crc.\5\5a............hello", 47 },
        { (const uint8_t *)"ALZ\1\x0a\0\0\0BLZ\1\1\0 \0\0\0\0\x10\0\7\0crc.\5\5ahello", 35 },
    };
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(alz_decode(in[_i], &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 0);
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 1);
    recorder_release(&r);
}
END_TEST

START_TEST(a_real_archive_is_opened)
{
    struct mapfile m;
    struct recorder r;

    if (!corpus_open(&m, "containers/clamav-other/other_scanfiles__alz__bzip2.alz"))
        return;
    recorder_init(&r);
    ck_assert_int_eq(alz_decode(m.data, &r.emit), CS_OK);
    ck_assert_ptr_nonnull(recorder_find(&r, "test.txt"));
    ck_assert_uint_eq(recorder_find(&r, "test.txt")->bytes.n, 11);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("alz");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, files_come_out);
    tcase_add_loop_test(c, what_cannot_be_opened_is_noted, 0, 2);
    tcase_add_test(c, a_real_archive_is_opened);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
