#include <check.h>

#include "convscan/conf.h"
#include "convscan/ftype.h"
#include "convscan/names.h"

/* The name, and the extension it is blocked for; NULL: it comes in. */
static const struct { const char *name, *ext; } names[] = {
    { "evil.exe", "exe" },          { "EVIL.EXE", "exe" },          { "invoice.pdf.exe", "exe" },   { "evil.exe.txt", NULL },
    { "myexe", NULL },              { "exe", NULL },                { ".exe", "exe" },              { "evil.exe.", "exe" },
    { "evil.exe. . ..", "exe" },    { "evil.exe   ", "exe" },       { "evil. exe", "exe" },         { "evil.exe\t", "exe" },
    { "evil.exe\xc2\xa0", "exe" },  { "evil.e\xe2\x80\x8bxe", "exe" },      /* no-break space; zero width space */
    { "cod\xe2\x80\xaeslx.exe", "exe" },                            /* right-to-left override */
    { "evil\xef\xbc\x8e" "exe", "exe" }, { "evil\xe3\x80\x82" "exe", "exe" }, { "evil\xe2\x80\xa4" "exe", "exe" },
    { "evil.\xef\xbd\x85\xef\xbd\x98\xef\xbd\x85", "exe" },         /* letters of full width */
    { "evil.exe::$DATA", "exe" },   { "c:\\tmp\\evil.exe", "exe" }, { "dir.exe/readme", NULL },     { "dir.exe/readme.txt", NULL },
    { "\"evil.exe\"", "exe" },      { "'evil.exe'", "exe" },        { "evil.ex", "ex" },            { "evil.exee", NULL },
    { "a.b.c.d.js", "js" },         { "doc.docm", NULL },           { "\xff\xff.exe", "exe" },      { "", NULL },
    { ".", NULL },                  { "....", NULL },               { "a.thisextensionislongerthananyofthem", NULL },
    { "report.settingcontent-ms", "settingcontent-ms" },
};
START_TEST(blocked_names)
{
    struct conf c;
    char ext[32] = "";
    bool is_blocked;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    is_blocked = name_is_blocked(&c, slice_str(names[_i].name), NULL, ext);
    ck_assert_msg(is_blocked == (names[_i].ext != NULL), "%s", names[_i].name);
    ck_assert(!is_blocked || strcmp(ext, names[_i].ext) == 0);
    conf_release(&c);
}
END_TEST

START_TEST(a_long_name_is_judged_by_its_end)
{
    char name[70000], ext[32];
    struct conf c;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    memset(name, 'a', sizeof name);
    ck_assert(!name_is_blocked(&c, slice_of(name, sizeof name), NULL, ext));
    memcpy(name + sizeof name - 4, ".exe", 4);
    ck_assert(name_is_blocked(&c, slice_of(name, sizeof name), NULL, ext));
    conf_release(&c);
}
END_TEST

START_TEST(com_is_a_web_site_as_well)
{
    struct ftype text = ftype_of(SLICE("just text\n"), SLICE("")), program;
    static const uint8_t mz[80] = "MZ\x90";
    struct conf c;
    char ext[32];

    program = ftype_of(slice_of(mz, sizeof mz), SLICE(""));
    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    ck_assert(!name_is_blocked(&c, SLICE("example.com"), &text, ext));
    ck_assert(name_is_blocked(&c, SLICE("example.com"), &program, ext));
    ck_assert(name_is_blocked(&c, SLICE("example.exe"), &text, ext));
    conf_release(&c);
}
END_TEST

START_TEST(a_program_behind_a_harmless_name)
{
    static const uint8_t mz[80] = "MZ\x90";
    struct ftype program = ftype_of(slice_of(mz, sizeof mz), SLICE("")), text = ftype_of(SLICE("x"), SLICE(""));

    ck_assert(name_hides_program(&program, SLICE("holiday.jpg")));
    ck_assert(name_hides_program(&program, SLICE("paper.pdf ")));
    ck_assert(!name_hides_program(&program, SLICE("setup.bin")));
    ck_assert(!name_hides_program(&program, SLICE("")));
    ck_assert(!name_hides_program(&text, SLICE("holiday.jpg")));
}
END_TEST

