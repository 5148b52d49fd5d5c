#include <check.h>

#include "compiling.h"
#include "tree.h"
#include "vdl/compile/parse.h"

/* A definition, and its tree. */
static const struct { const char *vdl, *tree; } defs[] = {
    { "\"hi\"", "(seg \"hi\")" },
    { "\"a\\x41\\n\\\"\\\\\\q\"", "(seg \"aA\\x0a\\x22\\x5cq\")" },
    { "~\"Hi\"", "(seg (fold \"Hi\"))" },
    { "~~\"Call (800) now\"", "(seg (loose \"call800now\"))" },
    { "~#\"1-800\"", "(seg (digits \"1800\"))" },
    { "\"ab\", \"cd\"", "(seg \"abcd\")" },
    { "\"ab\", ~\"cd\"", "(seg (cat \"ab\" (fold \"cd\")))" },
    { "\"ab\", @0-10, \"cd\"", "(seg (cat \"ab\" (gap 0-10) \"cd\"))" },
    { "\"ab\", @3, \"cd\"", "(seg (cat \"ab\" (gap 3) \"cd\"))" },
    { "\"ab\", @3-, \"cd\"", "(seg (cat \"ab\" (gap 3-) \"cd\"))" },
    { "\"ab\", .*, \"cd\"", "(seg (cat \"ab\" (gap 0-) \"cd\"))" },
    { "\"ab\", ., @2, \"cd\"", "(seg (cat \"ab\" (gap 3) \"cd\"))" },
    { "\"ab\" AND \"cd\"", "(and (seg \"ab\") (seg \"cd\"))" },
    { "\"ab\" & \"cd\" & \"ef\"", "(and (seg \"ab\") (seg \"cd\") (seg \"ef\"))" },
    { "\"ab\" OR \"cd\" AND \"ef\"", "(or (seg \"ab\") (and (seg \"cd\") (seg \"ef\")))" },
    { "\"ab\" OR \"cd\" XOR \"ef\" AND NOT \"gh\"", "(or (seg \"ab\") (xor (seg \"cd\") (and (seg \"ef\") (not (seg \"gh\")))))" },
    { "(\"ab\" OR \"cd\") AND \"ef\"", "(and (or (seg \"ab\") (seg \"cd\")) (seg \"ef\"))" },
    { "NOT NOT \"ab\"", "(seg \"ab\")" },
    { "\"x\", (\"ab\" | \"cd\"), \"y\"", "(seg (cat \"x\" (alt \"ab\" \"cd\") \"y\"))" },
    { "\"x\", (\"ab\" | (\"c\", @1, \"d\")), \"y\"", "(seg (cat \"x\" (alt \"ab\" (cat \"c\" (gap 1) \"d\")) \"y\"))" },
    { "(\"ab\" | \"cd\") AND (\"ef\")", "(and (seg (alt \"ab\" \"cd\")) (seg \"ef\"))" },
    { "\"no\", \\d+, \"x\"", "(seg (cat \"no\" (rep 1- [30-39]) \"x\"))" },
    { "\"no\", \\s*, \"xy\"", "(seg (cat \"no\" (rep 0- [09-0d 20]) \"xy\"))" },
    { "\\b, \"word\", \\b", "(seg (cat (edge b) \"word\" (edge b)))" },
    { "\"xy\", 'a'-'f', 98-100, 97, '\\n', \\t", "(seg (cat \"xy\" [61-66] [62-64] \"a\\x0a\\x09\"))" },
    { "FUZZY -2 +3 \"cow\"", "(seg (cat [61-66] [6d-72] [75-7a]))" },
    { "\"ab\", FUZZY 2 100", "(seg (cat \"ab\" [62-66]))" },
    { "\"ab\", fuzz +-1 'b'", "(seg (cat \"ab\" [61-63]))" },
    { "\"ab\", [ 'a'-'f', 0x80-0xff ]", "(seg (cat \"ab\" [61-66 80-ff]))" },
    { "\"ab\", [! 'a' ]", "(seg (cat \"ab\" [00-60 62-ff]))" },
    { "\"ab\", 0x4?, 0x??", "(seg (cat \"ab\" [40-4f] (gap 1)))" },
    { "\"ab\", \"x\"{3}", "(seg \"abxxx\")" },
    { "\"ab\", \\d{2,4}, (\"x\" | \"yy\"){2,}", "(seg (cat \"ab\" (rep 2-4 [30-39]) (rep 2- (alt \"x\" \"yy\"))))" },
    { "@=0, \"MZ\"", "(seg @start:0:0 \"MZ\")" },
    { "@=4-10, \"MZ\", @1, \"x\"", "(seg @start:4:10 (cat \"MZ\" (gap 1) \"x\"))" },
    { "@=-22, \"PK\"", "(seg @end:22:22 \"PK\")" },
    { "@=EP+4, \"PK\" OR @=S2, \"ab\" OR @=SL-1, \"cd\" OR @=SE0, \"ef\"",
      "(or (seg @EP:4:4 \"PK\") (seg @S2:0:0 \"ab\") (seg @SL:-1:-1 \"cd\") (seg @SE:0:0 \"ef\"))" },
    { "COUNT(\"ab\") >= 3", "(count >=3 (seg \"ab\"))" },
    { "COUNT(\"ab\" OR \"cd\") > 5 DISTINCT 2", "(count >5/2 (or (seg \"ab\") (seg \"cd\")))" },
    { "PLACE(\"ab\", @1, \"c\") >= 3", "(order >=+3 (seg (cat \"ab\" (gap 1) \"c\")))" },
    { "LET a = \"ab\" IN PLACE(a) < PLACE(\"cd\") - 5 AND PLACE(a) != PLACE(a)",
      "(and (order <-5 (seg \"a\" \"ab\") (seg \"cd\")) (order !=+0 (seg \"a\" \"ab\") (seg \"a\" \"ab\")))" },
    { "2 OF (\"ab\", \"cd\" | \"ef\", (\"g\", @1, \"h\"))", "(of 2 (seg \"ab\") (seg (alt \"cd\" \"ef\")) (seg (cat \"g\" (gap 1) \"h\")))" },
    { "ANY OF (\"ab\", \"cd\") AND ALL OF (\"ef\", NOT \"gh\")", "(and (of 1 (seg \"ab\") (seg \"cd\")) (of 2 (seg \"ef\") (not (seg \"gh\"))))" },
    { "LET a = \"ab\", @1, \"c\" IN a AND COUNT(a) > 2",
      "(and (seg \"a\" (cat \"ab\" (gap 1) \"c\")) (count >2 (seg \"a\" (cat \"ab\" (gap 1) \"c\"))))" },
    { "LET a = \"ab\" IN INT16(a + 4) = 7 AND INT32BE(8) & 0xff00 != 0x100",
      "(and (int raw2le@4=7 (seg \"a\" \"ab\")) (int raw4be&@8!=256))" },
    { "INT16(INT32(60) + 24) = 0x20b", "(int raw2le@24*4le60=523)" },
    { "DEC(3, 4) < 100 OR HEX(0, 2) = 0x1f", "(or (int dec4be@3<100) (int hex2be@0=31))" },
    { "MD5(\"d41d8cd98f00b204e9800998ecf8427e\") SIZE 0",
      "(hash \"\\xd4\\x1d\\x8c\\xd9\\x8f\\x00\\xb2\\x04\\xe9\\x80\\x09\\x98\\xec\\xf8B~\" 0)" },
    { "SIZE 10-20 AND DEPTH 1- AND TOP", "(and (size 10-20) (depth 1-) (depth 0))" },
    { "SIZE > 10 OR SIZE <= 5 OR SIZE != 7", "(or (size 11-) (size 0-5) (not (size 7)))" },
    { "NAME ~\"*.scr\" AND PARENT \"ZIP\"", "(and (name \"*.scr\") (parent \"ZIP\"))" },
    { "/ab[cd]+efgh\\/x/i", "(regex \"ab[cd]+efgh/x\" 1 (seg (fold \"efgh/x\")))" },
    { "/[ab]+/ WITH \"xyz\"", "(regex \"[ab]+\" 0 (seg \"xyz\"))" },
    { "WIDE \"ab\"", "(seg \"a\\x00b\\x00\")" },
    { "WIDE ASCII ~\"ab\"", "(seg (alt (fold \"ab\") (fold \"a\\x00b\\x00\")))" },
    { "XORED 1-2 \"ab\"", "(seg (alt \"`c\" \"c`\"))" },
    { "BASE64 \"hello!\"", "(seg (alt \"aGVsbG8h\" \"hlbGxvI\" \"oZWxsby\"))" },
    { "FULLWORD \"ab\"", "(seg (cat (edge W) \"ab\" (edge W>)))" },
    { "START, \"ab\", [ ' ' ]*, N_END", "(seg (cat (edge start) \"ab\" (rep 0- \" \") (edge !end)))" },
    { "BEFORE_B, \"ab\", AFTER_L", "(seg (cat (edge B) \"ab\" (edge L>)))" },
    { "<\"GIF\",\"class=spam\"> \"ab\"", "(seg \"ab\")" },
    { "\"a;b#c\" ; comment # \"\n , \"d\"", "(seg \"a;b#cd\")" },
};

