/*
 * ziprewrite.h - a zip file with some of its members changed, every other one byte for byte as it was.
 *
 *   Borrows   in.
 *   Fails     CS_UNSUPPORTED for a file that could be read in more than one way (unlisted members, headers that disagree, overlaps,
 *             several volumes): such a file is not cleaned but replaced. CS_TOOBIG at out's ceiling, CS_NOMEM, the hook's status.
 *   Bounded   by the entries and by out; time linear in the file (sorting apart).
 */
#ifndef CONVSCAN_ZIPREWRITE_H
#define CONVSCAN_ZIPREWRITE_H

#include "base/buf.h"
#include "zipfmt.h"

enum zip_fate { ZIP_KEEP, ZIP_DROP, ZIP_REPLACE };

/* Asked once a member. For ZIP_REPLACE it fills name and bytes, which are stored as they are. */
typedef enum cs_status zip_decide(void *to, const struct zip_head *h, struct slice packed, enum zip_fate *fate, struct buf *name,
                                  struct buf *bytes);

enum { ZIP_REPLACEMENT = 16 << 20 };     /* the ceiling of what a hook may fill in */

enum cs_status zip_rewrite(struct slice in, zip_decide *decide, void *to, struct buf *out, bool *is_changed) MUST_USE;

/* The content of a stored or deflated member that is not encrypted; CS_UNSUPPORTED otherwise, or when it is damaged. */
enum cs_status zip_content(const struct zip_head *h, struct slice packed, struct buf *out) MUST_USE;

#endif
