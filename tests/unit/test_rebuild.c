/* The rebuild: untouched parts byte for byte, deleted parts gone with their delimiter, new bodies that stay MIME. */
#include <check.h>

#include "imta/content.h"
#include "imta/param_text.h"
#include "imta/rebuild.h"
#include "imta/reencode.h"

/* What to do with the leaf of this number: 'd' delete, 'n' new body and header. */
struct plan {
    const char *number;
    char what;
    const char *body;
};

static enum cs_status on_leaf(void *ctx, struct part_node *n, const struct mime_part *part, struct slice body)
{
    (void)body;
    for (const struct plan *p = ctx; p->number; p++) {
        if (strcmp(p->number, part->number) != 0)
            continue;
        n->is_deleted = p->what == 'd';
        n->has_new_body = n->has_new_header = p->what == 'n';
        if (p->what == 'n') {
            ck_assert_int_eq(buf_puts(&n->new_body, p->body), CS_OK);
            ck_assert_int_eq(buf_puts(&n->new_header, "X: new\n\n"), CS_OK);
        }
    }
    return CS_OK;
}

static enum cs_status to_buf(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

static void rebuild(const char *msg, const struct plan *plan, const char *want)
{
    struct switches sw;
    struct rebuild *r;
    struct buf out = buf_init(100000);

    switches_default(&sw);
    ck_assert_int_eq(rebuild_read(slice_str(msg), &sw, on_leaf, (void *)(uintptr_t)plan, &r), CS_OK);
    ck_assert_int_eq(rebuild_write(r, "\n", to_buf, &out), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(want)), "got:\n%.*s\nwant:\n%s", (int)out.n, (char *)out.p, want);
    rebuild_free(r);
    buf_release(&out);
}

#define HEAD "Subject: s\nContent-Type: multipart/mixed; boundary=b\n\n"
#define P(x) "Content-Type: text/" x "\n\n" x " body\n"

static const struct {
    const char *msg;
    struct plan plan[4];
    const char *want;
} cases[] = {
    { HEAD "pre\n--b\n" P("a") "--b\n" P("b") "--b--\nepi\n", { { 0 } }, HEAD "pre\n--b\n" P("a") "--b\n" P("b") "--b--\nepi\n" },
    { HEAD "--b\n" P("a") "--b\n" P("b") "--b\n" P("c") "--b--\n", { { "1", 'd', 0 } }, HEAD "--b\n" P("b") "--b\n" P("c") "--b--\n" },
    { HEAD "--b\n" P("a") "--b\n" P("b") "--b\n" P("c") "--b--\n", { { "2", 'd', 0 } }, HEAD "--b\n" P("a") "--b\n" P("c") "--b--\n" },
    { HEAD "--b\n" P("a") "--b\n" P("b") "--b\n" P("c") "--b--\n", { { "3", 'd', 0 } }, HEAD "--b\n" P("a") "--b\n" P("b") "--b--\n" },
    { HEAD "--b\n" P("a") "--b\n" P("b") "--b\n" P("c") "--b--\n", { { "1", 'd', 0 }, { "2", 'd', 0 } }, HEAD "--b\n" P("c") "--b--\n" },
    { HEAD "pre\n--b\n" P("a") "--b\n" P("b") "--b--\nepi\n", { { "1", 'd', 0 }, { "2", 'd', 0 } },
      HEAD "pre\n--b\nContent-Type: text/plain\n\n\n--b--\nepi\n" },
    { HEAD "--b\n" P("a") "--b\n" P("b"), { { "2", 'd', 0 } }, HEAD "--b\nContent-Type: text/a\n\na body" },
    { HEAD "--b\n" P("a") "--b\n" P("b"), { { "1", 'n', "new\n" } }, HEAD "--b\nX: new\n\nnew\n\n--b\n" P("b") },
    { HEAD "--b\nX: y\n\n--b\n" P("b") "--b--\n", { { "1", 'n', "new" } }, HEAD "--b\nX: new\n\nnew\n--b\n" P("b") "--b--\n" },
    { "Subject: s\nContent-Type: image/png\nX-A: y\nContent-Disposition:\n inline\n\nbody", { { "1", 'd', 0 } },
      "Subject: s\nX-A: y\nContent-Type: text/plain\n\n" },
    { HEAD "--b\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: text/html\n\nx\n--b\n" P("b") "--b--\n",
      { { "1.1", 'd', 0 } },
      HEAD "--b\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: text/plain\n\n\n--b\n" P("b") "--b--\n" },
    { HEAD "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n" P("a") "--c\n" P("b") "--c--\n\n--b\n" P("z") "--b--\n",
      { { "1.1", 'd', 0 }, { "2", 'd', 0 } },
      HEAD "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n" P("b") "--c--\n\n--b--\n" },
    { "", { { 0 } }, "" },
    { "no header at all", { { 0 } }, "no header at all" },
};

