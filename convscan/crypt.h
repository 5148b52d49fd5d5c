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

/* ---- PDF ---- */
void crypt_md5(const struct slice *parts, size_t n, uint8_t out[16]);
/* bits: 256, 384 or 512; gives the number of bytes. */
size_t crypt_sha2(unsigned bits, const struct slice *parts, size_t n, uint8_t out[64]);
void crypt_rc4(struct slice key, struct slice in, uint8_t *out);
/* Whole blocks of in; key of 16 or 32 bytes. */
void crypt_cbc_decrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out);
void crypt_cbc_encrypt(struct slice key, const uint8_t iv[16], struct slice in, uint8_t *out);

#endif
