#include <check.h>

#include "convscan/html.h"
#include "convscan/normtext.h"
#include "convscan/screnc.h"
#include "convscan/script.h"
#include "convscan/unbase.h"
#include "convscan/xmlblob.h"
#include "recorder.h"

#define FILE_TEXT "the file that a page carries, thirty-two bytes and some more!"

static const struct {
    const char *what, *page;
} carriers[] = {
    { "data",
      "<a href=\"data:application/octet-stream;base64,dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3b"
      "yBieXRlcyBhbmQgc29tZSBtb3JlIQ==\">x</a>" },
    { "percent",
      "<img src=data:text/plain,the%20file%20that%20a%20page%20carries%2C%20thirty-two%20bytes%20and%20some"
      "%20more%21>" },
    { "entities",
      "<a href=\"&#100;ata&colon;application/x;base64,dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3b"
      "yBieXRlcyBhbmQgc29tZSBtb3JlIQ==\">" },
    { "not closed",
      "<a href=\"data:x/y;base64,dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBieXRlcyBhbmQgc29tZS"
      "Btb3JlIQ==" },
    { "style",
      "<style>a{background:url(data:image/x;base64,dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBi"
      "eXRlcyBhbmQgc29tZSBtb3JlIQ==)}</style>" },
    { "mail program comment",
      "<!--[if mso]><a href=\"data:x/y;base64,dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBieXRlc"
      "yBhbmQgc29tZSBtb3JlIQ==\"><![endif]-->" },
    { "atob",
      "<script>var x=atob(\"dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBieXRlcyBhbmQgc29tZSBtb3J"
      "lIQ==\");</script>" },
    { "joined",
      "<script>var x=atob(\"dGhlIGZpbGUgdGhhdCBh\"+ \"IHBhZ2UgY2FycmllcywgdGhpcnR5LX\" /* c */ + 'R3byBieXR"
      "lcyBhbmQgc29tZSBtb3JlIQ==');</script>" },
    { "added",
      "<script>var x=\"dGhlIGZpbGUgdGhhdCBh\";\nx+=\"IHBhZ2UgY2FycmllcywgdGhpcnR5LX\";\nx += \"R3byBieXRlcy"
      "BhbmQgc29tZSBtb3JlIQ==\"; go(atob(x))</script>" },
    { "list of strings",
      "<script>var x=[\"dGhlIGZpbGUgdGhhdCBh\",\"IHBhZ2UgY2FycmllcywgdGhpcnR5LX\",\"R3byBieXRlcyBhbmQgc29tZ"
      "SBtb3JlIQ==\"].join(\"\");</script>" },
    { "numbers",
      "<script>var a=new Uint8Array([116,104,101,32,102,105,108,101,32,116,104,97,116,32,97,32,112,97,103,1"
      "01,32,99,97,114,114,105,101,115,44,32,116,104,105,114,116,121,45,116,119,111,32,98,121,116,101,115,3"
      "2,97,110,100,32,115,111,109,101,32,109,111,114,101,33]);</script>" },
    { "hex numbers",
      "<SCRIPT type=x>var a=[0x74, 0x68, 0x65, 0x20, 0x66, 0x69, 0x6c, 0x65, 0x20, 0x74, 0x68, 0x61, 0x74, "
      "0x20, 0x61, 0x20, 0x70, 0x61, 0x67, 0x65, 0x20, 0x63, 0x61, 0x72, 0x72, 0x69, 0x65, 0x73, 0x2c, 0x20"
      ", 0x74, 0x68, 0x69, 0x72, 0x74, 0x79, 0x2d, 0x74, 0x77, 0x6f, 0x20, 0x62, 0x79, 0x74, 0x65, 0x73, 0x"
      "20, 0x61, 0x6e, 0x64, 0x20, 0x73, 0x6f, 0x6d, 0x65, 0x20, 0x6d, 0x6f, 0x72, 0x65, 0x21]" },
    { "hex escapes",
      "<script>x=\"\\x74\\x68\\x65\\x20\\x66\\x69\\x6c\\x65\\x20\\x74\\x68\\x61\\x74\\x20\\x61\\x20\\x70\\x"
      "61\\x67\\x65\\x20\\x63\\x61\\x72\\x72\\x69\\x65\\x73\\x2c\\x20\\x74\\x68\\x69\\x72\\x74\\x79\\x2d\\x"
      "74\\x77\\x6f\\x20\\x62\\x79\\x74\\x65\\x73\\x20\\x61\\x6e\\x64\\x20\\x73\\x6f\\x6d\\x65\\x20\\x6d\\x"
      "6f\\x72\\x65\\x21\"</script>" },
    { "unescape",
      "<script>document.write(unescape(\"%74%68%65%20%66%69%6C%65%20%74%68%61%74%20%61%20%70%61%67%65%20%63"
      "%61%72%72%69%65%73%2C%20%74%68%69%72%74%79%2D%74%77%6F%20%62%79%74%65%73%20%61%6E%64%20%73%6F%6D%65%"
      "20%6D%6F%72%65%21\"))</script>" },
    { "fromCharCode",
      "<script>x=String.fromCharCode(116,104,101,32,102,105,108,101,32,116,104,97,116,32,97,32,112,97,103,1"
      "01,32,99,97,114,114,105,101,115,44,32,116,104,105,114,116,121,45,116,119,111,32,98,121,116,101,115,3"
      "2,97,110,100,32,115,111,109,101,32,109,111,114,101,33)</script>" },
    { "Chr",
      "<script language=vbscript>x = Chr(116) & Chr(104) & Chr(101) & Chr(32) & Chr(102) & Chr(105) & Chr(1"
      "08) & Chr(101) & Chr(32) & Chr(116) & Chr(104) & Chr(97) & Chr(116) & Chr(32) & Chr(97) & Chr(32) & "
      "Chr(112) & Chr(97) & Chr(103) & Chr(101) & Chr(32) & Chr(99) & Chr(97) & Chr(114) & Chr(114) & Chr(1"
      "05) & Chr(101) & Chr(115) & Chr(44) & Chr(32) & Chr(116) & Chr(104) & Chr(105) & Chr(114) & Chr(116)"
      " & Chr(121) & Chr(45) & Chr(116) & Chr(119) & Chr(111) & Chr(32) & Chr(98) & Chr(121) & Chr(116) & C"
      "hr(101) & Chr(115) & Chr(32) & Chr(97) & Chr(110) & Chr(100) & Chr(32) & Chr(115) & Chr(111) & Chr(1"
      "09) & Chr(101) & Chr(32) & Chr(109) & Chr(111) & Chr(114) & Chr(101) & Chr(33)</script>" },
    { "turned around",
      "<script>x=\"==QIlJ3btBSZt92cgQmbhByclRXeiByb3RXL5RncphGdgwycllmcyF2YgU2ZhBHIhBCdhhGdgUGbpZGIlhGd\".s"
      "plit(\"\").reverse().join(\"\")</script>" },
    { "handler",
      "<body onload=\"x=atob(&quot;dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBieXRlcyBhbmQgc29t"
      "ZSBtb3JlIQ==&quot;)\">" },
    { "script address",
      "<a href=\" java\tscript:x=atob('dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2FycmllcywgdGhpcnR5LXR3byBieXRlcyBhbmQg"
      "c29tZSBtb3JlIQ==')\">" },
    { "hex string",
      "<script>h=\"7468652066696c6520746861742061207061676520636172726965732c207468697274792d74776f20627974"
      "657320616e6420736f6d65206d6f726521\"</script>" },
};

