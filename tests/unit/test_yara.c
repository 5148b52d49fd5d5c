/* YARA rules: what each finds and what it leaves alone; what is not read is refused by its name, and the rest of the file stays. */
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "vdl/compile.h"
#include "vdl/vdl.h"

/* The strings, the condition; a text that it holds for, one that it does not hold for (NULL: every, or none). */
static const struct { const char *strings, *condition, *yes, *no; } rules[] = {
    { "$a = \"hello\"", "$a", "a hello b", "a helo b" },
    { "$a = \"x\\x41\\n\\t\\r\\\"\\\\y\"", "$a", "xA\n\t\r\"\\y", "xA\n\t\r\"y" },
    { "$a = \"hello\" nocase", "$a", "HeLLo", "HeLo" },
    { "$a = \"hello\" fullword", "$a", "a hello.", "ahello." },
    { "$a = \"hello\" xor(1-2)", "$a", "idmmn", "hello" },
    { "$a = \"hello\" xor(2)", "$a", "jgnnm", "idmmn" },
    { "$a = \"hello world\" base64", "$a", "aGVsbG8gd29ybGQ", "aGVsbG9gd29ybGQ" },
    { "$a = \"hello\" private", "$a", "hello", "world" },
    { "$a = { 68 65 ?? 6C [1-3] 77 }", "$a", "hexl..w", "hexl....w" },
    { "$a = { 68 ( 65 | 66 67 ) 68 }", "$a", "hfgh", "hgh" },
    { "$a = { 68 ~65 6C 6C }", "$a", "hall", "hell" },
    { "$a = { 68 6? ?5 6C } // a comment\n /* another */", "$a", "hoel", "hpel" },
    { "$a = { 68 65 [-] 77 }", "$a", "he.......w", "h.......w" },
    { "$a = { 68 65 [2] 77 }", "$a", "he..w", "he...w" },
    { "$a = /hel{2,3}o[ ,]w.rld/", "$a", "helllo,world", "hello.world" },
    { "$a = /a\\/bc\\.d(ef|gh)+x?/i", "$a", "A/BC.DGHEF", "a/bcxdgh" },
    { "$a = /abc\\x64\\n[^x-z\\]]\\d\\w\\s$/", "$a", "abcd\na1_ ", "abcd\nz1_ " },
    { "$a = /abc(?:de)*?f{1,}g\\bh?/", "$a", "abcdedeffg", "abcdede" },
    { "$a = /a.b{0}cdef/s", "$a", "a\ncdef", "a\nbcdef" },
    { "$a = /[[:alpha:]]hello[]x]/", "$a", "xhello]", "1hello]" },
    { "$a = \"hello\"", "$a at 2", "..hello", ".hello" },
    { "$a = \"hello\"", "$a in (1..3)", "...hello", "....hello" },
    { "$a = \"hello\"", "$a at filesize - 5", "..hello", "hello." },
    { "$a = \"hello\"", "$a in (filesize - 7..filesize)", "..hello.", "hello....." },
    { "$a = \"ab\"", "#a == 2", "abab", "ababab" }, { "$a = \"ab\"", "#a > 1", "abab", "ab" }, { "$a = \"ab\"", "#a >= 2", "abab", "ab" },
    { "$a = \"ab\"", "#a < 2 and $a", "ab", "abab" }, { "$a = \"ab\"", "#a <= 1 and $a", "ab", "abab" }, { "$a = \"ab\"", "#a != 1", "abab", "ab" },
    { "$a = \"ab\"", "2 <= #a", "abab", "ab" }, { "$a = \"ab\"", "1 < #a", "abab", "ab" }, { "$a = \"ab\"", "2 > #a and $a", "ab", "abab" },
    { "$a = \"ab\"", "1 >= #a and $a", "ab", "abab" },
    { "$a = \"aa\" $b = \"bb\"", "@a < @b", "aa bb", "bb aa" }, { "$a = \"aa\" $b = \"bb\"", "@a[1] < @b[1]", "aa bb aa bb", "aa" },
    { "$a = \"aa\" $b = \"bb\"", "@a[1] < @b[1] + 5", "bb..aa", "bb...aa" }, { "$a = \"aa\" $b = \"bb\"", "@a - 4 == @b", "bb..aa aa", "bb.aa" },
    { "$a = \"aa\" $b = \"bb\"", "@a - @b > 2 and @b >= 1", ".bb.aa", "bb.aa" }, { "$a = \"aa\"", "@a > 3", "....aa aa", "aa....aa" },
    { "$a = \"aa\"", "4 != @a", "aa..aa", "....aa" }, { "$a = \"aa\" $b = \"bb\"", "not @a < @b and not 10 < @a", "bb aa", "aa bb" },
    { "$a = \"aa\" $b = \"bb\"", "not @a < @b or filesize == 3", "aaa", "bb.." }, { "$a = \"aa\"", "@a", ".aa", "aa" },
    { "$a = \"aa\" $b = { 62 [0-3] 63 64 }", "for any of ($b) : ( 1 + @ <= @a )", "b..cdaa", "aa b..cd" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\"", "2 of them", "aa cc", "cc cc" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\"", "all of them", "bb aa cc", "aa cc" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\"", "any of ($a, $b)", "bb", "cc" },
    { "$a1 = \"aa\" $a2 = \"bb\" $c = \"cc\"", "none of ($a*) and $c", "cc", "cc bb" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\" $d = \"dd\"", "50% of them", "aa dd", "aa" },
    { "$a = \"aa\" $b = \"bb\"", "any of them in (0..3)", "..bb", "....bb" },
    { "$a = \"aa\" $b = \"bb\"", "for any of them : ( $ at 1 )", ".bb", "..bb" },
    { "$a = \"aa\" $b = \"bb\"", "for all of ($a, $b) : ( # > 1 )", "aa aa bb bb", "aa bb bb" },
    { "$ = \"aa\" $ = \"bb\"", "all of them", "bb aa", "bb" },
    { "$a = \"aa\" $b = \"bb\"", "for none of them : ( $ )", "cc", "bb" },
    { "$a = \"aa\" $b = \"bb\"", "not $a and not not $b", "bb", "aa bb" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\"", "$a or $b and $c", "aa", "bb" },
    { "$a = \"aa\" $b = \"bb\" $c = \"cc\"", "($a or $b) and $c", "bb cc", "aa" },
    { NULL, "filesize > 3 and filesize <= 0x5", "abcd", "abc" }, { NULL, "filesize == 4", "abcd", "abc" }, { NULL, "filesize != 4", "abc", "abcd" },
    { NULL, "3 < filesize", "abcd", "abc" }, { NULL, "4 >= filesize", "abcd", "abcde" }, { NULL, "filesize < 1KB", "abcd", NULL },
    { NULL, "filesize > 1MB or true", "abcd", NULL }, { NULL, "false", NULL, "abcd" }, { NULL, "1 == 1", "abc", NULL }, { NULL, "1 > 2", NULL, "abc" },
    { NULL, "filesize - 2 == 2 * 3 + 10 \\ 5 - 7 % 4 - 3", "abcd", "abcde" }, { NULL, "filesize == (1 << 3 | 1) & 0xc ^ 4 >> 1", "0123456789", "abc" },
    { NULL, "filesize == -(-4)", "abcd", "abc" }, { NULL, "filesize == ~(~4)", "abcd", "abc" },
    { NULL, "uint8(0) == 0x61", "abc", "bbc" }, { NULL, "uint16(0) == 0x6261", "ab", "ba" }, { NULL, "uint32(1) == 0x64636261", ".abcd", ".abdc" },
    { NULL, "uint16be(0) == 0x6162", "ab", "ba" }, { NULL, "uint32be(0) > 0x61626363", "abcd", "abcc" }, { NULL, "uint8be(1) & 0xf0 == 0x60", ".a", ".1" },
    { NULL, "uint32(uint8(0)) == 0x64636261", "\4...abcd", "\3...abcd" }, { NULL, "uint8(200) == 0", NULL, "abc" }, { NULL, "not uint8(200) == 0", NULL, "abc" /* undefined remains undefined */ },
    { NULL, "0x61 == uint8(0)", "abc", "bbc" }, { NULL, "uint8(0) != 0x61", "bbc", "abc" },
    { NULL, "hash.md5(0, filesize) == \"5d41402abc4b2a76b9719d911017c592\"", "hello", "hallo" },
    { NULL, "hash.sha1(0, filesize) == \"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d\"", "hello", "hallo" },
    { NULL, "hash.sha256(0, filesize) == \"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824\"", "hello", "hallo" },
};

