#include "decodecase.h"

static const struct {
    const char *charset;
    struct slice in, want;
    bool is_damaged;
} cases[] = {
    { "", SLICE("plain"), SLICE("plain"), false },
    { "US-ASCII", SLICE("a\xff""b"), SLICE("a\xef\xbf\xbd""b"), true },
    { "utf-8", SLICE("\xef\xbb\xbfgr\xc3\xbc\xc3\x9f"), SLICE("gr\xc3\xbc\xc3\x9f"), false },
    { "UTF-8", SLICE("\xc0\xaf\xed\xa0\x80\xf4\x90\x80\x80"),
      SLICE("\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"), true },
    { "utf-8", SLICE("cut \xe2\x82"), SLICE("cut \xef\xbf\xbd\xef\xbf\xbd"), true },
    { "iso-8859-1", SLICE("gr\xfc\xdf"), SLICE("gr\xc3\xbc\xc3\x9f"), false },
    { "windows-1252", SLICE("\x80 \x93x\x94"), SLICE("\xe2\x82\xac \xe2\x80\x9cx\xe2\x80\x9d"), false },
    { "iso-8859-1", SLICE("\x80"), SLICE("\xe2\x82\xac"), false },
    { "gb2312", SLICE("\x81\x30\x81\x30"), SLICE("\xc2\x80"), false },
    { "euc-kr", SLICE("\x81\x41"), SLICE("\xea\xb0\x82"), false },
    { "utf-7", SLICE("Hi Mom +Jjo-! 1 +- 1, +AGEAYg-"), SLICE("Hi Mom \xe2\x98\xba! 1 + 1, ab"), false },
    { "utf-7", SLICE("+2D3cqQ-"), SLICE("\xf0\x9f\x92\xa9"), false },
    { "utf-7", SLICE("+ADw-script+AD4-"), SLICE("<script>"), false },
    { "utf-16", SLICE("\xff\xfe" "a\0b\0"), SLICE("ab"), false },
    { "utf-16", SLICE("\xfe\xff" "\0a\0b"), SLICE("ab"), false },
    { "utf-16", SLICE("a\0b\0"), SLICE("ab"), false },
    { "utf-16", SLICE("\0a\0b"), SLICE("ab"), false },
    { "utf-16le", SLICE("\x3d\xd8\xa9\xdc"), SLICE("\xf0\x9f\x92\xa9"), false },
    { "utf-16be", SLICE("\xd8\x3d\0x"), SLICE("\xef\xbf\xbdx"), true },
    { "utf-16be", SLICE("\0xy"), SLICE("x\xef\xbf\xbd"), true },
    { "utf-32", SLICE("\xff\xfe\0\0" "a\0\0\0"), SLICE("a"), false },
    { "utf-32be", SLICE("\0\0\0a\0\x01\xf4\xa9"), SLICE("a\xf0\x9f\x92\xa9"), false },
    { "utf-32le", SLICE("a\0\0\0\xff\xff\xff\xff" "b"), SLICE("a\xef\xbf\xbd\xef\xbf\xbd"), true },
    { "HZ-GB-2312", SLICE("~{2bJT~} ok~~x"), SLICE("\xe6\xb5\x8b\xe8\xaf\x95 ok~x"), false },
    { "hz-gb-2312", SLICE("<scr~\nipt>~\r\n~x~"), SLICE("<script>~x~"), false },
    { "hz-gb-2312", SLICE("~{0~~}~~~}!"), SLICE("\xe5\x89\xa5~!"), false },
    { "hz-gb-2312", SLICE("~{2bJT\nok"), SLICE("\xe6\xb5\x8b\xe8\xaf\x95\nok"), false },
    { "iso-2022-jp", SLICE("\x1b$B$3\x1b(B!"), SLICE("\xe3\x81\x93!"), false },
    { "koi8-r", SLICE("\xd4\xc5\xd3\xd4"), SLICE("\xd1\x82\xd0\xb5\xd1\x81\xd1\x82"), false },
    { "shift_jis", SLICE("\x83\x65\x83X\x83g"), SLICE("\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88"), false },
    { "gb2312", SLICE("\xb2\xe2\xca\xd4"), SLICE("\xe6\xb5\x8b\xe8\xaf\x95"), false },
    { "euc-kr", SLICE("\xbe\xc8"), SLICE("\xec\x95\x88"), false },
    { "big5", SLICE("\xb4\xfa\xff"), SLICE("\xe6\xb8\xac\xef\xbf\xbd"), true },
    { "tis-620", SLICE("\xa1"), SLICE("\xe0\xb8\x81"), false },
    { "ibm850", SLICE("gr\x81\xe1"), SLICE("gr\xc3\xbc\xc3\x9f"), false },
    { "'utf-8'", SLICE("a"), SLICE("a"), false },
    { "ibm037", SLICE("\xc1\x82"), SLICE("Ab"), false },
    { "CP500", SLICE("\xc1\x4a"), SLICE("A["), false },
    { "IBM01140", SLICE("\x9f"), SLICE("\xe2\x82\xac"), false },
    { "ccsid00273", SLICE("\xc1\x4a"), SLICE("A\xc3\x84"), false },
    { "ebcdic-cp-be", SLICE("\xc1"), SLICE("A"), false },
};

