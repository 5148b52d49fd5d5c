/* What a command says: the lines of OUTPUT_OPTIONS, the numbers of STATUS in every version, and the switches. */
#include <check.h>

#include "imta/answer.h"
#include "imta/switches.h"

static struct switches switches_of(const char *list)
{
    struct switches sw;
    struct buf why = buf_init(1000);

    switches_default(&sw);
    while (*list) {
        size_t n = strcspn(list, " ");

        ck_assert_msg(switches_set(&sw, slice_of(list, n), &why) == CS_OK, "%.*s", (int)why.n, (char *)why.p);
        list += n + (list[n] == ' ');
    }
    buf_release(&why);
    return sw;
}

static const struct {
    const char *options, *switches;
    enum outcome outcome;
} cases[] = {
    { "", "", OUTCOME_NONE },
    { "STATUS=1\n", "", OUTCOME_PASS },
    { "STATUS=178029946\n", "", OUTCOME_RETURN },
    { "STATUS=178029947\n", "", OUTCOME_RETURN_SAMPLE },
    { "STATUS=178030098\n", "", OUTCOME_POSTMASTER },
    { "STATUS=178030130\n", "", OUTCOME_AS_IS },
    { "STATUS=178030178\n", "", OUTCOME_DELETE },
    { "STATUS=178030250\n", "", OUTCOME_HOLD },
    { "STATUS=178030259\n", "", OUTCOME_DISCARD },
    { "STATUS=178030307\n", "", OUTCOME_JETTISON },
    { "STATUS=178028698\n", "", OUTCOME_RETRY },
    { "status = 178030250", "", OUTCOME_HOLD },
    { "STATUS=\"178030250\"\r\n", "", OUTCOME_HOLD },
    { "STATUS='178030250'\n", "", OUTCOME_HOLD },
    { "STATUS=\"178030250'\n", "", OUTCOME_FAILED },
    { "STATUS=\n", "", OUTCOME_FAILED },
    { "STATUS=abc\n", "", OUTCOME_FAILED },
    { "STATUS=-1\n", "", OUTCOME_FAILED },
    { "STATUS=0x0A9C86AA\n", "", OUTCOME_FAILED },
    { "STATUS=0x0A9C86AA\n", "status-syntax=decimal+0x", OUTCOME_HOLD },
    { "STATUS=3\n", "", OUTCOME_PASS },
    { "STATUS=3\n", "unknown-status=failure", OUTCOME_FAILED },
    { "STATUS=2\n", "", OUTCOME_FAILED },
    { "STATUS=0\n", "", OUTCOME_FAILED },
    { "STATUS=99999999999999999999\n", "", OUTCOME_FAILED },
    { "STATUS=178030250\nSTATUS=1\n", "", OUTCOME_PASS },
    { "STATUS=178030250\nSTATUS=1\n", "duplicate-option=first", OUTCOME_HOLD },
    { "XSTATUS=178030250\n", "", OUTCOME_NONE },
    { "OUTPUT_DIAGNOSTIC=\"STATUS=178030250\"\n", "", OUTCOME_NONE },
    { "\xef\xbb\xbfSTATUS=178030250\n", "", OUTCOME_FAILED },
    { "export STATUS=178030250\n", "", OUTCOME_FAILED },
    { "OUTPUT_TYPE=text\rSTATUS=178030250\r", "", OUTCOME_FAILED },
    { "export STATUS=178030250\nSTATUS=178030250\n", "", OUTCOME_HOLD },
    { "OUTPUT_NOTE=\"no status\"\n", "", OUTCOME_NONE },
    { "STATUS=178028698\n", "version=6.0-2005Q4", OUTCOME_FAILED },
    { "STATUS=178030259\n", "version=6.0-2005Q4", OUTCOME_PASS },       /* odd, and unknown there */
    { "STATUS=178030178\n", "version=6.0-2005Q4", OUTCOME_DELETE },
    { "STATUS=178030259\n", "version=pmdf6", OUTCOME_DISCARD },
    { "STATUS=178030307\n", "version=pmdf6 unknown-status=failure", OUTCOME_FAILED },
    { "STATUS=178027000\n", "version=pmdf6 nochange-status=178027000", OUTCOME_NOCHANGE },
    { "STATUS=178027002\n", "version=pmdf6 bitbucket-status=178027002", OUTCOME_BITBUCKET },
};

START_TEST(a_status_means)
{
    struct switches sw = switches_of(cases[_i].switches);
    struct answer a;

    answer_parse(slice_str(cases[_i].options), &sw, &a);
    ck_assert_msg(answer_outcome(&a, &sw) == cases[_i].outcome, "%s %s: %s", cases[_i].options, cases[_i].switches,
                  outcome_text(answer_outcome(&a, &sw)));
}
END_TEST

START_TEST(labels_are_read)
{
    struct switches sw = switches_of("");
    struct answer a;

    answer_parse(SLICE("OUTPUT_TYPE=TEXT\noutput_subtype='plain'\nnonsense\n=x\nOUTPUT_DIAGNOSTIC=\"a = 'b'\"\n"
                       "OUTPUT_MODE= block \nOUTPUT_ENCODING=BASE64\nOUTPUT_DESCRIPTION=\nOUTPUT_DISPOSITION=inline"),
                 &sw, &a);
    ck_assert(slice_eq(a.type, SLICE("TEXT")));
    ck_assert(slice_eq(a.subtype, SLICE("plain")));
    ck_assert(slice_eq(a.diagnostic, SLICE("a = 'b'")));
    ck_assert(slice_eq(a.mode, SLICE("block")));
    ck_assert(slice_eq(a.encoding, SLICE("BASE64")));
    ck_assert(slice_eq(a.disposition, SLICE("inline")));
    ck_assert_uint_eq(a.description.n, 0);
    ck_assert(!a.has_status);
}
END_TEST

START_TEST(wrong_switches_are_refused_with_what_was_right)
{
    static const struct {
        const char *text, *part;
    } bad[] = {
        { "on-nonzero-exit=maybe", "unchanged, retry, hold" },
        { "timeout=-1", "0 to 86400" },
        { "timeout=", "0 to 86400" },
        { "no-such=1", "no switch" },
        { "", "no switch" },
        { "max-output=0", "1 to" },
    };
    struct buf why = buf_init(1000);

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct switches sw;

        switches_default(&sw);
        why.n = 0;
        ck_assert_int_eq(switches_set(&sw, slice_str(bad[i].text), &why), CS_INVALID);
        ck_assert_msg(slice_find(buf_slice(&why), slice_str(bad[i].part)) < why.n, "%.*s", (int)why.n, (char *)why.p);
    }
    buf_release(&why);
}
END_TEST

START_TEST(the_worse_verdict_is_the_larger)
{
    ck_assert(OUTCOME_AS_IS < OUTCOME_RETRY && OUTCOME_RETRY < OUTCOME_POSTMASTER && OUTCOME_POSTMASTER < OUTCOME_RETURN);
    ck_assert(OUTCOME_RETURN < OUTCOME_HOLD && OUTCOME_HOLD < OUTCOME_DISCARD && OUTCOME_DISCARD < OUTCOME_JETTISON);
    ck_assert(!outcome_is_final(OUTCOME_DELETE) && !outcome_is_final(OUTCOME_UNCHANGED) && outcome_is_final(OUTCOME_AS_IS));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("verdicts");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, a_status_means, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, labels_are_read);
    tcase_add_test(t, wrong_switches_are_refused_with_what_was_right);
    tcase_add_test(t, the_worse_verdict_is_the_larger);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