/* What is said of a rule that cannot be read, or is wrong. */
static const struct { const char *strings, *condition, *says; } refused[] = {
    { "$a = \"hello\"", "@a[2] > 3", "offset of another match than the first" }, { "$a = \"hello\"", "!a[1] == 5", "length of a match" },
    { "$a = \"hello\"", "@a[1 > 3", "malformed" }, { "$a = /hello/", "@a > 3", "offset of a regular expression" },
    { "$a = \"hello\" $b = \"b\"", "@a - @b < @a", "more than two places" }, { "$a = \"hello\"", "@a < filesize", "known only later" },
    { "$a = \"hello\"", "@a < 0x80000000", "a large number" }, { "$a = { 61 [3-900] 62 }", "@a > 3", "" },
    { "$a = /(?:hello)x/ wide", "$a", "a group with '?'" }, { "$a = /hello\\Ax/ wide", "$a", "an escape in a wide" },
    { "$a = /[h-j][a-z]*/ wide", "$a", "regular expression without a literal" }, { "$a = /abc[/ wide", "$a", "malformed" },
    { "$a = /[a-z]+/", "$a", "regular expression without a literal" },
    { "$a = /a|b/", "$a", "regular expression without a literal" }, { "$a = /(?i)abc/", "$a", "regular expression without a literal" },
    { "$a = /\\Qabc\\E/", "$a", "regular expression without a literal" }, { "$a = /a*b?c{0,4}/", "$a", "regular expression without a literal" },
    { "$a = \"hello\" base64(\"x\")", "$a", "64 characters" }, { "$a = \"hello\" base64(3)", "$a", "64 characters" }, { "$a = \"ab\" base64", "$a", "base64 of a short text" },
    { "$a = \"hello\" xor fullword", "$a", "xor with fullword" }, { "$a = \"hello\"", "for any i in (1..3) : ( $a at i )", "loop over numbers" },
    { NULL, "pe.is_dll()", "module pe" },
    { NULL, "pe.entry_point == 3", "comparison of the entry point" }, { NULL, "entrypoint == 3", "comparison of the entry point" },
    { NULL, "not pe.number_of_sections > 3", "only PE files have" }, { NULL, "entrypoint", "" }, { NULL, "something", "external variable or unknown word" },
    { NULL, "hash.md5(1, filesize) == \"5d41402abc4b2a76b9719d911017c592\"", "hash of a part" }, { NULL, "int8(0) < 0", "" }, { NULL, "defined filesize", "defined" },
    { NULL, "filename contains \"x\"", "" }, { "$a = \"hello\"", "#a + 1 == 2", "arithmetic" }, { "$a = \"hello\"", "$a at uint8(0)", "known only later" },
    { NULL, "uint8(filesize) == 1", "known only later" }, { NULL, "uint8(0) == uint8(1)", "known only later" }, { "$a = \"hello\"", "any of (r*)", "an unknown rule" },
    { "$a = /hello/", "#a > 2", "count of a string" }, { "$a = \"hello\" wide fullword", "$a at 3", "at a place" }, { NULL, "9223372036854775807 + 1 == 1", "arithmetic out of range" },
    { NULL, "1 \\ 0 == 1", "" },
    { "$a = \"hello\"", "$b", "malformed" }, { "$a = \"hello\"", "$ at 3", "malformed" }, { "$a = \"hello\"", "$a at", "malformed" },
    { "$a = \"hello\"", "$a in (1.3)", "malformed" }, { "$a = \"hello\"", "$a in 1..3", "malformed" }, { "$a = \"hello\"", "2 of $a", "malformed" },
    { "$a = \"hello\"", "any $a", "malformed" }, { "$a = \"hello\"", "for any of them ( $ )", "malformed" }, { "$a = \"hello\"", "($a", "malformed" },
    { "$a = \"hello\"", "$a and", "malformed" }, { "$a = \"hello\"", "", "malformed" }, { "$a = \"hello\"", "\"x\"", "malformed" }, { "$a = \"hello\"", "$a < 3", "malformed" },
    { NULL, "hash.md5(0, filesize) == \"xyz\"", "malformed" }, { NULL, "hash.md5(0, filesize) == 3", "malformed" }, { "$a = { 4 }", "$a", "malformed" },
    { "$a = { 41 [3-2] 42 }", "$a", "malformed" }, { "$a = { 41 ( 42 }", "$a", "malformed" }, { "$a = \"open", "$a", "malformed" }, { "$a = \"a\\q\"", "$a", "malformed" },
    { "$a = \"hello\" sideways", "$a", "malformed" }, { "$a = \"hello\" nocase xor", "$a", "malformed" }, { "$a = \"hello\" xor(5-2)", "$a", "malformed" },
    { "$a = /open", "$a", "malformed" }, { "$a = /(abc/", "$a", "malformed" }, { "$a = /abc[/", "$a", "malformed" }, { "$a = { 41 42 } nocase", "$a", "malformed" }, { "$a = /hello/ xor", "$a", "malformed" },
    { "$a = \"hello\" base64 nocase", "$a", "malformed" }, { "$a = \"a\" $b = \"b\"", "for 2 of them : ( $ )", "a quantity known only later" }, { "$a = 5", "$a", "malformed" }, { "$a \"hello\"", "$a", "malformed" },
    { "a = \"hello\"", "$a", "malformed" }, { "$a = \"\"", "$a", "malformed" }, { "$a = \"x\" $a = \"y\"", "$a", "malformed" },
};

