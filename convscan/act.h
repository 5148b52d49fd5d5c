/*
 * act.h - what is written back to the mail server for a decision.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_OK when the answer is complete. Otherwise nothing of this answer counts and the caller tries a stricter one.
 *   Bounded   by the part's size.
 *
 * Order: OUTPUT_FILE, OUTPUT_HEADERS, OUTPUT_OPTIONS; each whole or not at all.
 */
#ifndef CONVSCAN_ACT_H
#define CONVSCAN_ACT_H

#include <sys/stat.h>

#include "channel.h"
#include "conf.h"

/* STATUS values (pmdf_err.h of the server). */
enum {
    STATUS_RETURN = 178029946, STATUS_POSTMASTER = 178030098, STATUS_DELETE = 178030178, STATUS_HOLD = 178030250,
    STATUS_DISCARD = 178030259, STATUS_RETRY = 178028698
};

struct act {
    const struct channel *ch;
    struct slice input, headers;        /* the part as it came; its header lines, empty when there are none */
    bool has_input, has_headers;
    const struct stat *input_file, *headers_file;       /* as they were when they were read */
    bool may_link;                      /* channel.link */
    bool can_answer;                    /* OUTPUT_OPTIONS can be written */
    const char *tags;                   /* header lines for ACT_TAG */
    struct slice cleaned;               /* for ACT_CLEAN */
    struct slice notice, notice_headers;
    bool notice_is_ascii;
    struct slice both, both_headers;    /* the notice as multipart/alternative, where that is wanted; else empty */
    const char *diagnostic;             /* one line of safe ASCII, for ACT_RETURN */
};

/* Does this action need OUTPUT_OPTIONS to be read? */
bool act_needs_status(enum action a);
/* The number for STATUS=, or 0. */
unsigned act_status(enum action a);
enum cs_status act_carry_out(const struct act *a, enum action action) MUST_USE;
/* Could a file be made where path says? Looks, makes nothing. */
bool act_can_write(const char *path);

#endif
