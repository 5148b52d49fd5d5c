/*
 * digest.h - SHA-256 (FIPS 180-4), through nettle; the only user of nettle in this room.
 *
 *   Borrows   the bytes during the call.
 *   Fails     never.
 */
#ifndef IMTA_DIGEST_H
#define IMTA_DIGEST_H

#include "base/slice.h"

enum { DIGEST_HEX = 65 };

/* 64 hex digits and a NUL. */
void digest_sha256(struct slice s, char out[DIGEST_HEX]);

#endif
