/*
 * filter.h - which bytes of a literal to search for, and the filters, buckets and entries that find them.
 *
 *   Borrows   the bytes and sets of the anchors.
 *   Fails     CS_NOMEM.
 *   Bounded   VARIANTS_MAX windows for each alignment of an anchor.
 */
#ifndef VDL_COMPILE_FILTER_H
#define VDL_COMPILE_FILTER_H

#include "base/arena.h"
#include "image.h"

enum { VARIANTS_MAX = 256 };

/* A run of places at fixed distance, out of which the window is taken. */
struct anchor {
    const uint8_t *bytes;           /* exact bytes, or NULL: sets */
    const uint8_t (*sets)[32];
    uint32_t n;
    uint32_t record;                /* in VDB_RECORDS; its VDB_C_AT field gets the window's place */
    uint32_t shift;                 /* of the run in the literal of the record */
    uint32_t at;                    /* the window's place in the run, once chosen */
    uint8_t group;
    bool is_chosen;
};

struct anchors { struct anchor *p; size_t n, room; };

/* NULL when memory is short. */
struct anchor *anchors_add(struct anchors *a);
/* What --explain tells of an anchor, as if it were alone in its set. */
struct vdl_window;
void filter_window(const struct anchor *x, struct arena *a, struct vdl_window *out);
enum cs_status filter_build(struct image *im, struct anchors *a) MUST_USE;

#endif
