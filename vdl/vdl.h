/*
 * vdl.h - door of the matching half: open images, scan objects, close.
 *
 *   Borrows   the bytes given to vdl_scan_feed() during the call; names and types in struct vdl_object until vdl_scan_end().
 *   Owns      databases (vdl_open .. vdl_close) and scans (vdl_scan_new .. vdl_scan_free).
 *   Fails     opening: any status, with a reason. Scanning: CS_STOP when the hit function said so, CS_CORRUPT when an image
 *             contradicts itself (the answer so far stands, the caller must not call the object clean), CS_LIMIT.
 *   Bounded   opening costs sections, not bytes; scanning allocates nothing and is linear in the bytes.
 *   Threads   a database may be shared; one scan, one thread.
 */
#ifndef VDL_VDL_H
#define VDL_VDL_H

#include <stdio.h>

#include "base/slice.h"
#include "base/status.h"
#include "vdl/vdl_class.h"

const char *vdl_class_name(enum vdl_class c);
/* False when the name is none. */
bool vdl_class_find(struct slice name, enum vdl_class *out);

struct vdl_db;                  /* one mapped image; opaque */
struct vdl_info {
    const char *path;
    uint32_t rules;             /* in all */
    uint32_t classes[VDL_CLASSES];
    uint64_t bytes;             /* of the image */
    uint64_t digest;            /* of the content, as the compiler wrote it: two images with equal digests are equal */
    bool wants_normalised_text; /* some rule holds for the view "normalised-text" alone */
    bool cleans;                /* some rule asks for cleaning */
    struct slice version;       /* from <"version=…">, printable; may be empty */
};

/* why: NULL, or room for one line of explanation of a failure. */
enum cs_status vdl_open(const char *path, struct vdl_db **out, char why[256]) MUST_USE;
void vdl_close(struct vdl_db *db);
void vdl_info(const struct vdl_db *db, struct vdl_info *out);

/* Read it all: checksum, every offset, every reference. */
enum cs_status vdl_verify(const struct vdl_db *db, char why[256]) MUST_USE;

/* Print the image as readable VDL, a rule each, in the order of their numbers. */
enum cs_status vdl_dump(const struct vdl_db *db, FILE *out) MUST_USE;

#define VDL_SIZE_UNKNOWN UINT64_MAX
enum { VDL_TYPES_MAX = 8 };

/* What is known of an object before its first byte. */
struct vdl_object {
    struct slice name;                      /* file name as declared, UTF-8; may be empty */
    const char *types[VDL_TYPES_MAX];       /* type words reported for it, "text", "HTML", "PE" …; NULL ends the list early */
    struct slice parent;                    /* type word of the container; empty at the top */
    const char *const *ancestors;           /* type words from the outermost to the parent; may be NULL */
    size_t n_ancestors;
    unsigned depth;                         /* 0: what was given to the program */
    uint64_t size;                          /* bytes, or VDL_SIZE_UNKNOWN */
    struct slice sender, recipients;        /* for allow rules; may be empty */
};

struct vdl_span {
    uint64_t start, end;                    /* [start, end) */
};

struct vdl_hit {
    const struct vdl_db *db;
    uint32_t rule;                          /* number in the image */
    enum vdl_class cls;
    struct slice name;                      /* printable UTF-8, no control characters; inside the image */
    uint64_t offset;                        /* of the match; 0 for hashes and rules without a place */
    bool is_by_bytes;                       /* of class allow: it asks for bytes, which an archive around them may show as well */
    enum vdl_clean clean;                   /* what the rule asks for; VDL_KEEP: nothing, and there are no spans */
    const struct vdl_span *spans;           /* the first match of each segment that was found; during the call */
    size_t n_spans;
};
/* True: go on, false: enough (CS_STOP). Each rule is reported once an object. */
typedef bool vdl_hit_fn(void *ctx, const struct vdl_hit *hit);

struct vdl_scan;                            /* opaque */
/* Any number of images side by side. NULL when memory is short. dbs is copied, the databases are borrowed. */
struct vdl_scan *vdl_scan_new(struct vdl_db *const *dbs, size_t n, vdl_hit_fn *hit, void *ctx);
void vdl_scan_free(struct vdl_scan *s);
/* One object: begin, feed in any split, end. A scan may be used for many objects one after the other; also nested
 * use needs one scan for each level. */
enum cs_status vdl_scan_begin(struct vdl_scan *s, const struct vdl_object *o) MUST_USE;
enum cs_status vdl_scan_feed(struct vdl_scan *s, struct slice bytes) MUST_USE;
enum cs_status vdl_scan_end(struct vdl_scan *s) MUST_USE;

/* begin, feed, end for bytes that are all there; faster than a feed for small objects. */
enum cs_status vdl_scan_bytes(struct vdl_scan *s, const struct vdl_object *o, struct slice bytes) MUST_USE;
/* After CS_LIMIT: the name of the rule whose search took too many steps; empty when it was no single one. Inside the image. */
struct slice vdl_scan_limited_by(const struct vdl_scan *s);

#endif
