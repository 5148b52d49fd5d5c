#include "decodecase.h"

#include "base/arena.h"

static const struct {
    struct slice in;
    const char *want;
} cases[] = {
    { SLICE("plain text"), "plain text" },
    { SLICE("=?utf-8?B?ZXZpbC5leGU=?="), "evil.exe" },
    { SLICE("=?iso-8859-1?Q?=65vil=2Eexe?="), "evil.exe" },
    { SLICE("=?iso-8859-1?q?a_b=20c?="), "a b c" },
    { SLICE("=?ISO-8859-1*de?Q?gr=FC=DF?="), "gr\xc3\xbc\xc3\x9f" },
    { SLICE("a =?utf-8?q?b?= c"), "a b c" },
    { SLICE("=?utf-8?q?a?= =?utf-8?q?b?="), "ab" },
    { SLICE("=?utf-8?q?a?=\r\n\t=?koi8-r?q?=D4?="), "a\xd1\x82" },
    { SLICE("=?utf-8?B?4oI=?= =?utf-8?B?rA==?="), "\xe2\x82\xac" },
    { SLICE("x=?utf-8?q?a?=y"), "xay" },
    { SLICE("=?utf-8?q?a?==?utf-8?q?b?="), "ab" },
    { SLICE("=?utf-8?q?has a blank?="), "has a blank" },
    { SLICE("=?utf-8?B?ZXZpbC5leGU"), "evil.exe" },
    { SLICE("=?utf-8?X?abc?="), "=?utf-8?X?abc?=" },
    { SLICE("=?utf-8?"), "=?utf-8?" },
    { SLICE("=?x-unknown?q?a=FC?="), "a\xc3\xbc" },
    { SLICE("gr\xfc\xdf"), "gr\xc3\xbc\xc3\x9f" },
    { SLICE("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f" },
    { SLICE("folded\r\n value"), "folded value" },
    { SLICE("=?utf-8?Q?=3D?="), "=" },
    { SLICE("  trimmed "), "trimmed" },
    { SLICE("a = b =? c"), "a = b =? c" },
    { SLICE(""), "" },
};

START_TEST(words_are_decoded)
{
    struct arena a;
    struct slice got;

    ck_assert_int_eq(arena_init(&a, 1 << 16), CS_OK);
    got = mime_words_decode(cases[_i].in, &a);
    ck_assert_msg(got.p && slice_eq(got, slice_str(cases[_i].want)), "%d: %.*s", _i, (int)got.n, (const char *)got.p);
    arena_release(&a);
}
END_TEST

/* With every size of arena: the text, or NULL, never less than the text. */
START_TEST(a_small_arena_is_said_to_be_full)
{
    struct arena a;
    size_t n_full = 0;

    for (size_t room = 1; room < 128; room++) {
        struct slice in = SLICE("abc =?utf-8?B?ZXZpbC5leGU=?= gr\xfc\xdf"), got;
        ck_assert_int_eq(arena_init(&a, 4096), CS_OK);
        a.end = a.base + room;
        got = mime_words_decode(in, &a);
        n_full += !got.p;
        if (got.p)
            ck_assert(slice_eq(got, SLICE("abc evil.exe gr\xc3\xbc\xc3\x9f")));
        a.end = a.base + 4096;
        arena_release(&a);
    }
    ck_assert_uint_gt(n_full, 10);
    ck_assert_uint_lt(n_full, 100);
}
END_TEST

START_TEST(hostile_fields_take_linear_time)
{
    enum { N = 1 << 20 };
    static const char *const pieces[] = { "=?", "=?utf-8?", "=?utf-8?q?", "?=", "=?a?b?" };
    char *text = malloc(N);
    struct arena a;

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(arena_init(&a, 16 << 20), CS_OK);
    for (size_t i = 0; i < N; i++)
        text[i] = pieces[_i][i % strlen(pieces[_i])];
    ck_assert_ptr_nonnull(mime_words_decode(slice_of(text, N), &a).p);
    arena_release(&a);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("word");
    TCase *t = tcase_create("word");

    add_cases(t, words_are_decoded, cases);
    tcase_add_test(t, a_small_arena_is_said_to_be_full);
    tcase_add_loop_test(t, hostile_fields_take_linear_time, 0, 5);
    suite_add_tcase(s, t);
    return run_suite(s);
}
