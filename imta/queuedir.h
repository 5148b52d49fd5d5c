/*
 * queuedir.h - a spool folder: every message is one file, its state is the folder it lies in. See docs/QUEUE.md.
 *
 *   Owns      descriptors of the folders until queuedir_close(); the lock on a claimed message until it is let go.
 *   Fails     statuses of the file system; CS_STOP when another process has the message.
 *   Bounded   QUEUE_NAME bytes a file name.
 *   Threads   any number of processes may share a spool; every change of state is one rename or one unlink.
 */
#ifndef IMTA_QUEUEDIR_H
#define IMTA_QUEUEDIR_H

#include <sys/types.h>

#include "base/slice.h"
#include "base/status.h"

enum { QUEUE_NAME = 64, QUEUE_HELD = 100 };     /* HELD: the "attempts" of a held message */

enum queue_folder { QUEUE_TMP, QUEUE_QUEUE, QUEUE_WORK, QUEUE_READY, QUEUE_OUT, QUEUE_FOLDERS };

struct queuedir {
    int fd[QUEUE_FOLDERS];
    int top;
    bool is_durable;                    /* fsync before a message counts as written */
    int64_t clock_offset;               /* seconds, for tests of schedules */
};

struct queued {
    char id[QUEUE_NAME];
    unsigned attempts;
    enum queue_folder folder;
    int fd;                             /* locked; -1 when not claimed */
};

enum cs_status queuedir_open(struct queuedir *q, const char *path) MUST_USE;
void queuedir_close(struct queuedir *q);
/* Microseconds since 1970, moved by the offset. */
uint64_t queuedir_now(const struct queuedir *q);

/* "ID.NN" or "ID.HELD"; false for other files. */
bool queued_parse(const char *name, struct queued *out);
void queued_name(const struct queued *m, char *out);

/* A file in tmp/ under the name of m, locked, also where a dead process has left one; then into its folder, whole. */
enum cs_status queuedir_create(const struct queuedir *q, struct queued *m, const char *suffix) MUST_USE;
enum cs_status queuedir_publish(const struct queuedir *q, struct queued *m, const char *suffix, enum queue_folder to) MUST_USE;
/* A locked message is its own successor: on disk, then in ready/. */
enum cs_status queuedir_promote(const struct queuedir *q, struct queued *m) MUST_USE;
/* Gone, as with queuedir_unlink(); but the file may stay as tmp/SPARE, for the next call of queuedir_create_over(). */
enum cs_status queuedir_retire(const struct queuedir *q, const struct queued *m, const char *spare) MUST_USE;
/* As queuedir_create(), in the file tmp/SPARE where that is ours alone: what is behind the bytes that are written must be cut off. */
enum cs_status queuedir_create_over(const struct queuedir *q, struct queued *m, const char *spare) MUST_USE;
/* What was created and shall not be published; nothing happens when nothing was created. */
void queuedir_discard(const struct queuedir *q, struct queued *m, const char *suffix);
/* A new message that could not be published for certain: it is nowhere then. It is still locked, so nobody has taken it up. */
void queuedir_take_back(const struct queuedir *q, struct queued *m, const char *suffix);
void queuedir_new_id(const struct queuedir *q, struct queued *m);

/* Lock m where it lies. CS_STOP: someone else has it, or it is gone. */
enum cs_status queuedir_lock(const struct queuedir *q, struct queued *m) MUST_USE;
void queuedir_unlock(struct queued *m);
/* Locked, from one folder to another, with a new count of attempts. */
enum cs_status queuedir_move(const struct queuedir *q, struct queued *m, enum queue_folder to, unsigned attempts) MUST_USE;
enum cs_status queuedir_unlink(const struct queuedir *q, const struct queued *m) MUST_USE;
/* Not before this time (microseconds). */
enum cs_status queuedir_set_due(struct queued *m, uint64_t due) MUST_USE;

/* The file of this message, whatever its count of attempts. CS_NOENT: there is none; any other status: that is not known. */
enum cs_status queuedir_find(const struct queuedir *q, enum queue_folder f, const char *id, struct queued *found) MUST_USE;
/* A message of work/ whose worker is dead: back to the queue, due then (0: as before), or away where its successor is already in ready/.
 * CS_STOP: its worker lives, or it is not there. */
enum cs_status queuedir_recover_one(const struct queuedir *q, struct queued *m, unsigned attempts, uint64_t due) MUST_USE;
/* What a dead process left in work/: back to the queue, or away where its successor is already in ready/. What it left in tmp/ is removed. */
enum cs_status queuedir_recover(const struct queuedir *q, unsigned *n) MUST_USE;
/* A held message: to be tried again from the beginning. CS_NOENT when there is none. */
enum cs_status queuedir_release(const struct queuedir *q, const char *id) MUST_USE;

struct queue_entry {
    struct queued m;
    uint64_t due, size;
};
/* All messages of a folder; *out is the caller's to free. Held ones are left out unless wants_held. */
enum cs_status queuedir_list(const struct queuedir *q, enum queue_folder f, bool wants_held, struct queue_entry **out,
                             size_t *n) MUST_USE;

/* Tests set this to die between two steps. */
extern void (*queuedir_step)(const char *step);

#endif
