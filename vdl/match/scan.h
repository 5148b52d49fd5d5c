/*
 * scan.h - the state of a scan: one lane for each image, and the bytes at hand. Private to the matcher.
 *
 *   Owns      one mapping for each lane, sized from the image when the scan is made; pages that no rule touches cost nothing.
 *   Bounded   by the image's own numbers, which db.c holds against VDB_*_MAX.
 */
#ifndef VDL_MATCH_SCAN_H
#define VDL_MATCH_SCAN_H

#include "base/arena.h"
#include "db.h"

/* The bytes at hand: p[0] stands at place base of the object. */
struct view {
    const uint8_t *p;
    uint64_t base;
    size_t n;
    bool is_end;                /* the object ends behind them */
};

/* A part of a segment was found: at [start, end). */
struct event {
    uint64_t start, end;
    uint32_t owner;             /* a rule, or VDB_OWNER_STAGE and a stage */
};

struct place { uint32_t at, ref; };

enum { BLOCK = 16384, EVENTS = 65536 };

struct lane {
    const struct vdl_db *db;
    struct vdl_scan *scan;
    struct arena arena;
    uint32_t epoch;             /* of the object; what carries another number is from an older one */
    uint32_t *done;             /* of a rule: reported, or decided */
    uint32_t *types;            /* of a type restriction: epoch * 2 + allowed */
    struct event *events;
    size_t n_events, events_room;
    bool is_full;
    uint64_t scanned;           /* windows before this place have been looked at */
};

struct vdl_scan {
    vdl_hit_fn *hit;
    void *ctx;
    struct vdl_object object;
    struct lane *lanes;
    size_t n_lanes;
    enum cs_status status;      /* sticky until the next object */
    bool is_damaged;
    uint64_t fed;
    uint8_t *carry;             /* feeding: what must still be seen again */
    size_t carry_n, carry_room;
    uint64_t carry_base;
    uint32_t *found;            /* places that passed a filter */
    struct place *places;       /* entries that passed their check */
};

/* run.c: look for windows in [from, to) of the view and put what is found into the lane's events. */
enum cs_status run_block(struct lane *l, const struct view *v, uint64_t from, uint64_t to) MUST_USE;
/* scan.c */
enum cs_status scan_report(struct lane *l, uint32_t rule, uint64_t offset) MUST_USE;
bool scan_types_ok(struct lane *l, uint32_t types);
/* Another part was found; false when there is no room for it. */
static inline bool event_add(struct lane *l, uint64_t start, uint64_t end, uint32_t owner)
{
    if (l->n_events == l->events_room) {
        l->is_full = true;
        return false;
    }
    l->events[l->n_events++] = (struct event){ start, end, owner };
    return true;
}

#endif
