/*
 * inflate.h - deflated bytes, raw or wrapped; the only user of zlib and libdeflate in this room.
 *
 *   Borrows   the input; what put() is given lasts for that call.
 *   Fails     CS_NOMEM, or whatever status other than CS_OK put() gave back. Damage is no failure: what could be read before it
 *             has been put, and the result says so.
 *   Bounded   memory by zlib's window (some 48 KB). The output is bounded by put(): it stops us with its status.
 *   Threads   any; no state between calls.
 *
 * Wrappings are read leniently: checksums and lengths behind the data are skipped, not checked, for a member whose checksum is
 * wrong is looked at all the same. A zlib header that is no zlib header is taken as the start of raw data.
 */
#ifndef CONVSCAN_INFLATE_H
#define CONVSCAN_INFLATE_H

#include "base/buf.h"
#include "base/status.h"

enum inflate_kind {
    INFLATE_RAW,
    INFLATE_ZLIB,
    INFLATE_GZIP,     /* one member; the next one, if any, starts at result.used */
    INFLATE_AUTO      /* by the first bytes: gzip, zlib, else raw */
};

struct inflate_result {
    size_t used;      /* bytes of the input that were read, wrapping included */
    uint64_t made;    /* bytes put */
    bool is_damaged;  /* the data is broken or ends too early */
    bool is_far;      /* a match reaches in front of the first byte: zeros were taken, as GNU gzip to 1.12 and unzip do */
    bool is_limited;  /* the data wants a larger window than it gets (other methods than deflate) */
};

typedef enum cs_status inflate_put(void *to, struct slice bytes);

enum cs_status inflate_all(struct slice in, enum inflate_kind kind, inflate_put *put, void *to,
                           struct inflate_result *res) MUST_USE;

/* Room for all of the output, to be put() when it is full; NULL: not to be had. */
typedef uint8_t *inflate_room(void *to, size_t n);

/* As inflate_all() where a size of the output is told, right or wrong, and in is large: faster when it is right. room may be NULL. */
enum cs_status inflate_sized(struct slice in, enum inflate_kind kind, uint64_t size, inflate_room *room, inflate_put *put, void *to,
                             struct inflate_result *res) MUST_USE;

/* The other way: bytes in zlib's wrapping, as small as it gets. */
enum cs_status inflate_pack(struct slice in, struct buf *out) MUST_USE;

/* The CRC-32 of zip and gzip; start with 0. */
uint32_t inflate_crc32(uint32_t crc, struct slice bytes);

#endif