static char path[] = "/tmp/test_yara.XXXXXX";

static void write_rule(char *out, size_t n, const char *strings, const char *condition)
{
    snprintf(out, n, "import \"hash\"\nrule r : tag1 tag2 { meta: a = \"b\" c = 3 d = true %s%s condition: %s }\nrule other { strings: $o = \"OTHER\" condition: $o }\n",
             strings ? "strings: " : "", strings ? strings : "", condition);
}

/* The image of the text at path; what was complained of in said. */
static struct vdl_counts compile(const char *text, char *said, size_t n)
{
    FILE *f = fmemopen(said, n, "w");
    struct vdl_compiler *c = vdl_compiler_new(&(struct vdl_options){ .complaints = f });
    struct vdl_counts counts;

    ck_assert(f && c);
    ck_assert_int_eq(vdl_compiler_add_text(c, "t.yar", slice_str(text)), CS_OK);
    ck_assert_int_eq(vdl_compiler_finish(c), CS_OK);
    ck_assert_int_eq(vdl_compiler_write(c, path), CS_OK);
    vdl_compiler_counts(c, &counts);
    vdl_compiler_free(c);
    fclose(f);
    return counts;
}

static bool on_hit(void *ctx, const struct vdl_hit *hit)
{
    if (slice_eq(hit->name, SLICE("r")))
        *(bool *)ctx = true;
    return true;
}

