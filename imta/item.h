/*
 * item.h - one thing that waits for a person: a part in quarantine, or a held message.
 *
 *   Owns      the file's bytes and the texts, from item_load() to item_release().
 *   Fails     statuses of the file system; CS_INVALID for a quarantined file without a record.
 *   Bounded   ITEM_BYTES a file, ITEM_LIST files a store, ITEM_DEPTH folders deep. Links are not followed.
 *
 * Three stores are known by their folders: the scanner's quarantine (new/ and cur/), convchan's spool (queue/ and work/, files
 * ID.HELD with an envelope), and anything else: a queue directory of Messaging Server, whose held files end in .HELD.
 */
#ifndef IMTA_ITEM_H
#define IMTA_ITEM_H

#include <limits.h>
#include <time.h>

#include "base/mapfile.h"
#include "record.h"

enum { ITEM_BYTES = 1 << 30, ITEM_LIST = 1 << 20, ITEM_DEPTH = 4, ITEM_HEAD = 64 << 10 };

enum store_kind { STORE_QUARANTINE, STORE_SPOOL, STORE_SERVER };

struct store {
    enum store_kind kind;
    const char *folder;                 /* borrowed */
    const char *by;                     /* who acts, for acts.log; borrowed; NULL: what sudo says */
    char **paths;                       /* by file name, which is by age */
    size_t n, room;
};

struct item {
    char path[PATH_MAX];
    struct record r;
    struct mapfile file;
    struct slice header, body;          /* of the part, decoded; or of the message */
    time_t time;                        /* when the file was written */
};

/* Finds the files of a store; wants_done: what was released or deleted from a quarantine, instead of what waits there. */
enum cs_status store_open(struct store *s, const char *folder, bool wants_done) MUST_USE;
void store_close(struct store *s);

enum cs_status item_load(const struct store *s, const char *path, struct item *out) MUST_USE;
void item_release(struct item *it);

#endif
