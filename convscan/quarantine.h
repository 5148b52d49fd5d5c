/*
 * quarantine.h - copies of parts that were not delivered, in a Maildir.
 *
 *   Borrows   everything during the call.
 *   Fails     any step; nothing is left in new/ then, and the caller holds the part rather than lose it.
 *   Bounded   by the part.
 *
 * One file a part, which any reader of Maildirs can show:
 *
 *     X-Convscan-Record: {"id":…,"class":…,"name":…,"file":…,"sender":…,"recipients":…,"subject":…,"size":…,"action":…}   (one line)
 *     the part's own header lines; Content-Transfer-Encoding is called X-Convscan-Encoding
 *     Content-Transfer-Encoding: binary
 *     (empty line)
 *     the decoded bytes of the part
 *
 * Written to tmp/, synced, renamed to new/. Folders are made 0700, files 0600.
 */
#ifndef CONVSCAN_QUARANTINE_H
#define CONVSCAN_QUARANTINE_H

#include "base/slice.h"
#include "base/status.h"

struct quarantine_record {
    const char *id, *cls, *name, *member, *file, *type, *sender, *recipients, *subject, *date, *in, *out, *action;
};

/* Make the folder where it is missing: before the cage closes, which holds only what is there. */
enum cs_status quarantine_prepare(const char *folder) MUST_USE;
enum cs_status quarantine_store(const char *folder, const struct quarantine_record *r, struct slice headers, struct slice body) MUST_USE;

#endif
