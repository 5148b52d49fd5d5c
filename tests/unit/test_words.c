#include <check.h>

#include "convscan/words.h"

static const struct { const char *text, *word; bool is_there; } cases[] = {
    { "The password is: \"s3cret!\".\n", "s3cret!", true },
    { "Password: 1234", "1234", true },
    { "password:1234", "1234", true },
    { "Passwort = geheim.", "geheim", true },
    { "pwd=abc;", "abc", true },
    { "Archive PASSWORD (case matters) is  Xy-9", "Xy-9", true },
    { "\xd0\xbf\xd0\xb0\xd1\x80\xd0\xbe\xd0\xbb\xd1\x8c: qwe", "qwe", true },
    { "nothing of the kind 1234", "1234", false },
    { "password", "", false },
    { "password one two three four five", "four", true },
    { "password one two three four five", "five", false },
};
START_TEST(words_near_password)
{
    struct words w = { .n = 0 };
    bool is_there = false;

    words_from_text(&w, slice_str(cases[_i].text));
    for (size_t i = 0; i < w.n; i++)
        is_there = is_there || slice_eq(w.words[i], slice_str(cases[_i].word));
    ck_assert(is_there == cases[_i].is_there);
}
END_TEST

START_TEST(there_is_an_end)
{
    static char text[200000];
    struct words w = { .n = 0 };
    size_t at = 0;

    for (unsigned i = 0; at + 40 < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "password: %u%.20s ", i, "aaaaaaaaaaaaaaaaaaaaaaaa");
    words_from_text(&w, slice_of(text, at));
    ck_assert_uint_le(w.n, WORDS_MAX);
    ck_assert_uint_le(w.text_n, WORDS_TEXT);
    words_add(&w, slice_of(text, 1000));
    for (size_t i = 0; i < w.n; i++)
        ck_assert_uint_le(w.words[i].n, 64);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("words");
    TCase *t = tcase_create("words");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_loop_test(t, words_near_password, 0, sizeof cases / sizeof *cases);
    tcase_add_test(t, there_is_an_end);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
