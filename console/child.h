/*
 * child.h - another program's answer: what it writes to its standard output and error, with a bound and a time limit.
 *
 *   Borrows   argv and the input during the call.
 *   Owns      out, the caller's to buf_release().
 *   Fails     CS_NOENT and friends when it cannot be started, CS_TIMEOUT (it is killed), CS_TOOBIG when it says more than out takes
 *             (what fitted is there).
 *   Bounded   by out->max and seconds; CHILDREN at a time, others wait.
 *   Threads   any.
 *
 * The program gets an empty environment but PATH and LC_ALL, and no descriptor but its three.
 */
#ifndef CONSOLE_CHILD_H
#define CONSOLE_CHILD_H

#include "base/buf.h"

enum { CHILDREN = 4 };

/* in: for standard input. *code: its exit status, -1 when a signal ended it. */
enum cs_status child_run(char *const argv[], struct slice in, double seconds, struct buf *out, int *code) MUST_USE;

#endif
