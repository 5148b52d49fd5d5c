#include "decodecase.h"

#include "mime/param.h"

/* A value as one line: token, then name=value of each parameter. */
static const struct {
    struct slice in;
    const char *want;
} values[] = {
    { SLICE("text/plain"), "text/plain" },
    { SLICE(" Text/HTML ; Charset = \"UTF-8\" ; x=y"), "text/html|charset=UTF-8|x=y" },
    { SLICE("text / plain"), "text/plain" },
    { SLICE("text/ plain;a=b"), "text/plain|a=b" },
    { SLICE("text/plain (a (nested) comment); a=b"), "text/plain|a=b" },
    { SLICE("(c)text/plain(c);(c)a(c)=(c)\"b\"(c)"), "text/plain|a=b" },
    { SLICE("text/html charset=utf-8"), "text/html|charset=utf-8" },
    { SLICE("text/html;;; charset=utf-8;"), "text/html|charset=utf-8" },
    { SLICE("text/plain; charset=us-ascii name=\"x.exe\""), "text/plain|charset=us-ascii|name=x.exe" },
    { SLICE("attachment; filename=My File.pdf; size=3"), "attachment|filename=My File.pdf|size=3" },
    { SLICE("attachment; filename=\"a\\\"b\\\\c\\d\""), "attachment|filename=a\"b\\c\\d" },
    { SLICE("attachment; filename=\"a;b\"; c=d"), "attachment|filename=a;b|c=d" },
    { SLICE("attachment;\r\n\tfilename=\"long\r\n name\""), "attachment|filename=long name" },
    { SLICE("attachment; filename=\"open; x=y"), "attachment|filename=open; x=y" },
    { SLICE("boundary=abc"), "|boundary=abc" },
    { SLICE("; name=x"), "|name=x" },
    { SLICE(""), "" },
    { SLICE("multipart/mixed; boundary=\r\n abc"), "multipart/mixed|boundary=abc" },
    { SLICE("multipart/mixed; boundary\r\n =\r\n abc"), "multipart/mixed|boundary=abc" },
    { SLICE("x; name*=utf-8''%65vil%2Eexe"), "x|name=evil.exe" },
    { SLICE("x; name*0=\"ev\"; name*1=\"il.e\"; name*2=xe"), "x|name=evil.exe" },
    { SLICE("x; name*1=b; name*0=a"), "x|name=ab" },
    { SLICE("x; name*0*=utf-8''%65; name*1=v%20; name*2*=%69l"), "x|name=ev%20il" },
    { SLICE("x; name*=iso-8859-1'de'gr%FC%DF"), "x|name=gr\xc3\xbc\xc3\x9f" },
    { SLICE("x; name*=%65"), "x|name=e" },
    { SLICE("x; name=\"=?utf-8?B?ZXZpbC5leGU=?=\""), "x|name=evil.exe" },
    { SLICE("x; name=a; name=b"), "x|name=a" },
    { SLICE("x; =y; a=b"), "x|a=b" },
    { SLICE("x; novalue; a=b"), "x|a=b" },
    { SLICE("x; a=; b=c"), "x|a=|b=c" },
};

START_TEST(values_are_split)
{
    struct mime_value v;
    struct arena a;
    struct buf out = buf_init(4096);

    ck_assert_int_eq(arena_init(&a, 1 << 20), CS_OK);
    ck_assert_int_eq(mime_value_parse(values[_i].in, &a, &v), CS_OK);
    ck_assert_int_eq(buf_put(&out, v.token), CS_OK);
    for (size_t i = 0; i < v.n_params; i++)
        ck_assert_int_eq(buf_printf(&out, "|%.*s=%.*s", (int)v.params[i].name.n, (const char *)v.params[i].name.p,
                                    (int)v.params[i].value.n, (const char *)v.params[i].value.p), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(values[_i].want)), "%d: %.*s", _i, (int)out.n, (char *)out.p);
    buf_release(&out);
    arena_release(&a);
}
END_TEST

/* Readings, the likeliest first, with '|' between them. */
struct reading_case {
    struct slice in;
    const char *want;
};

