/*
 * zipmember.h - one member of a zip file: unpacked by its method, decrypted when a password fits, handed to emit.
 *
 *   Borrows   the object.
 *   Fails     with emit's status, CS_NOMEM; damage and missing passwords are notes.
 *   Bounded   input that is read, over all members, by work; password trials by ZIP_TRIALS.
 */
#ifndef CONVSCAN_ZIPMEMBER_H
#define CONVSCAN_ZIPMEMBER_H

#include "emit.h"
#include "zipfmt.h"

enum { ZIP_TRIALS = 600 };       /* of a WinZip password, a millisecond each */

struct zip_job {
    struct slice all;
    struct emit *out;
    uint64_t work;               /* packed bytes that may still be read: overlapping members read the same ones again */
    unsigned trials;
    bool is_split;               /* one of several files that are one zip together */
    size_t password;             /* the one that fitted last */
    bool is_noted[EMIT_LIMITED + 1];
};

/* How to read a member: a header's word, and where its data begins. */
struct zip_reading {
    struct zip_head head;
    uint64_t data;
    bool is_open_ended;          /* packed and size are not known */
};

/* One note of a kind for an archive is enough. */
enum cs_status zip_note(struct zip_job *z, enum emit_remark remark, const char *text) MUST_USE;

/* Can this program unpack, or at least name, this method? */
bool zip_method_is_known(unsigned method);
/* Does what comes out depend on the lengths in the header? */
bool zip_method_needs_size(unsigned method);

/* *end: where the member's data ends. */
enum cs_status zip_member(struct zip_job *z, const struct zip_reading *r, uint64_t *end) MUST_USE;

#endif