START_TEST(definition_makes_tree)
{
    struct compiling c;
    char text[512];

    compiling_start(&c);
    snprintf(text, sizeof text, ":t 1, %s #", defs[_i].vdl);
    compiling_read(&c, vdl_parse, slice_str(text));
    ck_assert_msg(c.program.n_rules == 1, "%s", c.text);
    ck_assert_msg(slice_eq(c.program.rules[0].name, SLICE("t 1")), "name");
    ck_assert_str_eq(tree_text(c.program.rules[0].expr), defs[_i].tree);
    compiling_end(&c);
}
END_TEST

/* A source, and what its complaints begin with (each on a line of its own). */
static const struct { const char *vdl, *says; size_t rules; } wrong[] = {
    { ":n, \"ab\n#", "t:1:5: error: this string has no closing '\"'", 0 },
    { ":n, PLACE(\"ab\" AND \"cd\") > 3 #", "t:1:10: error: only a segment has a place", 0 },
    { ":n, PLACE(\"ab\") > PLACE(\"cd\") + #", "t:1:33: error: expected a number", 0 },
    { ":n, PLACE(\"ab\") #", "t:1:17: error: expected =", 0 }, { ":n, PLACE \"ab\" #", "t:1:11: error: expected '(' behind PLACE", 0 },
    { ":n, PLACE(\"ab\") > 4294967296 #", "t:1:5: error: a place of more than", 0 },
    { ":n, \"ab\" \"cd\" #", "t:1:10: error: expected an operator, or '#' at the end of the rule, found the string \"cd\"", 0 },
    { ":n, \"ab\" and \"cd\" #", "t:1:10: error: expected an operator", 0 },
    { ":n, and #", "t:1:5: error: unknown word and", 0 },
    { ":n, \"ab\"", "t:1:9: error: expected an operator, or '#' at the end of the rule, found the end of the file", 0 },
    { ":n \"ab\" #", "t:1:2: error: expected a name and a ','", 0 },
    { ":, \"ab\" #", "t:1:2: error: a rule without a name", 0 },
    { "x :n, \"ab\" #", "t:1:1: error: expected a rule, found the word x", 0 },
    { ":n, @5-2, \"ab\" #", "t:1:8: error: this range ends before it begins", 0 },
    { ":n, \"\\xg1\" #", "t:1:6: error: a broken escape", 0 },
    { ":n, (\"ab\" AND \"cd\"), \"ef\" #", "t:1:6: error: this cannot be a part of a segment", 0 },
    { ":n, 300 #", "t:1:5: error: this number is no byte", 0 },
    { ":n, @0-5 #", "t:1:5: error: this segment matches everywhere", 0 },
    { ":n, $foo #", "t:1:5: error: macro $foo is not defined", 0 },
    { "$define a $b\n$define b $a\n:n, $a #", "t:3:5: error: this macro uses itself", 0 },
    { "$define a \"x\"\n$define a \"y\"\n:n, $a, \"zz\" #", "t:2:1: error: macro $a is already defined as something else", 1 },
    { ":n, \"ab\" #\n:m, 'xx' #\n:o, \"cd\" #", "t:2:5: error: a broken character", 2 },
    { ":n, \"ab\"\n:m, \"cd\" #", "t:2:1: error: expected an operator, or '#' at the end of the rule, found ':'", 1 },
    { ":n, MD5(\"12\") #", "t:1:9: error: this is no hash of this kind", 0 },
    { ":n, /ab/z #", "t:1:5: error: an unknown flag", 0 },
    { ":n, /[ab]+/ #", "t:1:5: error: this regular expression holds no literal", 0 },
    { ":n, 3 OF (\"ab\", \"cd\") #", "t:1:5: error: more are asked for than are in the list", 0 },
    { ":n, <\"colour=red\"> \"ab\" #", "t:1:6: error: unknown metadata", 0 },
    { ":n, [ 'a' \"b\" ] #", "t:1:11: error: expected ',' or ']', found the string \"b\"", 0 },
    { ":n, \"ab\", [! 0-255 ] #", "t:1:12: error: no byte is in this set", 0 },
    { "\xff\xfe:\0n\0", "t:1:1: error: this file is in UTF-16", 0 },
    { ":n, \"ab\" OR \x80 #", "t:1:13: error: an unexpected byte", 0 },
    { ":n, (\"ab\" | \"ab\") #", "t:1:13: warning: this alternative is never reached", 1 },
    { ":n, \\d+ #", "t:1:1: warning: this rule is slow: it looks for", 1 },
    { ":n, \"abcdefgh\", .*, \\b, .*, \"qrstuvwx\" #",
      "t:1:21: warning: this rule is slow: this piece becomes an automaton that looks at every byte behind the piece before it\n"
      "  :n, \"abcdefgh\", .*, \\b, .*, \"qrstuvwx\" #\n                      ^\n  hint: fixed bytes in it", 1 },
    { ":n, \"abcd\" AND\n \\b, .*, \"abcd\" #", "t:2:2: warning: this rule is slow: this piece becomes an automaton that looks at every byte\n", 1 },
    { ":n, .*, ., . #", "t:1:5: warning: a segment that begins with a gap", 0 },
    { ":n, .*, \"ab\" #", "t:1:5: warning: a segment that begins with a gap", 1 },
    { ":n, \"ab\" #\n:n, \"cd\" #", "t:2:1: warning: a rule of this name is there already", 2 },
    { ":n, \"abc\" #\n:m, \"abc\" #", "t:2:1: warning: this says the same as rule n", 2 },
    { "+m, \"ab\" #", "t:1:1: error: no rule is named m", 0 },
};

