#include "decodecase.h"

static const struct decode_case cases[] = {
    { "one file", SLICE("hello\n\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye\n"), SLICE("Cat"), false },
    { "CRLF", SLICE("begin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n"), SLICE("Cat"), false },
    { "blanks for zeros", SLICE("begin 644 z\n#    \n \nend\n"), SLICE("\0\0\0"), false },
    { "blanks lost", SLICE("begin 644 z\n#\n\nend\n"), SLICE("\0\0\0"), false },
    { "two files", SLICE("begin 644 a\n#0V%T\nend\nbegin 600 b\n#0V%T\nend\n"), SLICE("CatCat"), false },
    { "begin follows without end", SLICE("begin 644 a\n#0V%T\nbegin 600 b\n#0V%T\nend"), SLICE("CatCat"), false },
    { "no end", SLICE("begin 644 a\n#0V%T\n"), SLICE("Cat"), true },
    { "cut line", SLICE("begin 644 a\n#0V"), SLICE("C`\0"), true },
    { "a line that is no data", SLICE("begin 644 a\n#0V%T\nplease note:\n#0V%T\nend\n"), SLICE("CatCat"), true },
    { "checksum behind the data", SLICE("begin 644 a\n#0V%TX\nend\n"), SLICE("Cat"), false },
    { "begin-base64", SLICE("begin-base64 644 a\nQ2F0\nQ2F0\n====\n"), SLICE("CatCat"), false },
    { "CR", SLICE("begin 644 cat.txt\r#0V%T\r`\rend\r"), SLICE("Cat"), false },
    { "a sentence", SLICE("begin with this\nend\n"), SLICE(""), false },
    { "a mode as programs write it", SLICE("begin 0100644\tcat\n#0V%T\n`\nend\n"), SLICE("Cat"), false },
    { "no name, two blanks", SLICE("begin  6\n#0V%T\n`\nend\n"), SLICE("Cat"), false },
    { "a mode that is none", SLICE("begin 999 cat\n#0V%T\n`\nend\n"), SLICE(""), false },
    { "begin-base64-encoded", SLICE("begin-base64-encoded 644 YQ==\nQ2F0\n====\n"), SLICE("Cat"), false },
};

START_TEST(decodes_whatever_the_split)
{
    check_splits(MIME_ENC_UU, cases[_i].in, cases[_i].want, cases[_i].is_damaged, cases[_i].name);
}
END_TEST

START_TEST(begin_may_be_missing)
{
    check_splits(MIME_ENC_UU_BARE, SLICE("#0V%T\n#0V%T\n`\n"), SLICE("CatCat"), false, "bare");
    check_splits(MIME_ENC_UU, SLICE("#0V%T\n"), SLICE(""), false, "not bare");
}
END_TEST

START_TEST(a_stop_comes_back)
{
    check_stop(MIME_ENC_UU, SLICE("begin 644 a\n#0V%T\n#0V%T\nend\n"));
}
END_TEST

/* ---- files inside a text, of all three kinds ---- */

struct found_file {
    char text[256];
};

static enum cs_status note_file(void *ctx, struct slice name, struct slice bytes, const char *how)
{
    struct found_file *f = ctx;
    size_t n = strlen(f->text);

    snprintf(f->text + n, sizeof f->text - n, "%s:%.*s:%.*s ", how, (int)name.n, (const char *)name.p, (int)bytes.n,
             (const char *)bytes.p);
    return CS_OK;
}

static const struct {
    struct slice in;
    const char *want;
} texts[] = {
    { SLICE("no file here\nbegin to read\nend\n"), "" },
    { SLICE("begin 644 is what a file begins with\n\nsaid the teacher, and so on, at some length\n"), "" },
    { SLICE("hi\nbegin 644 my cat.txt\n#0V%T\n`\nend\nand\nbegin 600 b\n#0V%T\nend"),
      "uuencode:my cat.txt:Cat uuencode:b:Cat " },
    { SLICE("begin-base64 644 a\nQ2F0\n====\n"), "uuencode:a:Cat " },
    { SLICE("hi\n\nbegin 644 cat.txt\n1Eq3o\n+\nend\n"), "xxencode:cat.txt:Cat " },
    { SLICE("hi\r\n\r\nbegin 644 cat.txt\r\n1Eq3o\r\n+\r\nend\r\n"), "xxencode:cat.txt:Cat " },
    { SLICE("begin 644 both\n1EG3C\n+\nend\n"), "uuencode:both:\x96t\xe3 xxencode:both:A!N " },
    { SLICE("begin 644 a\n1Eq3\nend\n"), "" },       /* a digit is missing, and it is no uuencode */
    { SLICE("hi\r\rbegin 644 a\r#0V%T\r`\rend\rbye\r"), "uuencode:a:Cat " },
    { SLICE("x\r\n=ybegin line=128 size=3 name=cat.txt\r\nm\x8b\x9e\r\n=yend size=3\r\ny"), "yenc:cat.txt:Cat " },
};

START_TEST(files_inside_a_text_are_found)
{
    struct found_file f = { "" };

    ck_assert_int_eq(mime_find_embedded(texts[_i].in, 1 << 20, note_file, &f), CS_OK);
    ck_assert_str_eq(f.text, texts[_i].want);
}
END_TEST

START_TEST(a_file_is_cut_at_the_limit_and_said_to_be)
{
    struct found_file f = { "" };

    ck_assert_int_eq(mime_find_embedded(texts[2].in, 2, note_file, &f), CS_LIMIT);
    ck_assert_str_eq(f.text, "uuencode:my cat.txt:Ca ");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("uu");
    TCase *t = tcase_create("uu");

    add_cases(t, decodes_whatever_the_split, cases);
    tcase_add_test(t, begin_may_be_missing);
    tcase_add_test(t, a_stop_comes_back);
    add_cases(t, files_inside_a_text_are_found, texts);
    tcase_add_test(t, a_file_is_cut_at_the_limit_and_said_to_be);
    suite_add_tcase(s, t);
    return run_suite(s);
}
