#include <check.h>

#include "base/bytes.h"
#include "convscan/clean.h"
#include "convscan/rtf.h"
#include "corpus.h"
#include "recorder.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static void put(struct buf *b, const char *s)
{
    ck_assert_int_eq(buf_puts(b, s), CS_OK);
}

static void le32(struct buf *b, uint32_t v)
{
    uint8_t at[4];

    put_le32(at, v);
    ck_assert_int_eq(buf_put(b, slice_of(at, 4)), CS_OK);
}

/* An OLE 1 object that holds a package that holds the test file. */
static struct buf packed_eicar(void)
{
    struct buf b = buf_init(4096);
    struct slice head = SLICE("\2\0e.com\0e.com\0\0\0\3\0\6\0\0\0e.com\0");

    le32(&b, 0x501);
    le32(&b, 2);
    le32(&b, 8);
    ck_assert_int_eq(buf_put(&b, SLICE("Package\0")), CS_OK);
    le32(&b, 0);
    le32(&b, 0);
    le32(&b, (uint32_t)(head.n + 4 + test_eicar().n));
    ck_assert_int_eq(buf_put(&b, head), CS_OK);
    le32(&b, (uint32_t)test_eicar().n);
    ck_assert_int_eq(buf_put(&b, test_eicar()), CS_OK);
    return b;
}

static struct recorder decoded(struct slice in)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(rtf_decode(in, &r.emit), CS_OK);
    return r;
}

/* open, the digits with between after every so many of them, close. */
static const struct {
    const char *what, *open, *between;
    size_t every;
    const char *close;
} styles[] = {
    { "plain", "{\\rtf1{\\object\\objemb{\\*\\objdata ", "", 1000000, "}}}" },
    { "short lines", "{\\rtf1{\\object\\objemb{\\*\\objclass Package}{\\*\\objdata\n", "\r\n", 7, "}}}" },
    { "space everywhere", "{\\rtf1{\\object{\\*\\objdata ", " \t\r\n", 1, "}}}" },
    { "a short head", "{\\rt{\\object{\\*\\objdata ", "", 1000000, "}}}" },
    { "never closed", "{\\rtf1{\\object{\\*\\objdata ", "\n", 64, "" },
    { "no star", "{\\rtf1\\objdata ", "\n", 64, "}" },
    { "capitals", "{\\rtf1{\\object{\\*\\OBJDATA ", "\n", 64, "}}}" },
    { "update first", "{\\rtf1{\\object\\objautlink\\objupdate\\rsltpict\\objw1\\objh1{\\*\\objdata ", "\n", 64, "}}}" },
    { "empty groups", "{\\rtf1{\\object{\\*\\objdata ", "{}", 3, "}}}" },
    { "empty unknown groups", "{\\rtf1{\\object{\\*\\objdata ", "{\\*\\unknown}", 3, "}}}" },
    { "digits that do not count in groups", "{\\rtf1{\\object{\\*\\objdata ", "{\\*\\unknown 4142}", 5, "}}}" },
    { "digits that count in a group", "{\\rtf1{\\object{\\*\\objdata {\\nothing ", "\n", 64, "}}}}" },
    { "control words", "{\\rtf1{\\object{\\*\\objdata ", "\\par123 ", 9, "}}}" },
    { "control words, half bytes", "{\\rtf1{\\object{\\*\\objdata ", "\\ulw-4 ", 1, "}}}" },
    { "other letters", "{\\rtf1{\\object{\\*\\objdata ", "zqx~", 2, "}}}" },
    { "quotes that do not count", "{\\rtf1{\\object{\\*\\objdata ", "\\'20", 3, "}}}" },
    { "quotes that drop half a byte", "{\\rtf1{\\object{\\*\\objdata ", "c\\'20", 2, "}}}" },
    { "quotes that count", "{\\rtf1{\\object{\\*\\objdata \\'", "\\'", 2, "}}}" },
    { "a stray digit", "{\\rtf1{\\object{\\*\\objdata f ", "\n", 64, "}}}" },
    { "nested twice", "{\\rtf1{\\object{\\*\\objdata{\\*\\objdata ", "\n", 64, "}}}}" },
    { "inside another one", "{\\rtf1{\\object{\\*\\objdata 01051234 {\\object{\\*\\objdata ", "\n", 64, "}}}}" },
    { "behind raw bytes", "{\\rtf1\\bin5 {{{{{{\\object{\\*\\objdata ", "\n", 64, "}}}" },
    { "hidden by \\bin", "{\\rtf1\\bin999999 {\\object{\\*\\objdata ", "\n", 64, "}}}" },
    { "no raw bytes at all", "{\\rtf1\\bin0 {\\object{\\*\\objdata \\bin0 ", "\n", 64, "}}}" },
    { "behind an unknown group", "{\\rtf1{\\*\\zzz{{{{}}}}}\\par{\\pict 1234}{\\object{\\*\\objdata ", "\n", 64, "}}}" },
};

