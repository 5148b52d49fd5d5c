#include "decodecase.h"
#include "mime/qp.h"

#define BLANKS "                                                                                "

static const struct decode_case cases[] = {
    { "plain", SLICE("Hello, world\r\n"), SLICE("Hello, world\r\n"), false },
    { "escapes", SLICE("=48=65l=6C=6f=3D"), SLICE("Hello="), false },
    { "soft breaks", SLICE("one=\r\n two=\nthree=\rfour"), SLICE("one twothreefour"), false },
    { "soft break with blanks", SLICE("one= \t \r\ntwo"), SLICE("onetwo"), false },
    { "broken escape is kept", SLICE("a=XYb=4Zc=="), SLICE("a=XYb=4Zc="), true },
    { "escape after a broken one", SLICE("==41"), SLICE("=A"), true },
    { "cut escape", SLICE("a=4"), SLICE("a=4"), true },
    { "cut soft break", SLICE("a="), SLICE("a"), false },
    { "cut soft break with blanks", SLICE("a=  "), SLICE("a"), false },
    { "too many blanks for a soft break", SLICE("a=" BLANKS "\nb"), SLICE("a=" BLANKS "\nb"), true },
    { "8-bit and NUL", SLICE("\xe4\0=C3=A4"), SLICE("\xe4\0\xc3\xa4"), false },
    { "blanks at a line's end stay", SLICE("a  \r\nb"), SLICE("a  \r\nb"), false },
    { "a long line of escapes", SLICE("=41=42=43=44=45=46=47=48=49=4A=4B=4C=4D=4E=\r\n=4F=50=51=52xyz=53"),
      SLICE("ABCDEFGHIJKLMNOPQRxyzS"), false },
    { "nothing", SLICE(""), SLICE(""), false },
};

START_TEST(decodes_whatever_the_split)
{
    check_splits(MIME_ENC_QP, cases[_i].in, cases[_i].want, cases[_i].is_damaged, cases[_i].name);
}
END_TEST

static const struct decode_case loose[] = {
    { "doubled", SLICE("==41B"), SLICE("AB"), true },
    { "half an escape", SLICE("=0X=41"), SLICE("A"), true },
    { "letter", SLICE("=P=K"), SLICE("PK"), true },
    { "cut", SLICE("a=4"), SLICE("a"), true },
    { "good ones", SLICE("=41=\r\nB"), SLICE("AB"), false },
};

START_TEST(the_loose_reading_drops_what_is_broken)
{
    check_splits(MIME_ENC_QP_LOOSE, loose[_i].in, loose[_i].want, loose[_i].is_damaged, loose[_i].name);
}
END_TEST

START_TEST(other_readings_drop_what_is_broken)
{
    check_splits(MIME_ENC_QP_TWO, SLICE("=0=41= =42=0=\n"), SLICE("AB"), true, "as two bytes");
    check_splits(MIME_ENC_QP_THREE, SLICE("=XX=41=  =42=0X=43=\n"), SLICE("ABC"), true, "as three bytes");
    check_splits(MIME_ENC_QP_UPPER_THREE, SLICE("=0a=41=\n"), SLICE("A"), true, "small letters, as three bytes");
    check_splits(MIME_ENC_QP_UPPER_TWO, SLICE("=aB=4A"), SLICE("BJ"), true, "small letters, as two bytes");
    ck_assert_int_eq(qp_ambiguity(SLICE("=41=4a= \n")), MIME_ENC_NONE);
    ck_assert_int_eq(qp_ambiguity(SLICE("=4A=4a")), MIME_ENC_QP_UPPER_TWO);
    ck_assert_int_eq(qp_ambiguity(SLICE("=4A=X")), MIME_ENC_QP_TWO);
    ck_assert_int_eq(mime_encoding_next(MIME_ENC_QP), MIME_ENC_NONE);
    ck_assert_int_eq(mime_encoding_next(MIME_ENC_QP_UPPER_THREE), MIME_ENC_QP_TWO);
    ck_assert_int_eq(mime_encoding_next(MIME_ENC_QP_LOOSE), MIME_ENC_NONE);
    ck_assert_int_eq(mime_encoding_next(MIME_ENC_BASE64_NOT), MIME_ENC_BASE64_LOOSE);
    ck_assert_int_eq(mime_encoding_next(MIME_ENC_BASE64_LOOSE), MIME_ENC_NONE);
}
END_TEST

