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
    /* what does not show: each bidi control, joiners, fillers, variation selectors, tags */
    { "x\xe2\x80\xaa" "fdp.exe", "exe" },  { "x\xe2\x80\xab" "fdp.exe", "exe" },  { "x\xe2\x80\xad" "fdp.exe", "exe" },
    { "x.exe\xe2\x80\xac", "exe" },        { "x\xe2\x81\xa6.e\xe2\x81\xa9xe", "exe" },  { "x.e\xe2\x81\xa7x\xe2\x81\xa8" "e", "exe" },
    { "x.ex\xe2\x80\x8e" "e", "exe" },     { "x.ex\xe2\x80\x8f" "e", "exe" },     { "x.ex\xd8\x9c" "e", "exe" },
    { "x.ex\xe2\x80\x8c" "e", "exe" },     { "x.ex\xe2\x80\x8d" "e", "exe" },     { "x.ex\xe2\x81\xa0" "e", "exe" },
    { "x.ex\xef\xbb\xbf" "e", "exe" },     { "x.exe\xc2\xad", "exe" },            { "x.exe\xef\xb8\x8f", "exe" },
    { "x.exe\xe3\x85\xa4", "exe" },        { "x.exe\xf3\xa0\x81\xa5", "exe" },     { "x.exe\xcd\x8f", "exe" },
    { "x.exe\xe2\x80\xa8", "exe" },        { "x.e\nx\re\x7f", "exe" },            { "x.exe\xe1\xa0\x8e", "exe" },
    /* blanks at the end, and between */
    { "x.exe\xe2\x80\xaf", "exe" },        { "x.exe\xe3\x80\x80", "exe" },        { "x.exe\xe2\xa0\x80", "exe" },
    { "x.exe \xc2\xa0. ", "exe" },         { "x.pdf                              .exe", "exe" },
    /* dots, and letters in other clothes */
    { "x\xef\xb9\x92" "exe", "exe" },      { "x\xef\xbd\xa1" "exe", "exe" },      { "x\xe2\x80\xa6" "exe", "exe" },
    { "x\xef\xb8\x92" "exe", "exe" },      { "x\xdb\x94" "exe", "exe" },          { "x\xd9\xa0" "exe", "exe" },
    { "x.\xe2\x93\x94\xe2\x93\xa7\xe2\x93\x94", "exe" },                      /* in circles */
    { "x.\xf0\x9d\x90\x9e\xf0\x9d\x90\xb1\xf0\x9d\x90\x9e", "exe" },          /* mathematical bold */
    { "x.\xf0\x9d\x97\x98\xf0\x9d\x97\xab\xf0\x9d\x97\x98", "exe" },          /* and sans-serif bold capitals */
    { "x.7\xd0\xb5", NULL },              { "x.\xd0\xb5\xd1\x85\xd0\xb5", NULL },  /* Cyrillic: no system starts that */
    /* streams, paths, escapes */
    { "x.exe:Zone.Identifier", "exe" },   { "x.txt:y.exe", "exe" },             { "C:x.exe", "exe" },
    { "x.exe::$DATA ", "exe" },           { "dir\\x.exe.", "exe" },             { "a/b\\c.txt", NULL },
    { "x%2eexe", "exe" },                 { "x.e%78e", "exe" },                 { "x%252Eexe", "exe" },
    { "x%25252eexe", "exe" },             { "x.exe%20", "exe" },                { "x.exe%00.txt", "exe" },
    { "100%.txt", NULL },                 { "50%25.txt", NULL },                { "x.exe%zz", NULL },
};

/* What a NUL byte hides from a program in C. */
START_TEST(a_name_ends_at_its_nul_too)
{
    struct conf c;
    char ext[32];

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    ck_assert(name_is_blocked(&c, slice_of("x.exe\0.txt", 10), NULL, ext));
    ck_assert(name_is_blocked(&c, slice_of("x.txt\0.exe", 10), NULL, ext));
    ck_assert(!name_is_blocked(&c, slice_of("x.txt\0.pdf", 10), NULL, ext));
    conf_release(&c);
}
END_TEST