START_TEST(the_object_is_found)
{
    struct buf object = packed_eicar(), b = buf_init(1 << 20);
    struct recorder r;
    const struct record *item;
    size_t n = 0;

    put(&b, styles[_i].open);
    for (size_t i = 0; i < object.n * 2; i++) {
        if (n++ == styles[_i].every) {
            put(&b, styles[_i].between);
            n = 1;
        }
        ck_assert_int_eq(buf_putc(&b, (uint8_t)"0123456789aBcDeF"[object.p[i / 2] >> (i % 2 ? 0 : 4) & 15]), CS_OK);
    }
    put(&b, styles[_i].close);
    ck_assert(rtf_is(buf_slice(&b)));
    r = decoded(buf_slice(&b));
    item = recorder_find(&r, "e.com");
    ck_assert_msg(item && slice_eq(record_bytes(item), test_eicar()), "%s", styles[_i].what);
    ck_assert_uint_le(r.n_items, 8);
    recorder_release(&r);
    buf_release(&b);
    buf_release(&object);
}
END_TEST

/* Whatever the style, no object is left, the rest is text, and a second cleaning finds nothing to do. */
START_TEST(the_object_is_taken_out)
{
    struct buf object = packed_eicar(), b = buf_init(1 << 20), out = buf_init(1 << 20), again = buf_init(1 << 20);
    bool is_changed;
    struct recorder r;

    put(&b, styles[_i].open);
    for (size_t i = 0; i < object.n; i++)
        ck_assert_int_eq(buf_printf(&b, "%02x%s", object.p[i], i % 4 ? "" : styles[_i].between), CS_OK);
    put(&b, styles[_i].close);
    ck_assert_int_eq(clean_rtf(buf_slice(&b), &out, &is_changed), CS_OK);
    ck_assert(is_changed);
    r = decoded(buf_slice(&out));
    ck_assert_ptr_null(recorder_holding(&r, test_eicar()));
    ck_assert_ptr_null(recorder_find(&r, "e.com"));
    recorder_release(&r);
    ck_assert(rtf_is(buf_slice(&out)));
    ck_assert_int_eq(clean_rtf(buf_slice(&out), &again, &is_changed), CS_OK);
    ck_assert_msg(!is_changed && slice_eq(buf_slice(&again), buf_slice(&out)), "%s: %.*s", styles[_i].what, (int)out.n,
                  (const char *)out.p);
    buf_release(&again);
    buf_release(&out);
    buf_release(&b);
    buf_release(&object);
}
END_TEST

static const struct {
    const char *in, *out;
} cleanings[] = {
    { "{\\rtf1 a{\\object\\objemb{\\*\\objdata 0105}{\\result{\\pict 00}}}b}", "{\\rtf1 a{\\object\\objemb{}{\\result{\\pict 00}}}b}" },
    { "{\\rtf1 a{\\*\\objdata 01{x}05}b{\\objdata 02}c}", "{\\rtf1 a{}b{}c}" },
    { "{\\rtf1 a{\\*\\objdata 01", "{\\rtf1 a{}}" },
    { "{\\rtf1\\o{\\objdata 01}bjdata 02}", "{\\rtf1\\o{}bjdata 02}" },
    { "{\\rtf1\\objdata 0105}", "{\\rtf1}" },
    { "{\\rtf1 nothing\\par}", "{\\rtf1 nothing\\par}" },
    { "{\\rtf1{{}", "{\\rtf1{{}" },
};

START_TEST(what_stays_is_as_it_was)
{
    struct buf out = buf_init(4096);
    bool is_changed;

    ck_assert_int_eq(clean_rtf(slice_str(cleanings[_i].in), &out, &is_changed), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(cleanings[_i].out)), "%.*s", (int)out.n, (const char *)out.p);
    ck_assert_int_eq(is_changed, strcmp(cleanings[_i].in, cleanings[_i].out) != 0);
    buf_release(&out);
}
END_TEST