static const struct record *member_with(const struct recorder *r, struct slice bytes)
{
    for (size_t i = 0; i < r->n_items; i++)
        if (r->items[i].kind == EMIT_MEMBER && slice_eq(record_bytes(&r->items[i]), bytes))
            return &r->items[i];
    return NULL;
}

START_TEST(what_a_page_carries_becomes_a_member)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(html_decode(slice_str(carriers[_i].page), &r.emit), CS_OK);
    ck_assert_msg(member_with(&r, SLICE(FILE_TEXT)) != NULL, "%s", carriers[_i].what);
    recorder_release(&r);
}
END_TEST

START_TEST(wide_pages_are_read_as_well)
{
    struct buf wide = buf_init(1 << 16);
    struct recorder r;

    recorder_init(&r);
    for (const char *p = carriers[6].page; *p; p++) {
        ck_assert_int_eq(buf_putc(&wide, (uint8_t)(_i ? 0 : *p)), CS_OK);
        ck_assert_int_eq(buf_putc(&wide, (uint8_t)(_i ? *p : 0)), CS_OK);
    }
    ck_assert_int_eq(html_decode(buf_slice(&wide), &r.emit), CS_OK);
    ck_assert(member_with(&r, SLICE(FILE_TEXT)) != NULL);
    recorder_release(&r);
    buf_release(&wide);
}
END_TEST