static const struct reading_case names[] = {
    { SLICE("a; filename=x.txt"), "x.txt" },
    { SLICE("a; filename=x.png; filename*=''x.zip"), "x.zip|x.png" },
    { SLICE("a; filename=x.zip; filename=x.png"), "x.zip|x.png" },
    { SLICE("a; filename*1=zip; filename*0=x."), "x.zip|zipx." },
    { SLICE("a; filename*2=zip; filename*1=x."), "x.zip|zipx." },
    { SLICE("a; filename=x.z(.gif)ip"), "x.z(.gif)ip|x.zip" },
    { SLICE("a; filename=\"x (1).zip\""), "x (1).zip" },
    { SLICE("a; filename=\"=?utf-8?q?x.zip?=\""), "x.zip|=?utf-8?q?x.zip?=" },
    { SLICE("a; filename*0=\"=?utf-8?q?x.\"; filename*1=\"zip?=\""), "x.zip|=?utf-8?q?x.zip?=" },
    { SLICE("a; filename=\"x.e\r\n xe\""), "x.e xe|x.exe" },
    { SLICE("a; filename=\"x.e\\xe\""), "x.e\\xe|x.exe" },
    { SLICE("a; filename=\"x.exe;.txt\""), "x.exe;.txt|x.exe" },
    { SLICE("a; filename=\"x.exe\0.txt\""), NULL },
    { SLICE("a; filename=x.exe .txt"), "x.exe .txt|x.exe" },
    { SLICE("a; filename=x.txt;.exe; size=3"), "x.txt|x.txt;.exe" },
    { SLICE("a; filename=x.txt\\;.exe"), "x.txt\\|x.txt\\;.exe|x.txt;.exe" },
    { SLICE("a; filename='x.exe'"), "'x.exe'|x.exe" },
    { SLICE("a; filename=\"x\".exe"), "x|\"x\".exe" },
    { SLICE("a; filename=x%2Eexe"), "x%2Eexe|x.exe" },
    { SLICE("a; filename=\"gr\xfc\xdf.exe\""), "gr\xc3\xbc\xc3\x9f.exe" },
    { SLICE("a; filename=\"\""), "" },
    { SLICE("a; filename*=UTF-16''%00x%00.%00c%00o%00m"), "x.com" },
};

static const struct reading_case boundaries[] = {
    { SLICE("m; boundary=abc"), "abc" },
    { SLICE("m; boundary=\"abc \""), "abc|abc " },
    { SLICE("m; boundary=\"\""), "" },
    { SLICE("m; boundary=\"abc"), "abc|\"abc" },
    { SLICE("m; boundary=abc\\;def"), "abc\\|abc\\;def|abc;def" },
    { SLICE("m; boundary=abc (comment)"), "abc (comment)|abc" },
    { SLICE("m; boundary*0=b%5F; boundary*1=c"), "b%5Fc|b_c" },
    { SLICE("m; boundary*1=''b%5F; boundary*0=c"), "c''b%5F|cb_|b_c" },
    { SLICE("m; boundary*=UTF-16''%00a%00b"), "ab" },
    { SLICE("m; boundary=a; boundary=b"), "a|b" },
    { SLICE("m; boundary=a; boundary*=''b"), "a|b" },
    { SLICE("m; boundary=\"a\r\n b\""), "a b|ab" },
    { SLICE("m; boundary=\"a;b\""), "a;b|a" },
    { SLICE("m; boundary=\"a b\""), "a b" },
    { SLICE("m; boundary=\"a\\b\""), "a\\b|ab" },
    { SLICE("m; boundary=\"a\"b"), "a|\"a\"b" },
    { SLICE("m; boundary=a%62"), "a%62" },
    { SLICE("m; boundary*0=a; boundary*2=b"), "ab" },
    { SLICE("m; boundary*0=a; boundary*0=b"), "a|b|ab" },
    { SLICE("m; boundary=a b"), "a b|a" },
    { SLICE("m; boundary='a'"), "'a'|a" },
};

