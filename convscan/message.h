/*
 * message.h - what the headers of the whole message say, for notices, overrides and allow rules.
 *
 *   Borrows   nothing: everything is copied and made safe.
 *   Fails     CS_NOENT where there is no file, CS_NOMEM, CS_IO; then all fields are empty.
 *   Bounded   MESSAGE_BYTES of headers are read.
 *
 * Nothing of this is trusted: senders are forged. It is shown and compared, never believed.
 */
#ifndef CONVSCAN_MESSAGE_H
#define CONVSCAN_MESSAGE_H

#include "base/slice.h"
#include "base/status.h"

enum { MESSAGE_BYTES = 256 << 10, MESSAGE_RECIPIENTS = 16 << 10 };

struct message {
    char sender[256];           /* address of Return-Path, else of From */
    char from[256], subject[256], date[80];
    char languages[200];        /* Accept-Language, then Content-Language */
    bool is_read, has_envelope;
    char recipients[MESSAGE_RECIPIENTS];        /* addresses of To and Cc, or of the envelope, blanks between */
};

enum cs_status message_read(struct message *m, const char *path) MUST_USE;
/* What the mail server says goes before what the header says. NULL: nothing is known. A list that is too long ends in a word that is nobody. */
void message_set_envelope(struct message *m, const char *from, const char *to);

#endif