/* First bytes, what follows in zeros, a name, the words due in their order. */
static const struct { const char *bytes; size_t n, size; const char *name, *words; } types[] = {
    { "MZ", 2, 200, "", "PE executable binary" },
    { "\x7f" "ELF\2\1", 6, 100, "", "ELF executable binary" },
    { "\xca\xfe\xba\xbe\0\0\0\x34", 8, 40, "", "Java executable binary" },
    { "\xca\xfe\xba\xbe\0\0\0\2", 8, 40, "", "Mach-O executable binary" },
    { "GIF89a", 6, 40, "", "GIF graphics" },
    { "\x89PNG\r\n\x1a\n", 8, 40, "", "PNG graphics" },
    { "\xff\xd8\xff\xe0", 4, 40, "", "JPEG graphics" },
    { "%PDF-1.4\n", 9, 9, "", "PDF document text" },
    { "junk before\n%PDF-1.4\n", 21, 21, "", "PDF document text" },
    { "{\\rtf1 x}", 9, 9, "", "RTF document text" },
    { "Rar!\x1a\x07\x01\0", 8, 40, "", "RAR archive" },
    { "7z\xbc\xaf\x27\x1c", 6, 40, "", "7z archive" },
    { "\x1f\x8b\x08", 3, 40, "", "gzip" },
    { "BZh9", 4, 40, "", "bzip2" },
    { "\xfd" "7zXZ\0", 6, 40, "", "xz" },
    { "\x5d\0\0\x80\0\xff\xff\xff\xff\xff\xff\xff\xff\0", 14, 40, "", "lzma" },
    { "MSCF\0\0\0\0", 8, 40, "", "CAB archive" },
    { "ITSF", 4, 40, "", "CHM archive" },
    { "\x78\x9f\x3e\x22", 4, 40, "", "TNEF archive" },
    { "<html><body>x</body></html>", 27, 27, "", "HTML text" },
    { "  <!DOCTYPE HTML PUBLIC", 23, 23, "", "HTML text" },
    { "<?xml version=\"1.0\"?><a/>", 25, 25, "", "XML text" },
    { "#!/bin/sh\n", 10, 10, "", "script text" },
    { "var a = 1;\n", 11, 11, "x.js", "script text" },
    { "var a = 1;\n", 11, 11, "x.txt", "text" },
    { "From: a@b\nSubject: c\n\nbody\n", 27, 27, "", "mail text" },
    { "From a@b Mon Jan  1\nFrom: a@b\nSubject: c\n\nbody\n", 47, 47, "", "mbox text" },
    { "\xff\xfeh\0i\0", 6, 6, "", "text" },
    { "\1\2\3\4\5\6", 6, 200, "", "binary" },
    { "", 0, 0, "", "" },
};
START_TEST(types_by_first_bytes)
{
    uint8_t room[4096] = { 0 };
    char got[200] = "";
    struct ftype t;
    size_t at = 0;

    memcpy(room, types[_i].bytes, types[_i].n);
    t = ftype_of(slice_of(room, types[_i].size), slice_str(types[_i].name));
    for (size_t i = 0; i < t.n; i++)
        at += (size_t)snprintf(got + at, sizeof got - at, "%s%s", i ? " " : "", t.words[i]);
    ck_assert_str_eq(got, types[_i].words);
}
END_TEST

START_TEST(any_length_of_anything_has_a_type)
{
    uint8_t room[600];

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (size_t n = 0; n <= types[i].n; n++) {
            memset(room, 0, sizeof room);
            memcpy(room, types[i].bytes, n);
            (void)ftype_of(slice_of(room, n), SLICE(""));
            (void)ftype_of(slice_of(room, sizeof room), SLICE("x.js"));
        }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("names");
    TCase *t = tcase_create("names");
    SRunner *r = srunner_create(s);
    int failed;

    tcase_add_loop_test(t, blocked_names, 0, sizeof names / sizeof *names);
    tcase_add_test(t, a_long_name_is_judged_by_its_end);
    tcase_add_test(t, com_is_a_web_site_as_well);
    tcase_add_test(t, a_program_behind_a_harmless_name);
    tcase_add_loop_test(t, types_by_first_bytes, 0, sizeof types / sizeof *types);
    tcase_add_test(t, any_length_of_anything_has_a_type);
    suite_add_tcase(s, t);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
