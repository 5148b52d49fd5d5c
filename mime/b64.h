/*
 * b64.h - base64 (RFC 2045 6.8) as mail programs read it: what is not in the alphabet is skipped.
 *
 *   Borrows   the input.
 *   Fails     with what put() gives.
 *   Bounded   3 bytes of output for 4 of input.
 *   Threads   any; the state is the caller's.
 *
 * '=' after two or more digits ends a section and the next digit begins a new one, so sections put behind each other all
 * decode. A last section without padding is complete; a lone digit is damage. What other programs make of '=' and junk is
 * listed with enum mime_encoding.
 */
#ifndef MIME_B64_H
#define MIME_B64_H

#include "mime.h"

struct b64 {
    mime_put *put;
    void *ctx;
    enum mime_encoding how;     /* zero and MIME_ENC_BASE64 are by the book */
    bool is_damaged;
    bool is_over;               /* nothing counts up to the end of the line */
    uint8_t n_padding;          /* '=' that have a place in the group */
    uint32_t bits;
    uint32_t n_digits;          /* of the group that is begun: 0 to 3 */
} __attribute__((may_alias));

enum cs_status b64_feed(struct b64 *b, struct slice in) MUST_USE;
enum cs_status b64_end(struct b64 *b) MUST_USE;

/* All at once for short texts: out has room for in.n bytes. Gives the length. */
size_t b64_decode_small(struct slice in, uint8_t *out);

enum cs_status b64_encode(struct slice in, const char *eol, mime_put *put, void *ctx) MUST_USE;

/*
 * The first of the other readings that may differ, MIME_ENC_NONE where none does: for '=' before a digit, junk, and lines whose ends
 * cut a group.
 */
enum mime_encoding b64_ambiguity(struct slice in);

#endif
