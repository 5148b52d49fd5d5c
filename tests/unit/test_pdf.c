#include <check.h>

#include "convscan/pdf.h"
#include "recorder.h"

#define TEXT "MZ this is the text of the file, the text of the file!"

static void put(struct buf *b, const char *s)
{
    ck_assert_int_eq(buf_puts(b, s), CS_OK);
}

static void put_hex(struct buf *b, const char *hex)
{
    for (; hex[0] && hex[1]; hex += 2)
        ck_assert_int_eq(buf_putc(b, (uint8_t)(ascii_hex((uint8_t)hex[0]) << 4 | ascii_hex((uint8_t)hex[1]))), CS_OK);
}

static void decode(struct recorder *r, const struct buf *b)
{
    recorder_init(r);
    ck_assert(pdf_is(buf_slice(b)));
    ck_assert_int_eq(pdf_decode(buf_slice(b), &r->emit), CS_OK);
}

static const struct {
    const char *filter, *hex;
} chains[] = {
    { "/FlateDecode",
      "789cf38d5228c9c82c5600a2928c548592d48a1285fc34303b2d33275507aba82200feb41281" },
    { "/Fl",
      "789cf38d5228c9c82c5600a2928c548592d48a1285fc34303b2d33275507aba82200" },
    { "[/ASCIIHexDecode]",
      "346435613230373436383639373332303639373332303734363836353230373436353738373432303666363632"
      "303734363836353230363636393663363532633230373436383635323037343635373837343230366636363230"
      "3734363836353230363636393663363532313e" },
    { "[ /A85 /Fl ]",
      "47622241623b434b5a2e2f3632624650294e406f50313540254c263c625d34225736393c3c6f53272b6f71564c"
      "26714c7e3e" },
    { "[/ASCII85Decode/ASCIIHexDecode/FlateDecode]",
      "32604e672d41687544573229367048406c5c245931314e3122304a486f6a33414e5228322949394d3341502c25"
      "332b344e733326503b583147676d41314c602b4d31475e64463229522748403a455929312c3a4f3b416e3e462e"
      "3065745e437e3e" },
    { "/LZWDecode",
      "80134b4203a1a0d2731041e086832c10ca783a080de6685c34cc6936194591587442251482c5a306510c04" },
    { "/Fl#61teDecode",
      "789cf38d5228c9c82c5600a2928c548592d48a1285fc34303b2d33275507aba82200feb41281" },
    { "/RunLengthDecode",
      "354d5a2074686973206973207468652074657874206f66207468652066696c652c207468652074657874206f66"
      "207468652066696c652180" },
    { "[/FlateDecode]/DecodeParms[<</Predictor 12/Columns 9>>]",
      "789c63f28d5228c9c82c56c864523b16f2e5ef7646577e264686dfff76877c6158c1f4c9f3ef7f9e353cccae4c"
      "bbb87f0a7b80c499401220714600d9521a2f" },
    { "/FlateDecode/DecodeParms<</Columns 9/Predictor 15>>",
      "789c63f28d5228c9c82c56c864523b16f2e5ef7646577e264686dfff76877c6158c1f4c9f3ef7f9e353cccae4c"
      "bbb87f0a7b80c499401220714600d9521a2f" },
};

/* An embedded file with this filter; the length is sometimes told, sometimes a lie. */
static struct buf file_of(int i)
{
    struct buf b = buf_init(1 << 16);

    ck_assert_int_eq(buf_printf(&b, "%%PDF-1.7\n4 0 obj <</Type/Filespec/F(x.txt)/UF(x.exe)/EF<</F 7 0 R>> >>\nendobj\n"
                                    "7 0 obj <</Type/EmbeddedFile/Filter %s /Length %zu>>\nstream\r\n",
                                chains[i].filter, i % 2 ? strlen(chains[i].hex) / 2 : 3), CS_OK);
    put_hex(&b, chains[i].hex);
    put(&b, "\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF");
    return b;
}

