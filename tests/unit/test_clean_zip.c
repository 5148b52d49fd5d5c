#include <check.h>

#include "convscan/clean_zip.h"
#include "convscan/zip.h"
#include "recorder.h"

#define TEXT "one text, one text, one long text: abcabcabcabcabcabcabc!"

/* a.txt, bad.exe and c.txt, the second one stored; by Python's zipfile. */
static const struct {
    const char *what, *hex;
} zips[] = {
    { "plain",
      "504b030414000000080083182250e7f1538f210000003e00000005000000612e747874cbcf4b552849ad28d151"
      "c84761e5e4e7a583b9560a8949c998483151afa4a20400504b030414000000000083182250bbf0e61c40000000"
      "40000000070000006261642e6578656f6e6520746578742c206f6e6520746578742c206f6e65206c6f6e672074"
      "6578743a20616263616263616263616263616263616263616263216261642e657865504b030414000000080083"
      "18225087a293f5210000003e00000005000000632e747874cbcf4b552849ad28d151c84761e5e4e7a583b9560a"
      "8949c998483159afa4a20400504b0102140314000000080083182250e7f1538f210000003e0000000500000000"
      "00000000000000800100000000612e747874504b0102140314000000000083182250bbf0e61c40000000400000"
      "000700000000000000000000008001440000006261642e657865504b010214031400000008008318225087a293"
      "f5210000003e0000000500000000000000000000008001a9000000632e747874504b050600000000030003009b"
      "000000ed00000009006120636f6d6d656e74" },
    { "streamed",
      "504b03041400080008008318225000000000000000000000000005000000612e747874cbcf4b552849ad28d151"
      "c84761e5e4e7a583b9560a8949c998483151afa4a20400504b0708e7f1538f210000003e000000504b03041400"
      "0800000083182250000000000000000000000000070000006261642e6578656f6e6520746578742c206f6e6520"
      "746578742c206f6e65206c6f6e6720746578743a20616263616263616263616263616263616263616263216261"
      "642e657865504b0708bbf0e61c4000000040000000504b03041400080008008318225000000000000000000000"
      "000005000000632e747874cbcf4b552849ad28d151c84761e5e4e7a583b9560a8949c998483159afa4a2040050"
      "4b070887a293f5210000003e000000504b0102140314000800080083182250e7f1538f210000003e0000000500"
      "00000000000000000000800100000000612e747874504b0102140314000800000083182250bbf0e61c40000000"
      "400000000700000000000000000000008001540000006261642e657865504b0102140314000800080083182250"
      "87a293f5210000003e0000000500000000000000000000008001c9000000632e747874504b0506000000000300"
      "03009b0000001d01000009006120636f6d6d656e74" },
    { "behind a stub",
      "4d5a2073747562504b030414000000080083182250e7f1538f210000003e00000005000000612e747874cbcf4b"
      "552849ad28d151c84761e5e4e7a583b9560a8949c998483151afa4a20400504b030414000000000083182250bb"
      "f0e61c4000000040000000070000006261642e6578656f6e6520746578742c206f6e6520746578742c206f6e65"
      "206c6f6e6720746578743a20616263616263616263616263616263616263616263216261642e657865504b0304"
      "1400000008008318225087a293f5210000003e00000005000000632e747874cbcf4b552849ad28d151c84761e5"
      "e4e7a583b9560a8949c998483159afa4a20400504b0102140314000000080083182250e7f1538f210000003e00"
      "0000050000000000000000000000800107000000612e747874504b0102140314000000000083182250bbf0e61c"
      "400000004000000007000000000000000000000080014b0000006261642e657865504b01021403140000000800"
      "8318225087a293f5210000003e0000000500000000000000000000008001b0000000632e747874504b05060000"
      "0000030003009b000000f400000009006120636f6d6d656e74" },
};

