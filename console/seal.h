/*
 * seal.h - bytes in an encrypted zip file (AES-256), so that no scanner on the way, and nobody by a double click, opens it.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_UNSUPPORTED when the library cannot encrypt, CS_NOMEM, CS_TOOBIG when out is full.
 *   Bounded   by out.
 */
#ifndef CONSOLE_SEAL_H
#define CONSOLE_SEAL_H

#include "base/buf.h"

enum cs_status seal_zip(const char *name, struct slice content, const char *password, struct buf *out) MUST_USE;

#endif
