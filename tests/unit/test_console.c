/* The console's pieces that need no network: escaping, queries, cookies, users, sessions, form tokens, tries, rates, the index's answers. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/app.h"
#include "console/audit.h"
#include "console/child.h"
#include "console/seal.h"

static const char *made(struct page *p)
{
    ck_assert(!p->is_cut && buf_putc(&p->out, 0) == CS_OK);
    return (const char *)p->out.p;
}

/* ---- escaping ---- */

START_TEST(texts_are_escaped)
{
    static const struct { const char *in, *out; } rows[] = {
        { "plain", "plain" },
        { "<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;" },
        { "a\nb\tc", "a\nb\tc" },
        { "a\rb\x1b[2J\x7f", "a\xef\xbf\xbd" "b\xef\xbf\xbd[2J\xef\xbf\xbd" },
        { "\xe2\x80\xae" "gpj", "\xef\xbf\xbd" "gpj" },
        { "\xc3\xbc\xd7\xa9", "\xc3\xbc\xd7\xa9" },
        { "\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "$$", "$$" },
        { "", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct page p;

        page_init(&p);
        page(&p, "<i title=\"$\">$</i>", rows[i].in, "$");
        ck_assert_msg(strncmp(made(&p) + 10, rows[i].out, strlen(rows[i].out)) == 0, "row %zu: %s", i, (const char *)p.out.p);
        ck_assert_msg(strcmp(made(&p) + 10 + strlen(rows[i].out), "\">$</i>") == 0, "row %zu: %s", i, (const char *)p.out.p);
        page_release(&p);
    }
}
END_TEST

START_TEST(a_text_too_few_is_empty)
{
    struct page p;

    page_init(&p);
    page(&p, "$-$");
    ck_assert_str_eq(made(&p), "-");
    page_release(&p);
    page_init(&p);
    page_url(&p, "a b/?&=\xc3\xbc\"<");
    ck_assert_str_eq(made(&p), "a%20b%2F%3F%26%3D%C3%BC%22%3C");
    page_release(&p);
}
END_TEST

START_TEST(values_as_texts)
{
    ck_assert_str_eq(NUMBER(0), "0");
    ck_assert_str_eq(NUMBER(999), "999");
    ck_assert_str_eq(NUMBER(1234567), "1,234,567");
    ck_assert_str_eq(NUMBER(-5), "0");
    ck_assert_str_eq(BYTES(999), "999 B");
    ck_assert_str_eq(BYTES(1536), "1.5 KB");
    ck_assert_str_eq(BYTES(1e30), BYTES(1e30));
    ck_assert_str_eq(AGE(-1), "-");
    ck_assert_str_eq(AGE(90), "90 s");
    ck_assert_str_eq(AGE(3 * 3600), "3 h");
    ck_assert_str_eq(TIME(0), "-");
}
END_TEST

/* ---- queries and cookies ---- */

START_TEST(queries)
{
    static const struct { const char *in; bool is_good; const char *name, *value; } rows[] = {
        { "", true, "a", "" },         { "a=b", true, "a", "b" },       { "a=b&a=c", true, "a", "b" }, { "&&a=b&", true, "a", "b" },
        { "a", true, "a", "" },        { "a=b=c", true, "a", "b=c" },   { "a=%41+%2b", true, "a", "A +" }, { "%61=1", true, "a", "1" },
        { "a=%", false, "", "" },      { "a=%4", false, "", "" },       { "a=%4g", false, "", "" },     { "a=%00", false, "", "" },
        { "a=%ff", false, "", "" },    { "a=%c3%bc", true, "a", "\xc3\xbc" }, { "a=%c0%af", false, "", "" }, { "a=%ed%a0%80", false, "", "" },
        { "A=1", true, "a", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct query q;

        ck_assert_msg(query_read(&q, slice_str(rows[i].in)) == rows[i].is_good, "row %zu", i);
        if (rows[i].is_good)
            ck_assert_msg(strcmp(query_get(&q, rows[i].name), rows[i].value) == 0, "row %zu: %s", i, query_get(&q, rows[i].name));
        query_release(&q);
    }
}
END_TEST

START_TEST(queries_are_bounded)
{
    char *text = malloc(QUERY_BYTES + 2);
    struct query q;

    ck_assert_ptr_nonnull(text);
    memset(text, 'a', QUERY_BYTES + 1);
    ck_assert(query_read(&q, slice_of(text, QUERY_BYTES)));
    query_release(&q);
    ck_assert(!query_read(&q, slice_of(text, QUERY_BYTES + 1)));
    for (size_t i = 0; i < 2 * (QUERY_FIELDS + 1); i += 2)
        memcpy(text + i, "a&", 2);
    ck_assert(query_read(&q, slice_of(text, 2 * QUERY_FIELDS)));
    query_release(&q);
    ck_assert(!query_read(&q, slice_of(text, 2 * (QUERY_FIELDS + 1))));
    free(text);
}
END_TEST

START_TEST(numbers)
{
    struct query q;

    ck_assert(query_read(&q, SLICE("a=12&b=-1&c=1x&d=&e=9999999999999999999&f=999999999999999999")));
    ck_assert_int_eq(query_number(&q, "a", -7), 12);
    ck_assert_int_eq(query_number(&q, "b", -7), -7);
    ck_assert_int_eq(query_number(&q, "c", -7), -7);
    ck_assert_int_eq(query_number(&q, "d", -7), -7);
    ck_assert_int_eq(query_number(&q, "e", -7), -7);
    ck_assert_int_eq(query_number(&q, "f", -7), 999999999999999999);
    query_release(&q);
}
END_TEST

START_TEST(cookies)
{
    static const struct { const char *in, *out; } rows[] = {
        { "a=1", "1" }, { "b=2; a=1", "1" }, { "b=2;a=1;c=3", "1" }, { "xa=2", "" }, { "a", "" }, { "", "" }, { " a=1 ", "1" }, { "a=1; a=2", "1" }, { "a=b=c", "b=c" }, { ";;=;", "" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        ck_assert_msg(slice_eq(query_cookie(slice_str(rows[i].in), "a"), slice_str(rows[i].out)), "row %zu", i);
}
END_TEST

/* ---- users ---- */

START_TEST(users_file)
{
    static const struct { const char *text; size_t n; size_t bad_line; } rows[] = {
        { "", 0, 0 },
        { "# a remark\n\nu:$y$x:r:a.example\n", 1, 0 },
        { "u:$y$x:rw:*\nv:$y$x:r:All\n", 2, 0 },
        { "u:$y$x:rw:*\nu:$y$x:r:*\n", 0, 2 },
        { "u:$y$x:w:*\n", 0, 1 },
        { "u:$y$x:rw:\n", 0, 1 },
        { "u:$y$x:rw\n", 0, 1 },
        { "u::rw:*\n", 0, 1 },
        { "u u:$y$x:rw:*\n", 0, 1 },
        { "u:$y$x:rw:a/b\n", 0, 1 },
        { "u:$y$x:rw:a.example\"b\n", 0, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct users u;
        size_t line;
        enum cs_status st = users_parse(&u, slice_str(rows[i].text), &line);

        ck_assert_msg((st == CS_OK) == (rows[i].bad_line == 0) && u.n == rows[i].n, "row %zu: %d %zu", i, st, u.n);
        if (st != CS_OK)
            ck_assert_msg(line == rows[i].bad_line, "row %zu: line %zu", i, line);
        users_release(&u);
    }
}
END_TEST

START_TEST(whose_address)
{
    static const struct { const char *domains, *address; bool owns; } rows[] = {
        { "a.example", "x@a.example", true },        { "a.example", "<x@A.Example>", true },      { "a.example", "x@b.a.example", false },
        { "a.example", "x@aa.example", false },      { "a.example", "x@a.example.b.example", false }, { "a.example", "x", false },
        { "a.example", "", false },                  { "a.example", "x@b.example@a.example", true }, { "a.example,b.example", "x@b.example", true },
        { "a.example", "x@", false },                { "*", "x@any.example", true },              { "*", "", true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct user u = { .can_write = true };

        snprintf(u.domains, sizeof u.domains, "%s", rows[i].domains);
        ck_assert_msg(user_owns(&u, slice_str(rows[i].address)) == rows[i].owns, "row %zu", i);
    }
}
END_TEST

START_TEST(passwords)
{
    char path[] = "/tmp/test-console-XXXXXX";
    int fd = mkstemp(path);
    struct user u = { .name = "u", .domains = "a.example", .can_write = true }, bad = { .name = "a:b", .domains = "*" };
    struct users all;
    size_t line;

    ck_assert(fd >= 0 && close(fd) == 0);
    ck_assert_int_eq(users_add(path, &u, "first password"), CS_OK);
    snprintf(u.domains, sizeof u.domains, "*");
    ck_assert_int_eq(users_add(path, &u, "second password"), CS_OK);
    ck_assert_int_eq(users_add(path, &bad, "a password"), CS_INVALID);
    ck_assert_int_eq(users_add(path, &u, ""), CS_INVALID);
    ck_assert_int_eq(users_read(&all, path, &line), CS_OK);
    ck_assert_uint_eq(all.n, 1);
    ck_assert(strncmp(all.all[0].hash, "$y$", 3) == 0 && user_has_all(&all.all[0]));
    ck_assert(user_check(&all.all[0], "second password"));
    ck_assert(!user_check(&all.all[0], "first password"));
    ck_assert(!user_check(&all.all[0], ""));
    ck_assert(!user_check(NULL, "second password"));
    users_release(&all);
    ck_assert_int_eq(chmod(path, 0644), 0);
    ck_assert_int_eq(users_read(&all, path, &line), CS_UNSAFE);
    unlink(path);
}
END_TEST

/* ---- sessions, form tokens, tries ---- */

static struct sessions sessions;

START_TEST(session_life)
{
    struct user u = { .name = "u", .hash = "$y$x" };
    char a[TOKEN_HEX], b[TOKEN_HEX], name[USER_NAME], password[TOKEN_HEX];

    ck_assert(sessions_init(&sessions));
    ck_assert(session_start(&sessions, &u, 1000, a) && session_start(&sessions, &u, 1000, b));
    ck_assert_str_ne(a, b);
    ck_assert(session_find(&sessions, slice_str(a), 1000 + SESSION_IDLE - 1, true, name, password));
    ck_assert_str_eq(name, "u");
    ck_assert(session_find(&sessions, slice_str(a), 1000 + 2 * SESSION_IDLE - 2, false, name, password));
    ck_assert(!session_find(&sessions, slice_str(b), 1000 + 2 * SESSION_IDLE - 2, true, name, password));     /* unused too long */
    for (double t = 1000; t < 1000 + SESSION_LONGEST; t += 600)
        ck_assert(session_find(&sessions, slice_str(a), t, true, name, password));
    ck_assert(!session_find(&sessions, slice_str(a), 1000 + SESSION_LONGEST, true, name, password));
    ck_assert(session_start(&sessions, &u, 1e6, a));
    session_end(&sessions, slice_str(a));
    ck_assert(!session_find(&sessions, slice_str(a), 1e6, true, name, password));
    ck_assert(!session_find(&sessions, SLICE(""), 1e6, true, name, password));
}
END_TEST

START_TEST(a_full_table_forgets_the_oldest)
{
    struct user u = { .name = "u" };
    char first[TOKEN_HEX], second[TOKEN_HEX], t[TOKEN_HEX], name[USER_NAME], password[TOKEN_HEX];

    ck_assert(sessions_init(&sessions));
    ck_assert(session_start(&sessions, &u, 1000, first) && session_start(&sessions, &u, 1001, second));
    for (int i = 0; i < SESSIONS - 1; i++)
        ck_assert(session_start(&sessions, &u, 1002, t));
    ck_assert(!session_find(&sessions, slice_str(first), 1003, true, name, password));
    ck_assert(session_find(&sessions, slice_str(second), 1003, true, name, password));
}
END_TEST

START_TEST(form_tokens)
{
    char a[TOKEN_HEX], b[TOKEN_HEX], key[TOKEN_HEX];

    ck_assert(sessions_init(&sessions) && token_make(a) && token_make(b));
    form_token(&sessions, slice_str(a), key);
    ck_assert(form_token_fits(&sessions, slice_str(a), key));
    ck_assert(!form_token_fits(&sessions, slice_str(b), key));
    ck_assert(!form_token_fits(&sessions, slice_str(a), ""));
    ck_assert(!form_token_fits(&sessions, slice_str(""), key));
    ck_assert_str_ne(a, key);
    key[5] ^= 1;
    ck_assert(!form_token_fits(&sessions, slice_str(a), key));
    ck_assert(is_same_secret("abc", "abc", 3) && !is_same_secret("abc", "abd", 3) && !is_same_secret("bbc", "abc", 3));
}
END_TEST

static struct throttle tries;

START_TEST(tries_leak)
{
    ck_assert(throttle_init(&tries, 5, 60));
    for (int i = 0; i < 5; i++)
        ck_assert(throttle_take(&tries, "a", 1000) <= 0);
    ck_assert_double_eq(throttle_take(&tries, "a", 1000), 60);
    ck_assert_double_eq(throttle_take(&tries, "a", 1030), 30);     /* a refused try does not add to the wait */
    ck_assert(throttle_take(&tries, "a", 1060) <= 0);
    ck_assert(throttle_take(&tries, "a", 1060) > 0);
    ck_assert(throttle_take(&tries, "b", 1000) <= 0);
    throttle_forget(&tries, "a");
    for (int i = 0; i < 5; i++)
        ck_assert(throttle_take(&tries, "a", 1061) <= 0);
}
END_TEST

/* ---- rates ---- */

static struct rates rates;

START_TEST(rates_by_hour)
{
    static struct rate_hour hours[RATE_HOURS];

    rates_init(&rates);
    for (int i = 0; i < 100; i++) {
        char line[128];

        snprintf(line, sizeof line, "time=2026-01-02T03:10:00Z id=x class=%s size=10 us=%d", i < 90 ? "clean" : "virus", i < 95 ? 1000 : 100000);
        rates_line(&rates, slice_str(line));
    }
    rates_line(&rates, SLICE("time=2026-01-02T04:10:00Z id=x class=odd size=10 us=1"));
    rates_line(&rates, SLICE("time=2025-01-02T04:10:00Z id=x class=clean size=10 us=1"));
    rates_line(&rates, SLICE("no record"));
    rates_copy(&rates, 1767328200 + 3600, hours);      /* 04:30 of that day, and an hour */
    ck_assert_double_eq(rate_parts(&hours[RATE_HOURS - 1]), 0);
    ck_assert_double_eq(rate_parts(&hours[RATE_HOURS - 2]), 1);
    ck_assert_double_eq(hours[RATE_HOURS - 2].n[RATE_CLASSES - 1], 1);
    ck_assert_double_eq(hours[RATE_HOURS - 3].n[0], 90);
    ck_assert_double_eq(hours[RATE_HOURS - 3].n[2], 10);
    ck_assert(rate_percentile(&hours[RATE_HOURS - 3], 0.5) >= 1 && rate_percentile(&hours[RATE_HOURS - 3], 0.5) < 1.5);
    ck_assert(rate_percentile(&hours[RATE_HOURS - 3], 0.99) >= 100);
}
END_TEST

/* ---- children, zip ---- */

START_TEST(children)
{
    char sh[] = "/bin/sh", c[] = "-c", echo[] = "cat; echo x >&2; exit 3", yes[] = "yes", sleep[] = "sleep 60", none[] = "/nowhere/none";
    struct buf out = buf_init(1000);
    int code;

    ck_assert_int_eq(child_run((char *const[]){ sh, c, echo, NULL }, SLICE("in "), 20, &out, &code), CS_OK);
    ck_assert_int_eq(code, 3);
    ck_assert(slice_eq(buf_slice(&out), SLICE("in x\n")));
    ck_assert_int_eq(child_run((char *const[]){ sh, c, yes, NULL }, SLICE(""), 20, &out, &code), CS_TOOBIG);
    ck_assert_uint_eq(out.n, 1000);
    ck_assert_int_eq(child_run((char *const[]){ sh, c, sleep, NULL }, SLICE(""), 0.2, &out, &code), CS_TIMEOUT);
    ck_assert_int_eq(child_run((char *const[]){ none, NULL }, SLICE(""), 5, &out, &code), CS_NOENT);
    buf_release(&out);
}
END_TEST

START_TEST(zip_hides_its_content)
{
    struct buf out = buf_init(1 << 20), small = buf_init(20);

    ck_assert_int_eq(seal_zip("a.bin", SLICE("the needle of the virus"), "infected", &out), CS_OK);
    ck_assert(slice_starts(buf_slice(&out), SLICE("PK\x03\x04")));
    ck_assert_uint_eq(slice_find(buf_slice(&out), SLICE("needle")), out.n);
    ck_assert_int_eq(seal_zip("a.bin", SLICE("x"), "infected", &small), CS_TOOBIG);
    buf_release(&small);
    buf_release(&out);
}
END_TEST

START_TEST(audit_lines_cannot_be_forged)
{
    char path[] = "/tmp/test-console-XXXXXX", text[512];
    int fd = mkstemp(path), log;
    FILE *f;

    ck_assert(fd >= 0);
    ck_assert_int_eq(audit_open(&log, path), CS_OK);
    ck_assert(audit_note(log, "u\"\nuser=\"v", "192.0.2.1", "delete", "0.a\nb", "done"));
    f = fdopen(fd, "r");
    ck_assert(f && fgets(text, sizeof text, f));
    ck_assert_ptr_nonnull(strstr(text, "user=\"u'?user='v\" from=\"192.0.2.1\" act=delete item=\"0.a?b\" result=\"done\"\n"));
    ck_assert_ptr_null(fgets(text, sizeof text, f));
    fclose(f);
    close(log);
    unlink(path);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("console");
    TCase *t = tcase_create("pieces");
    SRunner *r = srunner_create(s);
    int bad;

    tcase_add_test(t, texts_are_escaped);
    tcase_add_test(t, a_text_too_few_is_empty);
    tcase_add_test(t, values_as_texts);
    tcase_add_test(t, queries);
    tcase_add_test(t, queries_are_bounded);
    tcase_add_test(t, numbers);
    tcase_add_test(t, cookies);
    tcase_add_test(t, users_file);
    tcase_add_test(t, whose_address);
    tcase_add_test(t, passwords);
    tcase_add_test(t, session_life);
    tcase_add_test(t, a_full_table_forgets_the_oldest);
    tcase_add_test(t, form_tokens);
    tcase_add_test(t, tries_leak);
    tcase_add_test(t, rates_by_hour);
    tcase_add_test(t, children);
    tcase_add_test(t, zip_hides_its_content);
    tcase_add_test(t, audit_lines_cannot_be_forged);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    bad = srunner_ntests_failed(r);
    srunner_free(r);
    return bad != 0;
}
