/*
 * milmessage.h - one message as a mail server hands it to a filter, piece by piece, and its way through the conversion channel.
 *
 *   Borrows   the setup.
 *   Owns      the message and what became of it, from milmessage_begin() to milmessage_end().
 *   Fails     a failure while pieces come is kept; milmessage_convert() then answers MIL_TEMPFAIL.
 *   Bounded   setup->memory bytes of memory, a file beyond; the switch max-message; MIL_RECIPIENTS recipients.
 *   Threads   a message is one thread's; the gate is shared by all.
 */
#ifndef IMTA_MILMESSAGE_H
#define IMTA_MILMESSAGE_H

#include "envelope.h"
#include "milanswer.h"
#include "milstatus.h"
#include "milter.h"
#include "queuedir.h"
#include "spill.h"

enum { MIL_RECIPIENTS = ENVELOPE_TO, MIL_WORD = 256 };

/* What the server says about a message; all are texts of strangers, made printable. */
struct mil_facts {
    char client_name[MIL_WORD], client_address[64];
    char queue_id[64], user[MIL_WORD];
};

struct milmessage {
    const struct mil_setup *setup;
    struct buf sender, recipients;      /* recipients: as the server wrote them, each ended by a NUL */
    unsigned n_recipients;
    bool has_more_recipients;           /* than are kept */
    struct spill text;
    unsigned n_fields;                  /* of the header, as the server counts them */
    size_t n_header;                    /* bytes of the header, without the empty line */
    enum cs_status status;
    bool is_begun, is_too_large;
    struct milstatus_item item;         /* in milter.c's list, from the first piece to the answer */

    struct convert_result result;       /* from here on: after milmessage_convert() */
    struct spill changed;
    struct slice before, after;         /* the message as it came, as it shall be */
    unsigned place;                     /* where it was converted */
    uint64_t us;                        /* for the conversion, waiting included */
};

void milmessage_begin(struct milmessage *m, const struct mil_setup *setup, const char *sender);
void milmessage_end(struct milmessage *m);

void milmessage_recipient(struct milmessage *m, const char *address);
/* value as servers hand it over: with "\n" between lines. */
void milmessage_field(struct milmessage *m, const char *name, const char *value, bool has_blank);
void milmessage_end_of_header(struct milmessage *m);
void milmessage_body(struct milmessage *m, struct slice data);

enum mil_answer milmessage_convert(struct milmessage *m, struct gate *gate, struct milstatus *status, const struct mil_facts *facts);

/* Can the header that came be edited field by field? Not when the server counts its fields in another way than we. */
bool milmessage_is_editable(const struct milmessage *m);
/* A message as header and body, without the empty line between them. */
void milmessage_split(struct slice text, struct slice *header, struct slice *body);

/* The envelope, its addresses without angle brackets; they point into the message. */
void milmessage_envelope(const struct milmessage *m, struct envelope *e);

/* Into the spool setup->hold. */
enum cs_status milmessage_hold(const struct milmessage *m, char id[QUEUE_NAME]) MUST_USE;
/* A line a message, in the shape that convstat reads, and records in the shape of mail.log. */
void milmessage_log(const struct milmessage *m, enum mil_answer answer, const struct mil_facts *facts);

#endif
