/* The matcher: rules in the language, what must match and what not, whole and fed in pieces. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "vdl/compile.h"
#include "vdl/match/scan.h"
#include "vdl/vdl.h"

static char dir[] = "/tmp/test_run.XXXXXX";
static char path[64];

static void make_image(const char *text)
{
    struct vdl_options o = { .complaints = stderr };
    struct vdl_compiler *c = vdl_compiler_new(&o);

    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(vdl_compiler_add_text(c, "test.vdl", slice_str(text)), CS_OK);
    ck_assert_msg(vdl_compiler_write(c, path) == CS_OK, "%s", text);
    vdl_compiler_free(c);
}

struct hits { char text[512]; size_t n; };

static bool note(void *ctx, const struct vdl_hit *hit)
{
    struct hits *h = ctx;
    int n = snprintf(h->text + h->n, sizeof h->text - h->n, "%s%.*s@%llu", h->n ? " " : "", (int)hit->name.n,
                     (const char *)hit->name.p, (unsigned long long)hit->offset);

    if (n > 0 && (size_t)n < sizeof h->text - h->n)
        h->n += (size_t)n;
    return true;
}

static const struct vdl_object plain = { .name = { (const uint8_t *)"a.txt", 5 }, .types = { "text" }, .size = VDL_SIZE_UNKNOWN };

/* Fed in two pieces, cut at every place, and byte by byte: always what the whole gave. */
static void check_splits(struct vdl_db *db, const struct vdl_object *o, struct slice data, const char *want)
{
    for (size_t cut = 0; cut <= data.n + 1; cut++) {
        struct hits h = { .n = 0 };
        struct vdl_scan *s = vdl_scan_new(&db, 1, note, &h);
        size_t step = cut > data.n ? 1 : cut;

        ck_assert_ptr_nonnull(s);
        ck_assert_int_eq(vdl_scan_begin(s, o), CS_OK);
        for (struct slice left = data; cut > data.n && left.n; left = slice_drop(left, step))
            ck_assert_int_eq(vdl_scan_feed(s, slice_take(left, step)), CS_OK);
        if (cut <= data.n) {
            ck_assert_int_eq(vdl_scan_feed(s, slice_take(data, cut)), CS_OK);
            ck_assert_int_eq(vdl_scan_feed(s, slice_drop(data, cut)), CS_OK);
        }
        ck_assert_int_eq(vdl_scan_end(s), CS_OK);
        ck_assert_msg(strcmp(h.text, want) == 0, "cut at %zu: \"%s\", not \"%s\"", cut, h.text, want);
        vdl_scan_free(s);
    }
}

static void check_rule(const char *rules, const struct vdl_object *o, struct slice data, const char *want)
{
    struct vdl_db *db;
    char why[256];
    struct hits h = { .n = 0 };
    struct vdl_scan *s;

    make_image(rules);
    ck_assert_msg(vdl_open(path, &db, why) == CS_OK, "%s: %s", rules, why);
    ck_assert_msg(vdl_verify(db, why) == CS_OK, "%s: %s", rules, why);
    s = vdl_scan_new(&db, 1, note, &h);
    ck_assert_ptr_nonnull(s);
    /* Twice with one scan: nothing of the first object may be left. */
    ck_assert_int_eq(vdl_scan_bytes(s, o, data), CS_OK);
    h = (struct hits){ .n = 0 };
    ck_assert_int_eq(vdl_scan_bytes(s, o, data), CS_OK);
    ck_assert_msg(strcmp(h.text, want) == 0, "%s on \"%.*s\": \"%s\", not \"%s\"", rules, (int)data.n, (const char *)data.p, h.text, want);
    vdl_scan_free(s);
    if (data.n < 200)
        check_splits(db, o, data, want);
    vdl_close(db);
}

