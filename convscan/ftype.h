/*
 * ftype.h - what an object is, by its first bytes (and a few last ones).
 *
 *   Borrows   the bytes during the call; the words are constants.
 *   Fails     never: "unknown" or "binary" is an answer.
 *   Bounded   looks at the first 4 KiB, a handful of fixed places, and for zip at the first entries.
 */
#ifndef CONVSCAN_FTYPE_H
#define CONVSCAN_FTYPE_H

#include "base/slice.h"
#include "vdl/vdl.h"

struct ftype {
    const char *words[VDL_TYPES_MAX];   /* the most telling one first */
    size_t n;
};

struct ftype ftype_of(struct slice bytes, struct slice name);
/*
 * What a program will take it for that goes by its labels: "text", "HTML", "script" go into t. A browser shows a page whatever bytes
 * stand in front of it, when its name or its type says that it is one. declared may be empty. ".tar" and ".cpio" count where bytes has a
 * header of such an archive.
 */
void ftype_claim(struct ftype *t, struct slice declared, struct slice name, struct slice bytes);
bool ftype_has(const struct ftype *t, const char *word);
void ftype_add(struct ftype *t, const char *word);

#endif
