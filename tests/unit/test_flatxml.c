#include <check.h>
#include <zlib.h>

#include "convscan/flatxml.h"
#include "convscan/macfork.h"
#include "recorder.h"

static void put(struct buf *b, struct slice s)
{
    ck_assert_int_eq(buf_put(b, s), CS_OK);
}

START_TEST(binary_parts_of_xml_come_out)
{
    struct slice in = SLICE("<?xml version=\"1.0\"?><w:binData w:name=\"oledata.mso\" xml:space=\"x\">\naGVs\nbG8=\n</w:binData>"
                            "<pkg:part pkg:name=\"/word/x.bin\" pkg:contentType=\"y\"><pkg:binaryData>d29ybGQ=</pkg:binaryData>"
                            "<a:binaryData/><w:Data>aGVsbG8=</w:Data><w:binData");
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(flatxml_decode(in, &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "oledata.mso")), SLICE("hello")));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "/word/x.bin")), SLICE("world")));
    recorder_release(&r);
    for (size_t n = 0; n < in.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(flatxml_decode(slice_take(in, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
}
END_TEST

/* The data begin where the header says, or elsewhere. */
START_TEST(activemime_comes_out)
{
    static const size_t heads[] = { 0x32, 0x22, 0x222 };
    struct buf plain = buf_init(4096), in = buf_init(65536);
    uint8_t packed[1024];
    uLongf n = sizeof packed;
    struct recorder r;

    put(&plain, SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"));
    put(&plain, test_eicar());
    ck_assert_int_eq(compress(packed, &n, plain.p, plain.n), Z_OK);
    put(&in, SLICE("ActiveMime"));
    while (in.n < heads[_i])
        put(&in, SLICE("\0"));
    put(&in, slice_of(packed, n));
    recorder_init(&r);
    ck_assert_int_eq(activemime_decode(buf_slice(&in), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert(slice_eq(record_bytes(&r.items[0]), buf_slice(&plain)));
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    recorder_init(&r);
    ck_assert_int_eq(activemime_decode(slice_drop(buf_slice(&in), 1), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 0);
    recorder_release(&r);
    buf_release(&in);
    buf_release(&plain);
}
END_TEST

START_TEST(macintosh_forks_come_out)
{
    static uint8_t mac[256] = "\0\4test";
    struct slice apple = SLICE("\0\5\x16\0\0\2\0\0................\0\3"
                               "\0\0\0\1\0\0\0\x3e\0\0\0\5" "\0\0\0\3\0\0\0\x43\0\0\0\3" "\0\0\0\2\0\0\0\x42\xff\xff\xff\xff" "helloxyz");
    struct recorder r;

    mac[86] = 5;
    memcpy(mac + 128, "hello", 5);
    recorder_init(&r);
    ck_assert_int_eq(macfork_decode(slice_of(mac, sizeof mac), &r.emit), CS_OK);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "test")), SLICE("hello")));
    recorder_release(&r);
    recorder_init(&r);
    ck_assert_int_eq(macfork_decode(apple, &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "xyz")), SLICE("hello")));
    recorder_release(&r);
    for (unsigned count = 3; count < 0xffff; count = count * 5 + 1) {       /* a table that says it is longer than the file */
        uint8_t liar[70];

        memcpy(liar, apple.p, sizeof liar);
        liar[24] = (uint8_t)(count >> 8);
        liar[25] = (uint8_t)count;
        recorder_init(&r);
        ck_assert_int_eq(macfork_decode(slice_of(liar, sizeof liar), &r.emit), CS_OK);
        ck_assert_uint_eq(r.n_items, 2);
        recorder_release(&r);
    }
    {
        uint8_t many[26 + 12 * (MACFORK_ENTRIES + 1)] = { 0, 5, 0x16, 0, 0, 2 };

        many[25] = MACFORK_ENTRIES + 1;
        memcpy(many + 26, "\0\0\0\1\0\0\0\0\0\0\0\6", 12);
        recorder_init(&r);
        ck_assert_int_eq(macfork_decode(slice_of(many, sizeof many), &r.emit), CS_OK);
        ck_assert_uint_eq(r.n_items, 1);
        ck_assert_uint_eq(r.notes[EMIT_LIMITED], 1);
        recorder_release(&r);
    }
    for (size_t n = 0; n < sizeof mac; n++) {
        recorder_init(&r);
        ck_assert_int_eq(macfork_decode(slice_of(mac, n), &r.emit), CS_OK);
        ck_assert_int_eq(macfork_decode(slice_take(apple, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flatxml");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, binary_parts_of_xml_come_out);
    tcase_add_loop_test(c, activemime_comes_out, 0, 3);
    tcase_add_test(c, macintosh_forks_come_out);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