static const struct { const char *rule, *data, *want; } cases[] = {
    { ":a, \"hello world\" #", "say hello world", "a@4" },
    { ":a, \"hello world\" #", "say hello worl", "" },
    { ":a, \"x\" #", "axb", "a@1" },
    { ":a, \"xy\" #", "axyb", "a@1" },
    { ":a, \"xyz\" #", "xyz", "a@0" },
    { ":a, \"xyzw\" #", "..xyzw", "a@2" },
    { ":a, ~\"Hello\" #", "HELLO", "a@0" },
    { ":a, ~\"Hello World, Again\" #", ".hELLO wORLD, aGAIN", "a@1" },
    { ":a, ~~\"555-1234\" #", "call 55 5.12-34 now", "a@5" },
    { ":a, ~~\"abc\" #", "A b,C", "a@0" },
    { ":a, ~~\"abc\" #", "A b1C", "" },
    { ":a, ~#\"12345\" #", "1a2b3c4d5", "a@0" },
    { ":a, \"ab\", @0-10, \"cd\" #", "ab12345678cd", "a@0" },
    { ":a, \"ab\", @0-10, \"cd\" #", "ab12345678901cd", "" },
    { ":a, \"ab\", @3, \"cd\" #", "ab123cd", "a@0" },
    { ":a, \"ab\", @3, \"cd\" #", "ab1234cd", "" },
    { ":a, \"ab\", @2-, \"cd\" #", "abcd1cd", "a@0" },
    { ":a, \"ab\", @2-, \"cd\" #", "ab1cd", "" },
    { ":a, \"ab\", .*, \"cd\" #", "cdab.....cd", "a@2" },
    { ":a, \"ab\", .*, \"cd\" #", "cd....ab", "" },
    { ":a, \"ab\", .*, \"cd\", .*, \"ef\" #", "ab ef cd ef", "a@0" },
    { ":a, \"ab\", .*, \"cd\", .*, \"ef\" #", "ef cd ab cd", "" },
    { ":a, \"ab\", @0-100, \"cd\" #", "ab" "0123456789012345678901234567890123456789" "cd", "a@0" },
    { ":a, \"ab\", @10-50, \"cd\" #", "ab123cd", "" },
    { ":a, \"ab\", @10-50, \"cd\" #", "ab...ab123456cd", "a@0" },
    { ":a, \"ab\", @10-50, \"cd\", @40-80, \"ef\" #",
      "ab1234567890cd0123456789012345678901234567890123456789ef", "a@0" },
    { ":a, \"x\", (\"a\" | \"b\"), \"y\" #", "xay", "a@0" },
    { ":a, \"x\", (\"a\" | \"b\"), \"y\" #", "xcy", "" },
    { ":a, (\"first\" | \"second\") #", "the second", "a@4" },
    { ":a, (\"foo\", @0-3, \"bar\" | \"quux\") #", "foo12bar", "a@0" },
    { ":a, \"tel\", \\s*, \\d+, \\s+, \"end\" #", "tel  0123   end", "a@0" },
    { ":a, \"tel\", \\s*, \\d+, \\s+, \"end\" #", "tel  0123end", "" },
    { ":a, \\d+, \"x\" #", "..123x", "a@4" },
    { ":a, \"a\", \\d{2,4}, \"b\" #", "a1b a12345b a123b", "a@12" },
    { ":a, \"a\", ['0'-'9', 'x'], \"b\" #", "acb axb", "a@4" },
    { ":a, \"a\", [!'0'-'9'], \"b\" #", "a1b acb", "a@4" },
    { ":a, 0x?1, 0x6?, \"zz\" #", "aazz", "a@0" },
    { ":a, @=0, \"MZ\" #", "MZ..", "a@0" },
    { ":a, @=0, \"MZ\" #", ".MZ", "" },
    { ":a, @=2-4, \"MZ\" #", "....MZ", "a@4" },
    { ":a, @=2-4, \"MZ\" #", ".....MZ", "" },
    { ":a, @=0, \\s*, \"<html\" #", "   <html", "a@3" },
    { ":a, @=-4, \"tail\" #", "the tail", "a@4" },
    { ":a, @=-4, \"tail\" #", "the tail.", "" },
    { ":a, \\b, \"word\", \\b #", "a word.", "a@2" },
    { ":a, \\b, \"word\", \\b #", "swords word", "a@7" },
    { ":a, \\b, \"word\", \\b #", "swords", "" },
    { ":a, \"one\" AND \"two\" #", "two one", "a@0" },
    { ":a, \"one\" AND \"two\" #", "two", "" },
    { ":a, \"one\" OR \"two\" #", "two", "a@0" },
    { ":a, \"one\" XOR \"two\" #", "two", "a@0" },
    { ":a, \"one\" XOR \"two\" #", "two one", "" },
    { ":a, NOT \"one\" #", "two", "a@0" },
    { ":a, NOT \"one\" #", "one", "" },
    { ":a, \"two\" AND NOT \"one\" #", "two one", "" },
    { ":a, \"two\" AND NOT \"one\" #", "two", "a@0" },
    { ":a, COUNT(\"ab\") >= 3 #", "ab ab ab", "a@0" },
    { ":a, COUNT(\"ab\") >= 3 #", "ab ab", "" },
    { ":a, COUNT(\"ab\") = 2 #", "ab ab", "a@0" },
    { ":a, COUNT(\"ab\") = 2 #", "ab ab ab", "" },
    { ":a, COUNT(\"aa\") = 3 #", "aaaa", "a@0" },
    { ":a, 2 OF (\"one\", \"two\", \"three\") #", "three one", "a@0" },
    { ":a, 2 OF (\"one\", \"two\", \"three\") #", "three", "" },
    { ":a, SIZE 3 #", "abc", "a@0" },
    { ":a, SIZE 4- AND \"abc\" #", "abc", "" },
    { ":a, NAME ~\"*.TXT\" #", "x", "a@0" },
    { ":a, NAME \"*.exe\" #", "x", "" },
    { ":a, MD5(\"900150983cd24fb0d6963f7d28e17f72\") SIZE 3 #", "abc", "a@0" },
    { ":a, MD5(\"900150983cd24fb0d6963f7d28e17f72\") SIZE 4 #", "abc", "" },
    { ":a, SHA1(\"a9993e364706816aba3e25717850c26c9cd0d89d\") #", "abc", "a@0" },
    { ":a, \"abc\" AND SHA1(\"a9993e364706816aba3e25717850c26c9cd0d89d\") #", "abc", "a@0" },
    { ":a, \"foo\" AND /foo+ba[rz]/ #", "foo foobaz", "a@0" },
    { ":a, \"foo\" AND /foo+ba[rz]/ #", "foo fobay", "" },
    { ":a, INT16(0) = 0x5a4d AND INT8(2) > 0x40 #", "MZA", "a@0" },
    { ":a, LET n = \"len=\" IN DEC(n+4, 5) > 99 #", "xx len=100;", "a@3" },
    { ":a, LET n = \"len=\" IN DEC(n+4, 5) > 99 #", "xx len=99;", "" },
    { ":a, <\"HTML\"> \"hello\" #", "hello", "" },
    { ":a, <\"tex\"> \"hello\" #", "hello", "a@0" },
    { ":a, <!\"text\"> \"hello\" #", "hello", "" },
    { ":a, \"ab\" # :b, \"cd\" # :c, \"ab\", \"cd\" #", "abcd", "a@0 c@0 b@2" },
};