/* The views in their order: with tags, text alone, scripts. NULL: none. */
static const struct {
    const char *page, *tags, *text, *scripts;
} views[] = {
    { "<HTML>  <HEAD><TITLE>A &amp;  B</TITLE></HEAD><!-- c --> <BODY  BGCOLOR=Red>Hello,\n\n  <B>World</B></BODY>",
      "<html> <head><title>a & b</title></head> <body bgcolor=\"red\">hello, <b>world</b></body>", "a & b hello, world", NULL },
    { "<p>x<script>Var  X;</script>y", "<p>x<script>var x;</script>y", "xy", "Var  X;\n" },
    { "a<!---->b<!-->c<!--->d<!--x--y-->e<?pi?>f", "abcdef", "abcdef", NULL },
    { "1 < 2 &lt; 3 &#x41;&#66;&unknown;", "1 < 2 < 3 ab&unknown;", "1 < 2 < 3 ab&unknown;", NULL },
    { "<a\nhref=x y='z' checked / >t</A >", "<a href=\"x\" y=\"z\" checked>t</a>", "t", NULL },
    { "<b onclick=\"Go(&#39;x&#39;)\">", "<b onclick=\"go('x')\">", NULL, "Go('x')\n" },
    { "<!-- never closed <b>", NULL, NULL, NULL },
};

static const char *view_of(const struct recorder *r, const char *how, const char *type, struct slice *bytes)
{
    for (size_t i = 0; i < r->n_items; i++)
        if (strcmp(r->items[i].how, how) == 0 && r->items[i].type && strcmp(r->items[i].type, type) == 0) {
            *bytes = record_bytes(&r->items[i]);
            return how;
        }
    return NULL;
}

static void is_view(const struct recorder *r, const char *how, const char *type, const char *want)
{
    struct slice got = SLICE("");
    bool is_there = view_of(r, how, type, &got) != NULL;

    ck_assert_msg(is_there == (want != NULL) && slice_eq(got, slice_str(want)), "%s: %.*s", how, (int)got.n, got.p);
}

START_TEST(views_are_normalised)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(html_decode(slice_str(views[_i].page), &r.emit), CS_OK);
    is_view(&r, "html-tags", "normalised-html", views[_i].tags);
    is_view(&r, "html-text", "normalised-html", views[_i].text);
    is_view(&r, "html-scripts", "script", views[_i].scripts);
    recorder_release(&r);
}
END_TEST

START_TEST(text_is_normalised)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(normtext_decode(SLICE("  The \t\r\n QUICK\001 b\0r\xc3\xb1ow\xffn "), &r.emit), CS_OK);
    ck_assert_str_eq(r.items[0].type, "normalised-text");
    ck_assert(slice_eq(record_bytes(&r.items[0]), SLICE("the quick brown ")));
    recorder_release(&r);
}
END_TEST

START_TEST(a_page_in_a_page_becomes_a_member)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(html_decode(SLICE("<iframe srcdoc=\"&lt;b&gt;\">"), &r.emit), CS_OK);
    ck_assert_str_eq(r.items[0].type, "HTML");
    ck_assert(slice_eq(record_bytes(&r.items[0]), SLICE("<b>")));
    recorder_release(&r);
}
END_TEST

/* The strings of a script, one a line. */
static const struct {
    const char *source, *strings;
} scripts[] = {
    { "a='x'+\"y\"", "xy\n" },
    { "a = \"x\" & _\r\n \"y\" & Chr(122)", "xyz\n" },
    { "'\\x41\\u0042\\u{43}\\104\\n'", "ABCD\n\n" },
    { "String.fromCharCode(65, 0x42,67)+'d'", "ABCd\n" },
    { "$a = [char]65+[char]66+'c'", "ABc\n" },
    { "// 'no'\n/* 'no' */ 'yes'", "yes\n" },
    { "'never closed\n'next'", "never closed\nnext\n" },
    { "`two\nlines`", "two\nlines\n" },
};

