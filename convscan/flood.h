/*
 * flood.h - how often a signature was found lately, counted by all scanners together in one small mapped file.
 *
 *   Owns      nothing between calls.
 *   Fails     never: without a usable file the answer is "no flood".
 *   Bounded   FLOOD_SLOTS signatures; the file has one size.
 *   Threads   any number of processes; counters are atomic, and a lost race costs one count.
 *
 * Counters are hints. A damaged file gives wrong counts, never a wrong access; an interval later it is right again.
 */
#ifndef CONVSCAN_FLOOD_H
#define CONVSCAN_FLOOD_H

#include "conf.h"

enum { FLOOD_SLOTS = 4096, FLOOD_PROBES = 8 };

struct flood_answer {
    bool is_flood;              /* more than the rate in this interval */
    uint32_t count;             /* in this interval, with this one */
    uint32_t before;            /* in the interval that has just ended, for the digest line; else 0 */
};

struct flood_answer flood_count(const struct conf *c, struct slice signature);

#endif
