/*
 * spool.h - the bytes of one unpacked object: in memory while they are few, in an unlinked file beyond.
 *
 *   Borrows   what it was lent, until spool_release().
 *   Owns      memory or file, until then.
 *   Fails     CS_NOMEM, CS_IO (spool folder missing or full).
 *   Bounded   by the caller, who counts bytes; memory in all spools together by *in_memory and its limit.
 */
#ifndef CONVSCAN_SPOOL_H
#define CONVSCAN_SPOOL_H

#include "base/slice.h"
#include "base/status.h"

struct spool_rules {
    const char *folder;         /* for the file; NULL: the one that "beside" is in */
    const char *beside;         /* a file; NULL: /tmp */
    size_t max_memory;          /* of all spools that share these rules */
    size_t in_memory;
};

struct spool {
    struct spool_rules *rules;
    struct slice lent;          /* a run of the container's bytes; then n is 0 */
    uint8_t *heap;
    size_t n, room;
    int fd;                     /* -1: in memory */
    void *map;
    size_t n_map;
};

void spool_init(struct spool *s, struct spool_rules *rules);
/* container: bytes that outlive the spool; a single run of them is borrowed, not copied. */
enum cs_status spool_put(struct spool *s, struct slice container, struct slice bytes) MUST_USE;
/* n bytes of the empty spool to write into; spool_put() takes the front of them as they stand. NULL: not to be had, put() pieces. */
uint8_t *spool_room(struct spool *s, size_t n) MUST_USE;
size_t spool_size(const struct spool *s);
/* All of it as one slice; nothing may be put afterwards. */
enum cs_status spool_whole(struct spool *s, struct slice *out) MUST_USE;
void spool_release(struct spool *s);

#endif
