#include <check.h>

#include "convscan/formats.h"
#include "convscan/openpgp.h"
#include "recorder.h"

#define LITERAL "\xcb\x0b" "b\1n\0\0\0\0data"
#define ONE_PASS "\x90\x0d" "\3\0\1\1\0\0\0\0\0\0\0\0\1"
#define SIGNATURE "\x88\4\4\0\1\1"

enum { NO = 0, A_MESSAGE = 1, LOCKED = 2, DAMAGED = 4 };

static const struct row {
    const char *what;
    struct slice in;
    int flags;
    const char *out;            /* of the first object */
} rows[] = {
    { "literal", SLICE(LITERAL), A_MESSAGE, "data" },
    { "of the old form", SLICE("\xac\x0b" "b\1n\0\0\0\0data"), A_MESSAGE, "data" },
    { "two bytes of length", SLICE("\xad\0\x0b" "t\1n\0\0\0\0data"), A_MESSAGE, "data" },
    { "five bytes of length", SLICE("\xcb\xff\0\0\0\x0b" "u\1n\0\0\0\0data"), A_MESSAGE, "data" },
    { "without a length", SLICE("\xaf" "b\1n\0\0\0\0data"), A_MESSAGE, "data" },
    { "in pieces", SLICE("\xcb\xe3" "b\1n\0\0\0\0d\xe1" "at\1a"), A_MESSAGE, "data" },
    { "in pieces, cut off", SLICE("\xcb\xe3" "b\1n\0\0\0\0d\xe1" "a"), NO, "da" },
    { "signed", SLICE(ONE_PASS LITERAL SIGNATURE), A_MESSAGE, "data" },
    { "a signature alone", SLICE(SIGNATURE), NO, NULL },
    { "packed, as it is", SLICE("\xc8\x0e\0" LITERAL), A_MESSAGE, LITERAL },
    { "packed, without a length", SLICE("\xa3\0" LITERAL), A_MESSAGE, LITERAL },
    { "packed, in pieces", SLICE("\xc8\xe2\0\xcb\x0b" "b\x0a\1n\0\0\0\0data"), A_MESSAGE, LITERAL },
    { "packed, but not deflated", SLICE("\xa3\1\x07\x07"), NO, "" },
    { "with a key", SLICE("\xc1\3\3\0\0" "\xd2\3\1\0\0"), A_MESSAGE | LOCKED, NULL },
    { "with a password", SLICE("\xc3\3\4\0\0" "\xd2\3\1\0\0"), A_MESSAGE | LOCKED, NULL },
    { "in clear behind an encrypted one", SLICE("\xd2\3\1\0\0" LITERAL), A_MESSAGE | LOCKED, "data" },
    { "a byte too many", SLICE(LITERAL "\n"), NO, "data" },
    { "a length that is too long", SLICE("\xcb\x7f" "b\1n\0\0\0\0data"), NO, "data" },
    { "a format that is none", SLICE("\xcb\x0b" "x\1n\0\0\0\0data"), DAMAGED, NULL },
    { "a name that is too long", SLICE("\xcb\x0b" "b\xffn\0\0\0\0data"), DAMAGED, NULL },
    { "no packet", SLICE("plain text"), NO, NULL },
    { "nothing", SLICE(""), NO, NULL },
};

START_TEST(what_comes_out)
{
    const struct row *row = &rows[_i];
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(openpgp_decode(row->in, &r.emit), CS_OK);
    ck_assert_msg(r.n_items == (row->out != NULL), "%s: %zu objects", row->what, r.n_items);
    if (row->out)
        ck_assert_msg(slice_starts(record_bytes(&r.items[0]), slice_str(row->out)), "%s", row->what);
    ck_assert_msg(openpgp_is(row->in) == ((row->flags & A_MESSAGE) != 0), "%s", row->what);
    ck_assert_msg(r.notes[EMIT_ENCRYPTED] == ((row->flags & LOCKED) != 0), "%s", row->what);
    recorder_release(&r);
}
END_TEST

START_TEST(cut_anywhere)
{
    for (size_t n = 0; n < rows[_i].in.n; n++) {
        struct recorder r;

        recorder_init(&r);
        ck_assert_int_eq(openpgp_decode(slice_take(rows[_i].in, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
}
END_TEST

static const struct text {
    const char *what;
    decode_fn *decode;
    struct slice in;
    const char *type, *name, *out;      /* out NULL: no object */
} texts[] = {
    { "armour", armour_decode, SLICE("hello\n-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nZGF0YQ==\n=abcd\n-----END PGP MESSAGE-----\n"), "PGP", "", "data" },
    { "no fields, no checksum, no end", armour_decode, SLICE("-----BEGIN PGP MESSAGE-----\r\n\r\nZGF0YQ=="), "PGP", "", "data" },
    { "no empty line", armour_decode, SLICE("-----BEGIN PKCS7-----\nZGF0YQ==\n-----END PKCS7-----\n"), "CMS", "", "data" },
    { "one of several", armour_decode, SLICE("-----BEGIN PGP MESSAGE, PART 1/2-----\n\nZGF0YQ==\n"), "PGP", "", "data" },
    { "a certificate", armour_decode, SLICE("-----BEGIN CERTIFICATE-----\nZGF0YQ==\n-----END CERTIFICATE-----\n"), NULL, NULL, NULL },
    { "dashes alone", armour_decode, SLICE("-----BEGIN "), NULL, NULL, NULL },
    { "vCard 3", vcard_decode, SLICE("BEGIN:VCARD\r\nPHOTO;ENCODING=b;TYPE=\"a:b\":ZG\r\n F0YQ==\r\nEND:VCARD\r\n"), NULL, "", "data" },
    { "vCard 2.1", vcard_decode, SLICE("\xef\xbb\xbf" "begin:vcard\nKEY;BASE64:\n  ZGF0YQ==\n\nend:vcard"), NULL, "", "data" },
    { "vCard 4", vcard_decode, SLICE("BEGIN:VCARD\nPHOTO:data:image/png;base64,ZGF0YQ==\nEND:VCARD\n"), NULL, "", "data" },
    { "appointment", vcard_decode, SLICE("BEGIN:VCALENDAR\nATTACH;VALUE=BINARY;FILENAME=\"x.exe\";ENCODING=BASE64:ZGF0YQ==\n"), NULL, "x.exe", "data" },
    { "a card without files", vcard_decode, SLICE("BEGIN:VCARD\nFN:ENCODING=b:x\nEND:VCARD\n"), NULL, NULL, NULL },
    { "other text", vcard_decode, SLICE("PHOTO;ENCODING=b:ZGF0YQ==\n"), NULL, NULL, NULL },
};

START_TEST(messages_in_text)
{
    const struct text *t = &texts[_i];
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(t->decode(t->in, &r.emit), CS_OK);
    ck_assert_msg(r.n_items == (t->out != NULL), "%s: %zu objects", t->what, r.n_items);
    if (t->out) {
        ck_assert_msg(slice_eq(record_bytes(&r.items[0]), slice_str(t->out)), "%s", t->what);
        ck_assert_msg(slice_eq(record_name(&r.items[0]), slice_str(t->name)), "%s", t->what);
        ck_assert_pstr_eq(r.items[0].type, t->type);
    }
    recorder_release(&r);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openpgp");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, what_comes_out, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(c, cut_anywhere, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(c, messages_in_text, 0, sizeof texts / sizeof *texts);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
