/* The check of xz files, which takes the place of the library's. */
#include <check.h>
#include <lzma.h>
#include <stdlib.h>

#include "base/slice.h"

static uint64_t bit_by_bit(const uint8_t *p, size_t n)
{
    uint64_t crc = UINT64_MAX;

    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xc96c5795d7870f42 : 0);
    }
    return ~crc;
}

START_TEST(the_check_is_the_known_one)
{
    ck_assert_uint_eq(lzma_crc64((const uint8_t *)"123456789", 9, 0), 0x995dc9bbdf1939fa);
    ck_assert_uint_eq(lzma_crc64((const uint8_t *)"", 0, 0), 0);
}
END_TEST

/* Every length, cut in two at every place. */
START_TEST(the_check_is_the_same_however_it_is_fed)
{
    uint8_t bytes[70];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 151 + 7);
    for (size_t n = 0; n <= sizeof bytes; n++)
        for (size_t cut = 0; cut <= n; cut++)
            ck_assert_uint_eq(lzma_crc64(bytes + cut, n - cut, lzma_crc64(bytes, cut, 0)), bit_by_bit(bytes, n));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xz");
    TCase *t = tcase_create("xz");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_test(t, the_check_is_the_known_one);
    tcase_add_test(t, the_check_is_the_same_however_it_is_fed);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
