/*
 * envelope.h - the lines in front of a queued message: who sent it, to whom, through which channels, since when.
 *
 *   Borrows   the text: slices point into it.
 *   Fails     envelope_read(): false when there is none; the whole file is then the message.
 *             envelope_write(): CS_INVALID for an address that holds blanks or control characters.
 *   Bounded   ENVELOPE_TO recipients, ENVELOPE_ADDRESS bytes an address.
 */
#ifndef IMTA_ENVELOPE_H
#define IMTA_ENVELOPE_H

#include "base/buf.h"

enum { ENVELOPE_TO = 1000, ENVELOPE_ADDRESS = 512, ENVELOPE_BYTES = 1 << 20 };

enum priority { PRIORITY_NORMAL, PRIORITY_URGENT, PRIORITY_NONURGENT };

struct envelope {
    struct slice from;                  /* n == 0: the null sender */
    struct slice to[ENVELOPE_TO];
    size_t n_to;
    struct slice in_chan, out_chan, tags;
    uint64_t arrived;                   /* microseconds since 1970 */
    enum priority priority;
};

bool envelope_read(struct slice file, struct envelope *out, struct slice *message);
enum cs_status envelope_write(const struct envelope *e, struct buf *out) MUST_USE;
bool envelope_is_address(struct slice s);

#endif
