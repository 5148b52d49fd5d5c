#include "decodecase.h"
#include "mime/b64.h"

static const struct decode_case cases[] = {
    { "plain", SLICE("TWFuIGlzIGRpc3Rpbmd1aXNoZWQ="), SLICE("Man is distinguished"), false },
    { "lines", SLICE("TWFu\r\nIGlz\r\n\r\nIGE=\r\n"), SLICE("Man is a"), false },
    { "lines that cut groups", SLICE("T\r\nWF\r\nuIG\r\nlz"), SLICE("Man is"), false },
    { "no padding, one byte", SLICE("TQ"), SLICE("M"), false },
    { "no padding, two bytes", SLICE("TWE"), SLICE("Ma"), false },
    { "lone digit", SLICE("TWFuT"), SLICE("Man"), true },
    { "too much padding", SLICE("TQ=======\r\n"), SLICE("M"), false },
    { "sections behind each other", SLICE("TWE=\nTWFu\nTQ==\nTWFu"), SLICE("MaManMMan"), false },
    { "padding before anything", SLICE("=TWFu"), SLICE("Man"), false },
    { "padding after one digit is junk", SLICE("T=WFu"), SLICE("Man"), false },
    { "junk", SLICE("T!W<F>u\xff\0-_"), SLICE("Man"), true },
    { "blanks and bare CR", SLICE("T W\tF\ru"), SLICE("Man"), false },
    { "nothing", SLICE(""), SLICE(""), false },
    { "junk alone", SLICE("\r\n--\r\n"), SLICE(""), true },
};

START_TEST(decodes_whatever_the_split)
{
    check_splits(MIME_ENC_BASE64, cases[_i].in, cases[_i].want, cases[_i].is_damaged, cases[_i].name);
}
END_TEST

static const struct {
    enum mime_encoding how;
    struct decode_case c;
} others[] = {
    { MIME_ENC_BASE64_LOOSE, { "skipped inside a group", SLICE("TW=Fu"), SLICE("Man"), false } },
    { MIME_ENC_BASE64_LOOSE, { "skipped at the end", SLICE("TWFuTQ=="), SLICE("ManM"), false } },
    { MIME_ENC_BASE64_FOURS, { "a place without bits", SLICE("T=WET=WE"), SLICE("MaMa"), false } },
    { MIME_ENC_BASE64_FOURS, { "groups without one, cut by lines", SLICE("T\nWF\nu"), SLICE("Man"), false } },
    { MIME_ENC_BASE64_FOURS, { "a place at the end", SLICE("TWE=TWE="), SLICE("MaMa"), false } },
    { MIME_ENC_BASE64_ZEROS, { "bits of zero", SLICE("TWF=TWFu"), SLICE("Ma@Man"), false } },
    { MIME_ENC_BASE64_SHORT, { "bits of zero, and shorter", SLICE("Q==ATWFu"), SLICE("@Man"), false } },
    { MIME_ENC_BASE64_LINES, { "what is left at the end of a line", SLICE("TWFuX\r\nTWFu\nXX\n\nTWFu"), SLICE("ManManMan"), false } },
    { MIME_ENC_BASE64_LINES, { "junk ends a line", SLICE("TWFu#abc\nTWFu"), SLICE("ManMan"), true } },
    { MIME_ENC_BASE64_CUT, { "junk ends a line, not a group", SLICE("TWF#abc\nuTWFu"), SLICE("ManMan"), true } },
    { MIME_ENC_BASE64_URL, { "the alphabet of addresses", SLICE("-_-_"), SLICE("\xfb\xff\xbf"), false } },
    { MIME_ENC_BASE64_NOT, { "as it stands", SLICE("T=W"), SLICE("T=W"), false } },
};

START_TEST(other_readings_decode_in_their_way)
{
    check_splits(others[_i].how, others[_i].c.in, others[_i].c.want, others[_i].c.is_damaged, others[_i].c.name);
}
END_TEST

/* Of a body that breaks the rules, and of no other. */
START_TEST(other_readings_are_asked_for)
{
    static const struct {
        const char *in;
        enum mime_encoding want;
    } bodies[] = {
        { "TWFu\nTWE=\n", MIME_ENC_NONE },  { "TWFu\r\nTWFu\r\n\r\nTWFuTQ", MIME_ENC_NONE }, { "TW Fu\n\t\nTWFu", MIME_ENC_NONE },
        { "", MIME_ENC_NONE },               { "====\n=\n", MIME_ENC_NONE },  { "TWE=\nTWFu", MIME_ENC_BASE64_FOURS },
        { "TW=Fu", MIME_ENC_BASE64_FOURS },  { "TWFuT\nWFu", MIME_ENC_BASE64_FOURS }, { "TWFu\n-- \n", MIME_ENC_BASE64_FOURS },
    };
    struct buf b = buf_init(4 << 20);

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        ck_assert_msg(b64_ambiguity(slice_str(bodies[i].in)) == bodies[i].want, "%s", bodies[i].in);
    while (b.n < 2 << 20)
        ck_assert_int_eq(buf_puts(&b, "TWFu\n"), CS_OK);
    ck_assert_int_eq(b64_ambiguity(buf_slice(&b)), MIME_ENC_NONE);
    ck_assert_int_eq(buf_puts(&b, "_____\nsent to the list"), CS_OK);
    ck_assert_int_eq(b64_ambiguity(buf_slice(&b)), MIME_ENC_BASE64_LOOSE);
    buf_release(&b);
}
END_TEST

START_TEST(a_stop_comes_back)
{
    check_stop(MIME_ENC_BASE64, SLICE("TWFuTWFu"));
    check_stop(MIME_ENC_BASE64, SLICE("TW"));
}
END_TEST

/* All lengths and all byte values; lines of 76 columns. */
START_TEST(what_was_encoded_decodes)
{
    uint8_t in[600];
    struct buf text = buf_init(4096), back = buf_init(4096);

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t n = 0; n <= sizeof in; n++) {
        struct slice s = slice_of(in, n);
        struct mime_decoder d;
        text.n = back.n = 0;
        ck_assert_int_eq(mime_encode(MIME_ENC_BASE64, s, "\r\n", case_put, &text), CS_OK);
        for (size_t at = 0, end; at < text.n; at = end + 1) {
            end = at + slice_chr(slice_drop(buf_slice(&text), at), '\n');
            ck_assert_uint_le(end - at, 77);
        }
        mime_decoder_init(&d, MIME_ENC_BASE64, case_put, &back);
        ck_assert_int_eq(mime_decoder_feed(&d, buf_slice(&text)), CS_OK);
        ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
        ck_assert(slice_eq(buf_slice(&back), s));
    }
    buf_release(&text);
    buf_release(&back);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("b64");
    TCase *t = tcase_create("b64");

    add_cases(t, decodes_whatever_the_split, cases);
    add_cases(t, other_readings_decode_in_their_way, others);
    tcase_add_test(t, other_readings_are_asked_for);
    tcase_add_test(t, a_stop_comes_back);
    tcase_add_test(t, what_was_encoded_decodes);
    suite_add_tcase(s, t);
    return run_suite(s);
}
