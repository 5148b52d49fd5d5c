/*
 * letgo.h - what becomes of a thing that waited: released or deleted, and the line that says so.
 *
 *   Borrows   everything during a call.
 *   Fails     statuses of the file system; CS_INVALID without a recipient that can be written to; CS_IO when the mail command
 *             fails. The item stays where it is then.
 *   Bounded   by the item.
 *
 * A quarantined part goes to released/ or deleted/ beside new/, where only letgo_expire() takes it away. A released message of
 * convchan's spool is tried again from the beginning; one of a server's queue gets an ending that the server looks at.
 */
#ifndef IMTA_LETGO_H
#define IMTA_LETGO_H

#include "item.h"

struct letgo {
    const char *folder;         /* release into this folder instead of by mail; NULL for mail */
    const char *mta;            /* the mail command: gets a message, and the recipients behind "--" */
    const char *from;           /* header field From of what is sent */
    const char *only_to;        /* these recipients, comma between them; NULL for those of the record */
    const char *allow;          /* append an allow rule for these bytes to this VDL file; NULL for none */
    bool stays;                 /* of a quarantine: the part is sent, and waits on for its other recipients */
};

enum cs_status letgo_release(const struct store *s, const struct item *it, const struct letgo *how) MUST_USE;
enum cs_status letgo_delete(const struct store *s, const struct item *it) MUST_USE;
/* For good, wherever it lies. */
enum cs_status letgo_expire(const struct store *s, const struct item *it) MUST_USE;

#endif