START_TEST(mistake_is_named_with_its_place)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, slice_str(wrong[_i].vdl));
    ck_assert_msg(strncmp(c.text, wrong[_i].says, strlen(wrong[_i].says)) == 0, "said: %s", c.text);
    ck_assert_uint_eq(c.program.n_rules, wrong[_i].rules);
    compiling_end(&c);
}
END_TEST

START_TEST(complaint_shows_line_caret_and_hint)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, SLICE("; one\n:n, \"ab\" and \"cd\" #\n"));
    ck_assert_str_eq(c.text, "t:2:10: error: expected an operator, or '#' at the end of the rule, found the word and\n"
                             "  :n, \"ab\" and \"cd\" #\n           ^\n  hint: operators are in capitals: AND\n");
    compiling_end(&c);
}
END_TEST

START_TEST(macros_nest_and_may_be_defined_in_any_order)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, SLICE("$define both $one, $two\n  $define one \"ab\"   \n$define two ~\"cd\" ; end\n:n, $both, \"$one\" #"));
    ck_assert_msg(c.program.n_rules == 1, "%s", c.text);
    ck_assert_str_eq(tree_text(c.program.rules[0].expr), "(seg (cat \"ab\" (fold \"cd\") \"$one\"))");
    compiling_end(&c);
}
END_TEST

