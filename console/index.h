/*
 * index.h - what lies in the quarantine and the queues, in an SQLite file that can be made anew at any time. The only user of sqlite3.
 *
 *   Borrows   the places, as long as the index is open; a filter during a call.
 *   Owns      the connections; the texts of a listing, until listing_release().
 *   Fails     statuses of the file system; CS_CORRUPT when SQLite fails. index_open() removes a file that is damaged or of another
 *             version and begins again: nothing is kept here that is not in the quarantine too.
 *   Bounded   LISTING rows a page, INDEX_TEXT bytes a text, INDEX_PATTERN bytes of a text that is looked for, ITEM_LIST files a place.
 *   Threads   any; INDEX_READERS read at once, one writes.
 *
 * A key is the time of the file in seconds, times 2^20, plus a number that keeps keys apart: rows are by age when they are by key.
 */
#ifndef CONSOLE_INDEX_H
#define CONSOLE_INDEX_H

#include <pthread.h>

#include "base/arena.h"
#include "imta/item.h"

enum { INDEX_READERS = 4, INDEX_PLACES = 32, INDEX_TEXT = 2048, INDEX_TO = 16 << 10, LISTING = 50, KEY_BITS = 20, INDEX_COUNT_MAX = 10000,
       INDEX_PATTERN = 200 };

/* Where an item is: also the letter in the address of its queue. */
enum item_state { STATE_ANY = 0, STATE_HELD = 'h', STATE_WAITING = 'q', STATE_ERROR = 'e', STATE_RELEASED = 'r', STATE_DELETED = 'd' };

struct place {
    struct store store;                 /* kind and folder; no list */
    char label[64];
    bool is_archive;
};

enum index_text { BY_SENDER, BY_RECIPIENT, BY_SUBJECT, BY_SIGNATURE, BY_FILE, INDEX_TEXTS };

struct filter {
    const char *domains;                /* comma between two; "*": all. Set from the user's rights alone */
    char state;
    int place;                          /* -1: any */
    const char *class;                  /* "" : any */
    char text[INDEX_TEXTS][INDEX_PATTERN + 1];      /* a part of it; "": any */
    long long since, until;             /* seconds; -1: any */
    long long least, most;              /* bytes; -1: any */
    int64_t before, after;              /* keys, for the page before or after; 0: the newest */
};

struct row {
    int64_t key;
    int place;
    char state;
    const char *id, *name, *class, *sig, *sender, *to, *subject, *file;     /* name: the path below the place's folder */
    double size;
    time_t time;
};

struct listing {
    struct arena room;
    struct row row[LISTING];
    size_t n;
    bool has_newer, has_older;
};

struct index_count {
    char state, class[32];
    double n;
};

enum { INDEX_COUNTS = 64 };

struct counts {
    struct index_count of[INDEX_COUNTS];
    size_t n;
};

struct sqlite3;

struct index {
    const struct place *places;
    size_t n_places;
    pthread_mutex_t write_lock, read_lock;
    pthread_cond_t read_free;
    struct sqlite3 *writer, *reader[INDEX_READERS];
    bool is_busy[INDEX_READERS];
    struct timespec seen[INDEX_PLACES][4];      /* of the folders, when they were last read */
};

enum cs_status index_open(struct index *ix, const char *path, const struct place *places, size_t n_places) MUST_USE;
void index_close(struct index *ix);

/* Looks for files that came and went. *n: rows that changed. One thread at a time. */
enum cs_status index_refresh(struct index *ix, size_t *n) MUST_USE;
/* Looks where one item is now, after something was done to it. */
enum cs_status index_recheck(struct index *ix, const struct row *r) MUST_USE;

enum cs_status index_list(struct index *ix, const struct filter *f, struct listing *out) MUST_USE;
/* One row, or none with CS_NOENT. */
enum cs_status index_find(struct index *ix, int place, const char *id, struct listing *out) MUST_USE;
/* How many fit; INDEX_COUNT_MAX + 1 when there are more. */
enum cs_status index_count(struct index *ix, const struct filter *f, double *n) MUST_USE;
enum cs_status index_counts(struct index *ix, const char *domains, struct counts *out) MUST_USE;
double counts_of(const struct counts *c, char state, const char *class);
void listing_release(struct listing *l);

#endif
