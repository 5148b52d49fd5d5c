#include <check.h>

#include "convscan/swf.h"
#include "convscan/xar.h"
#include "recorder.h"

#define FILE_TEXT "the file that a page carries, thirty-two bytes and some more!"

static const struct {
    const char *what, *hex;
} xars[] = {
    { "plain",
      "78617221001c0001000000000000008c00000000000000be00000000789c2d8e410e83300c04bf82722f864b4f"
      "c6bcc50d0eb5141244ac0afafa42ca6947da957670dc97d87c642b9ad3e0fab67323e1ce1ba1654f18344aa3d3"
      "d938c2898d09a3a4d9def4ec116ec41c4211a30ee1262cfa953aa980927c9e34cd4db123cae0785da37ab6f314"
      "b237b147b14d78714008ff9bc48b50685f9a102a235c32675431b81c7fdde240bf7468652066696c6520746861"
      "742061207061676520636172726965732c207468697274792d74776f20627974657320616e6420736f6d65206d"
      "6f726521" },
    { "gzip",
      "78617221001c0001000000000000008b00000000000000b800000000789c2d8e410a83301045af22d9d75128ae"
      "bee359529dd88198880925f5f455ebea3ff88bf73094c5571fd992c6d09bb66eccc0287663e438329c7aa9743a"
      "1ec3986cb60c2f61ce6fee9ea01b119d4b92b901dd84a4bb70d7822e8084314e1ae62ae5af97ded875f53ada7c"
      "48a93ce65d57430cfa0b825d845dfdd200ba1874661c7325d159f70347453e49789c0dc8510e40400c04d0ab8c"
      "7f0e550cdbc4aab493c8de9ef7f9d488c32f42cd04c36327b159a6b3e63f3d3516bd81758805bb775474a24772"
      "fa00a76915f3" },
    { "bzip2",
      "78617221001c0001000000000000008c00000000000000b900000000789c2d8e310e83301004bf82dc87831428"
      "c572bcc5c0999c646c84ad88f0fa00a1da91b69841b7cdbef8c89a3486d6d465653ac66657468e03c3a99742c7"
      "e3318cd166cbf012a6fce65703ba11d1b924992bd04d48ba0b3735e8024818e2a8612a52fe7a698d5d16af83cd"
      "8794b647bfebf234c4a0bf21d859d895bd06d0c5a0b3e398ab89cebc1f80b43e7a425a6839314159265359ed23"
      "a62e00001b118060063fe7dca0200050a00311a69a342869a651ea0f44fd14036d556bad8e545bb7bd06880878"
      "572ae2173b44976c1f194d50cb571684f293f8bb9229c28487691d3170" },
    { "lzma",
      "78617221001c0001000000000000008b00000000000000b800000000789c2d8ec10a833010447f4572afab97d2"
      "c3b87e4baa1bbb101331a1a85fdf683dcd831998877e9b7df59535690c9d69ebc6f48ccdae8c1c0786532f958e"
      "a5318cd166cbf012a6fce1570bba11d1b924991bd04d487a083fcbe4024818e2a861aa52debd74c62e8bd7c1e6"
      "724adbc31fb335c4a0ff41b0b3b0abdf1a4017834e8d1297129d763f45bd3e425d00008000ffffffffffffffff"
      "003a1a08ce766495a1901b6617df2fa93e3e2972e38b08935c4b6ed06ccc13de22b7da58bac74c8135df37fd67"
      "4bec3412c539b606971534e6e0c11aa098df11f9369c00" },
    { "xz",
      "78617221001c0001000000000000008b00000000000000b700000000789c2d8e410e83301003bf82722f4b7ae8"
      "c92c6f496143570a096aa22ae5f505cac92359b207435d42f39177d6147b63dbce0c8ceade8c924686d7208d4e"
      "7b6318932b8e1124cee5c5d6de411723799fa57007ba085937e187059d0089639a34ce4d2edf20bd71eb1a7474"
      "657fa57aab9b2106fdf7a35b847dfbd4083a197458ec711ad121f703ec373dabfd377a585a000000ff12d94102"
      "00210116000000742fe5a301003c7468652066696c6520746861742061207061676520636172726965732c2074"
      "68697274792d74776f20627974657320616e6420736f6d65206d6f7265210000000000014d3d72c8393d06729e"
      "7a010000000000595a" },
}, films[] = {
    { "plain",
      "4657530a59000000080000000100ff15430000000100000000007468652066696c652074686174206120706167"
      "6520636172726965732c207468697274792d74776f20627974657320616e6420736f6d65206d6f7265210000" },
    { "zlib",
      "4357530a59000000789c1dc84b0e40401045d132b301f367ce2aaca4f0e84eb496ea4ac4eafdeee424b716914a"
      "ee66f8fdf2402c71233ca84371e84a4c6a1659ba7746f3abf73363bc9c05bacf283911291b5b91073a6c1754" },
    { "lzma",
      "5a57530a59000000520000005d0000800000040034f8831b2ca5e2f867daccd14700e1d1035760ba28e600b351"
      "ddda2262327f2ffa6140306dc75b8bf0877b8e7e912e83202d7be4e5d7f36354dbcc3c60a40bbd173f607a4e92"
      "98283f78ffb3ac2000" },
};

static struct buf unhex(const char *hex)
{
    struct buf b = buf_init(1 << 16);

    for (; hex[0] && hex[1]; hex += 2)
        ck_assert_int_eq(buf_putc(&b, (uint8_t)(ascii_hex((uint8_t)hex[0]) << 4 | ascii_hex((uint8_t)hex[1]))), CS_OK);
    return b;
}

START_TEST(every_encoding_gives_the_file)
{
    struct buf b = unhex(xars[_i].hex);
    struct recorder r;
    const struct record *item;

    recorder_init(&r);
    ck_assert_int_eq(xar_decode(buf_slice(&b), &r.emit), CS_OK);
    item = recorder_find(&r, "f.bin");
    ck_assert(item && slice_eq(record_bytes(item), SLICE(FILE_TEXT)));
    ck_assert(recorder_find(&r, "[TOC].xml") != NULL);
    ck_assert_uint_eq(r.notes[EMIT_DAMAGED], 0);
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(xar_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
}
END_TEST

START_TEST(films_are_unpacked_and_give_their_data)
{
    struct buf b = unhex(films[_i].hex), plain = unhex(films[0].hex);
    struct recorder r;

    recorder_init(&r);
    ck_assert_int_eq(swf_decode(buf_slice(&b), &r.emit), CS_OK);
    ck_assert_uint_eq(r.n_items, 1);
    ck_assert(slice_eq(record_bytes(&r.items[0]), _i ? buf_slice(&plain) : SLICE(FILE_TEXT)));
    recorder_release(&r);
    for (size_t n = 0; n < b.n; n++) {
        recorder_init(&r);
        ck_assert_int_eq(swf_decode(slice_of(b.p, n), &r.emit), CS_OK);
        recorder_release(&r);
    }
    buf_release(&b);
    buf_release(&plain);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("xar");
    TCase *t = tcase_create("xar");
    SRunner *sr = srunner_create(s);
    int n_failed;

    suite_add_tcase(s, t);
    tcase_add_loop_test(t, every_encoding_gives_the_file, 0, sizeof xars / sizeof *xars);
    tcase_add_loop_test(t, films_are_unpacked_and_give_their_data, 0, sizeof films / sizeof *films);
    srunner_run_all(sr, CK_NORMAL);
    n_failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return n_failed != 0;
}
