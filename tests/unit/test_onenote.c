#include <check.h>

#include "convscan/onenote.h"
#include "recorder.h"

#define ONENOTE "\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3"
#define FILE_MARK "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"
#define REFERENCE "<\0i\0f\0n\0d\0f\0>\0{\0" "0\0000\0000\0000\0000\0000\0000\0000\0-\0" "0\0000\0000\0000\0-\0" \
    "0\0000\0000\0000\0-\0" "0\0000\0000\0000\0-\0" "0\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0000\0" "}\0"

static struct recorder decoded(struct slice in)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(onenote_decode(in, &r.emit), CS_OK);
    return r;
}

START_TEST(files_in_onenote_come_out)
{
    struct buf b = buf_init(4096);
    struct recorder r;

    ck_assert_int_eq(buf_put(&b, SLICE(ONENOTE "junk" FILE_MARK "\x44\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0\0\0\0\0")), CS_OK);
    ck_assert_int_eq(buf_put(&b, test_eicar()), CS_OK);
    ck_assert_int_eq(buf_put(&b, SLICE("footer" FILE_MARK "\xff\xff\xff\xff\xff\xff\xff\xff" "\0\0\0\0\0\0\0\0\0\0\0\0" "cut")), CS_OK);
    ck_assert_int_eq(buf_put(&b, SLICE(REFERENCE "\4\0\0\0.\0c\0o\0m\0")), CS_OK);
    ck_assert(onenote_is(buf_slice(&b)));
    r = decoded(buf_slice(&b));
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "file.com")), test_eicar()));
    ck_assert(slice_starts(record_bytes(recorder_find(&r, "file")), SLICE("cut")));
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 1);
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n++) {
        r = decoded(slice_of(b.p, n));
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("onenote");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, files_in_onenote_come_out);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
