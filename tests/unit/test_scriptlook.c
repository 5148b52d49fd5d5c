#include <check.h>
#include <stdlib.h>

#include "convscan/scriptlook.h"

static bool is_word(struct slice s, size_t at)
{
    return at < s.n && (ascii_is_alpha(s.p[at]) || ascii_is_digit(s.p[at]) || s.p[at] == '_' || s.p[at] == '$');
}

static bool is_one_of(struct slice s, size_t at, const char *these)
{
    return at < s.n && s.p[at] && strchr(these, s.p[at]);
}

static bool is_coded(struct slice s, size_t at)
{
    return is_word(s, at) || is_one_of(s, at, "+/");
}

/* A digit, and a comma not far behind it. */
static bool begins_list(struct slice s, size_t at)
{
    bool is_near = false;

    for (size_t n = 1; n <= SCRIPT_NEAR; n++)
        is_near = is_near || is_one_of(s, at + n, ",");
    return is_near && is_one_of(s, at, "0123456789");
}

/* The rule in the header, place by place. *maybe: a word that might be long, as far as 64 bytes tell. */
static bool wants_look(struct slice s, size_t at, bool *maybe)
{
    size_t n = 0;

    *maybe = false;
    if (is_one_of(s, at, "\"'`"))
        return true;
    if (is_one_of(s, at, "[{("))
        return is_one_of(s, at + 1, " \t\n\v\f\r-&/_0123456789");
    if (is_one_of(s, at, "/") && is_one_of(s, at + 1, "/*"))
        return true;
    if (is_coded(s, at) && !(at && is_coded(s, at - 1))) {
        for (n = 0; is_coded(s, at + n);)
            n++;
        *maybe = (at + n) % 64 == 0 || (at + n) / 64 != at / 64;
        if (n > SCRIPT_WORD_MAX)
            return true;
    }
    if (!is_word(s, at) || (at && is_word(s, at - 1)))
        return false;
    for (n = 0; is_word(s, at + n);)
        n++;
    *maybe = *maybe || (at + n) % 64 == 0 || (at + n) / 64 != at / 64 || (is_one_of(s, at, "0123456789") && at % 64 + SCRIPT_NEAR >= 64);
    return is_one_of(s, at, "cCfF") || n > SCRIPT_WORD_MAX || begins_list(s, at);
}

static void compare(struct slice s)
{
    struct scriptlook l = scriptlook_of(s);

    for (size_t at = 0; at < s.n; at++) {
        bool maybe = false, is_found;

        if (is_word(s, at))
            continue;
        for (size_t next = scriptlook_next(&l, at); at < s.n; at++) {
            bool is_wanted = wants_look(s, at, &maybe);

            is_found = at == next;
            ck_assert_msg(is_found == is_wanted || (is_found && maybe), "place %zu of %zu: %d", at, s.n, is_wanted);
            ck_assert(!is_found || script_may_begin(s.p[at]));
            if (is_found)
                break;
        }
    }
}

START_TEST(the_rule_place_by_place)
{
    static const char letters[] = "caFf  ..__$$zQ90xx,,++\"'`[{(//**-&\n\t";
    uint8_t text[400];

    srand((unsigned)_i);
    for (unsigned round = 0; round < 300; round++) {
        size_t n = (size_t)rand() % sizeof text;

        for (size_t i = 0; i < n;) {
            uint8_t c = rand() % 8 ? (uint8_t)letters[(size_t)rand() % (sizeof letters - 1)] : (uint8_t)rand();

            for (size_t run = rand() % 8 ? 1 : (size_t)rand() % 70; run && i < n; run--)
                text[i++] = c;
        }
        compare(slice_of(text, n));
    }
}
END_TEST

START_TEST(long_words_are_found)
{
    uint8_t text[200];

    memset(text, ' ', sizeof text);
    memset(text + 1 + _i, 'x', SCRIPT_WORD_MAX + 1);
    struct scriptlook l = scriptlook_of(slice_of(text, sizeof text));

    ck_assert_uint_eq(scriptlook_next(&l, 0), (size_t)_i + 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("scriptlook");
    TCase *t = tcase_create("places");
    SRunner *run = srunner_create(s);

    tcase_add_loop_test(t, the_rule_place_by_place, 0, 20);
    tcase_add_loop_test(t, long_words_are_found, 0, 140);
    suite_add_tcase(s, t);
    srunner_run_all(run, CK_NORMAL);
    int failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed != 0;
}