/* A document's parts, with a macro project and what belongs to it. */
static const char office[] =
      "504b030414000000080083182250ae1cee93980000000d010000130000005b436f6e74656e745f54797065735d"
      "2e786d6c7d8fc10e823010447fa5e9d5d8eabdc041bc2a077f60a1dba4065a5256c4bf771bf066b86d7666dece"
      "9a6a197a31639a7c0c853cab93ac4af3f88c3895a64607af9ec475210caba1f5418a4b0cbca0ec2a248c63ef3b"
      "2096f51cac1aa66374ce77a8e6169a149fd891d47f617c7a079655ceddb95cf2164503896e30b04bbf63b29af1"
      "3510a87dca562927d49638e44469f48fcce3faf017504b030414000000080083182250babc9b9f90000000eb00"
      "00001c000000776f72642f5f72656c732f646f63756d656e742e786d6c2e72656c736d8f410a83301045af2273"
      "808cbae8a298ba76574a2f10e358538c099941f4f6b59462852eff83ff3ebfaa173f6633257661d250a81cea4b"
      "75a3d1c8067870918f316b3a0da9e90ac8ee6b240d83483c23b21dc81b56ded91438f4a26cf018fade59c232cf"
      "4f987ea538b7e69ac293ac6c22931e241a76a65a3701fe5f2ebfcb0bb2ac23f12ef864b55d7a97f178e305504b"
      "030414000000080083182250dd5a860d0f0000000d00000011000000776f72642f646f63756d656e742e786d6c"
      "b329b74ac94f2ecd4dcd2bd1b70300504b03041400000008008318225043c68fae070000000500000013000000"
      "776f72642f76626150726f6a6563742e62696ecb4d4c2eca0700504b0304140000000800831822502b84261206"
      "0000000400000010000000776f72642f766261446174612e786d6cb3a9d0b70300504b03041400000008008318"
      "22502b84261206000000040000001e000000776f72642f5f72656c732f76626150726f6a6563742e62696e2e72"
      "656c73b3a9d0b70300504b0102140314000000080083182250ae1cee93980000000d0100001300000000000000"
      "000000008001000000005b436f6e74656e745f54797065735d2e786d6c504b0102140314000000080083182250"
      "babc9b9f90000000eb0000001c00000000000000000000008001c9000000776f72642f5f72656c732f646f6375"
      "6d656e742e786d6c2e72656c73504b0102140314000000080083182250dd5a860d0f0000000d00000011000000"
      "0000000000000000800193010000776f72642f646f63756d656e742e786d6c504b010214031400000008008318"
      "225043c68fae07000000050000001300000000000000000000008001d1010000776f72642f76626150726f6a65"
      "63742e62696e504b01021403140000000800831822502b84261206000000040000001000000000000000000000"
      "00800109020000776f72642f766261446174612e786d6c504b01021403140000000800831822502b8426120600"
      "0000040000001e000000000000000000000080013d020000776f72642f5f72656c732f76626150726f6a656374"
      "2e62696e2e72656c73504b05060000000006000600950100007f0200000000";

static struct buf unhex(const char *hex)
{
    struct buf b = buf_init(1 << 16);

    for (; hex[0] && hex[1]; hex += 2)
        ck_assert_int_eq(buf_putc(&b, (uint8_t)(ascii_hex((uint8_t)hex[0]) << 4 | ascii_hex((uint8_t)hex[1]))), CS_OK);
    return b;
}

static bool pick_bad(void *to, struct slice name, struct buf *notice)
{
    (void)to;
    if (!slice_eq(name, SLICE("bad.exe")))
        return false;
    ck_assert_int_eq(buf_puts(notice, "it was removed"), CS_OK);
    return true;
}

static bool pick_none(void *to, struct slice name, struct buf *notice)
{
    (void)to;
    (void)name;
    (void)notice;
    return false;
}

static void holds(const struct recorder *r, const char *name, const char *text)
{
    const struct record *item = recorder_find(r, name);

    ck_assert_msg(item && slice_eq(record_bytes(item), slice_str(text)), "%s", name);
}

