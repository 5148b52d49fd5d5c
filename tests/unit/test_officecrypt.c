#include <check.h>

#include "base/bytes.h"
#include "convscan/crypt.h"
#include "convscan/ole2.h"
#include "corpus.h"
#include "mkcfb.h"
#include "recorder.h"

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static const struct {
    enum crypt_hash which;
    const char *a, *b, *hex;
} hashes[] = {
    { CRYPT_MD5, "a", "bc", "900150983cd24fb0d6963f7d28e17f72" },
    { CRYPT_SHA1, "ab", "c", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { CRYPT_SHA256, "", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { CRYPT_SHA384, "abc", "", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7" },
    { CRYPT_SHA512, "abc", "", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                               "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

START_TEST(hashes_are_the_known_ones)
{
    uint8_t out[CRYPT_HASH_MOST];
    size_t n = crypt_hash(hashes[_i].which, slice_str(hashes[_i].a), slice_str(hashes[_i].b), out);

    ck_assert_uint_eq(n, strlen(hashes[_i].hex) / 2);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(out[i], ascii_hex((uint8_t)hashes[_i].hex[i * 2]) << 4 | ascii_hex((uint8_t)hashes[_i].hex[i * 2 + 1]));
}
END_TEST

START_TEST(ciphers_are_the_known_ones)
{
    static const uint8_t key[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };     /* FIPS 197, C.1 */
    static const uint8_t in[16] = { 0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30, 0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a };
    uint8_t out[32], twice[32];

    ck_assert(crypt_aes_decrypt(slice_of(key, 16), NULL, slice_of(in, 16), out));
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(out[i], i * 0x11);
    memcpy(twice, in, 16);
    memcpy(twice + 16, in, 16);
    ck_assert(crypt_aes_decrypt(slice_of(key, 16), key, slice_of(twice, 32), out));
    ck_assert_int_eq(out[1], 0x11 ^ 1);
    ck_assert_int_eq(out[17], 0x11 ^ 0xc4);
    ck_assert(!crypt_aes_decrypt(slice_of(key, 16), NULL, slice_of(in, 15), out));
    ck_assert(!crypt_aes_decrypt(slice_of(key, 5), NULL, slice_of(in, 16), out));
    crypt_rc4(SLICE("Key"), SLICE("Plaintext"), out);
    ck_assert(slice_eq(slice_of(out, 9), SLICE("\xbb\xf3\x16\xe8\xd9\x40\xaf\x0a\xd3")));
}
END_TEST

/* Excel's 40-bit RC4 with the password that every Excel knows, written down here a second time. */
static void block_key(uint32_t block, uint8_t out[CRYPT_HASH_MOST])
{
    uint8_t hash[CRYPT_HASH_MOST], many[16 * 21] = { 0 }, number[4];
    struct slice password = SLICE("V\0e\0l\0v\0e\0t\0S\0w\0e\0a\0t\0s\0h\0o\0p\0");

    put_le32(number, block);
    crypt_hash(CRYPT_MD5, password, SLICE(""), hash);
    for (size_t i = 0; i < 16; i++)
        memcpy(many + i * 21, hash, 5);
    crypt_hash(CRYPT_MD5, slice_of(many, sizeof many), SLICE(""), hash);
    crypt_hash(CRYPT_MD5, slice_of(hash, 5), slice_of(number, 4), out);
}

START_TEST(what_every_excel_opens_is_opened)
{
    static uint8_t book[3000], plain[3000];
    uint8_t key[CRYPT_HASH_MOST], both[32] = "verifier........";
    struct mkcfb_entry e[] = { { "Root Entry", -1, true, { 0 } }, { "Workbook", 0, false, slice_of(book, sizeof book) } };
    struct buf file;
    struct recorder r;

    memcpy(plain, "\x09\x08\4\0\0\6\5\0" "\x2f\0\x36\0\1\0\1\0\1\0", 18);
    memcpy(plain + 66, "\x85\0\7\0\0\0\0\0\0\1s", 11);                          /* a macro sheet, when one can read it */
    memcpy(plain + 77, "\x04\2\x83\xb", 4);                                     /* a label to the end */
    memcpy(plain + 2000, test_eicar().p, test_eicar().n);
    for (uint32_t block = 0; block < 3; block++) {
        size_t n = block < 2 ? 1024 : sizeof plain - 2048;
        block_key(block, key);
        crypt_rc4(slice_of(key, 16), slice_of(plain + block * 1024, n), book + block * 1024);
    }
    block_key(0, key);
    crypt_hash(CRYPT_MD5, slice_of(both, 16), SLICE(""), both + 16);
    memcpy(book, plain, 18);
    crypt_rc4(slice_of(key, 16), slice_of(both, 32), book + 34);
    memset(book + 18, 0, 16);
    memcpy(book + 66, plain + 66, 8);
    memcpy(book + 77, plain + 77, 4);
    file = mkcfb(e, COUNT(e));
    recorder_init(&r);
    ck_assert_int_eq(ole2_decode(buf_slice(&file), &r.emit), CS_OK);
    ck_assert_ptr_nonnull(recorder_holding(&r, test_eicar()));
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 0);
    ck_assert_uint_eq(r.notes[EMIT_MACROS], 1);
    recorder_release(&r);
    file.p[slice_find(buf_slice(&file), slice_of(book, 40)) + 34] ^= 1;         /* another password's verifier */
    recorder_init(&r);
    ck_assert_int_eq(ole2_decode(buf_slice(&file), &r.emit), CS_OK);
    ck_assert_ptr_null(recorder_holding(&r, test_eicar()));
    ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], 1);
    recorder_release(&r);
    buf_release(&file);
}
END_TEST

static const struct {
    const char *file, *password, *how, *begins;
} documents[] = {
    { "containers/tika/testEXCEL_protected_passtika.xlsx", "tika", "office-decrypted", "PK\3\4" },
    { "containers/oletools/encrypted__encrypted.xlsm", "encrypted", "office-decrypted", "PK\3\4" },
    { "containers/oletools/encrypted__encrypted.xlsb", "encrypted", "office-decrypted", "PK\3\4" },
    { "containers/msoffcrypto/rc4cryptoapi_password.xls", "Password1234_", "xls-decrypted", "\x09\x08" },
    { "containers/clamav-other/other_scanfiles__ole2_encryption__password.ministream.xls", "password", "xls-decrypted", "\x09\x08" },
    { "containers/clamav-other/other_scanfiles__ole2_encryption__password.fat.ppsx", "password", "office-decrypted", "PK\3\4" },
};

START_TEST(the_right_password_opens)
{
    struct slice passwords[] = { SLICE("wrong"), slice_str(documents[_i].password) };
    struct mapfile m;

    if (!corpus_open(&m, documents[_i].file))
        return;
    for (size_t n = 1; n <= 2; n++) {
        struct recorder r;
        bool found = false;
        recorder_init(&r);
        r.emit.passwords = passwords;
        r.emit.n_passwords = n;
        ck_assert_int_eq(ole2_decode(m.data, &r.emit), CS_OK);
        for (size_t i = 0; i < r.n_items; i++)
            if (strcmp(r.items[i].how, documents[_i].how) == 0)
                found = slice_starts(record_bytes(&r.items[i]), slice_str(documents[_i].begins));
        ck_assert_int_eq(found, n == 2);
        ck_assert_uint_eq(r.notes[EMIT_ENCRYPTED], n == 1);
        recorder_release(&r);
    }
    mapfile_close(&m);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("officecrypt");
    TCase *c = tcase_create("all");
    SRunner *run;
    int failed;

    tcase_add_loop_test(c, hashes_are_the_known_ones, 0, (int)COUNT(hashes));
    tcase_add_test(c, ciphers_are_the_known_ones);
    tcase_add_test(c, what_every_excel_opens_is_opened);
    tcase_add_loop_test(c, the_right_password_opens, 0, (int)COUNT(documents));
    suite_add_tcase(suite, c);
    run = srunner_create(suite);
    srunner_run_all(run, CK_ENV);
    failed = srunner_ntests_failed(run);
    srunner_free(run);
    corpus_report();
    return failed ? 1 : 0;
}
