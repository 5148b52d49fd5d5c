/*
 * uu.h - uuencode, with its base64 kind ("begin-base64") and XXencode (the same lines in another alphabet), as it stands in a text.
 *
 *   Borrows   the input.
 *   Fails     with what put() gives.
 *   Bounded   UU_LINE bytes of a line are looked at; a line gives up to 63 bytes, also one whose blanks were lost.
 *   Threads   any; the state is the caller's.
 *
 * What stands before "begin" and behind "end" is skipped; several files come out behind one another. Lines that lost their
 * trailing blanks are filled up; lines that cannot be data are skipped.
 */
#ifndef MIME_UU_H
#define MIME_UU_H

#include "b64.h"

enum { UU_LINE = 104 };

struct uu {
    struct b64 b64;             /* of a begin-base64 section; its put and ctx serve both kinds */
    uint8_t mode;
    bool is_xx;                 /* set behind uu_init() for XXencode */
    bool is_bare;               /* set behind uu_init(): there is no "begin" line, data may come at once */
    bool is_damaged;
    uint8_t n_line;
    uint8_t line[UU_LINE];
} __attribute__((may_alias));

struct uu uu_init(mime_put *put, void *ctx);
enum cs_status uu_feed(struct uu *u, struct slice in) MUST_USE;
enum cs_status uu_end(struct uu *u) MUST_USE;

/* Is this line "begin 644 NAME" or "begin-base64 644 NAME"? */
bool uu_is_begin(struct slice line, struct slice *name);
bool uu_is_end(struct slice line);
/* Could this line be data? For telling a file from a sentence that begins with "begin". */
bool uu_is_data(struct slice line);
/* Is this a line of XXencode, of just the length that it says? One may be a line of uuencode, too, that lost its trailing blanks. */
bool uu_is_xx(struct slice line);

#endif
