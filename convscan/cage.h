/*
 * cage.h - what the process may still do once the first byte of a part is looked at.
 *
 *   Borrows   everything during the call.
 *   Fails     never half: what the kernel cannot do is left out and reported; the caller decides whether that is enough.
 *   Bounded   a few system calls; measured by the start-up row of `make bench`.
 *   Threads   call it before there are any.
 *
 * After cage_close(): no new privileges, no new programs, no new processes, no sockets, no tracing (seccomp; a forbidden call raises
 * SIGSYS, which watchdog.c turns into the verdict `error`); files only below the given folders (landlock); resource limits.
 * The list of allowed calls stands in scripts/gen-cage.c, which turns it into the filter at build time.
 */
#ifndef CONVSCAN_CAGE_H
#define CONVSCAN_CAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cage_use {
    CAGE_FILE,          /* read this one file */
    CAGE_READ,          /* read files at or below the path */
    CAGE_WRITE          /* and make, write, rename and remove files below it */
};

struct cage_path {
    const char *path;   /* one that does not exist is left out */
    enum cage_use use;
};

struct cage_limits {
    uint64_t memory;        /* bytes of private writable memory; 0: as it is */
    unsigned cpu_seconds;   /* 0: as it is */
    uint64_t file_size;     /* bytes of any file written; 0: as it is */
};

/* What is not in force; bits of the return value. 0: all of it is. */
enum { CAGE_NO_SECCOMP = 1, CAGE_NO_LANDLOCK = 2, CAGE_OLD_LANDLOCK = 4, CAGE_NO_PRIVS = 8, CAGE_NO_LIMITS = 16 };

unsigned cage_close(const struct cage_path *paths, size_t n, const struct cage_limits *limits);

/* "seccomp,landlock" for a set of bits; "none" for 0. Room for 80 bytes. */
void cage_missing(unsigned bits, char text[80]);

#endif
