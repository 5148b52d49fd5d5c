/*
 * runner.h - one command for one part: a private folder, its files, the process, its end.
 *
 *   Borrows   names, argv and environment for the length of a call.
 *   Owns      the folder and everything in it, from runner_open() to runner_close(); several messages may follow each other in it.
 *   Fails     CS_IO and friends when the folder cannot be made; CS_STOP when the caller's descriptor asks to stop.
 *   Bounded   by the time limit of runner_run() and by the ceilings of whoever reads the outputs.
 *   Threads   a runner is one thread's. Nothing is done to signals.
 *
 * The folder is made with mode 0700. Output files are names only: the command makes them. Of our descriptors the command gets 0 to 2.
 * To make and remove a file is the dearest thing that a disk's file system does for a small part, and ever dearer the more were removed
 * in the last seconds. So the files that the command is given are written over for the next part, under a new name; but only where
 * nobody else has them: one that a command has moved, linked or changed in its mode is left to it, and a new one made.
 */
#ifndef IMTA_RUNNER_H
#define IMTA_RUNNER_H

#include <limits.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/status.h"

/* The files of a part. */
enum runner_file { RUN_INPUT, RUN_OUTPUT, RUN_INPUT_HEADERS, RUN_MESSAGE_HEADERS, RUN_OUTPUT_HEADERS,
                   RUN_OUTPUT_OPTIONS, RUN_FILES };

struct standby;

struct runner {
    char dir[PATH_MAX - 64];
    char path[RUN_FILES][PATH_MAX];
    int stop_fd;                /* readable: give up; -1 for never */
    int in_fd;                  /* the command's standard input; -1 for an empty one */
    struct standby *standby;    /* commands that were started beforehand; NULL for none */
    volatile pid_t *group;      /* where to note the process group while it runs; NULL for nowhere */
    unsigned serial;            /* of the part: no name comes twice */
    bool can_keep[RUN_FILES];   /* a file of ours that may be written over */
};

enum runner_end { RUN_EXITED, RUN_SIGNALLED, RUN_TIMED_OUT, RUN_NOT_STARTED };

struct runner_result {
    enum runner_end end;
    int code;                   /* exit status, signal number or errno */
    uint64_t us, cpu_us;
};

/* dir NULL: TMPDIR, else /tmp. */
enum cs_status runner_open(struct runner *r, const char *dir, int stop_fd) MUST_USE;
void runner_close(struct runner *r);

/* For one message more in the folder of the last one; opened where it is not open or not what it was. r is all zero at first. */
enum cs_status runner_reopen(struct runner *r, const char *dir, int stop_fd) MUST_USE;
/* The message is done. Of its files only small ones of ours stay, to be written over; where there is anything else, nothing does. */
void runner_rest(struct runner *r);

/* Names for the files of the next part; whatever an earlier part left behind is out of its way. */
void runner_next(struct runner *r);

/* A file of the part: CS_OK and a descriptor at its beginning, or a status. What is behind the n bytes that were written goes with
 * runner_seal(), which closes it. */
enum cs_status runner_create(struct runner *r, enum runner_file f, int *fd) MUST_USE;
enum cs_status runner_seal(struct runner *r, enum runner_file f, int fd, uint64_t n) MUST_USE;
enum cs_status runner_store(struct runner *r, enum runner_file f, struct slice s) MUST_USE;

/* Starts argv in a process group of its own and waits; seconds 0 is no limit. Past it the group is killed. */
enum cs_status runner_run(const struct runner *r, char *const argv[], char *const env[], uint64_t seconds,
                          struct runner_result *out) MUST_USE;

/* Empties a folder of ours that a killed process has left. */
void runner_clean(const char *dir);

/* Has the caller been asked to stop? */
bool runner_is_stopped(const struct runner *r);

#endif
