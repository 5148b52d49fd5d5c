#include <check.h>

#include "convscan/cfb.h"
#include "convscan/clean.h"
#include "convscan/ole2.h"
#include "mkcfb.h"
#include "recorder.h"
#include "corpus.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static uint8_t big[5000];

static struct slice big_stream(void)
{
    for (size_t i = 0; i < sizeof big; i++)
        big[i] = (uint8_t)(i * 7 + i / 256);
    return slice_of(big, sizeof big);
}

static struct recorder decoded(struct slice file)
{
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(ole2_decode(file, &r.emit), CS_OK);
    return r;
}

START_TEST(streams_come_out_under_their_paths)
{
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "small", 0, false, test_eicar() },
        { "big", 0, false, big_stream() },
        { "Sub", 0, true, { 0 } },
        { "inner", 3, false, SLICE("inner bytes") },
        { "Deep", 3, true, { 0 } },
        { "last", 5, false, SLICE("last bytes") },
    };
    struct buf file = mkcfb(e, COUNT(e));
    struct recorder r = decoded(buf_slice(&file));

    ck_assert_uint_eq(r.n_items, 4);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "small")), test_eicar()));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "big")), big_stream()));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "Sub/inner")), SLICE("inner bytes")));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "Sub/Deep/last")), SLICE("last bytes")));
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

/* Cut anywhere, one byte changed anywhere: no crash (run under the sanitizers), always an answer. */
START_TEST(damage_is_survived)
{
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "WordDocument", 0, false, big_stream() },
        { "\1Ole10Native", 0, false, SLICE("\x20\0\0\0\2\0a\0b\0\0\0\3\0\4\0\0\0tmp\0\5\0\0\0hello") },
        { "VBA", 0, true, { 0 } },
        { "dir", 3, false, SLICE("\1\3\xb0\0abc") },
    };
    struct buf file = mkcfb(e, COUNT(e));

    for (size_t n = 0; n <= file.n; n += n < 600 ? 1 : 61) {
        struct recorder r = decoded(slice_of(file.p, n));
        recorder_release(&r);
    }
    for (size_t i = 0; i < file.n; i += i < 512 || i > file.n - 2000 ? 1 : 37) {
        uint8_t was = file.p[i];
        struct recorder r;
        file.p[i] ^= (uint8_t)(i % 2 ? 0xff : 1);
        r = decoded(buf_slice(&file));
        recorder_release(&r);
        file.p[i] = was;
    }
    buf_release(&file);
}
END_TEST

START_TEST(a_stop_is_obeyed_at_once)
{
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "EncryptedPackage", 0, false, big_stream() },
        { "\1Ole10Native", 0, false, SLICE("\x20\0\0\0\2\0a\0b\0\0\0\3\0\4\0\0\0tmp\0\5\0\0\0hello") },
    };
    struct buf file = mkcfb(e, COUNT(e));
    struct recorder all = decoded(buf_slice(&file));

    for (size_t at = 1; at <= all.calls; at++) {
        struct recorder r;
        recorder_init(&r);
        r.stop_at = at;
        ck_assert_int_eq(ole2_decode(buf_slice(&file), &r.emit), CS_STOP);
        recorder_release(&r);
    }
    recorder_release(&all);
    buf_release(&file);
}
END_TEST

static const struct {
    const char *stream;
    struct slice bytes;
    enum emit_remark want;
} remarks[] = {
    { "EncryptedPackage", { (const uint8_t *)"xxxxxxxxxxxx", 12 }, EMIT_ENCRYPTED },
    { "WordDocument", { (const uint8_t *)"\xec\xa5\xc1\0\0\0\0\0\0\0\0\1", 12 }, EMIT_ENCRYPTED },
    { "Workbook", { (const uint8_t *)"\x09\x08\x02\0\0\6\x2f\0\6\0\0\0\0\0\0\0", 16 }, EMIT_ENCRYPTED },
    { "Book", { (const uint8_t *)"\x09\x08\x02\0\0\6\x2f\0\6\0\0\0\0\0\0\0", 16 }, EMIT_ENCRYPTED },
    { "Current User", { (const uint8_t *)"\0\0\xf6\x0f\0\0\0\0\x14\0\0\0\xdf\xc4\xd1\xf3", 16 }, EMIT_ENCRYPTED },
    { "Workbook", { (const uint8_t *)"\x85\0\7\0\0\0\0\0\0\1s", 11 }, EMIT_MACROS },
    { "_VBA_PROJECT", { (const uint8_t *)"\xcc\x61\xff\xff", 4 }, EMIT_MACROS },
};

