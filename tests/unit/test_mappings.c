/* mappings: wildcards, templates, tables, and what is refused with its line. */
#include <check.h>

#include "imta/glob.h"
#include "imta/mappings.h"

static const struct {
    const char *pattern, *text;
    bool is_match;
    const char *saves;          /* joined by '|' */
} globs[] = {
    { "abc", "ABC", true, "" },
    { "abc", "abcd", false, "" },
    { "", "", true, "" },
    { "*", "", true, "" },
    { "*", "any thing", true, "any thing" },
    { "a*b*c", "aXbYbZc", true, "XbY|Z" },
    { "a$_*b*c", "aXbYbZc", true, "X|YbZ" },
    { "a%c", "abc", true, "b" },
    { "a%c", "ac", false, "" },
    { "$%$*$$x", "%*$x", true, "" },
    { "a$ b", "a b", true, "" },
    { "$D*x", "123x", true, "123" },
    { "$D*x", "12ax", false, "" },
    { "$D%$A%", "1b", true, "1|b" },
    { "$H*", "fF09", true, "fF09" },
    { "$H*", "g", false, "" },
    { "$[abc-e]*", "deadbabe", true, "deadbabe" },
    { "$[abc-e]*", "x", false, "" },
    { "$[abc]x", "bx", true, "b" },
    { "$@*-$^*", "one-two", true, "two" },
    { "*-$0*", "ab-AB", true, "ab" },
    { "*-$0*", "ab-cd", false, "" },
    { "IN-CHAN=*;OUT-CHAN=*;CONVERT", "IN-CHAN=tcp_local;OUT-CHAN=l;CONVERT", true, "tcp_local|l" },
    { "********************a", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", false, "" },
};

START_TEST(a_pattern_matches_and_saves)
{
    struct glob_item items[GLOB_ITEMS];
    struct glob_saves saves;
    struct buf joined = buf_init(10000);
    size_t n;
    const char *why;
    bool is_match;

    ck_assert_int_eq(glob_compile(slice_str(globs[_i].pattern), items, &n, &why), CS_OK);
    ck_assert_int_eq(glob_match(items, n, slice_str(globs[_i].text), &saves, &is_match), CS_OK);
    ck_assert_msg(is_match == globs[_i].is_match, "%s against %s", globs[_i].pattern, globs[_i].text);
    for (size_t i = 0; is_match && i < saves.n; i++)
        ck_assert_int_eq(buf_printf(&joined, "%s%.*s", i ? "|" : "", (int)saves.at[i].n, (const char *)saves.at[i].p), CS_OK);
    if (is_match)
        ck_assert_msg(slice_eq(buf_slice(&joined), slice_str(globs[_i].saves)), "saved %.*s", (int)joined.n, (char *)joined.p);
    buf_release(&joined);
}
END_TEST

START_TEST(bad_patterns_are_refused)
{
    static const char *const bad[] = { "a$", "$[abc", "$<10.0.0.1/8>", "$(10.0.0.1/8)" };
    struct glob_item items[GLOB_ITEMS];
    size_t n;
    const char *why = NULL;

    ck_assert_int_eq(glob_compile(slice_str(bad[_i]), items, &n, &why), CS_INVALID);
    ck_assert_ptr_nonnull(why);
}
END_TEST

START_TEST(stars_of_a_clause)
{
    static const struct {
        const char *pattern, *text;
        bool is_match;
    } cases[] = {
        { "*", "", true },        { "", "", true },          { "", "x", false },     { "text", "TEXT", true },
        { "*.exe", "a.EXE", true }, { "*.exe", "a.exe.txt", false }, { "a*b*c", "abc", true }, { "100%", "100%", true },
        { "100%", "1000", false }, { "**a", "bba", true },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_msg(glob_star(slice_str(cases[i].pattern), slice_str(cases[i].text)) == cases[i].is_match, "%s %s",
                      cases[i].pattern, cases[i].text);
}
END_TEST

static struct mappings *parse(const char *text)
{
    struct complaints c = { .file = "mappings" };
    struct mappings *m;

    ck_assert_int_eq(mappings_parse(slice_str(text), &c, &m), CS_OK);
    return m;
}

static const struct {
    const char *table, *probe, *result;         /* NULL: no match */
} probes[] = {
    { "T1", "abc", "plain" },
    { "t1", "ABC", "plain" },
    { "T1", "x-y", "y-x" },
    { "T1", "unknown", NULL },
    { "NONE", "abc", NULL },
    { "T2", "a", "final" },             /* $C: goes on behind with the result */
    { "T2", "loop", "done" },           /* $R: from the top */
    { "T2", "Up", "uPp" },
    { "T2", "look abc", "<plain>" },    /* another table */
    { "T2", "look nothing", "<>" },
    { "T2", "two words", "a b$" },
};

START_TEST(a_table_answers)
{
    static const char text[] = "! comment\nT1\n\n  abc  plain\n  *-*  $1-$0\n\nT2\n\n  a  mid$C\n"
                               "! inside\n  mi\\\nd  final\n  again done\n  loop again$R\n  up $\\U$^p$_p$\\$E\n"
                               "  look$ *  <$|T1;$0|>\n  two$ words  a$ b$$\n";
    static struct mapping_answer a;
    struct mappings *m = parse(text);
    enum cs_status st = mappings_probe(m, slice_str(probes[_i].table), slice_str(probes[_i].probe), &a);

    ck_assert_int_eq(st, CS_OK);
    ck_assert_msg(a.is_match == (probes[_i].result != NULL), "%s", probes[_i].probe);
    if (probes[_i].result)
        ck_assert_msg(slice_eq(slice_of(a.text, a.n), slice_str(probes[_i].result)), "%s gives %.*s", probes[_i].probe,
                      (int)a.n, (const char *)a.text);
    mappings_free(m);
}
END_TEST

START_TEST(a_table_in_circles_ends)
{
    static struct mapping_answer a;
    struct mappings *m = parse("T\n\n  *  $0$R\n\nU\n\n  *  $|U;$0|\n");

    ck_assert_int_eq(mappings_probe(m, SLICE("T"), SLICE("x"), &a), CS_LIMIT);
    ck_assert_int_eq(mappings_probe(m, SLICE("U"), SLICE("x"), &a), CS_LIMIT);
    mappings_free(m);
}
END_TEST

static const struct {
    const char *table, *in, *out;
    bool is_diverted;
    const char *channel;
} diverts[] = {
    { "CONVERSIONS\n\n  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT Yes\n", "tcp_local", "l", true, "" },
    { "CONVERSIONS\n\n  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT Yes\n", "TCP_LOCAL", "l", true, "" },
    { "CONVERSIONS\n\n  IN-CHAN=tcp_local;OUT-CHAN=*;CONVERT Yes\n", "l", "l", false, "" },
    { "CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=l;CONVERT NO\n  IN-CHAN=*;OUT-CHAN=*;CONVERT yes,Preprocess\n", "a", "l", false, "" },
    { "CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=l;CONVERT NO\n  IN-CHAN=*;OUT-CHAN=*;CONVERT yes,Preprocess\n", "a", "b", true, "" },
    { "CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Channel=conversion_2\n", "a", "b", true, "conversion_2" },
    { "OTHER\n\n  x y\n", "a", "b", false, "" },
};

START_TEST(conversions_divert)
{
    struct mappings *m = parse(diverts[_i].table);
    struct conversions_answer a;
    enum cs_status st = mappings_divert(m, slice_str(diverts[_i].in), slice_str(diverts[_i].out), false, SLICE(""), &a);

    ck_assert_int_eq(st, CS_OK);
    ck_assert_int_eq(a.is_diverted, diverts[_i].is_diverted);
    ck_assert(slice_eq(slice_of(a.channel, a.n_channel), slice_str(diverts[_i].channel)));
    mappings_free(m);
}
END_TEST

START_TEST(no_file_diverts_all_and_tags_stand_in_the_probe)
{
    struct conversions_answer a;
    struct mappings *m = parse("CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;TAG=*red*;CONVERT No\n  IN-CHAN=*;OUT-CHAN=*;*CONVERT Yes\n");

    ck_assert_int_eq(mappings_divert(NULL, SLICE("a"), SLICE("b"), false, SLICE(""), &a), CS_OK);
    ck_assert(a.is_diverted);
    ck_assert_int_eq(mappings_divert(m, SLICE("a"), SLICE("b"), true, SLICE("red,blue"), &a), CS_OK);
    ck_assert(!a.is_diverted);
    ck_assert_int_eq(mappings_divert(m, SLICE("a"), SLICE("b"), true, SLICE("green"), &a), CS_OK);
    ck_assert(a.is_diverted);
    mappings_free(m);
}
END_TEST

struct heard {
    unsigned line;
    enum complaint_grade grade;
    char text[COMPLAINT_TEXT];
};

static void hear(void *ctx, const char *file, unsigned line, enum complaint_grade grade, const char *text)
{
    struct heard *h = ctx;

    (void)file;
    if (h->line == 0) {
        h->line = line;
        h->grade = grade;
        memcpy(h->text, text, strlen(text) + 1);
    }
}

static const struct {
    const char *text;
    unsigned line;
    const char *part;           /* of the complaint */
} mistakes[] = {
    { "  a b\n", 1, "name of a table" },
    { "T\n  a b\n", 2, "blank line" },
    { "CONVERSIONS\n\n  a b c\n", 3, "one pattern" },
    { "CONVERSIONS\n\n  a\n", 3, "template" },
    { "T\n\n  a b\n\n  c d\n", 5, "name of a table" },
    { "CONVERSIONS\n\n  $[x b\n", 3, "]" },
    { "CONVERSIONS\n\n  a $[lib,routine,x]\n", 3, "call-outs" },
    { "CONVERSIONS\n\n  a $|U;x\n", 3, "closing |" },
    { "<other\n", 1, "not included" },
    { "T\n\nU\n\n  a b\n", 3, "entries of table T" },
    { "CONVERSIONS\n\n  * $|T;x|\n\nT\n\n  $(10.0.0.0/8) $Y\n", 7, "address wildcards" },
};

START_TEST(mistakes_are_named_with_their_line)
{
    struct heard h = { .line = 0 };
    struct complaints c = { .say = hear, .ctx = &h, .file = "mappings" };
    struct mappings *m;

    ck_assert_int_eq(mappings_parse(slice_str(mistakes[_i].text), &c, &m), CS_INVALID);
    ck_assert_ptr_null(m);
    ck_assert_uint_eq(h.line, mistakes[_i].line);
    ck_assert_msg(strstr(h.text, mistakes[_i].part) != NULL, "%s", h.text);
}
END_TEST

/* A server's file has tables that are no business of the channel; who asks them all the same gets no answer. */
START_TEST(what_other_tables_hold_is_no_mistake)
{
    static const char text[] = "<IMTA_TABLE:mappings.locale\n\nINTERNAL_IP\n\n  $(10.0.0.0/24) $Y\n  a\n  b $[lib,routine,x]\n\n"
                               "CONVERSIONS\n\n  * Yes\n";
    struct complaints c = { .file = "mappings" };
    struct mapping_answer answer;
    struct mappings *m;

    ck_assert_int_eq(mappings_parse(slice_str(text), &c, &m), CS_OK);
    ck_assert_int_eq(mappings_probe(m, SLICE("CONVERSIONS"), SLICE("x"), &answer), CS_OK);
    ck_assert(answer.is_match);
    ck_assert_int_eq(mappings_probe(m, SLICE("INTERNAL_IP"), SLICE("x"), &answer), CS_INVALID);
    mappings_lint(m, &c);
    ck_assert_uint_eq(c.warnings + c.errors, 0);
    mappings_free(m);
}
END_TEST

START_TEST(lint_finds_what_the_server_ignores)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *part;
    } cases[] = {
        { "CONVERSIONS\n\n  IN-CHAN=*;OUT-CHAN=*;CONVERT Yess\n", 3, "ignored" },
        { "OTHER\n\n  x y\n", 1, "no table CONVERSIONS" },
        { "CONVERSIONS\n\nOTHER\n\n  x y\n", 0, "" },
    };
    struct heard h = { .line = 0 };
    struct complaints c = { .say = hear, .ctx = &h, .file = "mappings" };
    struct mappings *m;
    enum cs_status st = mappings_parse(slice_str(cases[_i].text), &c, &m);

    if (cases[_i].line == 0) {
        ck_assert_int_eq(st, CS_INVALID);
        return;
    }
    ck_assert_int_eq(st, CS_OK);
    mappings_lint(m, &c);
    ck_assert_uint_eq(h.line, cases[_i].line);
    ck_assert_msg(strstr(h.text, cases[_i].part) != NULL, "%s", h.text);
    mappings_free(m);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("mappings");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, a_pattern_matches_and_saves, 0, N(globs));
    tcase_add_loop_test(t, bad_patterns_are_refused, 0, 4);
    tcase_add_test(t, stars_of_a_clause);
    tcase_add_loop_test(t, a_table_answers, 0, N(probes));
    tcase_add_test(t, a_table_in_circles_ends);
    tcase_add_loop_test(t, conversions_divert, 0, N(diverts));
    tcase_add_test(t, no_file_diverts_all_and_tags_stand_in_the_probe);
    tcase_add_loop_test(t, mistakes_are_named_with_their_line, 0, N(mistakes));
    tcase_add_test(t, what_other_tables_hold_is_no_mistake);
    tcase_add_loop_test(t, lint_finds_what_the_server_ignores, 0, 3);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