START_TEST(rules_match)
{
    check_rule(cases[_i].rule, &plain, slice_str(cases[_i].data), cases[_i].want);
}
END_TEST

START_TEST(types_unknown_mean_everything)
{
    struct vdl_object o = plain;

    o.types[0] = "unknown";
    check_rule(":a, <\"HTML\"> \"hello\" #", &o, SLICE("hello"), "a@0");
    o.types[0] = NULL;
    check_rule(":a, <\"HTML\"> \"hello\" #", &o, SLICE("hello"), "a@0");
}
END_TEST

/* Rules and data made for each other: twice the bytes may cost little more than twice the steps. No clock is asked. */
static const struct { const char *rule, *unit; } worst[] = {
    { ":a, \"aaaa\", .*, \"aaaa\", .*, \"aaab\" #", "a" },
    { ":a, \"aaaa\", @0-1000, \"aaaa\", @0-1000, \"aaab\" #", "a" },
    { ":a, \"ab\", @100-5000, \"ab\", @100-5000, \"ac\" #", "ab" },
    { ":a, \"a\", \\w*, \"a\", \\w*, \"a\", \\w*, \"!\" #", "a" },
    { ":a, (\"a\" | \"aa\"){1,20}, (\"a\" | \"aa\"){1,20}, \"b\" #", "a" },
    { ":a, ((\"a\"{1,}){1,}){1,}, \"b\" #", "a" },
    { ":a, \"x\", @0-30, \"x\", @0-30, \"x\", @0-30, \"y\" #", "x" },
    { ":a, ~~\"a b c a b d\" #", "abc" },
    { ":a, ~#\"123124\" #", "123" },
    { ":a, COUNT(\"aa\") > 1000000 AND COUNT(\"aaa\") > 1000000 #", "a" },
    { ":a, .*, \"b\", .*, \\d+, .*, \\d+, \"c\" #", "b1" },
    { ":a, @=0-, \\s*, \\w*, \\s*, \"!\" #", "a " },
};

