/*
 * spawn.h - a program started as a child that has nothing of its parent's but three descriptors.
 *
 *   Borrows   everything during the call.
 *   Owns      the child is the caller's to wait for.
 *   Fails     with an errno, also that of the exec; no child is left then.
 *   Threads   any.
 *
 * The child leads a process group of its own, with no signal blocked and each at its default: whoever ignores or
 * handles one does so before the first call. Before Linux 5.9 descriptors are found in /proc; -DOLD_SYSTEM asks for that.
 */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <sys/resource.h>
#include <sys/types.h>

struct spawn {
    int in;                 /* becomes descriptor 0; -1: /dev/null */
    int out, err;           /* become 1 and 2, in this order; above 2, or 2 itself */
    const char *dir;        /* working folder; NULL: the parent's */
};

int spawn(pid_t *pid, const struct spawn *how, char *const argv[], char *const env[]) __attribute__((warn_unused_result));

/*
 * Until this child has ended. Where its end is not told (SIGCHLD is ignored), the status is that of a child that was killed, never that of one
 * that went well. usage may be NULL.
 */
int spawn_wait(pid_t pid, struct rusage *usage);

#endif
