/*
 * standby.h - scanners that were started before there is a part for them: each takes one part and is gone.
 *
 *   Borrows   nothing: the command is copied.
 *   Owns      its processes until they are taken, a thread, and memory; all of it for the life of the process, whose end ends them.
 *   Fails     standby_open(): CS_NOMEM. standby_take(): false, and the caller starts the command as ever.
 *   Bounded   STANDBY_MAX processes, STANDBY_BYTES of environment; a new start a second at most while those that wait are found dead.
 *   Threads   any number take.
 *
 * One that waits has read nothing but its own program: settings and databases it opens when the part is there, as one that starts then
 * (convscan --wait). A program that was replaced on the disk is not used any more.
 */
#ifndef IMTA_STANDBY_H
#define IMTA_STANDBY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"

enum { STANDBY_MAX = 64, STANDBY_BYTES = 100 << 10 };

struct standby;

/* n processes wait from now on, in the folder dir. *out is NULL for a command without its folder, or with very many words. */
enum cs_status standby_open(struct standby **out, char *const argv[], const char *dir, unsigned n) MUST_USE;

/* How many wait now; 0 for NULL. */
unsigned standby_count(struct standby *s);

/* One that has got its part. */
struct standby_process {
    pid_t pid;
    int fd;                     /* readable when it has answered or has ended */
};

/* A process that has got this environment and now is the caller's, as if he had started argv with it; NULL or another argv: none. */
bool standby_take(struct standby *s, char *const argv[], char *const env[], struct standby_process *p);

/*
 * Closes p->fd. True when the process has said with which status it ends, and what it has used of a processor: then all its files are
 * in place, and its end is waited for here. False: it has said nothing; it is the caller's to wait for.
 */
bool standby_answer(struct standby *s, const struct standby_process *p, int *status, uint64_t *cpu_us);

#endif