START_TEST(encryption_and_macros_are_noted)
{
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { remarks[_i].stream, 0, false, remarks[_i].bytes } };
    struct buf file = mkcfb(e, COUNT(e));
    struct recorder r = decoded(buf_slice(&file));

    for (size_t k = 0; k < COUNT(r.notes); k++)
        ck_assert_uint_eq(r.notes[k], k == remarks[_i].want);
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

START_TEST(an_embedded_package_comes_out_under_its_name)
{
    struct buf native = buf_init(1 << 16), file;
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "\1Ole10Native", 0, false, { 0 } } };
    struct recorder r;

    mkcfb_le(&native, 0, 4);
    mkcfb_put(&native, "\2\0test.txt\0C:\\a\\test.txt\0\0\0\3\0\x0d\0\0\0C:\\t\\test.txt", 4 + 7 + 14 + 2 + 2 + 4 + 13);
    mkcfb_le(&native, (uint32_t)test_eicar().n, 4);
    mkcfb_put(&native, test_eicar().p, test_eicar().n);
    e[1].bytes = buf_slice(&native);
    file = mkcfb(e, 2);
    r = decoded(buf_slice(&file));
    ck_assert_ptr_nonnull(recorder_find(&r, "test.txt"));
    ck_assert(slice_eq(record_bytes(recorder_find(&r, "test.txt")), test_eicar()));
    recorder_release(&r);
    buf_release(&file);
    buf_release(&native);
}
END_TEST

START_TEST(outlook_attachments_come_out_under_their_names)
{
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "__attach_version1.0_#00000000", 0, true, { 0 } },
        { "__substg1.0_37010102", 1, false, test_eicar() },
        { "__substg1.0_3704001F", 1, false, SLICE("S\0") },
        { "__substg1.0_3707001F", 1, false, SLICE("l\0o\0n\0g\0.\0x\0") },
        { "__substg1.0_1000001F", 0, false, SLICE("b\0o\0d\0y\0") },
    };
    struct buf file = mkcfb(e, COUNT(e));
    struct recorder r = decoded(buf_slice(&file));

    ck_assert(slice_eq(record_bytes(recorder_find(&r, "long.x")), test_eicar()));
    ck_assert_ptr_nonnull(recorder_holding(&r, SLICE("body")));
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

static const struct {
    const char *how;
    bool has_dir, has_attribute;
} vbas[] = {
    { "by the module list", true, true }, { "by its first word", false, true }, { "by its chunks", true, false },
};

/* A module stream: some bytes of compiled code, then the packed source. */
START_TEST(macro_sources_are_views)
{
    struct buf dir = buf_init(1 << 16), dir_packed = buf_init(1 << 16), module = buf_init(1 << 16), source = buf_init(4096), file;
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "VBA", 0, true, { 0 } },
        { "dir", 1, false, { 0 } },
        { "Module1", 1, false, { 0 } },
    };
    struct recorder r;

    mkcfb_put(&dir, "\x09\0\4\0\0\0\0\0\0\0\0\0", 12);                      /* version, with its odd length */
    mkcfb_put(&dir, "\x1a\0\7\0\0\0Module1", 13);
    mkcfb_put(&dir, "\x31\0\4\0\0\0\x07\0\0\0", 10);
    mkcfb_vba(&dir_packed, vbas[_i].has_attribute ? buf_slice(&dir) : SLICE("nothing of use"));
    mkcfb_put(&source, vbas[_i].has_attribute ? "Attribute " : "No_tribute ", 10);
    mkcfb_put(&source, test_eicar().p, test_eicar().n);
    mkcfb_put(&module, "\1p-code", 7);
    mkcfb_vba(&module, buf_slice(&source));
    e[2].bytes = buf_slice(&dir_packed);
    e[3].bytes = buf_slice(&module);
    if (!vbas[_i].has_dir)
        e[2].name = "rid";
    file = mkcfb(e, COUNT(e));
    r = decoded(buf_slice(&file));
    ck_assert_msg(recorder_holding(&r, buf_slice(&source)) != NULL, "not found %s", vbas[_i].how);
    ck_assert_int_eq(recorder_holding(&r, buf_slice(&source))->kind, EMIT_VIEW);
    ck_assert_str_eq(recorder_holding(&r, buf_slice(&source))->type, "OLE2");
    ck_assert_uint_eq(r.notes[EMIT_MACROS], 1);
    recorder_release(&r);
    buf_release(&file);
    buf_release(&dir);
    buf_release(&dir_packed);
    buf_release(&module);
    buf_release(&source);
}
END_TEST

