/*
 * spill.h - bytes of unknown number: in memory up to a size, beyond it in a file without a name.
 *
 *   Borrows   the folder's name.
 *   Owns      memory, file and mapping until spill_release(); what spill_view() gives lives as long, or until more is put.
 *   Fails     CS_NOMEM, statuses of the file system. After a failure only spill_release() is left.
 *   Bounded   `keep` bytes of memory.
 */
#ifndef IMTA_SPILL_H
#define IMTA_SPILL_H

#include "base/buf.h"

struct spill {
    struct buf memory;
    const char *dir;            /* where the file goes */
    size_t keep;
    int fd;                     /* -1: all is in memory */
    size_t n;                   /* bytes put */
    void *map;
    size_t n_map;
};

void spill_init(struct spill *s, size_t keep, const char *dir);
void spill_release(struct spill *s);
enum cs_status spill_put(struct spill *s, struct slice data) MUST_USE;
enum cs_status spill_view(struct spill *s, struct slice *out) MUST_USE;

#endif