START_TEST(strings_are_put_together)
{
    struct recorder r;
    struct slice got = SLICE("");

    recorder_init(&r);
    ck_assert_int_eq(script_decode(slice_str(scripts[_i].source), &r.emit), CS_OK);
    view_of(&r, "script-strings", "script", &got);
    ck_assert_msg(slice_eq(got, slice_str(scripts[_i].strings)), "%s: %.*s", scripts[_i].source, (int)got.n, got.p);
    recorder_release(&r);
}
END_TEST

/* A script that a script puts together is an object of its own, and so looked into in its turn. */
START_TEST(inner_scripts_become_members)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(script_decode(SLICE("eval('var inner = unpack(' + '\"0123456789abcdef0123456789abcdef0123456789\");')"), &r.emit), CS_OK);
    ck_assert_int_eq(r.items[0].kind, EMIT_MEMBER);
    ck_assert_str_eq(r.items[0].type, "script");
    ck_assert(slice_eq(record_bytes(&r.items[0]), SLICE("var inner = unpack(\"0123456789abcdef0123456789abcdef0123456789\");")));
    recorder_release(&r);
}
END_TEST

/* powershell -enc: base64 of UTF-16, without quotes. */
START_TEST(arguments_are_decoded)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(script_decode(SLICE("powershell -enc "
                                         "VwByAGkAdABlAC0ASABvAHMAdAAgACcAaABlAGwAbABvACAAYQBsAGwAIABvAGYAIAB5AG8AdQAnAAoA\n"), &r.emit), CS_OK);
    ck_assert(member_with(&r, SLICE("Write-Host 'hello all of you'\n")) != NULL || recorder_holding(&r, SLICE("hello all")) != NULL);
    recorder_release(&r);
}
END_TEST

/* Letters by the three alphabets in their turns, and the characters that have escapes. */
static const struct {
    const char *in, *out;
} encoded[] = {
    { "before #@~^AAAAAA==-mD~XP{PJmJpAAAAAA==^#~@ after", "before var x = \"a\"; after" },
    { "#@~^AAAAAA==@*@!@$@#@&AAAAAA==^#~@", "><@\r\n" },
    { "nothing", "nothing" },
};

START_TEST(encoded_scripts_are_decoded)
{
    struct buf out = buf_init(4096);

    ck_assert_int_eq(screnc_decode(slice_str(encoded[_i].in), &out), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(encoded[_i].out)), "%.*s", (int)out.n, out.p);
    buf_release(&out);
}
END_TEST

START_TEST(files_in_xml_become_members)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(xmlblob_decode(SLICE("<?xml version='1.0'?><a><x:base64>dGhlIGZpbGUgdGhhdCBhIHBhZ2UgY2Fycmllcywg\r\n"
                                          "dGhpcnR5LXR3byBieXRlcyBhbmQgc29tZSBtb3JlIQ==</x:base64></a>"), &r.emit), CS_OK);
    ck_assert(member_with(&r, SLICE(FILE_TEXT)) != NULL);
    recorder_release(&r);
}
END_TEST

START_TEST(any_end_and_any_stop_is_survived)
{
    struct slice page = slice_str(carriers[_i].page);
    struct recorder r;

    for (size_t n = 0; n < page.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(html_decode(slice_take(page, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t stop = 1; stop <= 3; stop++) {
        recorder_init(&r);
        r.stop_at = stop;
        ck_assert_int_eq(html_decode(page, &r.emit), CS_STOP);
        recorder_release(&r);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("html");
    TCase *t = tcase_create("html");
    SRunner *sr = srunner_create(s);
    int n_failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, what_a_page_carries_becomes_a_member, 0, sizeof carriers / sizeof *carriers);
    tcase_add_loop_test(t, wide_pages_are_read_as_well, 0, 2);
    tcase_add_loop_test(t, views_are_normalised, 0, sizeof views / sizeof *views);
    tcase_add_test(t, text_is_normalised);
    tcase_add_test(t, a_page_in_a_page_becomes_a_member);
    tcase_add_loop_test(t, strings_are_put_together, 0, sizeof scripts / sizeof *scripts);
    tcase_add_test(t, inner_scripts_become_members);
    tcase_add_test(t, arguments_are_decoded);
    tcase_add_loop_test(t, encoded_scripts_are_decoded, 0, sizeof encoded / sizeof *encoded);
    tcase_add_test(t, files_in_xml_become_members);
    tcase_add_loop_test(t, any_end_and_any_stop_is_survived, 0, sizeof carriers / sizeof *carriers);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
