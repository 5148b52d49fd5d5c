#include <check.h>

#include "convscan/clean.h"

static const struct {
    const char *in, *out;
} pages[] = {
    { "<p>Nothing here, <a href=\"http://a/\">link</a> &amp; <img src='data:image/png;base64,AAAA'><!-- c --></p>", NULL },
    { "a<script>x()</script>b", "ab" },
    { "a<SCRIPT src=x>y</ScRiPt >b", "ab" },
    { "a<script>never closed", "a" },
    { "<body onload=\"x()\" bgcolor=red>b", "<body  bgcolor=red>b" },
    { "<a HREF=' java\tscript:x()'>b", "<a >b" },
    { "<a href=\"&#106;avascript&colon;x()\" title=t>b", "<a  title=t>b" },
    { "<a href=data:text/html,x>b</a>", "<a >b</a>" },
    { "<iframe srcdoc='<b>'></iframe>", "<iframe ></iframe>" },
    { "<meta http-equiv=refresh content='0;url=data:text/html,x'>", "<meta http-equiv=refresh >" },
    { "<object data=x><param name=y><p>no plug-in</p></object>", "<p>no plug-in</p>" },
    { "<p>TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA</p>", "<p></p>" },
    { "<i data-x=TVqQAAMAAAAEAAAA//8AALgAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA>", "<i >" },
    { "<!--[if mso]><script>x</script><![endif]-->", "<!--[if mso]><![endif]-->" },
    { "<<script></script>script>x</script>", "" },
    { "<a href onload='x'='javascript:y'>", "<a >" },
    { "<title><script>text</title>", NULL },
    { "1 < 2 <", NULL },
    { "<b", NULL },
};

START_TEST(what_can_run_leaves_the_page)
{
    struct slice in = slice_str(pages[_i].in), want = slice_str(pages[_i].out ? pages[_i].out : pages[_i].in);
    struct buf out = buf_init(1 << 16);
    bool is_changed;

    ck_assert_int_eq(clean_html(in, &out, &is_changed), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), want), "%s: %.*s", pages[_i].in, (int)out.n, out.p);
    ck_assert_int_eq(is_changed, pages[_i].out != NULL);
    buf_release(&out);
}
END_TEST

START_TEST(wide_pages_are_refused)
{
    struct buf out = buf_init(1 << 16);
    bool is_changed;

    ck_assert_int_eq(clean_html(SLICE("<\0b\0>\0"), &out, &is_changed), CS_UNSUPPORTED);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clean_html");
    TCase *t = tcase_create("clean_html");
    SRunner *sr = srunner_create(s);
    int n_failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, what_can_run_leaves_the_page, 0, sizeof pages / sizeof *pages);
    tcase_add_test(t, wide_pages_are_refused);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
