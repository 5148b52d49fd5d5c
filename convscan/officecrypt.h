/*
 * officecrypt.h - encrypted Office documents, with the passwords one may try.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_NOMEM; a password that does not fit, or a method that is not known, is an answer: *fits is false.
 *   Bounded   OFFICECRYPT_ROUNDS hash rounds over all passwords; output by the input.
 *
 * Excel encrypts what is only protected against changes with a password that every Excel knows, and opens it unasked. Attackers
 * like that; so it is always tried first.
 */
#ifndef CONVSCAN_OFFICECRYPT_H
#define CONVSCAN_OFFICECRYPT_H

#include "base/buf.h"

enum { OFFICECRYPT_ROUNDS = 1000000 };

struct officecrypt_try {
    const struct slice *passwords;
    size_t n;
};

/* The streams EncryptionInfo and EncryptedPackage: the package, decrypted, is appended to out. */
enum cs_status officecrypt_package(struct slice info, struct slice package, struct officecrypt_try with, struct buf *out,
                                   bool *fits) MUST_USE;

/* Excel's Workbook stream with its FILEPASS record: the same stream with its records readable. */
enum cs_status officecrypt_workbook(struct slice stream, struct officecrypt_try with, struct buf *out, bool *fits) MUST_USE;

#endif