START_TEST(types_hold_for_the_file_or_for_one_rule)
{
    struct compiling c;
    struct vdl_rule *r;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, SLICE("<\"text\",\"version=1.4\">\n:a, \"aa\" #\n:b, <!\"GIF\",\"JPEG\",\"class=spam\",\"severity=high\"> \"bb\" #\n:c, \"cc\" #\n<>\n:d, \"dd\" #"));
    ck_assert_msg(c.program.n_rules == 4, "%s", c.text);
    r = c.program.rules;
    ck_assert(r[0].types && r[0].types->n == 1 && !r[0].types->is_not && slice_eq(r[0].types->words[0], SLICE("text")));
    ck_assert(r[1].types && r[1].types->n == 2 && r[1].types->is_not && r[1].cls == VDL_SPAM && slice_eq(r[1].meta->severity, SLICE("high")));
    ck_assert(r[2].types == r[0].types && r[2].cls == VDL_VIRUS && !r[2].meta);
    ck_assert(!r[3].types);
    ck_assert(slice_eq(c.program.version, SLICE("1.4")));
    compiling_end(&c);
}
END_TEST

START_TEST(samples_are_kept)
{
    struct compiling c;
    struct vdl_sample *s;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, SLICE(":a, \"aa\" #\n+a, \"xaa\", HEX \"00ff\", 'z'{3} #\n-a, FILE \"x/y.bin\" <\"text\"> NAME \"q.txt\" PARENT \"ZIP\" DEPTH 2 #"));
    ck_assert_msg(c.program.n_samples == 2, "%s", c.text);
    s = c.program.samples;
    ck_assert(s[0].must_match && slice_eq(s[0].bytes, SLICE("xaa\0\xffzzz")) && slice_eq(s[0].rule, SLICE("a")));
    ck_assert(!s[1].must_match && slice_eq(s[1].file, SLICE("x/y.bin")) && s[1].n_types == 1 && s[1].depth == 2);
    compiling_end(&c);
}
END_TEST

