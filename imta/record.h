/*
 * record.h - what the scanner noted about a part in quarantine: one JSON object of texts. The only user of jansson.
 *
 *   Borrows   the line during the call.
 *   Owns      the texts it gives out, until record_release(). A member that is missing is an empty text, never NULL.
 *   Fails     false: no JSON, not an object, or no memory; everything is empty then.
 *   Bounded   RECORD_BYTES of JSON, RECORD_DEPTH levels.
 *
 * The texts are the strangers' who sent the mail: valid UTF-8 without NUL, anything else is possible. Show them through safe.h.
 */
#ifndef IMTA_RECORD_H
#define IMTA_RECORD_H

#include "base/slice.h"

enum { RECORD_BYTES = 64 << 10 };

enum record_field { REC_ID, REC_CLASS, REC_NAME, REC_MEMBER, REC_FILE, REC_TYPE, REC_SENDER, REC_RECIPIENTS, REC_SUBJECT, REC_DATE,
                    REC_IN, REC_OUT, REC_ACTION, REC_FIELDS };

struct record {
    char *text[REC_FIELDS];
};

extern const char *const record_names[REC_FIELDS];

bool record_read(struct slice json, struct record *out);
/* A text of our own, cut at the first NUL; false without memory. */
bool record_set(struct record *r, enum record_field f, struct slice value);
void record_release(struct record *r);

/* One line of JSON with these texts and a size in bytes, as the scanner writes it; the caller's to free, NULL without memory. */
char *record_json(const struct record *r, uint64_t size);

#endif