static bool holds(const char *text)
{
    struct vdl_object o = { .types = { "unknown" }, .size = strlen(text) };
    struct vdl_db *db;
    struct vdl_scan *s;
    bool is_found = false;
    char why[256];

    ck_assert_msg(vdl_open(path, &db, why) == CS_OK, "%s", why);
    s = vdl_scan_new(&db, 1, on_hit, &is_found);
    ck_assert(s && vdl_scan_bytes(s, &o, slice_str(text)) == CS_OK);
    vdl_scan_free(s);
    vdl_close(db);
    return is_found;
}

START_TEST(rule_holds_where_it_should)
{
    char text[1024], said[4096] = "";

    write_rule(text, sizeof text, rules[_i].strings, rules[_i].condition);
    ck_assert_msg(compile(text, said, sizeof said).loaded == 2, "%s: %s", text, said);
    ck_assert_msg(!rules[_i].yes || holds(rules[_i].yes), "%s does not hold for %s", rules[_i].condition, rules[_i].yes);
    ck_assert_msg(!rules[_i].no || !holds(rules[_i].no), "%s %s holds for %s", rules[_i].strings, rules[_i].condition, rules[_i].no);
}
END_TEST

START_TEST(rule_is_refused_and_the_rest_stays)
{
    char text[1024], said[4096] = "";
    struct vdl_counts n;

    write_rule(text, sizeof text, refused[_i].strings, refused[_i].condition);
    n = compile(text, said, sizeof said);
    ck_assert_msg(n.loaded <= 1 && n.unsupported + n.malformed >= 1, "%s is loaded", text);
    ck_assert_msg(strstr(said, refused[_i].says), "%s: %s", text, said);
    ck_assert(!holds("hello hello abc"));
}
END_TEST

