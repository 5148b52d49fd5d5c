#include <check.h>

#include "base/bytes.h"
#include "convscan/lzfu.h"
#include "convscan/tnef.h"
#include "corpus.h"
#include "recorder.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void le(struct buf *b, uint32_t v, size_t n)
{
    uint8_t at[4];

    put_le32(at, v);
    ck_assert_int_eq(buf_put(b, slice_of(at, n)), CS_OK);
}

static void attribute(struct buf *b, unsigned level, uint32_t id, struct slice value)
{
    le(b, level, 1);
    le(b, id, 4);
    le(b, (uint32_t)value.n, 4);
    ck_assert_int_eq(buf_put(b, value), CS_OK);
    le(b, 0, 2);                            /* a wrong checksum: nobody minds */
}

static void property(struct buf *b, unsigned type, unsigned id, struct slice value)
{
    le(b, type, 2);
    le(b, id, 2);
    le(b, 1, 4);
    le(b, (uint32_t)value.n, 4);
    ck_assert_int_eq(buf_put(b, value), CS_OK);
    while (b->n % 4)
        le(b, 0, 1);
}

/* A message with a named property, a body in Unicode, and one attachment whose long name comes last. */
static struct buf sample(void)
{
    struct buf b = buf_init(1 << 16), props = buf_init(1 << 16);

    le(&b, 0x223e9f78, 4);
    le(&b, 1, 2);
    le(&props, 3, 4);
    le(&props, 0x000b, 2);                  /* a flag with a name of its own */
    le(&props, 0x8001, 2);
    for (int i = 0; i < 4; i++)
        le(&props, 0x01020304, 4);
    le(&props, 1, 4);
    le(&props, 6, 4);
    ck_assert_int_eq(buf_put(&props, SLICE("a\0b\0\0\0\0\0")), CS_OK);
    le(&props, 1, 4);
    le(&props, 0x1003, 2);                  /* two numbers */
    le(&props, 0x4000, 2);
    le(&props, 2, 4);
    le(&props, 7, 4);
    le(&props, 8, 4);
    property(&props, 0x1f, 0x1000, SLICE("h\0e\0l\0l\0o\0"));
    attribute(&b, 1, 0x00069003, buf_slice(&props));
    attribute(&b, 2, 0x00069002, SLICE("renddata......"));
    attribute(&b, 2, 0x0006800f, test_eicar());
    attribute(&b, 2, 0x00018010, SLICE("SHORT~1.COM\0"));
    props.n = 0;
    le(&props, 1, 4);
    property(&props, 0x1f, 0x3707, SLICE("l\0o\0n\0g\0.\0c\0o\0m\0\0\0"));
    attribute(&b, 2, 0x00069005, buf_slice(&props));
    buf_release(&props);
    return b;
}

static struct recorder decoded(struct slice in)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(tnef_decode(in, &r.emit), CS_OK);
    return r;
}

START_TEST(attachments_and_bodies_come_out)
{
    struct buf b = sample();
    struct recorder r = decoded(buf_slice(&b));

    ck_assert(tnef_is(buf_slice(&b)));
    ck_assert_uint_eq(r.n_items, 2);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "long.com")), test_eicar()));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "body")), SLICE("hello")));
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(an_embedded_message_comes_out)
{
    struct buf inner = sample(), b = buf_init(1 << 16), props = buf_init(1 << 16), object = buf_init(1 << 16);
    struct recorder r;

    for (int i = 0; i < 4; i++)
        le(&object, 0x20307, 4);            /* an interface */
    ck_assert_int_eq(buf_put(&object, buf_slice(&inner)), CS_OK);
    le(&props, 1, 4);
    property(&props, 0x0d, 0x3701, buf_slice(&object));
    le(&b, 0x223e9f78, 4);
    le(&b, 1, 2);
    attribute(&b, 2, 0x00069002, SLICE("renddata......"));
    attribute(&b, 2, 0x00018010, SLICE("message\0"));
    attribute(&b, 2, 0x00069005, buf_slice(&props));
    r = decoded(buf_slice(&b));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "message")), buf_slice(&inner)));
    recorder_release(&r);
    buf_release(&inner);
    buf_release(&b);
    buf_release(&props);
    buf_release(&object);
}
END_TEST