START_TEST(a_stop_comes_back)
{
    check_stop(MIME_ENC_QP, SLICE("abc=41"));
    check_stop(MIME_ENC_QP, SLICE("=4"));
}
END_TEST

/* Long inputs take the fast way; it must say the same as one byte at a time. */
START_TEST(the_fast_way_agrees)
{
    static const char pieces[][8] = { "=41", "=\r\n", "=\n", "x", "hello ", "=3D=3d", "=e4=F6", "\r\n", "=", "=4", "= ", "=g0" };
    char in[512];
    struct buf one = buf_init(4096), all = buf_init(4096);
    uint32_t r = 1;

    for (int turn = 0; turn < 3000; turn++) {
        size_t n = 0;
        struct mime_decoder d;
        while (n < 400) {
            const char *p = pieces[(r >> 16) % (turn % 2 ? 8 : 12)];        /* all good, or with broken ones */
            r = r * 1103515245u + 12345u;
            memcpy(in + n, p, strlen(p));
            n += strlen(p);
        }
        one.n = all.n = 0;
        n -= (r >> 16) % 40;
        mime_decoder_init(&d, MIME_ENC_QP, case_put, &all);
        ck_assert_int_eq(mime_decoder_feed(&d, slice_of(in, n)), CS_OK);
        ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
        mime_decoder_init(&d, MIME_ENC_QP, case_put, &one);
        for (size_t i = 0; i < n; i++)
            if (mime_decoder_feed(&d, slice_of(in + i, 1)) != CS_OK)
                ck_abort();
        ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
        ck_assert(slice_eq(buf_slice(&one), buf_slice(&all)));
    }
    buf_release(&one);
    buf_release(&all);
}
END_TEST

static const struct slice texts[] = {
    SLICE(""), SLICE("a"), SLICE("tab\t\r\nblank \r\nend "), SLICE("From here\n.dot\n-dash\n"),
    SLICE("\xe4\xf6\xfc=?\0\r\x7f"), SLICE("a line that is much longer than seventy-six columns and so has to be cut "
                                           "softly somewhere, twice even, because it goes on and on until it ends.\n"),
};

START_TEST(what_was_encoded_decodes)
{
    struct buf text = buf_init(4096), back = buf_init(4096);
    struct mime_decoder d;

    ck_assert_int_eq(mime_encode(MIME_ENC_QP, texts[_i], "\n", case_put, &text), CS_OK);
    for (size_t i = 0, column = 0; i < text.n; i++) {
        column = text.p[i] == '\n' ? 0 : column + 1;
        ck_assert_uint_le(column, 76);
        ck_assert(text.p[i] < 127 && (text.p[i] >= 32 || text.p[i] == '\n' || text.p[i] == '\t'));
        ck_assert(text.p[i] != '\n' || i == 0 || (text.p[i - 1] != ' ' && text.p[i - 1] != '\t'));
    }
    mime_decoder_init(&d, MIME_ENC_QP, case_put, &back);
    ck_assert_int_eq(mime_decoder_feed(&d, buf_slice(&text)), CS_OK);
    ck_assert_int_eq(mime_decoder_end(&d), CS_OK);
    /* Line ends come back as they were asked for. */
    for (size_t i = 0, k = 0; i < texts[_i].n; i++)
        if (!slice_starts(slice_drop(texts[_i], i), SLICE("\r\n"))) {
            ck_assert_uint_lt(k, back.n);
            ck_assert_uint_eq(back.p[k++], texts[_i].p[i]);
        }
    buf_release(&text);
    buf_release(&back);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("qp");
    TCase *t = tcase_create("qp");

    add_cases(t, decodes_whatever_the_split, cases);
    add_cases(t, the_loose_reading_drops_what_is_broken, loose);
    tcase_add_test(t, a_stop_comes_back);
    tcase_add_test(t, the_fast_way_agrees);
    add_cases(t, what_was_encoded_decodes, texts);
    tcase_add_test(t, other_readings_drop_what_is_broken);
    suite_add_tcase(s, t);
    return run_suite(s);
}
