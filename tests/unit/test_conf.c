#include <check.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/newfile.h"
#include "convscan/conf.h"

static char path[] = "test_conf.tmp.conf";

static enum cs_status load(struct conf *c, const char *text, char why[256])
{
    ck_assert_int_eq(newfile_store(path, 0600, slice_str(text), false), CS_OK);
    return conf_load(c, path, why);
}

START_TEST(defaults_are_those_of_the_design)
{
    static const struct { enum cls c; enum action a; } want[] = {
        { CLS_VIRUS, ACT_CLEAN }, { CLS_EXT, ACT_REPLACE }, { CLS_SPAM, ACT_TAG },   { CLS_ENCRYPTED, ACT_TAG },
        { CLS_LIMIT, ACT_HOLD },  { CLS_ERROR, ACT_RETRY }, { CLS_CLEAN, ACT_PASS },
    };
    struct conf c;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        ck_assert_uint_eq(c.classes[want[i].c].action, want[i].a);
    ck_assert_uint_eq(c.classes[CLS_VIRUS].otherwise, ACT_REPLACE);
    conf_release(&c);
}
END_TEST

/* What is wrong is named with its line, and every setting stays usable. */
static const struct { const char *text, *why; } bad[] = {
    { "[limits]\ndepth = many\n", ":2: limits.depth" },
    { "[limits]\n\ndepth = 0\n", ":3: limits.depth" },
    { "[limits]\ndepth = 65\n", "from 1 to 64" },
    { "[limits]\nobjects = 99999999999999999999999\n", ":2: limits.objects" },
    { "[limits]\nobject_bytes = 1T\n", ":2: limits.object_bytes" },
    { "[virus]\naction = kill\n", "'kill' is no action" },
    { "[log]\nsyslog = perhaps\n", "expected yes or no" },
    { "[log]\nfile = a\nfile = b\n", ":3: log.file is set twice" },
    { "[nothing]\nx = 1\n", ":2: no setting [nothing] x" },
    { "[virus]\nactoin = hold\n", ":2: no setting [virus] actoin" },
    { "depth = 3\n", "no setting [] depth" },
    { "[virus\naction = hold\n", ":1: expected [section] or name = value" },
    { "[virus]\njust words\n", ":2: expected" },
    { "[override a]\naction = gone\n", ":2: override.action" },
    { "[override a]\ncolour = red\n", ":2: no setting [override] colour" },
};
START_TEST(what_is_wrong_is_named)
{
    struct conf c;
    char why[256];

    ck_assert_int_eq(load(&c, bad[_i].text, why), CS_INVALID);
    ck_assert_msg(strstr(why, bad[_i].why) && strstr(why, path), "%s", why);
    ck_assert_uint_eq(c.classes[CLS_ERROR].action, ACT_RETRY);
    ck_assert_uint_ge(c.limit.depth, 1);
    conf_release(&c);
}
END_TEST

START_TEST(good_values)
{
    struct conf c;
    char why[256];

    ck_assert_int_eq(load(&c, "# comment\n[limits]\ndepth = 9 ; nine\ntotal_bytes = 2G\nobject_bytes=64k\n[log]\nsyslog = YES\nfile = /a/b\n"
                              "[names]\nblock = exe,  scr\n  vbs js\n[virus]\naction=hold\n", why), CS_OK);
    ck_assert_uint_eq(c.limit.depth, 9);
    ck_assert_uint_eq(c.limit.total_bytes, 2ull << 30);
    ck_assert_uint_eq(c.limit.object_bytes, 64 << 10);
    ck_assert_uint_eq(c.log.syslog, 1);
    ck_assert_str_eq(c.log.file, "/a/b");
    ck_assert_str_eq(c.names.block, "exe,  scr vbs js");
    ck_assert_uint_eq(c.classes[CLS_VIRUS].action, ACT_HOLD);
    conf_release(&c);
}
END_TEST

START_TEST(long_lines_are_read_whole_or_refused)
{
    struct conf c;
    char why[256];
    struct buf b = buf_init(1 << 20);

    ck_assert_int_eq(buf_puts(&b, "[log]\nfile = /"), CS_OK);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(buf_putc(&b, 'x'), CS_OK);
    ck_assert_int_eq(buf_putc(&b, 0), CS_OK);
    ck_assert_int_eq(load(&c, (const char *)b.p, why), CS_OK);
    ck_assert_uint_eq(strlen(c.log.file), 1001);
    conf_release(&c);
    b.n--;
    for (int i = 0; i < 5000; i++)
        ck_assert_int_eq(buf_putc(&b, 'x'), CS_OK);
    ck_assert_int_eq(buf_putc(&b, 0), CS_OK);
    ck_assert_int_eq(load(&c, (const char *)b.p, why), CS_INVALID);
    ck_assert_ptr_nonnull(strstr(why, ":2: line too long"));
    conf_release(&c);
    buf_release(&b);
}
END_TEST

START_TEST(a_missing_file_counts_only_when_it_was_named)
{
    struct conf c;
    char why[256];

    ck_assert_int_eq(conf_load(&c, "no/such/file", why), CS_NOENT);
    ck_assert_ptr_nonnull(strstr(why, "no/such/file"));
    conf_release(&c);
}
END_TEST