/* Data cut short are looked at; nothing crashes wherever the cut or the change is. */
START_TEST(damage_is_survived)
{
    struct buf b = sample();
    size_t eicar_at = slice_find(buf_slice(&b), test_eicar()), most = 0;

    for (size_t n = 0; n < b.n; n++) {
        struct recorder r = decoded(slice_of(b.p, n));
        const struct record *item = recorder_holding(&r, slice_take(test_eicar(), 20));
        ck_assert(n < eicar_at + 20 || item);
        most = item && item->bytes.n > most ? item->bytes.n : most;
        recorder_release(&r);
    }
    ck_assert_uint_eq(most, test_eicar().n);
    for (size_t i = 0; i < b.n; i++) {
        struct recorder r;
        b.p[i] ^= 0xff;
        r = decoded(buf_slice(&b));
        recorder_release(&r);
        b.p[i] ^= 0xff;
    }
    buf_release(&b);
}
END_TEST

START_TEST(a_stop_is_obeyed_at_once)
{
    struct buf b = sample();
    struct recorder all = decoded(buf_slice(&b));

    for (size_t at = 1; at <= all.calls; at++) {
        struct recorder r;
        recorder_init(&r);
        r.stop_at = at;
        ck_assert_int_eq(tnef_decode(buf_slice(&b), &r.emit), CS_STOP);
        recorder_release(&r);
    }
    recorder_release(&all);
    buf_release(&b);
}
END_TEST

/* The first example of MS-OXRTFCP 4.1, and the second, whose reference reaches into what it writes. */
static const struct {
    struct slice packed, plain;
} rtf[] = {
    { { (const uint8_t *)"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0", 49 },
      { (const uint8_t *)"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n", 43 } },
    { { (const uint8_t *)"\x1a\0\0\0\x1c\0\0\0LZFu\xe2\xd4\x4b\x51\x41\0\x04\x20WXYZ\x0d\x6e\x7d\x01\x0e\xb0", 30 },
      { (const uint8_t *)"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}", 28 } },
    { { (const uint8_t *)"\x0e\0\0\0\2\0\0\0MELA\0\0\0\0hi", 18 }, { (const uint8_t *)"hi", 2 } },
};

START_TEST(packed_rtf_comes_out_plain)
{
    struct buf out = buf_init(1 << 16);

    ck_assert_int_eq(lzfu_unpack(rtf[_i].packed, &out), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), rtf[_i].plain), "got %.*s", (int)out.n, (const char *)out.p);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *file, *member;
    size_t size;
} samples[] = {
    { "containers/tnef/one-file.tnef", "AUTHORS", 244 },
    { "containers/tnef/long-filename.tnef", "allproductsmar2000.dat", 279 },
    { "containers/tnefparse/umlaut.tnef", "TBZ PARIV GmbH.jpg", 44764 },
    { "containers/mimekit-tnef/panic.tnef", "image003.png", 7147 },
    { "containers/tnef/body.tnef", "body.html", 5358 },
};

START_TEST(real_samples)
{
    struct mapfile m;
    struct recorder r;

    if (!corpus_open(&m, samples[_i].file))
        return;
    r = decoded(m.data);
    ck_assert_ptr_nonnull(recorder_find(&r, samples[_i].member));
    ck_assert_uint_eq(recorder_find(&r, samples[_i].member)->bytes.n, samples[_i].size);
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tnef");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, attachments_and_bodies_come_out);
    tcase_add_test(c, an_embedded_message_comes_out);
    tcase_add_test(c, damage_is_survived);
    tcase_add_test(c, a_stop_is_obeyed_at_once);
    tcase_add_loop_test(c, packed_rtf_comes_out_plain, 0, (int)COUNT(rtf));
    tcase_add_loop_test(c, real_samples, 0, (int)COUNT(samples));
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
