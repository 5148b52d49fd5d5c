/*
 * milanswer.h - what the server is told about a message: the outcome of a conversion as one of the answers that a mail filter has.
 *
 *   Fails     never: what is not in the table is tried again later.
 *   Threads   no state.
 */
#ifndef IMTA_MILANSWER_H
#define IMTA_MILANSWER_H

#include "convert.h"

enum mil_answer { MIL_TEMPFAIL, MIL_ACCEPT, MIL_CHANGE, MIL_HOLD, MIL_REDIRECT, MIL_REJECT, MIL_DISCARD };
enum { MIL_ANSWERS = MIL_DISCARD + 1 };

/* For the log. */
const char *mil_answer_text(enum mil_answer a);

/* st is what convert_message() gave back. Without a postmaster's address MIL_REDIRECT is MIL_HOLD. */
enum mil_answer mil_answer(enum cs_status st, const struct convert_result *r, bool has_postmaster);

/* A reason of strangers fit for an SMTP reply: printable ASCII, no '%', never empty. Returns out. */
const char *mil_reply(char *out, size_t room, const char *reason);

#endif
