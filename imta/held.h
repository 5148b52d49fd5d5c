/*
 * held.h - files and folders that processes share by their locks: who makes or removes one holds its lock.
 *
 *   Owns      the descriptor is the caller's; the lock goes with its last copy.
 *   Fails     statuses of the file system; CS_STOP when somebody else has the name, or the lock.
 *   Threads   any number, and any number of processes. A sweep never takes anything from a living process: all that can happen is that it is
 *             quicker with the lock than the one who has just made the file, who then makes another.
 */
#ifndef IMTA_HELD_H
#define IMTA_HELD_H

#include "base/slice.h"
#include "base/status.h"

/* What stands there, locked: a file, or with O_DIRECTORY a folder; opened with these flags. CS_STOP also when it is gone or cannot be locked. */
enum cs_status held_open(int at, const char *name, int flags, int *fd) MUST_USE;
/* A new file, mode 0600. */
enum cs_status held_make(int at, const char *name, int *fd) MUST_USE;
/* A new folder, mode 0700; the six X at the end of the path are replaced. */
enum cs_status held_make_folder(char *path, int *fd) MUST_USE;

#endif