/* A few bytes a chunk, 4096 unpacked: past VBA_MOST it is said that there is more. */
START_TEST(a_macro_without_end_is_a_limit)
{
    static const uint8_t chunk[] = { 3, 0xb0, 2, 'a', 0xfc, 0x0f };
    struct buf module = buf_init(1 << 20), file;
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "dir", 0, false, SLICE("x") }, { "m", 0, false, { 0 } } };
    struct recorder r;

    mkcfb_put(&module, "\1", 1);
    for (int i = 0; i < 5000; i++)
        mkcfb_put(&module, chunk, sizeof chunk);
    e[2].bytes = buf_slice(&module);
    file = mkcfb(e, COUNT(e));
    r = decoded(buf_slice(&file));
    ck_assert_uint_eq(r.notes[EMIT_LIMITED], 1);
    recorder_release(&r);
    buf_release(&module);
    buf_release(&file);
}
END_TEST

/* The macro and the package are gone, the module is still a module, everything else is where it was. */
START_TEST(macros_and_packages_are_emptied)
{
    struct buf dir = buf_init(1 << 16), dir_packed = buf_init(1 << 16), module = buf_init(1 << 16), source = buf_init(4096), file;
    struct buf native = buf_init(1 << 16), out = buf_init(1 << 20);
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } },
        { "VBA", 0, true, { 0 } },
        { "dir", 1, false, { 0 } },
        { "Module1", 1, false, { 0 } },
        { "_VBA_PROJECT", 1, false, SLICE("\xcc\x61\x99\0\0\0\0compiled") },
        { "\1Ole10Native", 0, false, { 0 } },
        { "other", 0, false, SLICE("other bytes") },
    };
    struct recorder r;
    bool is_changed;

    mkcfb_put(&dir, "\x1a\0\7\0\0\0Module1", 13);
    mkcfb_put(&dir, "\x31\0\4\0\0\0\x07\0\0\0", 10);
    mkcfb_vba(&dir_packed, buf_slice(&dir));
    mkcfb_put(&source, "Attribute VB_Name = \"M\"\r\n", 25);
    mkcfb_put(&source, test_eicar().p, test_eicar().n);
    mkcfb_put(&module, "\1p-code", 7);
    mkcfb_vba(&module, buf_slice(&source));
    mkcfb_put(&native, "\0\0\0\0\2\0t\0t\0\0\0\3\0\2\0\0\0t\0\x44\0\0\0", 24);
    mkcfb_put(&native, test_eicar().p, test_eicar().n);
    e[2].bytes = buf_slice(&dir_packed);
    e[3].bytes = buf_slice(&module);
    e[5].bytes = buf_slice(&native);
    file = mkcfb(e, COUNT(e));
    ck_assert_int_eq(clean_ole2(buf_slice(&file), &out, &is_changed), CS_OK);
    ck_assert(is_changed);
    ck_assert_uint_eq(out.n, file.n);
    r = decoded(buf_slice(&out));
    ck_assert_ptr_null(recorder_holding(&r, test_eicar()));
    ck_assert_ptr_null(recorder_holding(&r, SLICE("p-code")));
    ck_assert_ptr_null(recorder_holding(&r, SLICE("compiled")));
    ck_assert_ptr_nonnull(recorder_holding(&r, SLICE("Attribute VB_Name = \"M\"\r\n")));
    ck_assert_ptr_nonnull(recorder_holding(&r, SLICE("other bytes")));
    ck_assert_uint_eq(recorder_find(&r, "VBA/Module1")->bytes.n, module.n);
    recorder_release(&r);
    buf_release(&dir);
    buf_release(&dir_packed);
    buf_release(&module);
    buf_release(&source);
    buf_release(&native);
    buf_release(&file);
    buf_release(&out);
}
END_TEST

START_TEST(nothing_to_clean_changes_nothing)
{
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "WordDocument", 0, false, big_stream() } };
    struct buf file = mkcfb(e, COUNT(e)), out = buf_init(1 << 20);
    bool is_changed;

    ck_assert_int_eq(clean_ole2(buf_slice(&file), &out, &is_changed), CS_OK);
    ck_assert(!is_changed && slice_eq(buf_slice(&out), buf_slice(&file)));
    ck_assert_int_eq(clean_ole2(slice_take(buf_slice(&file), 600), &out, &is_changed), CS_UNSUPPORTED);
    ck_assert_int_eq(clean_ole2(SLICE("no document"), &out, &is_changed), CS_UNSUPPORTED);
    buf_release(&file);
    buf_release(&out);
}
END_TEST

