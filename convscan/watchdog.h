/*
 * watchdog.h - an answer for the server even when a decoder hangs or crashes.
 *
 *   Borrows   the answer, its paths and texts, until watchdog_disarm() or the end of the process.
 *   Fails     never; a signal that cannot be caught leaves the process as killable as it was.
 *   Bounded   the wall clock given; the CPU limit is the cage's (SIGXCPU).
 *   Threads   one process, one watchdog; any thread may crash, and however many do, the answer is given once.
 *
 * Fatal signals (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGXCPU) and the alarm end in watchdog_answer: its files are
 * written beside their targets and renamed, in order, with async-signal-safe calls only, and the process leaves with the status
 * given. Nothing is written before a signal comes, so an armed watchdog costs a few system calls. Runs on a stack of its own.
 */
#ifndef CONVSCAN_WATCHDOG_H
#define CONVSCAN_WATCHDOG_H

#include "base/slice.h"

enum { WATCHDOG_FILES = 3, WATCHDOG_LITTER = 4 };

struct watchdog_answer {
    struct {
        const char *path, *temp;        /* temp: beside path, not in use by anybody else */
        struct slice text;
    } files[WATCHDOG_FILES];
    size_t n_files;
    struct {
        int fd;                         /* -1: none */
        struct slice before, after;     /* around the name of the signal */
    } line;                             /* for the log or standard output */
    int status, status_failed;          /* exit status; the second when a file could not be published */
};

/* ms: wall-clock milliseconds, 0 for no alarm. */
void watchdog_arm(const struct watchdog_answer *a, unsigned ms);
/* From here on the caller publishes its own answer; the alarm is off, crashes kill as usual. */
void watchdog_disarm(void);

/* A temporary file that the signal path shall remove; NULL takes slot i back. The string must stay. */
void watchdog_litter(unsigned i, const char *path);

#endif