static void check_readings(const struct reading_case *c, bool is_name)
{
    struct slice list[MIME_NAMES];
    struct readings r = { .list = list, .max = MIME_NAMES };
    struct mime_value v;
    struct arena a;
    struct buf out = buf_init(4096);

    ck_assert_int_eq(arena_init(&a, 1 << 20), CS_OK);
    ck_assert_int_eq(mime_value_parse(c->in, &a, &v), CS_OK);
    if (is_name) {
        ck_assert_int_eq(param_names(&v, "filename", &a, &r), CS_OK);
        ck_assert_int_eq(param_odd_names(&v, "filename", &a, &r), CS_OK);
    } else {
        ck_assert_int_eq(param_boundaries(&v, &a, &r), CS_OK);
    }
    for (size_t i = 0; i < r.n; i++)
        ck_assert_int_eq(buf_printf(&out, "%s%.*s", i ? "|" : "", (int)list[i].n, (const char *)list[i].p), CS_OK);
    if (c->want)
        ck_assert_msg(slice_eq(buf_slice(&out), slice_str(c->want)), "%.*s: %.*s", (int)c->in.n, (const char *)c->in.p,
                      (int)out.n, (char *)out.p);
    else
        ck_assert(slice_eq(list[r.n - 1], SLICE("x.exe")));
    buf_release(&out);
    arena_release(&a);
}

START_TEST(names_have_all_their_readings)
{
    check_readings(&names[_i], true);
}
END_TEST

START_TEST(boundaries_have_all_their_readings)
{
    check_readings(&boundaries[_i], false);
}
END_TEST

/* However small the arena: a status, never a wrong answer; and many parameters take linear time. */
START_TEST(a_full_arena_is_a_status)
{
    struct slice in = SLICE("x; name*0*=utf-8''%65; name*1=v; filename=\"=?utf-8?q?x?=\"; c=d");
    struct mime_value v;
    size_t n_failed = 0;

    for (size_t room = 0; room < 4096; room += 8) {
        struct arena a;
        ck_assert_int_eq(arena_init(&a, 4096), CS_OK);
        a.end = a.base + room;
        if (mime_value_parse(in, &a, &v) != CS_OK)
            n_failed++;
        else
            ck_assert(v.n_params == 3 && slice_eq(v.params[0].value, SLICE("ev")));
        a.end = a.base + 4096;
        arena_release(&a);
    }
    ck_assert_uint_gt(n_failed, 10);
    ck_assert_uint_lt(n_failed, 500);
}
END_TEST

START_TEST(hostile_values_take_linear_time)
{
    enum { N = 1 << 20 };
    static const char *const pieces[] = { "a*0=b;", "a*1*='';", "((((", "a=\"\\\";", ";", "a b=", "=?utf-8?q?=?=;a=", "(;" };
    struct slice list[MIME_NAMES];
    struct readings r = { .list = list, .max = MIME_NAMES };
    char *text = malloc(N);
    struct mime_value v;
    struct arena a;

    ck_assert_ptr_nonnull(text);
    ck_assert_int_eq(arena_init(&a, 256 << 20), CS_OK);
    for (size_t i = 0; i < N; i++)
        text[i] = i < 2 ? "x;"[i] : pieces[_i][i % strlen(pieces[_i])];
    ck_assert_int_eq(mime_value_parse(slice_of(text, N), &a, &v), CS_OK);
    ck_assert_int_eq(param_names(&v, "a", &a, &r), CS_OK);
    ck_assert_int_eq(param_odd_names(&v, "a", &a, &r), CS_OK);
    arena_release(&a);
    free(text);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("param");
    TCase *t = tcase_create("param");

    add_cases(t, values_are_split, values);
    add_cases(t, names_have_all_their_readings, names);
    add_cases(t, boundaries_have_all_their_readings, boundaries);
    tcase_add_test(t, a_full_arena_is_a_status);
    tcase_add_loop_test(t, hostile_values_take_linear_time, 0, 8);
    suite_add_tcase(s, t);
    return run_suite(s);
}
