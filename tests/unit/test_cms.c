#include <check.h>

#include "convscan/cms.h"
#include "recorder.h"

#define OID7 "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
#define OID9 "\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01"
#define VERSION "\x02\x01\x01"

enum outcome { NOTHING, MEMBER, MAIL, LOCKED, DAMAGED };

static const struct row {
    const char *what;
    struct slice in;
    enum outcome outcome;
    const char *out;
} rows[] = {
    { "plain data", SLICE("\x30\x11" OID7 "\1" "\xa0\4\4\2hi"), MEMBER, "hi" },
    { "signed", SLICE("\x30\x29" OID7 "\2" "\xa0\x1c\x30\x1a" VERSION "\x31\0" "\x30\x11" OID7 "\1" "\xa0\4\4\2hi" "\x31\0"), MEMBER, "hi" },
    { "digested", SLICE("\x30\x2b" OID7 "\5" "\xa0\x1e\x30\x1c" VERSION "\x30\4\6\2\1\1" "\x30\x11" OID7 "\1" "\xa0\4\4\2hi"), MEMBER, "hi" },
    { "a signature of its own", SLICE("\x30\x20" OID7 "\2" "\xa0\x13\x30\x11" VERSION "\x31\0" "\x30\x0b" OID7 "\1" "\x31\0"), NOTHING, NULL },
    { "lengths without an end", SLICE("\x30\x80" OID7 "\2" "\xa0\x80\x30\x80" VERSION "\x31\x80\0\0" "\x30\x80" OID7 "\1"
                                      "\xa0\x80\x24\x80\4\1h\4\1i\0\0\0\0\0\0\x31\0\0\0\0\0\0\0"), MEMBER, "hi" },
    { "the same, cut off", SLICE("\x30\x80" OID7 "\1" "\xa0\x80\x24\x80\4\1h\4\1i"), MEMBER, "hi" },
    { "pieces in pieces, some empty", SLICE("\x30\x80" OID7 "\1" "\xa0\x80\x24\x80\x24\x05\4\0\4\1h\x24\x80\4\1i\0\0\0\0"), MEMBER, "hi" },
    { "a length that is too long", SLICE("\x30\x84\0\1\0\0" OID7 "\1" "\xa0\x82\1\0\4\x81\x80hi"), DAMAGED, "hi" },
    { "eight digits of length", SLICE("\x30\x88\xff\xff\xff\xff\xff\xff\xff\xff" OID7 "\1" "\xa0\4\4\2hi"), MEMBER, "hi" },
    { "content that is no string", SLICE("\x30\x12" OID7 "\1" "\xa0\5\x30\3\2\1\7"), MEMBER, "\x30\3\2\1\7" },
    { "a MIME entity", SLICE("\x30\x1a" OID7 "\1" "\xa0\x0d\4\x0b" "Content-X:y"), MAIL, "Content-X:y" },
    { "enveloped", SLICE("\x30\x80" OID7 "\3" "\xa0\x80\x30\x80"), LOCKED, NULL },
    { "enveloped with a check", SLICE("\x30\x80" OID9 "\x17" "\xa0\x80\x30\x80"), LOCKED, NULL },
    { "another type", SLICE("\x30\x11" OID7 "\7" "\xa0\4\4\2hi"), NOTHING, NULL },
    { "no end in nested lengths", SLICE("\x30\x80" OID7 "\2" "\xa0\x80\x30\x80\x31\x80\x31\x80\x31\x80"), NOTHING, NULL },
    { "nothing", SLICE(""), NOTHING, NULL },
};

START_TEST(what_comes_out)
{
    const struct row *row = &rows[_i];
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(cms_decode(row->in, &r.emit), CS_OK);
    ck_assert_msg(r.n_items == (row->out != NULL), "%s: %zu objects", row->what, r.n_items);
    ck_assert_msg(r.notes[EMIT_ENCRYPTED] == (row->outcome == LOCKED), "%s", row->what);
    ck_assert_msg(r.notes[EMIT_DAMAGED] == (row->outcome == DAMAGED), "%s", row->what);
    if (row->out) {
        ck_assert_msg(slice_eq(record_bytes(&r.items[0]), slice_str(row->out)), "%s", row->what);
        ck_assert_msg((r.items[0].type != NULL) == (row->outcome == MAIL), "%s", row->what);
        ck_assert_msg(cms_is(row->in), "%s", row->what);
    }
    recorder_release(&r);
}
END_TEST

START_TEST(cut_anywhere)
{
    for (size_t n = 0; n < rows[_i].in.n; n++) {
        struct recorder r;

        recorder_init(&r);
        ck_assert_int_eq(cms_decode(slice_take(rows[_i].in, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cms");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, what_comes_out, 0, sizeof rows / sizeof *rows);
    tcase_add_loop_test(c, cut_anywhere, 0, sizeof rows / sizeof *rows);
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    return failed ? 1 : 0;
}