static uint64_t steps_for(struct vdl_db *db, const char *unit, size_t bytes)
{
    uint8_t *data = malloc(bytes);
    struct hits h = { .n = 0 };
    struct vdl_scan *s = vdl_scan_new(&db, 1, note, &h);
    uint64_t steps;

    ck_assert_ptr_nonnull(data);
    ck_assert_ptr_nonnull(s);
    for (size_t i = 0; i < bytes; i++)
        data[i] = (uint8_t)unit[i % strlen(unit)];
    ck_assert_int_eq(vdl_scan_bytes(s, &plain, (struct slice){ data, bytes }), CS_OK);
    ck_assert_str_eq(h.text, "");
    steps = s->lanes[0].steps;
    vdl_scan_free(s);
    free(data);
    return steps;
}

START_TEST(worst_cases_are_linear)
{
    struct vdl_db *db;
    char why[256];
    uint64_t one, two;

    make_image(worst[_i].rule);
    ck_assert_int_eq(vdl_open(path, &db, why), CS_OK);
    one = steps_for(db, worst[_i].unit, 50000);
    two = steps_for(db, worst[_i].unit, 100000);
    ck_assert_msg(two <= one * 21 / 10 + 10000, "%s: %llu steps, then %llu", worst[_i].rule, (unsigned long long)one,
                  (unsigned long long)two);
    ck_assert_msg(two <= 100000ull * 20000, "%s: %llu steps", worst[_i].rule, (unsigned long long)two);
    vdl_close(db);
}
END_TEST

/* What is everywhere is looked for only behind what is rare; many alternatives are searched for all at once. */
static const struct { const char *rule, *unit; } cheap[] = {
    { ":a, \"qzxjkvwq\", @20-60, \"    \", @1-40, \"    \", @1-40, \"!\" #", " " },
    { ":a, \"qzxjkvwq\", @20-60, \"  \", [ 'a'-'z' ], \"  \" #", "  a" },
    { ":a, XORED \"a program that runs\" #", "a word or two and no program at all. " },
};

START_TEST(common_pieces_cost_next_to_nothing)
{
    struct vdl_db *db;
    char why[256];

    make_image(cheap[_i].rule);
    ck_assert_int_eq(vdl_open(path, &db, why), CS_OK);
    ck_assert_uint_le(steps_for(db, cheap[_i].unit, 100000), 1000);
    vdl_close(db);
}
END_TEST

static void make_dir(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/t.vdb", dir);
}

static void remove_dir(void)
{
    unlink(path);
    rmdir(dir);
}

int main(void)
{
    Suite *s = suite_create("run");
    TCase *t = tcase_create("rules");
    SRunner *r;
    int failed;

    tcase_add_unchecked_fixture(t, make_dir, remove_dir);
    tcase_add_loop_test(t, rules_match, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(t, types_unknown_mean_everything);
    tcase_set_timeout(t, 240);
    tcase_add_loop_test(t, common_pieces_cost_next_to_nothing, 0, (int)(sizeof cheap / sizeof *cheap));
    tcase_add_loop_test(t, worst_cases_are_linear, 0, (int)(sizeof worst / sizeof *worst));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
