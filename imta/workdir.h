/*
 * workdir.h - a private folder for the files of this run; what runs that were killed have left beside it is removed.
 *
 *   Owns      the folder and a lock on it, until workdir_close(). Children inherit the lock, and hold it while they live.
 *   Fails     statuses of the file system.
 *   Threads   several processes may do this in one place: a folder that is locked is never touched.
 */
#ifndef IMTA_WORKDIR_H
#define IMTA_WORKDIR_H

#include <limits.h>

#include "base/status.h"

struct workdir {
    char path[PATH_MAX];
    int lock;
};

/* Folders base/NAME.XXXXXX, or NAME and a number in front of the dot, that nobody has locked; without a dot, as earlier versions made them, only
 * when they are empty. */
void workdir_sweep(const char *base, const char *name);
/* A folder base/NAME.XXXXXX, mode 0700, after a sweep. */
enum cs_status workdir_open(struct workdir *w, const char *base, const char *name) MUST_USE;
void workdir_close(struct workdir *w);

#endif