START_TEST(comes_out_as_utf8)
{
    struct buf out = buf_init(1 << 16);
    bool is_damaged = false;

    ck_assert_int_eq(mime_charset_to_utf8(slice_str(cases[_i].charset), cases[_i].in, case_put, &out, &is_damaged), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), cases[_i].want), "%d %s: %.*s", _i, cases[_i].charset, (int)out.n, out.p);
    ck_assert(is_damaged == cases[_i].is_damaged);
    buf_release(&out);
}
END_TEST

/* Longer than any piece: no character may be lost or doubled where pieces meet. */
START_TEST(long_texts_are_whole)
{
    static const char *const names[] = { "utf-8", "windows-1252", "utf-16le", "koi8-r", "utf-7" };
    uint8_t in[40000];
    struct buf out = buf_init(1 << 20);
    bool is_damaged;

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(_i == 2 && i % 2 ? 0 : 'a' + i / 2 % 26);
    ck_assert_int_eq(mime_charset_to_utf8(slice_str(names[_i]), slice_of(in, sizeof in), case_put, &out, &is_damaged), CS_OK);
    ck_assert_uint_eq(out.n, _i == 2 ? sizeof in / 2 : sizeof in);
    for (size_t i = 0; i < out.n; i++)
        ck_assert_uint_eq(out.p[i], 'a' + (_i == 2 ? i : i / 2) % 26);
    buf_release(&out);
}
END_TEST

START_TEST(unknown_names_are_refused)
{
    static const char *const names[] = { "x-unknown", "../../tmp/evil", "UTF-8//TRANSLIT", ("utf-8\n" "x") };
    bool is_damaged;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buf out = buf_init(16);
        ck_assert_int_eq(mime_charset_to_utf8(slice_str(names[i]), SLICE("a"), case_put, &out, &is_damaged),
                         CS_UNSUPPORTED);
        ck_assert_uint_eq(out.n, 0);
    }
}
END_TEST

START_TEST(plain_ones_need_no_iconv)
{
    static const char *const plain[] = { "", "us-ascii", "UTF-8", "utf8", "ISO-8859-1", "latin1" };
    static const char *const other[] = { "utf-16", "utf-7", "koi8-r", "x-unknown" };

    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        ck_assert(mime_charset_is_plain(slice_str(plain[i])));
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        ck_assert(!mime_charset_is_plain(slice_str(other[i])));
}
END_TEST

static const struct {
    struct slice in;
    const char *want;
} heads[] = {
    { SLICE("\xef\xbb\xbfhello"), "utf-8" },
    { SLICE("\xff\xfeh\0i\0"), "utf-16" },
    { SLICE("\0\0\xfe\xff\0\0\0a"), "utf-32" },
    { SLICE("<\0h\0t\0m\0l\0>\0"), "utf-16le" },
    { SLICE("\0<\0h\0t\0m\0l\0>"), "utf-16be" },
    { SLICE("<\0\0\0h\0\0\0t\0\0\0m\0\0\0"), "utf-32le" },
    { SLICE("\0\0\0<\0\0\0h\0\0\0t\0\0\0m"), "utf-32be" },
    { SLICE("\0\1h\0t\0m\0l\0h\0t\0m\0l\0h\0t\0m\0l\0"), "utf-16le" },      /* U+0100 has its zero at the other place */
    { SLICE("just a text that says nothing"), "" },
    { SLICE("PK\3\4\0\0\0\0\0\0\0\0"), "" },
    { SLICE(""), "" },
};

START_TEST(the_bytes_say_what_they_are)
{
    struct slice got = mime_charset_detect(heads[_i].in);

    ck_assert_msg(slice_eq(got, slice_str(heads[_i].want)), "%d: %.*s", _i, (int)got.n, (const char *)got.p);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("charset");
    TCase *t = tcase_create("charset");

    add_cases(t, comes_out_as_utf8, cases);
    tcase_add_loop_test(t, long_texts_are_whole, 0, 5);
    tcase_add_test(t, unknown_names_are_refused);
    tcase_add_test(t, plain_ones_need_no_iconv);
    add_cases(t, the_bytes_say_what_they_are, heads);
    suite_add_tcase(s, t);
    return run_suite(s);
}