START_TEST(every_chain_of_filters_gives_the_file)
{
    struct buf b = file_of(_i);
    struct recorder r;

    decode(&r, &b);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert_int_eq(r.items[0].kind, EMIT_MEMBER);
    ck_assert(slice_eq(record_name(&r.items[0]), SLICE("x.exe")));
    ck_assert_msg(slice_starts(record_bytes(&r.items[0]), SLICE(TEXT)), "%s: %.*s", chains[_i].filter,
                  (int)r.items[0].bytes.n, r.items[0].bytes.p);
    ck_assert_uint_le(r.items[0].bytes.n, sizeof TEXT - 1);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

static const struct {
    const char *body;
    enum emit_kind kind;
    const char *how, *bytes;     /* NULL: nothing at all comes out */
} bodies[] = {
    { "1 0 obj<</S/JavaScript/JS(app.alert\\(1\\);\\012x=\\\n2)>>endobj", EMIT_VIEW, "pdf-js", "app.alert(1);\nx=2" },
    { "1 0 obj<</OpenAction<</S/JavaScript/JS<6170 702e78 3b>>>>>endobj", EMIT_VIEW, "pdf-js", "app.x;" },
    { "1 0 obj<</S/JavaScript/J#53(ev(a)l)>>endobj", EMIT_VIEW, "pdf-js", "ev(a)l" },
    { "1 0 obj<</JS<FEFF00610062>>>endobj", EMIT_VIEW, "pdf-js", "ab" },
    { "1 0 obj[<</A[<</AA<</O<</JS(deep)>>>>>>]>>]endobj", EMIT_VIEW, "pdf-js", "deep" },
    { "9 0 obj<</Type/ObjStm/N 1/First 4>>stream\n1 0 <</S/JavaScript/JS(inside)>>\nendstream", EMIT_VIEW, "pdf-js", "inside" },
    { "2 0 obj<</Length 20>>stream\nMZ looks like a file\nendstream endobj", EMIT_MEMBER, "pdf-stream", "MZ looks like a file" },
    { "2 0 obj<</Length 5>>stream\nplain\nendstream endobj", EMIT_VIEW, NULL, NULL },
    { "2 0 obj<</Filter/AHx>>stream\n706c61696e>\nendstream endobj", EMIT_VIEW, "pdf-stream", "plain" },
    { "2 0 obj<</Filter/AHx>>stream\n706c61696e", EMIT_VIEW, "pdf-stream", "plain" },
    { "2 0 obj<</Filter/DCTDecode/Length 4>>stream\nMZMZ\nendstream", EMIT_VIEW, NULL, NULL },
    { "2 0 obj<</Filter/AHx/Type/EmbeddedFile>>stream\n706c61696e>\nendstream endobj", EMIT_MEMBER, "pdf-file", "plain" },
    { "1 0 obj<</Title(not closed", EMIT_VIEW, NULL, NULL },
};

START_TEST(what_objects_hold_comes_out)
{
    struct buf b = buf_init(4096);
    struct recorder r;

    put(&b, "junk %PDF-1.4\n");
    put(&b, bodies[_i].body);
    decode(&r, &b);
    ck_assert_msg(r.n_items == (bodies[_i].bytes ? 1 : 0), "%s: %zu", bodies[_i].body, r.n_items);
    if (bodies[_i].bytes) {
        ck_assert_int_eq(r.items[0].kind, bodies[_i].kind);
        ck_assert_str_eq(r.items[0].how, bodies[_i].how);
        ck_assert_msg(slice_eq(record_bytes(&r.items[0]), slice_str(bodies[_i].bytes)), "%s: %.*s", bodies[_i].body,
                      (int)r.items[0].bytes.n, r.items[0].bytes.p);
    }
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

/* Objects that never end, each holding all that follow. */
START_TEST(nested_streams_are_bounded)
{
    struct buf b = buf_init(1 << 24);
    struct recorder r;

    put(&b, "%PDF-1.4\n");
    for (int i = 0; i < 20000; i++)
        put(&b, _i ? "1 0 obj<</Filter/AHx>>stream\n41" : "1 0 obj<</A(");
    decode(&r, &b);
    ck_assert_uint_eq(r.notes[EMIT_LIMITED], 1);
    recorder_release(&r);
    buf_release(&b);
}
END_TEST

START_TEST(any_end_and_any_stop_is_survived)
{
    struct buf b = file_of(_i);
    struct recorder r;

    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(pdf_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    for (size_t stop = 1; stop <= 3; stop++) {
        recorder_init(&r);
        r.stop_at = stop;
        ck_assert_int_eq(pdf_decode(buf_slice(&b), &r.emit), CS_STOP);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("pdf");
    TCase *t = tcase_create("pdf");
    SRunner *sr = srunner_create(s);
    int n_failed, n_chains = sizeof chains / sizeof *chains;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, every_chain_of_filters_gives_the_file, 0, n_chains);
    tcase_add_loop_test(t, what_objects_hold_comes_out, 0, sizeof bodies / sizeof *bodies);
    tcase_add_loop_test(t, nested_streams_are_bounded, 0, 2);
    tcase_add_loop_test(t, any_end_and_any_stop_is_survived, 0, n_chains);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