static const struct { const char *name, *ext; } any_names[] = {
    { "evil.exe.txt", "exe" },      { "a.exe.b.c.txt", "exe" },     { "exe.txt", NULL },            { "dir.exe/a.txt", NULL },
    { "a.txt.pdf", NULL },          { "a.js.tar.gz", "js" },        { "a.exe .txt", "exe" },        { "a..exe..txt", "exe" },
};
START_TEST(any_extension_where_that_is_asked_for)
{
    struct conf c;
    char ext[32] = "";
    bool is_blocked;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    c.names.any = 1;
    is_blocked = name_is_blocked(&c, slice_str(any_names[_i].name), NULL, ext);
    ck_assert_msg(is_blocked == (any_names[_i].ext != NULL), "%s", any_names[_i].name);
    ck_assert(!is_blocked || strcmp(ext, any_names[_i].ext) == 0);
    conf_release(&c);
}
END_TEST

/* What Outlook, Gmail and Exchange do not let in today, as far as it is not opened here and judged by its members. */
static const char *const refused[] = {
    "ade", "adp", "apk", "app", "application", "appref-ms", "appx", "appxbundle", "bas", "bat", "cab", "chm", "cmd", "com", "cpl", "diagcab",
    "dll", "dmg", "exe", "gadget", "hta", "hlp", "img", "inf", "iqy", "iso", "jar", "jnlp", "js", "jse", "lib", "library-ms", "lnk", "mde",
    "msc", "msi", "msix", "msixbundle", "msp", "mst", "one", "pif", "ps1", "ps1xml", "psm1", "py", "rdp", "reg", "scf", "scr", "sct",
    "search-ms", "searchconnector-ms", "settingcontent-ms", "slk", "sys", "url", "vb", "vbe", "vbs", "vhd", "vhdx", "website", "wll", "ws",
    "wsc", "wsf", "wsh", "xbap", "xll", "xnk", "ppam", "xlam", "deb", "rpm", "pkg", "command", "scpt",
};
START_TEST(what_mail_systems_refuse)
{
    char name[64], ext[32];
    struct conf c;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    snprintf(name, sizeof name, "a.%s", refused[_i]);
    ck_assert_msg(name_is_blocked(&c, slice_str(name), NULL, ext), "%s", name);
    conf_release(&c);
}
END_TEST

/* What people send each other every day. */
static const char *const welcome[] = {
    "txt", "pdf", "doc", "docx", "docm", "xls", "xlsx", "xlsm", "ppt", "pptx", "odt", "ods", "rtf", "csv", "jpg", "png", "gif", "svg", "heic", "mp3",
    "mp4", "mov", "html", "xml", "eml", "ics", "vcf", "zip", "7z", "rar", "tar", "gz", "tgz", "p7s", "p7m", "asc", "sig", "tex", "c", "h", "json",
    "md", "log", "epub", "pages", "numbers", "key", "psd", "ai", "dwg", "msg", "dat", "bin",
};
START_TEST(what_people_send)
{
    char name[64], ext[32];
    struct conf c;

    ck_assert_int_eq(conf_defaults(&c), CS_OK);
    snprintf(name, sizeof name, "a.%s", welcome[_i]);
    ck_assert_msg(!name_is_blocked(&c, slice_str(name), NULL, ext), "%s", name);
    conf_release(&c);
}
END_TEST

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
    tcase_add_test(t, a_name_ends_at_its_nul_too);
    tcase_add_loop_test(t, any_extension_where_that_is_asked_for, 0, sizeof any_names / sizeof *any_names);
    tcase_add_loop_test(t, what_mail_systems_refuse, 0, sizeof refused / sizeof *refused);
    tcase_add_loop_test(t, what_people_send, 0, sizeof welcome / sizeof *welcome);
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
