/*
 * crypt.h - the ciphers of encrypted containers, to try passwords with; the only user of nettle in this room.
 *
 *   Borrows   everything during the call. Output goes to the caller's room, as long as the input.
 *   Fails     never, but for "this is not the password".
 *   Threads   any; no state outside the structs.
 */
#ifndef CONVSCAN_CRYPT_H
#define CONVSCAN_CRYPT_H

#include "base/slice.h"

/* ---- zip ---- */
enum { ZIPCRYPTO_HEAD = 12, WINZIP_TAIL = 10 };

struct zipcrypto {
    uint32_t key[3];
};

void zipcrypto_init(struct zipcrypto *z, struct slice password);
/* in and out may be the same. */
void zipcrypto_decrypt(struct zipcrypto *z, struct slice in, uint8_t *out);

/* Bytes of salt and check value in front of WinZip's AES data; strength 1 to 3, else 0. */
size_t winzip_head(unsigned strength);

/* Decrypts data (head and tail taken off) to out when the check value says that the password fits. */
bool winzip_decrypt(unsigned strength, struct slice head, struct slice password, struct slice data, uint8_t *out);

/* ---- hashes and ciphers as such, for Office and PDF ---- */
enum crypt_hash { CRYPT_MD5, CRYPT_SHA1, CRYPT_SHA256, CRYPT_SHA384, CRYPT_SHA512 };
enum { CRYPT_HASH_MOST = 64, CRYPT_BLOCK = 16 };

/* The hash of two runs of bytes, one behind the other; gives its size, which out has room for. out may be the input's room. */
size_t crypt_hash(enum crypt_hash which, struct slice a, struct slice b, uint8_t *out);

/* RC4 from the beginning of its stream; a key of 1 to 256 bytes. in and out may be the same. */
void crypt_rc4(struct slice key, struct slice in, uint8_t *out);

/* Whole blocks only; a key of 16, 24 or 32 bytes, else false. iv of one block: chained; NULL: each block for itself. */
bool crypt_aes_decrypt(struct slice key, const uint8_t *iv, struct slice in, uint8_t *out);

void crypt_md5(const struct slice *parts, size_t n, uint8_t out[16]);
/* bits: 256, 384 or 512; gives the number of bytes. */
size_t crypt_sha2(unsigned bits, const struct slice *parts, size_t n, uint8_t out[64]);
/* Whole blocks of in; key of 16 or 32 bytes. */
void crypt_cbc_decrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out);
void crypt_cbc_encrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out);

#endif
