#include <check.h>

#include "convscan/clean.h"
#include "convscan/inflate.h"
#include "convscan/pdf.h"
#include "recorder.h"

/* "evil" stands in each of them where it can run or be opened, "good" where it stays. */
static const struct {
    const char *body;
    bool is_changed;
} files[] = {
    { "1 0 obj<</S/JavaScript/JS(evil\\(\\))/T(good)>>endobj", true },
    { "1 0 obj<</JS<6576696c>/T(good)>>endobj", true },
    { "1 0 obj<</JS 2 0 R/T(good)>>endobj 2 0 obj<</Length 4>>stream\nevil\nendstream endobj", true },
    { "1 0 obj<</JS 2 0 R/T(good)>>endobj 2 0 obj<</Filter/AHx>>stream\n6576696c>\nendstream endobj", true },
    { "1 0 obj<</T(good)/F(x.exe)/UF<782e657865>/EF<</F 2 0 R>>>>endobj 2 0 obj<</Filter[/A85]>>stream\nF)>i4~>\nendstream endobj", true },
    { "1 0 obj<</Type/EmbeddedFile>>stream\nevil\nendstream endobj 2 0 obj<</T(good)>>endobj", true },
    { "9 0 obj<</Type/ObjStm/N 1/First 4>>stream\n1 0 <</JS(evil)/T(good)>>\nendstream endobj", true },
    { "1 0 obj<</T(good)>>endobj 2 0 obj<</Length 4>>stream\nview\nendstream endobj", false },
};

static bool says(struct slice s, const char *word)
{
    return slice_find(s, slice_str(word)) < s.n;
}

static void no_evil(struct slice pdf)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(pdf_decode(pdf, &r.emit), CS_OK);
    for (size_t i = 0; i < r.n_items; i++)
        ck_assert_msg(!says(record_bytes(&r.items[i]), "evil"), "%s", r.items[i].how);
    ck_assert(!says(pdf, "evil"));
    recorder_release(&r);
}

START_TEST(what_can_run_is_blanked_in_place)
{
    struct buf in = buf_init(4096), out = buf_init(4096);
    bool is_changed;

    ck_assert_int_eq(buf_printf(&in, "%%PDF-1.5\n%s\ntrailer<<>>\n%%%%EOF\n", files[_i].body), CS_OK);
    ck_assert_int_eq(clean_pdf(buf_slice(&in), &out, &is_changed), CS_OK);
    ck_assert_int_eq(is_changed, files[_i].is_changed);
    ck_assert_uint_eq(in.n, out.n);
    ck_assert(says(buf_slice(&out), "good"));
    ck_assert(!says(buf_slice(&out), "x.exe") && !says(buf_slice(&out), "2e65"));
    if (files[_i].is_changed)
        no_evil(buf_slice(&out));
    else
        ck_assert(slice_eq(buf_slice(&in), buf_slice(&out)));
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* In a compressed object stream: unpacked, blanked, packed again. */
START_TEST(object_streams_are_packed_again)
{
    struct buf in = buf_init(4096), out = buf_init(4096), packed = buf_init(4096);
    struct recorder r;
    bool is_changed;

    ck_assert_int_eq(inflate_pack(SLICE("1 0 <</JS(evil and some more)/T(good)>>"), &packed), CS_OK);
    ck_assert_int_eq(buf_puts(&in, "%PDF-1.5\n9 0 obj<</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>stream\n"), CS_OK);
    ck_assert_int_eq(buf_put(&in, buf_slice(&packed)), CS_OK);
    ck_assert_int_eq(buf_puts(&in, "\nendstream endobj\n%%EOF\n"), CS_OK);
    ck_assert_int_eq(clean_pdf(buf_slice(&in), &out, &is_changed), CS_OK);
    ck_assert(is_changed && in.n == out.n);
    no_evil(buf_slice(&out));
    recorder_init(&r);
    ck_assert_int_eq(pdf_decode(buf_slice(&out), &r.emit), CS_OK);
    ck_assert(recorder_holding(&r, SLICE("/T(good)")) != NULL);
    recorder_release(&r);
    buf_release(&in);
    buf_release(&out);
    buf_release(&packed);
}
END_TEST

START_TEST(encrypted_files_are_refused)
{
    struct buf out = buf_init(4096);
    bool is_changed;

    ck_assert_int_eq(clean_pdf(SLICE("%PDF-1.5\n1 0 obj<</JS(x)>>endobj trailer<</Encrypt<</V 1/R 2/O(a)/U(b)>> >>"), &out,
                               &is_changed), CS_UNSUPPORTED);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clean_pdf");
    TCase *t = tcase_create("clean_pdf");
    SRunner *sr = srunner_create(s);
    int n_failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, what_can_run_is_blanked_in_place, 0, sizeof files / sizeof *files);
    tcase_add_test(t, object_streams_are_packed_again);
    tcase_add_test(t, encrypted_files_are_refused);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
