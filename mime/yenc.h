/*
 * yenc.h - yEnc, as it stands in a text.
 *
 *   Borrows   the input.
 *   Fails     with what put() gives.
 *   Bounded   output is never longer than the input.
 *   Threads   any; the state is the caller's.
 *
 * What stands before "=ybegin" and behind "=yend" is skipped; several sections come out behind one another. Sizes and
 * checksums are not believed and not checked: a damaged file is scanned all the same.
 */
#ifndef MIME_YENC_H
#define MIME_YENC_H

#include "mime.h"

enum { YENC_WORD = 8 };

struct yenc {
    mime_put *put;
    void *ctx;
    uint8_t mode;
    bool is_damaged, is_line_start, is_escaped;
    uint8_t n_word;
    uint8_t word[YENC_WORD];    /* what a line that begins with "=y" begins with */
} __attribute__((may_alias));

struct yenc yenc_init(mime_put *put, void *ctx);
enum cs_status yenc_feed(struct yenc *y, struct slice in) MUST_USE;
enum cs_status yenc_end(struct yenc *y) MUST_USE;

/* Is this line "=ybegin …"? The name may be empty. */
bool yenc_is_begin(struct slice line, struct slice *name);

#endif