START_TEST(a_message_is_rebuilt)
{
    rebuild(cases[_i].msg, cases[_i].plan, cases[_i].want);
}
END_TEST

static bool has_mark(void *ctx, struct slice body)
{
    (void)ctx;
    return slice_find(body, SLICE("--mark")) < body.n;
}

static const struct {
    const char *content, *encoding;
    size_t n;                   /* of content; 0: strlen */
    bool is_text;
    const char *eol, *token, *body;
} bodies[] = {
    { "plain\n", "", 0, true, "\n", "", "plain\n" },
    { "plain\nlines", "", 0, true, "\r\n", "", "plain\r\nlines" },
    { "cr\r\nlf\n", "", 0, true, "\n", "", "cr\nlf\n" },
    { "caf\xc3\xa9\n", "", 0, true, "\n", "quoted-printable", "caf=C3=A9\n" },
    { "caf\xc3\xa9\n", "none", 0, true, "\n", "8bit", "caf\xc3\xa9\n" },
    { "caf\xc3\xa9\n", "BASE64", 0, true, "\n", "base64", "Y2Fmw6kNCg==\n" },
    { "a\0b", "", 3, true, "\n", "base64", "YQBi\n" },
    { "a\0b", "none", 3, true, "\n", "base64", "YQBi\n" },
    { "abc", "", 0, false, "\n", "base64", "YWJj\n" },
    { "abc", "none", 0, false, "\n", "", "abc" },
    { "abc", "quoted-printable", 0, false, "\n", "base64", "YWJj\n" },
    { "a\rb", "7bit", 0, true, "\n", "base64", "YQ1i\n" },
    { "x\n--mark\n", "", 0, true, "\n", "base64", "eA0KLS1tYXJrDQo=\n" },
    { "", "", 0, true, "\n", "", "" },
};

START_TEST(new_content_is_encoded)
{
    struct body_wish wish = { .is_text = bodies[_i].is_text, .encoding = slice_str(bodies[_i].encoding), .eol = bodies[_i].eol };
    struct slice in = slice_of(bodies[_i].content, bodies[_i].n ? bodies[_i].n : strlen(bodies[_i].content));
    struct buf out = buf_init(10000);
    const char *token;

    ck_assert_int_eq(body_encode(in, &wish, has_mark, NULL, &out, &token), CS_OK);
    ck_assert_str_eq(token, bodies[_i].token);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(bodies[_i].body)), "%.*s", (int)out.n, (char *)out.p);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *body;
    enum mime_encoding encoding;
    bool is_text;
    int line_ends;
    const char *want;
} contents[] = {
    { "a\r\nb\n", MIME_ENC_NONE, true, LINES_LF, "a\nb\n" },
    { "a\r\nb\n", MIME_ENC_NONE, true, LINES_CRLF, "a\r\nb\r\n" },
    { "a\r\nb\n", MIME_ENC_NONE, false, LINES_LF, "a\r\nb\n" },
    { "a=\r\nb=0D=0A\r\n", MIME_ENC_QP, true, LINES_LF, "ab\r\n\n" },
    { "YQ0KYg==\r\n", MIME_ENC_BASE64, true, LINES_LF, "a\r\nb" },
    { "a\rb", MIME_ENC_8BIT, true, LINES_LF, "a\rb" },
    { "", MIME_ENC_BASE64, true, LINES_LF, "" },
};

