/*
 * binhex.h - BinHex 4.0: six bits a character, run lengths, a header, a data fork, a resource fork.
 *
 *   Borrows   the input.
 *   Fails     with what put() gives.
 *   Bounded   a run is 255 bytes at most, so output is at most 64 times the input.
 *   Threads   any; the state is the caller's.
 *
 * The bytes of the fork that is asked for go to put(). Checksums are not checked: a damaged file is scanned all the same.
 */
#ifndef MIME_BINHEX_H
#define MIME_BINHEX_H

#include "mime.h"

enum binhex_fork { BINHEX_DATA, BINHEX_RESOURCE };

struct binhex {
    mime_put *put;
    void *ctx;
    uint64_t left;              /* of the section in hand */
    uint32_t bits, n_bits;
    uint32_t size[2];           /* of the forks */
    uint8_t mode, section, fork, last;
    bool is_damaged, is_run, is_line_start;
    uint8_t n_head;
    uint8_t head[63 + 22];      /* length, name, and the fixed part */
} __attribute__((may_alias));

struct binhex binhex_init(enum binhex_fork fork, mime_put *put, void *ctx);
enum cs_status binhex_feed(struct binhex *b, struct slice in) MUST_USE;
enum cs_status binhex_end(struct binhex *b) MUST_USE;

/* The file's name, once the header has come; else empty. */
struct slice binhex_name(const struct binhex *b);
bool binhex_is_begin(struct slice line);

#endif
