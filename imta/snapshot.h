/*
 * snapshot.h - what is going on at one host at one moment, for people to look at: queues, verdicts of the last minutes, ages.
 *
 *   Borrows   the paths of struct sources during the call.
 *   Fails     snapshot_read(): statuses of the file, CS_FOREIGN when it is none of ours. What cannot be seen is simply not there.
 *   Bounded   SNAP_QUEUES queues, SNAP_TAIL bytes of the log, SNAP_FILE bytes of a status file.
 *
 * A status file is lines of blank-separated words, so that hosts can show each other's by any means that moves a file.
 */
#ifndef IMTA_SNAPSHOT_H
#define IMTA_SNAPSHOT_H

#include "base/slice.h"
#include "base/status.h"

enum { SNAP_QUEUES = 24, SNAP_CLASSES = 12, SNAP_SLOW = 5, SNAP_WORD = 48, SNAP_TAIL = 4 << 20, SNAP_FILE = 64 << 10, SNAP_NOT_ASKED = -2 };

struct sources {
    const char *queue;          /* a spool of convchan, or a queue folder of Messaging Server; NULL: none, likewise below */
    const char *quarantine, *log, *databases, *flood;
    double window;              /* seconds of the log to look back */
};

struct snap_queue {
    char name[SNAP_WORD];
    double n, bytes, oldest;    /* messages; bytes; seconds */
};

struct snap_class {
    char name[SNAP_WORD];
    double n, us, us_max;       /* parts; microseconds */
};

struct snap_slow {
    char id[SNAP_WORD], cls[SNAP_WORD];
    double us, bytes;
};

struct snapshot {
    char host[SNAP_WORD];
    double time, window;        /* seconds since 1970; seconds */
    double db_age, db_bytes;    /* seconds since the newest image was made; of all; -1: none seen, SNAP_NOT_ASKED */
    double flood_age;           /* seconds since a flood counter moved; -1: none seen */
    struct snap_queue queue[SNAP_QUEUES];
    struct snap_class cls[SNAP_CLASSES];
    struct snap_slow slow[SNAP_SLOW];
    size_t n_queues, n_classes, n_slow;
};

void snapshot_take(struct snapshot *s, const struct sources *from);
enum cs_status snapshot_write(const struct snapshot *s, const char *path) MUST_USE;
enum cs_status snapshot_read(struct snapshot *s, const char *path) MUST_USE;
bool snapshot_parse(struct snapshot *s, struct slice text);

#endif