/* Between rules: what a file may hold besides, and ways to break it. */
static const struct { const char *text; unsigned loaded; const char *says; } files[] = {
    { "private rule p { strings: $a = \"aa\" condition: $a } rule r { condition: p }", 1, "" },
    { "rule p { condition: nothing } rule r { condition: p }", 0, "reference to a rule that is left out" },
    { "rule a1 { condition: filesize == 3 } rule a2 { condition: filesize > 9 } rule r { condition: any of (a1, a*) and not all of (a*) }", 3, "" },
    { "rule a { condition: true } rule r { condition: any of (b*) }", 1, "an unknown rule" },
    { "rule a { condition: true } rule r { condition: any of (a,) }", 1, "expected rules" },
    { "rule a { condition: true } rule r { condition: any of (a) at 3 }", 1, "rules have no place" },
    { "rule a { condition: true } rule r { condition: for any of (a) : ( $ ) }", 1, "loop over rules" },
    { "rule a { condition: nothing } rule r { condition: 1 of (a) }", 0, "reference to a rule that is left out" },
    { "global rule g { condition: filesize > 3 } rule r { strings: $a = \"aa\" condition: $a }", 2, "" },
    { "global rule g { condition: pe.x } rule r { strings: $a = \"aa\" condition: $a }", 0, "a global rule that is left out" },
    { "include \"other.yar\" rule r { condition: true }", 1, "include" },
    { "rule { condition: true }", 0, "malformed" }, { "rule r condition: true }", 0, "malformed" }, { "rule r { condition true }", 0, "malformed" },
    { "rule r { meta: x condition: true }", 0, "malformed" }, { "nonsense", 0, "malformed" },
    { "rule r { condition: true", 0, "malformed" }, { "rule r { /* open", 0, "malformed" },
    { "", 0, "" }, { "// nothing\n", 0, "" },
};

START_TEST(file_is_read_as_far_as_it_goes)
{
    char said[4096] = "";
    struct vdl_counts n = compile(files[_i].text, said, sizeof said);

    ck_assert_msg(n.loaded == files[_i].loaded, "%s: %llu loaded, %s", files[_i].text, (unsigned long long)n.loaded, said);
    ck_assert_msg(strstr(said, files[_i].says), "%s: %s", files[_i].text, said);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("yara");
    TCase *t = tcase_create("rules");
    SRunner *r;
    int failed, fd = mkstemp(path);

    close(fd);
    tcase_add_loop_test(t, rule_holds_where_it_should, 0, N(rules));
    tcase_add_loop_test(t, rule_is_refused_and_the_rest_stays, 0, N(refused));
    tcase_add_loop_test(t, file_is_read_as_far_as_it_goes, 0, N(files));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    unlink(path);
    return failed ? 1 : 0;
}