START_TEST(content_is_decoded_and_compared)
{
    struct content c = { slice_str(contents[_i].body), contents[_i].encoding, contents[_i].is_text, contents[_i].line_ends };
    struct buf out = buf_init(1000);
    bool is_equal;

    ck_assert_int_eq(content_decode(&c, to_buf, &out), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(contents[_i].want)), "%.*s", (int)out.n, (char *)out.p);
    ck_assert_int_eq(content_equals(&c, slice_str(contents[_i].want), &is_equal), CS_OK);
    ck_assert(is_equal);
    ck_assert_int_eq(buf_putc(&out, 'x'), CS_OK);
    ck_assert_int_eq(content_equals(&c, buf_slice(&out), &is_equal), CS_OK);
    ck_assert(!is_equal);
    out.p[out.n > 1 ? out.n - 2 : 0] ^= 1;
    ck_assert_int_eq(content_equals(&c, slice_of(out.p, out.n - 1), &is_equal), CS_OK);
    ck_assert(!is_equal || out.n == 1);
    buf_release(&out);
}
END_TEST

static const struct {
    const char *value, *text;
} params[] = {
    { "simple.txt", ";\n n=simple.txt" },
    { "two words", ";\n n=\"two words\"" },
    { "q\"b\\s", ";\n n=\"q\\\"b\\\\s\"" },
    { "line\nfeed\rcr", ";\n n=\"linefeedcr\"" },
    { "\xc3\xa9.txt", ";\n n*0*=utf-8''%C3%A9.txt" },
    { "", ";\n n=\"\"" },
    { "0123456789012345678901234567890123456789012345678901234567890123456789",
      ";\n n*0=\"012345678901234567890123456789012345678901234567890123456789\";\n n*1=\"0123456789\"" },
};

START_TEST(parameters_are_written)
{
    struct buf out = buf_init(10000);

    ck_assert_int_eq(param_text_put(&out, SLICE("n"), slice_str(params[_i].value), "\n"), CS_OK);
    ck_assert_msg(slice_eq(buf_slice(&out), slice_str(params[_i].text)), "%.*s", (int)out.n, (char *)out.p);
    out.n = 0;
    ck_assert_int_eq(param_text_put(&out, SLICE("bad name"), SLICE("x"), "\n"), CS_OK);
    ck_assert_uint_eq(out.n, 0);
    buf_release(&out);
}
END_TEST

START_TEST(words_are_encoded_where_they_must_be)
{
    struct buf out = buf_init(10000);

    ck_assert_int_eq(param_text_words(&out, SLICE("plain\ntext"), "\n"), CS_OK);
    ck_assert(slice_eq(buf_slice(&out), SLICE("plain text")));
    out.n = 0;
    ck_assert_int_eq(param_text_words(&out, SLICE("gr\xc3\xbc\xc3\x9f"), "\n"), CS_OK);
    ck_assert(slice_eq(buf_slice(&out), SLICE("=?utf-8?B?Z3LDvMOf?=")));
    buf_release(&out);
}
END_TEST

#define N(a) (int)(sizeof(a) / sizeof *(a))

int main(void)
{
    Suite *s = suite_create("rebuild");
    TCase *t = tcase_create("all");
    SRunner *r = srunner_create(s);
    int failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, a_message_is_rebuilt, 0, N(cases));
    tcase_add_loop_test(t, new_content_is_encoded, 0, N(bodies));
    tcase_add_loop_test(t, content_is_decoded_and_compared, 0, N(contents));
    tcase_add_loop_test(t, parameters_are_written, 0, N(params));
    tcase_add_test(t, words_are_encoded_where_they_must_be);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}
