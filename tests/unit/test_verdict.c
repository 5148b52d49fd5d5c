#include <check.h>

#include "base/buf.h"
#include "convscan/json.h"
#include "base/safe.h"
#include "convscan/verdict.h"

START_TEST(worse_wins_in_any_order)
{
    static const enum cls order[] = { CLS_CLEAN, CLS_ENCRYPTED, CLS_SPAM, CLS_EXT, CLS_LIMIT, CLS_ERROR, CLS_VIRUS };

    for (size_t a = 1; a < CLS_N; a++)
        for (size_t b = 1; b < CLS_N; b++) {
            struct verdict v = { .keeps_all = true };

            verdict_add(&v, order[a], SLICE("a"), SLICE(""), 0);
            verdict_add(&v, order[b], SLICE("b"), SLICE(""), 0);
            ck_assert_int_eq(v.worst.cls, order[a > b ? a : b]);
            ck_assert_uint_eq(v.n_hits, 2);
            verdict_release(&v);
        }
}
END_TEST

START_TEST(the_same_finding_is_kept_once)
{
    struct verdict v = { .keeps_all = true };

    for (int i = 0; i < 5; i++)
        verdict_add(&v, CLS_VIRUS, SLICE("X"), SLICE("a!b"), 3);
    ck_assert_uint_eq(v.n_hits, 1);
    for (uint64_t i = 0; i < VERDICT_HITS + 10; i++) {
        char name[32];

        snprintf(name, sizeof name, "X%d", (int)i);
        verdict_add(&v, CLS_VIRUS, slice_str(name), SLICE(""), i);
    }
    ck_assert_uint_eq(v.n_hits, VERDICT_HITS);
    verdict_release(&v);
}
END_TEST

START_TEST(class_names_go_both_ways)
{
    for (int c = 0; c < CLS_N; c++) {
        enum cls out = CLS_N;

        ck_assert(cls_find(slice_str(cls_name((enum cls)c)), &out) && (int)out == c);
    }
}
END_TEST

static const struct { const char *in; size_t n; const char *text, *ascii; } safe[] = {
    { "plain", 5, "plain", "plain" },
    { "a\nSTATUS=1\r\n", 12, "a?STATUS=1??", "a?STATUS=1??" },
    { "say \"x\"", 7, "say 'x'", "say 'x'" },
    { "\x1b[2J\x7f", 5, "?[2J?", "?[2J?" },
    { "a\0b", 3, "a?b", "a?b" },
    { "gr\xc3\xbc\xc3\x9f", 6, "gr\xc3\xbc\xc3\x9f", "gr??" },
    { "\xc2\x85\xe2\x80\xa8\xe2\x80\xae", 8, "???", "???" },
    { "\xff\xfe\xc3", 3, "???", "???" },
    { "\xed\xa0\x80", 3, "???", "???" },
    { "\xc0\xaf", 2, "??", "??" },
};
START_TEST(text_is_made_safe)
{
    char out[64];

    ck_assert_uint_eq(safe_text(out, sizeof out, slice_of(safe[_i].in, safe[_i].n)), strlen(safe[_i].text));
    ck_assert_str_eq(out, safe[_i].text);
    safe_ascii(out, sizeof out, slice_of(safe[_i].in, safe[_i].n));
    ck_assert_str_eq(out, safe[_i].ascii);
}
END_TEST

START_TEST(text_is_cut_at_a_character)
{
    char out[8];

    for (size_t room = 1; room <= sizeof out; room++) {
        size_t n = safe_text(out, room, SLICE("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"));

        ck_assert_uint_lt(n, room);
        ck_assert(n == 0 || n == 2 || n == 5);
        ck_assert_uint_eq(strlen(out), n);
    }
}
END_TEST

START_TEST(json_holds_any_bytes)
{
    struct buf b = buf_init(4096);
    struct json j = { .out = &b };

    json_open(&j, NULL, '{');
    json_text(&j, "a", slice_of("\"\\\n\0\xff\xc3\xbc", 7));
    json_number(&j, "n", UINT64_MAX);
    json_open(&j, "list", '[');
    json_bool(&j, NULL, true);
    json_number(&j, NULL, 0);
    json_close(&j, ']');
    json_close(&j, '}');
    ck_assert(!j.is_cut);
    ck_assert(slice_eq(buf_slice(&b), SLICE("{\"a\":\"\\\"\\\\\\u000a\\u0000\xef\xbf\xbd\xc3\xbc\",\"n\":18446744073709551615,"
                                            "\"list\":[true,0]}")));
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verdict");
    TCase *t = tcase_create("verdict");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, worse_wins_in_any_order);
    tcase_add_test(t, the_same_finding_is_kept_once);
    tcase_add_test(t, class_names_go_both_ways);
    tcase_add_loop_test(t, text_is_made_safe, 0, sizeof safe / sizeof *safe);
    tcase_add_test(t, text_is_cut_at_a_character);
    tcase_add_test(t, json_holds_any_bytes);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
