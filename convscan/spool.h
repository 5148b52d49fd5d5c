/*
 * spool.h - the bytes of one unpacked object: in memory while they are few, in an unlinked file beyond.
 *
 *   Owns      memory or file, until spool_release().
 *   Fails     CS_NOMEM, CS_IO (spool folder missing or full).
 *   Bounded   by the caller, who counts bytes; memory in all spools together by *in_memory and its limit.
 */
#ifndef CONVSCAN_SPOOL_H
#define CONVSCAN_SPOOL_H

#include "base/slice.h"
#include "base/status.h"

struct spool_rules {
    const char *folder;         /* for the file */
    size_t max_memory;          /* of all spools that share these rules */
    size_t in_memory;
};

struct spool {
    struct spool_rules *rules;
    uint8_t *heap;
    size_t n, room;
    int fd;                     /* -1: in memory */
    void *map;
};

void spool_init(struct spool *s, struct spool_rules *rules);
enum cs_status spool_put(struct spool *s, struct slice bytes) MUST_USE;
/* All of it as one slice; nothing may be put afterwards. */
enum cs_status spool_whole(struct spool *s, struct slice *out) MUST_USE;
void spool_release(struct spool *s);

#endif