START_TEST(a_picked_member_makes_room_for_a_notice)
{
    struct buf in = unhex(zips[_i].hex), out = buf_init(1 << 16);
    struct recorder r;
    bool is_changed;

    ck_assert_int_eq(clean_zip(buf_slice(&in), false, pick_bad, NULL, &out, &is_changed), CS_OK);
    ck_assert(is_changed);
    recorder_init(&r);
    ck_assert_int_eq(zip_decode(buf_slice(&out), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 3);
    holds(&r, "a.txt", TEXT "a.txt");
    holds(&r, "bad.exe.removed.txt", "it was removed");
    holds(&r, "c.txt", TEXT "c.txt");
    ck_assert(recorder_holding(&r, SLICE(TEXT "bad.exe")) == NULL);
    for (size_t i = 0; i <= EMIT_LIMITED; i++)
        ck_assert_uint_eq(r.notes[i], 0);
    ck_assert(slice_ends(buf_slice(&out), SLICE("a comment")));
    recorder_release(&r);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

START_TEST(nothing_picked_leaves_every_byte)
{
    struct buf in = unhex(zips[_i].hex), out = buf_init(1 << 16);
    bool is_changed;

    ck_assert_int_eq(clean_zip(buf_slice(&in), false, pick_none, NULL, &out, &is_changed), CS_OK);
    ck_assert(!is_changed);
    ck_assert(slice_eq(buf_slice(&in), buf_slice(&out)));
    buf_release(&in);
    buf_release(&out);
}
END_TEST

START_TEST(macros_leave_with_every_mention)
{
    struct buf in = unhex(office), out = buf_init(1 << 16);
    struct recorder r;
    bool is_changed;

    ck_assert_int_eq(clean_ooxml(buf_slice(&in), &out, &is_changed), CS_OK);
    ck_assert(is_changed);
    recorder_init(&r);
    ck_assert_int_eq(zip_decode(buf_slice(&out), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 3);
    holds(&r, "[Content_Types].xml", "<?xml version=\"1.0\"?><Types><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>");
    holds(&r, "word/_rels/document.xml.rels", "<?xml version=\"1.0\"?><Relationships><Relationship Id=\"rId2\" "
                                              "Type=\"x/styles\" Target=\"styles.xml\"/></Relationships>");
    holds(&r, "word/document.xml", "<w:document/>");
    recorder_release(&r);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

/* What two readers could read in two ways is not cleaned: cut anywhere, or with something more in it. */
START_TEST(doubtful_files_are_refused)
{
    struct buf in = unhex(zips[0].hex), out = buf_init(1 << 16);
    bool is_changed;

    for (size_t n = 0; n < in.n; n++) {
        out.n = 0;
        ck_assert_int_eq(clean_zip(slice_of(in.p, n), false, pick_bad, NULL, &out, &is_changed), CS_UNSUPPORTED);
    }
    out.n = 0;
    in.p[30] ^= 1;                          /* a name that the directory has otherwise */
    ck_assert_int_eq(clean_zip(buf_slice(&in), false, pick_bad, NULL, &out, &is_changed), CS_UNSUPPORTED);
    in.p[30] ^= 1;
    in.p[4 + 4] ^= 8;                       /* a method */
    ck_assert_int_eq(clean_zip(buf_slice(&in), false, pick_bad, NULL, &out, &is_changed), CS_UNSUPPORTED);
    buf_release(&in);
    buf_release(&out);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("clean_zip");
    TCase *t = tcase_create("clean_zip");
    SRunner *sr = srunner_create(s);
    int n_failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, a_picked_member_makes_room_for_a_notice, 0, sizeof zips / sizeof *zips);
    tcase_add_loop_test(t, nothing_picked_leaves_every_byte, 0, sizeof zips / sizeof *zips);
    tcase_add_test(t, macros_leave_with_every_mention);
    tcase_add_test(t, doubtful_files_are_refused);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
