/*
 * utc.h - a moment as a date.
 *
 *   Threads   no state. Not gmtime_r(): that reads the time zone from disk, in every program once.
 */
#ifndef BASE_UTC_H
#define BASE_UTC_H

#include <stdint.h>

struct utc {
    unsigned year, month, day, hour, minute, second;    /* month and day from 1 */
};

/* Seconds since 1970; any before are taken for 0. */
struct utc utc_of(int64_t seconds);

#endif