static const struct { const char *in, *recipients, *sender, *signature; enum cls cls; unsigned action; } cases[] = {
    { "tcp_local", NULL, NULL, "Trojan.X", CLS_VIRUS, ACT_DISCARD },
    { "tcp_local", NULL, NULL, "Worm.Y", CLS_VIRUS, ACT_HOLD },
    { "other", NULL, NULL, "Trojan.X", CLS_VIRUS, ACT_HOLD },
    { "other", "a@x.org b@lab.example", NULL, "Spam.Z", CLS_SPAM, ACT_PASS },
    { "other", "a@x.org", NULL, "Spam.Z", CLS_SPAM, ACT_TAG },
    { NULL, NULL, NULL, "Blocked.Name exe", CLS_EXT, ACT_REPLACE },
    { "tcp_local", NULL, NULL, "", CLS_CLEAN, ACT_PASS },
};
START_TEST(the_first_override_that_fits_counts)
{
    struct conf c;
    char why[256];
    struct conf_case k = { .cls = cases[_i].cls, .in = cases[_i].in, .recipients = cases[_i].recipients, .sender = cases[_i].sender,
                           .signature = cases[_i].signature };

    ck_assert_int_eq(load(&c, "[override a]\nin = tcp_*\nsignature = trojan.*\naction = discard\n"
                              "[override b]\nclass = virus\naction = hold\nquarantine = yes\n"
                              "[override c]\nrecipient = *@LAB.example\naction = pass\n", why), CS_OK);
    ck_assert_uint_eq(conf_decide(&c, &k).action, cases[_i].action);
    conf_release(&c);
}
END_TEST

static const struct { const char *pattern, *text; bool fits; } patterns[] = {
    { "*", "", true }, { "", "", true }, { "", "a", false }, { "a?c", "abc", true }, { "a?c", "ac", false },
    { "*.exe", "A.EXE", true }, { "a*b*c", "aXbYbZc", true }, { "a*b*c", "aXbYbZ", false }, { "**a", "bba", true },
    { "*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
};
static const struct { const char *recipients; unsigned action, quarantine; } envelopes[] = {
    { "a@lab.example b@lab.example", ACT_PASS, 0 },     { "a@lab.example b@x.org", ACT_REPLACE, 0 },
    { "b@x.org a@lab.example", ACT_REPLACE, 0 },        { "a@lab.example c@drop.example", ACT_DISCARD, 0 },
    { "c@drop.example d@keep.example", ACT_HOLD, 1 },   { "d@keep.example c@drop.example b@x.org", ACT_HOLD, 1 },
    { "a@lab.example more-recipients", ACT_REPLACE, 0 }, { "", ACT_REPLACE, 0 },
};
START_TEST(the_severest_of_the_envelope_counts)
{
    struct conf c;
    char why[256];
    struct conf_case k = { .cls = CLS_EXT, .recipients = envelopes[_i].recipients, .is_envelope = true };
    struct conf_class out;

    ck_assert_int_eq(load(&c, "[override a]\nrecipient = *@lab.example\naction = pass\n"
                              "[override b]\nrecipient = *@drop.example\naction = discard\n"
                              "[override c]\nrecipient = *@keep.example\naction = hold\nquarantine = yes\n", why), CS_OK);
    out = conf_decide(&c, &k);
    ck_assert_uint_eq(out.action, envelopes[_i].action);
    ck_assert_uint_eq(out.quarantine, envelopes[_i].quarantine);
    conf_release(&c);
}
END_TEST

START_TEST(patterns_match)
{
    ck_assert(pattern_matches(slice_str(patterns[_i].pattern), slice_str(patterns[_i].text)) == patterns[_i].fits);
}
END_TEST

START_TEST(print_shows_what_differs)
{
    struct conf c;
    char why[256];
    struct buf b = buf_init(1 << 20);

    ck_assert_int_eq(load(&c, "[limits]\ndepth = 9\n[spam]\naction = hold\n", why), CS_OK);
    ck_assert_int_eq(conf_print(&c, false, &b), CS_OK);
    ck_assert(slice_eq(buf_slice(&b), SLICE("spam.action = hold\nlimits.depth = 9\n")));
    conf_release(&c);
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("conf");
    TCase *t = tcase_create("conf");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_test(t, defaults_are_those_of_the_design);
    tcase_add_loop_test(t, what_is_wrong_is_named, 0, sizeof bad / sizeof *bad);
    tcase_add_test(t, good_values);
    tcase_add_test(t, long_lines_are_read_whole_or_refused);
    tcase_add_test(t, a_missing_file_counts_only_when_it_was_named);
    tcase_add_loop_test(t, the_first_override_that_fits_counts, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(t, the_severest_of_the_envelope_counts, 0, (int)(sizeof envelopes / sizeof *envelopes));
    tcase_add_loop_test(t, patterns_match, 0, sizeof patterns / sizeof *patterns);
    tcase_add_test(t, print_shows_what_differs);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    unlink(path);
    return failed != 0;
}
