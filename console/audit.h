/*
 * audit.h - every act, who did it, to what and from where: a line in a file and in the system's log.
 *
 *   Borrows   the texts during a call.
 *   Fails     audit_open(): statuses of the file. audit_note(): false when the line could not be written; the act must not be done then.
 *   Threads   one write() a line.
 */
#ifndef CONSOLE_AUDIT_H
#define CONSOLE_AUDIT_H

#include "base/slice.h"
#include "base/status.h"

enum cs_status audit_open(int *fd, const char *path) MUST_USE;
/* fd -1: the system's log alone. */
bool audit_note(int fd, const char *user, const char *from, const char *act, const char *item, const char *result) MUST_USE;

#endif