START_TEST(a_real_macro_is_emptied)
{
    struct buf out = buf_init(1 << 20);
    struct mapfile m;
    struct recorder r;
    bool is_changed;

    if (!corpus_open(&m, "containers/poi/SimpleMacro.doc"))
        return;
    ck_assert_int_eq(clean_ole2(m.data, &out, &is_changed), CS_OK);
    ck_assert(is_changed);
    r = decoded(buf_slice(&out));
    ck_assert_ptr_nonnull(recorder_holding(&r, SLICE("Attribute VB_Name = \"Module1\"")));
    ck_assert_ptr_null(recorder_holding(&r, SLICE("End Sub")));
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    mapfile_close(&m);
    buf_release(&out);
}
END_TEST

START_TEST(installer_names_come_out_plain)
{
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "xyz", 0, false, SLICE("data") } };
    struct buf file = mkcfb(e, COUNT(e));
    size_t at = slice_find(buf_slice(&file), SLICE("x\0y\0z\0"));
    struct recorder r;

    put_le16(file.p + at, 0x4840);
    put_le16(file.p + at + 2, 0x3800 + 10 + 11 * 64);
    put_le16(file.p + at + 4, 0x4800 + 12);
    r = decoded(buf_slice(&file));
    ck_assert_ptr_nonnull(recorder_find(&r, "!ABC"));
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

/* A chain that bites its tail, and a directory that does. */
START_TEST(loops_end)
{
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "big", 0, false, big_stream() } };
    struct buf file = mkcfb(e, COUNT(e));
    uint32_t fat = get_le32(file.p + 76);
    struct recorder r;

    for (size_t i = 0; i < 128; i++)
        put_le32(file.p + (fat + 1) * 512 + i * 4, (uint32_t)(i ^ 1));
    r = decoded(buf_slice(&file));
    ck_assert_uint_ge(r.notes[EMIT_DAMAGED], 1);
    ck_assert_uint_le(r.bytes, 2 * file.n);
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

/* What others read out of these documents: name and the beginning of the bytes. */
static const struct {
    const char *file, *member;
    size_t size;                /* 0: any */
    enum emit_remark remark;
} documents[] = {
    { "containers/msoffcrypto/rc4cryptoapi_password.doc", "1Table", 0, EMIT_ENCRYPTED },
    { "containers/msoffcrypto/rc4cryptoapi_password.xls", "Workbook", 0, EMIT_ENCRYPTED },
    { "containers/oletools/encrypted__encrypted.xlsm", "EncryptionInfo", 0, EMIT_ENCRYPTED },
    { "containers/poi/Password_Protected-np-hello.ppt", "PowerPoint Document", 0, EMIT_ENCRYPTED },
    { "containers/poi/SimpleMacro.doc", "Macros/VBA/dir", 0, EMIT_MACROS },
    { "containers/tika/testEXCEL_protected_passtika.xlsx", "EncryptedPackage", 0, EMIT_ENCRYPTED },
    { "containers/outlook-msg/gpg_signed.msg", "__properties_version1.0", 0, EMIT_LIMITED + 1 },
};

START_TEST(real_documents)
{
    struct mapfile m;
    struct recorder r;
    const struct record *item;

    if (!corpus_open(&m, documents[_i].file))
        return;
    r = decoded(m.data);
    item = recorder_find(&r, documents[_i].member);
    ck_assert_msg(item && item->bytes.n, "%s: no %s", documents[_i].file, documents[_i].member);
    if (documents[_i].remark <= EMIT_LIMITED)
        ck_assert_uint_ge(r.notes[documents[_i].remark], 1);
    recorder_release(&r);
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ole2");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_test(c, streams_come_out_under_their_paths);
    tcase_add_test(c, damage_is_survived);
    tcase_add_test(c, a_stop_is_obeyed_at_once);
    tcase_add_loop_test(c, encryption_and_macros_are_noted, 0, (int)COUNT(remarks));
    tcase_add_test(c, an_embedded_package_comes_out_under_its_name);
    tcase_add_test(c, outlook_attachments_come_out_under_their_names);
    tcase_add_loop_test(c, macro_sources_are_views, 0, (int)COUNT(vbas));
    tcase_add_test(c, a_macro_without_end_is_a_limit);
    tcase_add_test(c, macros_and_packages_are_emptied);
    tcase_add_test(c, nothing_to_clean_changes_nothing);
    tcase_add_test(c, a_real_macro_is_emptied);
    tcase_add_test(c, installer_names_come_out_plain);
    tcase_add_test(c, loops_end);
    tcase_add_loop_test(c, real_documents, 0, (int)COUNT(documents));
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