START_TEST(raw_bytes_in_an_object_count)
{
    struct buf object = packed_eicar(), b = buf_init(1 << 20);
    struct recorder r;

    ck_assert_int_eq(buf_printf(&b, "{\\rtf1{\\object{\\*\\objdata 0\\bin%zu ", object.n), CS_OK);
    ck_assert_int_eq(buf_put(&b, buf_slice(&object)), CS_OK);
    put(&b, "}}}");
    r = decoded(buf_slice(&b));
    ck_assert(recorder_find(&r, "e.com") && slice_eq(record_bytes(recorder_find(&r, "e.com")), test_eicar()));
    recorder_release(&r);
    buf_release(&b);
    buf_release(&object);
}
END_TEST

static const struct {
    const char *in, *out;
} texts[] = {
    { "{\\rtf1 a\\par b\\tab c}", "a\nb\tc" },
    { "{\\rtf1{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}a\r\nb}", "ab" },
    { "{\\rtf1 \\{\\\\\\}\\'e4\\~x}", "{\\}\xc3\xa4 x" },
    { "{\\rtf1\\uc1 \\u8364?\\u-3844?x}", "\xe2\x82\xac\xef\x83\xbcx" },
    { "{\\rtf1\\uc2 \\u65 \\'41\\'42c}", "Ac" },
    { "{\\rtf1\\u-10179?\\u-8704?}", "\xf0\x9f\x98\x80" },
    { "{\\rtf1{\\field{\\*\\fldinst{ DDEAUTO x}}{\\fldrslt y}}}", " DDEAUTO xy" },
    { "{\\rtf1\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf gone \\htmlrtf0 text{\\*\\htmltag72 </p>}\\htmlrtf\\par\\htmlrtf0}", "<p>text</p>" },
};

START_TEST(the_text_is_seen)
{
    struct recorder r = decoded(slice_str(texts[_i].in));

    ck_assert_uint_eq(r.n_items, 1);
    ck_assert_msg(slice_eq(record_bytes(&r.items[0]), slice_str(texts[_i].out)), "got %.*s", (int)r.items[0].bytes.n,
                  (const char *)r.items[0].bytes.p);
    recorder_release(&r);
}
END_TEST

START_TEST(damage_is_survived)
{
    struct slice in = SLICE("{\\rtf1\\bin3 abc{\\object{\\*\\objdata 0105000002000000\\'41{\\x 1}\\bin4 abcd41}}\\u65?}");
    uint8_t room[200];

    for (size_t i = 0; i <= in.n; i++) {
        struct recorder r = decoded(slice_take(in, i));
        recorder_release(&r);
        memcpy(room, in.p, in.n);
        if (i < in.n)
            room[i] ^= 0x20;
        r = decoded(slice_of(room, in.n));
        recorder_release(&r);
    }
}
END_TEST

START_TEST(a_million_braces_are_quick)
{
    static uint8_t room[3000000];
    struct recorder r;

    for (int kind = 0; kind < 3; kind++) {
        for (size_t i = 0; i < sizeof room; i++)
            room[i] = (uint8_t)(kind == 0 ? '{' : kind == 1 ? "{}"[i % 2] : "{\\objdata"[i % 9]);
        memcpy(room, "{\\rtf1", 6);
        r = decoded(slice_of(room, sizeof room));
        recorder_release(&r);
    }
}
END_TEST

START_TEST(the_sample_is_found)
{
    struct mapfile m;
    struct recorder r;

    if (!corpus_open(&m, "containers/made/rtf-objdata-wrapped-eicar.rtf"))
        return;
    r = decoded(m.data);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "e.com")), test_eicar()));
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rtf");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, the_object_is_found, 0, (int)COUNT(styles));
    tcase_add_loop_test(c, the_object_is_taken_out, 0, (int)COUNT(styles));
    tcase_add_loop_test(c, what_stays_is_as_it_was, 0, (int)COUNT(cleanings));
    tcase_add_test(c, raw_bytes_in_an_object_count);
    tcase_add_loop_test(c, the_text_is_seen, 0, (int)COUNT(texts));
    tcase_add_test(c, damage_is_survived);
    tcase_add_test(c, a_million_braces_are_quick);
    tcase_add_test(c, the_sample_is_found);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
