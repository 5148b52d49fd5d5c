/*
 * pdfcrypt.h - encrypted PDF files: many open with no password at all, the owner's alone being set.
 *
 *   Borrows   the file while it is opened.
 *   Fails     never: what cannot be opened says so.
 *   Bounded   some hundred rounds of hashing a password.
 */
#ifndef CONVSCAN_PDFCRYPT_H
#define CONVSCAN_PDFCRYPT_H

#include "base/slice.h"

enum pdf_cipher { PDF_PLAIN, PDF_RC4, PDF_AES, PDF_AES256 };

struct pdf_key {
    uint8_t key[32];
    size_t n;
    enum pdf_cipher streams, strings, files;    /* what each kind is encrypted with */
    enum pdf_cipher named;                      /* and what names its cipher itself */
    uint64_t object;                            /* the number of the dictionary itself, which is not encrypted; 0 for none */
    bool is_open;                               /* the key is known */
};

/* Reads the file's /Encrypt dictionary and tries no password, then these. False when it is not encrypted. */
bool pdf_key_open(struct slice all, const struct slice *passwords, size_t n, struct pdf_key *k);

/* Decrypts what object number:generation holds to out (room for in.n bytes); gives the length. */
size_t pdf_key_decrypt(const struct pdf_key *k, enum pdf_cipher with, uint64_t number, uint64_t generation, struct slice in,
                       uint8_t *out);

#endif
