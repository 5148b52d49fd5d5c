/*
 * mapfile.h - a regular file as a read-only slice.
 *
 *   Owns      the mapping (or, for small files, a copy on the heap), until mapfile_close(); no descriptor stays open.
 *   Fails     CS_NOENT, CS_ACCESS, CS_NOTREG (directories, FIFOs, devices; never blocks on one), CS_TOOBIG, CS_NOMEM, CS_IO,
 *             CS_UNSAFE.
 *   Bounded   max bytes.
 *
 * A mapped file that another process shortens raises SIGBUS on access; a copy does not. Files whose writer is
 * not trusted to leave them alone are read with MAPFILE_COPY.
 */
#ifndef BASE_MAPFILE_H
#define BASE_MAPFILE_H

#include <sys/stat.h>

#include "slice.h"
#include "status.h"

enum mapfile_how {
    MAPFILE_MAP,      /* map; shared with every other process through the page cache */
    MAPFILE_COPY,     /* read into memory of our own */
    MAPFILE_TRUSTED,  /* map, and refuse a file that group or others may write: CS_UNSAFE */
    MAPFILE_OURS      /* copy, and refuse the same: what decides for us, settings say */
};

struct mapfile {
    struct slice data;
    struct stat st;
    void *map, *heap;           /* what mapfile_close() gives back */
};

/* Group or others may write. */
static inline bool stat_is_unsafe(const struct stat *st)
{
    return (st->st_mode & (S_IWGRP | S_IWOTH)) != 0;
}

enum cs_status mapfile_open(struct mapfile *m, const char *path, enum mapfile_how how, size_t max) MUST_USE;
/* The same in two steps: nothing is read until the second, which may be tried again, and leaves the descriptor to the caller. */
enum cs_status mapfile_begin(const char *path, int *fd) MUST_USE;
enum cs_status mapfile_take(struct mapfile *m, int fd, enum mapfile_how how, size_t max) MUST_USE;
void mapfile_close(struct mapfile *m);

/* Read what is left of fd, at most max bytes (CS_TOOBIG beyond); *out is heap memory of the caller's. */
enum cs_status fd_read_all(int fd, size_t max, uint8_t **out, size_t *n) MUST_USE;
/* Write it all, through EINTR and short writes. */
enum cs_status fd_write_all(int fd, struct slice s) MUST_USE;

#endif
