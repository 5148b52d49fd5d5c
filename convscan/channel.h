/*
 * channel.h - what the mail server hands over in the environment (one part), and one such part from start to answer.
 *
 *   Borrows   the environment.
 *   Fails     channel_run() never without an answer where one can be given: see its result.
 *   Bounded   by conf.limit, and CHANNEL_HEADERS bytes of a header file.
 */
#ifndef CONVSCAN_CHANNEL_H
#define CONVSCAN_CHANNEL_H

#include "base/slice.h"
#include "base/status.h"

enum { CHANNEL_HEADERS = 1 << 20, CHANNEL_COPIED = 1 << 20 };

struct channel {
    const char *input, *output, *options;               /* files; options NULL: no verdict can be handed over */
    const char *in_headers, *out_headers, *message_headers;
    const char *type, *subtype, *name, *filename, *disposition, *description;
    const char *in_channel, *out_channel, *part_number, *tag;
    const char *envelope_from, *envelope_to;            /* the latter: addresses with blanks between; from a mail filter, NULL otherwise */
};

/* An empty variable is the same as none. in and out, from the command line, go before the environment. */
void channel_read_environment(struct channel *ch, const char *in, const char *out);

struct conf;
struct dbset;
/* What went wrong before the part was looked at; any but CS_OK is class error. */
struct channel_trouble {
    enum cs_status status;
    const char *why;
};
/* The exit status: 0 when the verdict was handed over, 75 when it could not be. */
int channel_run(const struct channel *ch, const struct conf *conf, const struct dbset *dbs, struct channel_trouble before);

#endif
