#include <check.h>

#include "convscan/lnk.h"
#include "recorder.h"

/* Flags: an ID list, link information, a name, arguments; Unicode. */
#define HEAD "\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46\xa7\0\0\0" \
             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BODY "\4\0\2\0\0\0" "\x1c\0\0\0\x14\0\0\0\0\0\0\0\0\0\0\0\x14\0\0\0C:\\x.exe" "\1\0n\0" "\5\0/\0c\0 \0d\0\x69\0"

static struct recorder decoded(struct slice in)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(lnk_decode(in, &r.emit), CS_OK);
    return r;
}

START_TEST(a_shortcut_shows_what_it_runs)
{
    struct recorder r = decoded(SLICE(HEAD BODY "\0\0\0\0" "MZ"));

    ck_assert_uint_eq(r.n_items, 2);
    ck_assert(slice_eq(record_bytes(&r.items[0]), SLICE("C:\\x.exe\nn\n/c di\n")));
    ck_assert(slice_eq(record_bytes(&r.items[1]), SLICE("MZ")));
    recorder_release(&r);
}
END_TEST

START_TEST(an_environment_block_is_read)
{
    struct buf b = buf_init(4096);
    uint8_t block[788] = "\x14\3\0\0\1\0\0\xa0%COMSPEC%";
    struct recorder r;

    memcpy(block + 8 + 260, "%\0X\0%\0", 6);
    ck_assert_int_eq(buf_put(&b, SLICE(HEAD BODY)), CS_OK);
    ck_assert_int_eq(buf_put(&b, slice_of(block, sizeof block)), CS_OK);
    ck_assert_int_eq(buf_put(&b, SLICE("\0\0\0\0")), CS_OK);
    r = decoded(buf_slice(&b));
    ck_assert(slice_ends(record_bytes(&r.items[0]), SLICE("%COMSPEC%\n%X%\n")));
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(a_broken_shortcut_is_survived)
{
    uint8_t room[] = HEAD BODY "\0\0\0\0";

    for (size_t n = 0; n < sizeof room; n++) {
        struct recorder r = decoded(slice_of(room, n));
        recorder_release(&r);
        room[n] ^= 0xff;
        r = decoded(slice_of(room, sizeof room));
        recorder_release(&r);
        room[n] ^= 0xff;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lnk");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, a_shortcut_shows_what_it_runs);
    tcase_add_test(c, an_environment_block_is_read);
    tcase_add_test(c, a_broken_shortcut_is_survived);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
