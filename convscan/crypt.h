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

#endif
