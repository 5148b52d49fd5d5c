#include <check.h>

#include "base/bytes.h"
#include "convscan/chm.h"
#include "corpus.h"
#include "recorder.h"

static void put(struct buf *b, const void *p, size_t n)
{
    ck_assert_int_eq(buf_put(b, slice_of(p, n)), CS_OK);
}

static void le(struct buf *b, uint64_t v, size_t n)
{
    uint8_t at[8];

    put_le64(at, v);
    put(b, at, n);
}

enum { CHUNK = 4096, DIRECTORY = 0x60 + 0x18, CONTENT = DIRECTORY + 0x54 + CHUNK };

/* Compiled help with two stored files, small enough that each number of the directory is one byte. */
static struct buf sample(void)
{
    struct buf b = buf_init(1 << 16);

    put(&b, "ITSF", 4);
    le(&b, 3, 4);
    le(&b, 0x60, 4);
    le(&b, 1, 4);
    le(&b, 0, 8);
    put(&b, "\x10\xfd\x01\x7c\xaa\x7b\xd0\x11\x9e\x0c\0\xa0\xc9\x22\xe6\xec", 16);
    put(&b, "\x11\xfd\x01\x7c\xaa\x7b\xd0\x11\x9e\x0c\0\xa0\xc9\x22\xe6\xec", 16);
    le(&b, 0x60, 8);
    le(&b, 0x18, 8);
    le(&b, DIRECTORY, 8);
    le(&b, 0x54 + CHUNK, 8);
    le(&b, CONTENT, 8);
    le(&b, 0x1fe, 8);
    le(&b, CONTENT + 73, 8);
    le(&b, 0, 8);
    put(&b, "ITSP", 4);
    le(&b, 1, 4);
    le(&b, 0x54, 4);
    le(&b, 10, 4);
    le(&b, CHUNK, 4);
    le(&b, 2, 4);
    le(&b, 1, 4);
    le(&b, UINT32_MAX, 4);
    le(&b, 0, 4);
    le(&b, 0, 4);
    le(&b, UINT32_MAX, 4);
    le(&b, 1, 4);
    le(&b, 0x409, 4);
    le(&b, 0, 8);
    le(&b, 0, 8);
    le(&b, 0x54, 4);
    le(&b, UINT64_MAX, 8);
    le(&b, UINT32_MAX, 4);
    put(&b, "PMGL", 4);
    le(&b, CHUNK - 0x14 - 26, 4);
    le(&b, 0, 4);
    le(&b, UINT64_MAX, 8);
    put(&b, "\7/a.html\0\0\5", 11);
    put(&b, "\6/b.com\0\5\x44", 10);
    while (b.n < CONTENT - 2)
        le(&b, 0, 1);
    le(&b, 2, 2);
    put(&b, "hello", 5);
    put(&b, test_eicar().p, test_eicar().n);
    return b;
}

#if __has_include(<mspack.h>)

START_TEST(files_in_compiled_help_come_out)
{
    struct buf b = sample();
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(chm_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "/a.html")), SLICE("hello")));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "/b.com")), test_eicar()));
    for (size_t at = 1; at <= 6; at++) {
        struct recorder s;
        recorder_init(&s);
        s.stop_at = at;
        ck_assert_int_eq(chm_decode(buf_slice(&b), &s.emit), CS_STOP);
        recorder_release(&s);
    }
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n += n < 300 || n > b.n - 100 ? 1 : 50) {
        recorder_init(&r);
        ck_assert_int_eq(chm_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

static const struct {
    const char *head;
    size_t n;
} packed[] = {
    { "SZDD\x88\xf0\x27\x33" "Am\x44\0\0\0", 14 },
    { "KWAJ\x88\xf0\x27\xd1\0\0\x0e\0\0\0", 14 },                   /* stored */
};

START_TEST(packed_files_come_out)
{
    struct buf b = buf_init(4096);
    struct recorder r;

    put(&b, packed[_i].head, packed[_i].n);
    for (size_t i = 0; i < test_eicar().n; i++) {
        if (i % 8 == 0 && _i == 0)
            le(&b, 0xff, 1);
        put(&b, test_eicar().p + i, 1);
    }
    recorder_init(&r);
    ck_assert_int_eq(szdd_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert(slice_eq(record_bytes(&r.items[0]), test_eicar()));
    recorder_release(&r);
    recorder_init(&r);
    ck_assert_int_eq(szdd_decode(slice_drop(buf_slice(&b), 1), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 0);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(broken_help_is_survived)
{
    static const char *const files[] = { "containers/libmspack/chmd__cve-2015-4469-namelen-bounds.chm",
                                         "containers/tika/testChm_oom.chm" };
    struct mapfile m;
    struct recorder r;

    if (!corpus_open(&m, files[_i]))
        return;
    recorder_init(&r);
    ck_assert_int_eq(chm_decode(m.data, &r.emit), CS_OK);
    ck_assert_uint_ge(r.notes[EMIT_DAMAGED] + r.notes[EMIT_LIMITED], 1);
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

#else

START_TEST(without_the_library_it_is_closed)
{
    struct buf b = sample();
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(chm_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 1);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

#endif

int main(void)
{
    Suite *suite = suite_create("chm");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

#if __has_include(<mspack.h>)
    tcase_add_test(c, files_in_compiled_help_come_out);
    tcase_add_loop_test(c, packed_files_come_out, 0, 2);
    tcase_add_loop_test(c, broken_help_is_survived, 0, 2);
#else
    tcase_add_test(c, without_the_library_it_is_closed);
#endif
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
