/*
 * convert.h - one message through the conversion channel: the door of this folder's library.
 *
 *   Borrows   job and message for the length of the call.
 *   Owns      nothing beyond it; the temporary folder is gone when the call returns, unless the job has one that stays.
 *   Fails     any status means: could not tell, try the message again. CS_STOP: the caller's descriptor asked to stop.
 *   Bounded   by the switches.
 *   Threads   calls are independent; a job without a runner may be shared.
 */
#ifndef IMTA_CONVERT_H
#define IMTA_CONVERT_H

#include <stdio.h>
#include <sys/types.h>

#include "answer.h"
#include "conversions.h"
#include "mappings.h"

enum { CONVERT_DIAGNOSTIC = 512, CONVERT_TAGS = 32 };

/* One more variable of a command's environment; a value without bytes is left out. */
struct convert_variable {
    const char *name;
    struct slice value;
};

struct convert_job {
    const struct conversions *conversions;
    const struct mappings *mappings;    /* NULL: every message is diverted, and no lookups */
    const struct switches *switches;
    const char *in_chan, *out_chan;
    const char *tags[CONVERT_TAGS];
    size_t n_tags;
    bool is_addressed;                  /* to user@conversion: diverted whatever the mappings say */
    const char *program_dir;            /* what IMTA_PROGRAM: stands for */
    const char *tmp_dir;                /* for the files of the parts; NULL: TMPDIR */
    const struct convert_variable *variables;
    size_t n_variables;
    struct runner *runner;              /* whose folder stays from message to message, the caller's to close; NULL: one for each message */
    struct standby *standby;            /* commands that were started beforehand; NULL for none */
    int stop_fd;                        /* readable: stop; -1 for never */
    volatile pid_t *group;              /* where to note a running command's process group; NULL for nowhere */
    FILE *report;                       /* a JSON object a part; NULL for none */
};

struct convert_result {
    enum outcome outcome;               /* OUTCOME_PASS: deliver what was written */
    bool is_diverted, is_rebuilt;       /* went through the channel; differs from what came */
    char diagnostic[CONVERT_DIAGNOSTIC];        /* printable, one line */
    struct buf sample;                  /* of OUTCOME_RETURN_SAMPLE; the caller's to release */
    unsigned parts, commands;
    uint64_t cpu_us;                    /* of the commands */
};

/* The tag is borrowed; one that is there already, in whatever case, is not added again. false: no more than CONVERT_TAGS. */
bool convert_add_tag(struct convert_job *job, const char *tag);

/* Is this an address of the channel itself: user@conversion, user@conversion.HOST? */
bool convert_is_addressed(struct slice address);

/* Writes the message to put() only when the outcome is OUTCOME_PASS. */
enum cs_status convert_message(const struct convert_job *job, struct slice msg, mime_put *put, void *ctx,
                               struct convert_result *out) MUST_USE;

#endif
