/*
 * notify.h - mail to managers: what was kept back for their domains, and figures that went beyond a bound. One run does what is due.
 *
 *   Borrows   everything during the call.
 *   Fails     CS_INVALID for a file that cannot be read, CS_UNSAFE when others may change it, CS_IO when a mail could not be handed over; a
 *             line on standard error says which. What was not sent is due again in the next run.
 *   Bounded   NOTIFY_RULES rules, NOTIFY_ITEMS items a digest; more are counted.
 *
 * The file has a rule a line:
 *     digest DOMAIN|* ADDRESS              what came since the last run
 *     alert queue|held|flood|database|disk N ADDRESS
 *                                          messages waiting; held; flood counters moved within N minutes; hours; megabytes
 * Addresses come from this file alone: nothing that a sender wrote decides who gets mail.
 */
#ifndef CONSOLE_NOTIFY_H
#define CONSOLE_NOTIFY_H

#include "imta/item.h"
#include "imta/snapshot.h"

enum { NOTIFY_RULES = 256, NOTIFY_ITEMS = 200, NOTIFY_AGAIN = 24 * 3600 };

struct notify_rule {
    char what[16], of[256], to[256];    /* digest or the figure; domain; address */
    double bound;
    double told;                        /* when it was last mailed; 0: it is not beyond its bound */
};

struct notify {
    const char *file, *state, *mta, *from, *quarantine;
    struct sources sources;
};

/* One line of the file; false when it is none, or a remark (then *is_empty). */
bool notify_parse(struct slice line, struct notify_rule *out, bool *is_empty);
enum cs_status notify_run(const struct notify *n) MUST_USE;

#endif