START_TEST(confirmed_dialect_refuses_what_is_ours)
{
    struct compiling c;

    compiling_start(&c);
    c.o.confirmed_only = true;
    compiling_read(&c, vdl_parse, SLICE(":a, \"aa\" AND ~~\"b\" #\n:b, COUNT(\"aa\") > 1 #\n:c, \"aa\", \\b #\n"));
    ck_assert_uint_eq(c.program.n_rules, 1);
    ck_assert(strstr(c.text, "t:2:5: error: COUNT is not confirmed CVDL"));
    ck_assert(strstr(c.text, "t:3:11: error: \\b is not confirmed CVDL"));
    compiling_end(&c);
}
END_TEST

/* Bad sources end in complaints, in bounded time. */
static char *repeat(const char *head, const char *piece, size_t n, const char *tail)
{
    size_t len = strlen(piece);
    char *s = malloc(strlen(head) + len * n + strlen(tail) + 1);

    memcpy(s, head, strlen(head) + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(s + strlen(head) + i * len, piece, len);
    memcpy(s + strlen(head) + n * len, tail, strlen(tail) + 1);
    return s;
}

static const struct { const char *head, *piece, *tail; size_t n; const char *says; } huge[] = {
    { ":n, \"", "a", "\" #", 1 << 20, "a string longer than" },
    { ":n, ", "(", "\"a\"", 1 << 20, "more than 64 levels" },
    { ":n, ", "NOT ", "\"ab\" #", 1 << 20, "" },
    { ":n, ", "FULLWORD ", "\"ab\" #", 1 << 20, "nested too deep" },
    { ":n, \"a\"", ", \"a\"", " #", 60000, "" },
    { ":n, \"ab\"", " OR \"ab\"", " #", 1 << 20, "too many operands" },
    { ":n, ", "x", " #", 1 << 20, "expected a string" },
    { ":n, \"ab\" ;", "c", "\n#", 1 << 20, "" },
    { ":n", "n", ", \"ab\" #", 1 << 20, "a name longer" },
    { "", ":x,", "", 1 << 20, "expected" },
    { "", "\"", "", 1 << 20, "an empty string" },
    { "$define a", "b", " \"x\"\n", 1 << 20, "expected a macro name" },
    { "$define a \"x\"\n$define b $a,$a,$a,$a,$a,$a,$a,$a\n$define c $b,$b,$b,$b,$b,$b,$b,$b\n$define d $c,$c,$c,$c,$c,$c,$c,$c\n:n, $d", ",$d", " #", 100000,
      "too many operands" },
    { "$define a \"x\"\n$define b $a$a$a$a$a$a$a$a\n$define c $b$b$b$b$b$b$b$b\n$define d $c$c$c$c$c$c$c$c\n:n, $d", " $d", " #", 100000,
      "expected an operator" },
};

START_TEST(huge_sources_are_bounded)
{
    struct compiling c;
    char *text = repeat(huge[_i].head, huge[_i].piece, huge[_i].n, huge[_i].tail);

    compiling_start(&c);
    compiling_read(&c, vdl_parse, slice_str(text));
    ck_assert_msg(strstr(c.text, huge[_i].says), "said: %.300s", c.text);
    if (!*huge[_i].says)
        ck_assert_msg(c.program.n_rules == 1, "said: %.300s", c.text);
    compiling_end(&c);
    free(text);
}
END_TEST

START_TEST(a_million_macros)
{
    struct compiling c;
    struct buf b = buf_init(1 << 26);

    for (int i = 0; i < 1000000; i++)
        if (buf_printf(&b, "$define m%d \"x%d\"\n", i, i) != CS_OK)
            ck_abort();
    if (buf_puts(&b, ":n, $m999999, $m0 #") != CS_OK)
        ck_abort();
    compiling_start(&c);
    compiling_read(&c, vdl_parse, buf_slice(&b));
    ck_assert_msg(c.program.n_rules == 1, "said: %.300s", c.text);
    ck_assert_str_eq(tree_text(c.program.rules[0].expr), "(seg \"x999999x0\")");
    compiling_end(&c);
    buf_release(&b);
}
END_TEST

START_TEST(nul_bytes_are_complained_about)
{
    struct compiling c;

    compiling_start(&c);
    compiling_read(&c, vdl_parse, SLICE(":n, \"a\0b\" #\n:m, \"ab\" \0 #\n:o\0, \"ab\" #"));
    ck_assert(strstr(c.text, "t:1:7: error: a NUL byte in a string"));
    ck_assert(strstr(c.text, "t:2:10: error: an unexpected byte"));
    compiling_end(&c);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("parse");
    TCase *t = tcase_create("vdl");
    SRunner *r;
    int failed;

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, definition_makes_tree, 0, N(defs));
    tcase_add_loop_test(t, mistake_is_named_with_its_place, 0, N(wrong));
    tcase_add_loop_test(t, huge_sources_are_bounded, 0, N(huge));
    tcase_add_test(t, complaint_shows_line_caret_and_hint);
    tcase_add_test(t, macros_nest_and_may_be_defined_in_any_order);
    tcase_add_test(t, types_hold_for_the_file_or_for_one_rule);
    tcase_add_test(t, samples_are_kept);
    tcase_add_test(t, confirmed_dialect_refuses_what_is_ours);
    tcase_add_test(t, a_million_macros);
    tcase_add_test(t, nul_bytes_are_complained_about);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
