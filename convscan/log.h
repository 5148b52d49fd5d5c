/*
 * log.h - one line a part: key=value pairs, to the configured file and to the system log.
 *
 *   Fails     silently: a log that cannot be written must not stop mail. One warning on standard error.
 *   Bounded   LOG_LINE bytes; one write.
 */
#ifndef CONVSCAN_LOG_H
#define CONVSCAN_LOG_H

#include "conf.h"

enum { LOG_LINE = 4096 };

struct log_facts {
    const char *id, *part, *in, *out, *type, *name, *action, *exceptions;
    const char *uncaged;        /* what the kernel could not confine; empty for nothing */
    enum cls cls;
    const char *sig;
    uint64_t size, objects, bytes, us, cpu_us, db;
    uint32_t flood;             /* hits of this signature in the interval that has just ended; 0: nothing to tell */
    uint32_t flooded;                   /* the flood action counts: so many in this interval; else 0 */
};

bool log_is_on(const struct conf *c);
/* Connect to the system log while that is still allowed. */
void log_open(const struct conf *c);
void log_part(const struct conf *c, const struct log_facts *f);

#endif
