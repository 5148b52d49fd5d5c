/*
 * scan.h - the state of a scan: one lane for each image, and the bytes at hand. Private to the matcher.
 *
 *   Owns      one mapping for each lane, sized from the image when the scan is made; pages that no rule touches cost nothing.
 *   Bounded   by the image's own numbers, which db.c holds against VDB_*_MAX.
 */
#ifndef VDL_MATCH_SCAN_H
#define VDL_MATCH_SCAN_H

#include "base/arena.h"
#include "base/buf.h"
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

/* What is known of a stage in this object. */
struct stage_state {
    uint32_t epoch;
    bool has_end, is_active, is_listed, has_latest;
    uint64_t first_end;         /* of the earliest match */
    uint64_t top;               /* ring: ends up to here are in it */
    uint64_t latest, asked;     /* ring: the last end at or before asked */
    uint64_t tail_at;           /* where the automaton stands */
};

struct segment_state {
    uint32_t epoch, count;
    uint64_t first_start, first_end, last_end, top;
    uint64_t least_start;       /* of all matches, the ones behind what is counted too */
    bool has_start, is_true;
};

enum { BLOCK = 16384, EVENTS = 65536 };
/* Far more than real rules need: an image made to waste time ends as a limit. */
#define STEPS_LEAST ((uint64_t)1 << 26)
enum { STEPS_BYTE = 1 << 16 };
#define WHOLE_MAX ((size_t)1 << 30)     /* an object that is fed in pieces and must be kept */

/* Where a program stands before its first byte, kept for those that run often: that is the same at every place unless edges are asked for. */
enum { STARTS = 8, START_LIST = 126, START_WORTH = 16 };
struct start {
    uint32_t first, n;          /* the program; n 0: none yet */
    uint8_t worth;              /* uses, less those of others who want the place */
    bool is_fixed;
    uint16_t n_list, list[START_LIST];  /* the instructions that wait for a byte */
    uint64_t known[4], takes[4];        /* a bit for each byte: was it tried, and does any instruction take it? */
};

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
    struct stage_state *stages;
    struct segment_state *segments;
    uint8_t *state;             /* rings and automata */
    uint32_t *active;           /* stages whose automaton is under way */
    uint32_t n_active;
    uint32_t *touched;          /* plans of which a segment matched */
    uint32_t *touch_epoch;
    uint32_t n_touched;
    uint64_t *work;             /* of the program that runs, see nfa.c */
    struct start *starts;       /* of programs, by their numbers */
    const struct view *view;
    bool has_offset;
    uint64_t plan_offset;       /* cond.c: the first place that made the plan true */
    uint32_t at_work;           /* the owner whose automaton runs: a rule, or VDB_OWNER_STAGE and a stage */
    uint64_t steps, steps_most; /* of automata and in buckets; more than so many for the bytes at hand is CS_LIMIT */
};

struct vdl_scan {
    vdl_hit_fn *hit;
    void *ctx;
    struct vdl_object object;
    struct lane *lanes;
    size_t n_lanes;
    enum cs_status status;      /* sticky until the next object */
    bool is_damaged, is_limited, is_whole;
    struct slice limited_by;    /* the name of the rule that came to a limit, or empty */
    bool at_end;                /* all bytes have been seen */
    uint64_t size;              /* of the object, once known */
    bool has_exe;
    struct exe *exe;            /* headers of an executable, when they were asked for */
    bool has_imports;
    enum cs_status imports_status;
    struct buf imports;         /* of an executable, when they were asked for */
    bool has_digest[VDB_ALGOS];
    uint8_t digests[VDB_ALGOS][32];
    uint8_t *carry;             /* feeding: what must be seen again, or all */
    size_t carry_n, carry_room;
    uint64_t carry_base, scanned;
    size_t back, ahead;         /* how far a rule looks around a place */
    bool whole_needed;
    struct arena room;          /* of exe, found and places */
    uint32_t *found;            /* places that passed a filter */
    struct place *places;       /* entries that passed their check */
};

/* run.c: look for windows in [from, to) of the view and put what is found into the lane's events. */
enum cs_status run_block(struct lane *l, const struct view *v, uint64_t from, uint64_t to) MUST_USE;
/* chain.c: a part of a segment was found; all automata up to a place; everything that starts with the object. */
void chain_begin(struct lane *l);
/* Could a match of this stage still matter? False for rules that are decided or not for this type of object. */
bool chain_wants(struct lane *l, uint32_t owner);
/* Does the anchor allow a match that begins at start? Asked before an automaton is run for it. */
bool chain_may_begin(struct lane *l, uint32_t owner, uint64_t start);
enum cs_status chain_event(struct lane *l, const struct event *e) MUST_USE;
enum cs_status chain_advance(struct lane *l, uint64_t to) MUST_USE;
/* nfa.c: all matches of a program that start at a place become events. False: damaged. */
bool nfa_run(struct lane *l, const struct view *v, uint32_t first, uint32_t n, uint64_t start, uint64_t most, uint32_t owner);
/* One step: the set stands before byte q; *is_match when the program ends there; then it passes that byte. False: damaged. */
bool nfa_step(struct lane *l, const struct view *v, uint32_t first, uint32_t n, uint64_t *set, uint64_t q, bool *is_match);
/* digests.c: rules that are a digest, for the whole object and the sections of an executable. */
enum cs_status digests_check(struct lane *l) MUST_USE;
/* cond.c: headers of an executable, or NULL. */
const struct exe *scan_headers(struct lane *l);
/* cond.c: what hashes of import tables are made of; CS_NOENT when the object has none. */
enum cs_status scan_imports(struct lane *l, struct slice *text) MUST_USE;
/* cond.c: is a plan's expression true now? */
enum cs_status cond_check(struct lane *l, uint32_t plan, bool *is_true) MUST_USE;
/* scan.c */
enum cs_status scan_report(struct lane *l, uint32_t rule, uint64_t offset, bool is_digest) MUST_USE;
/* A limit was reached for this owner; VDB_NONE: for no one in particular. */
void scan_limited(struct lane *l, uint32_t owner);
struct segment_state *segment_get(struct lane *l, uint32_t number);
/* Is a place where the anchor wants it? */
bool scan_place_ok(struct lane *l, uint32_t where, uint32_t section, int64_t lo, int64_t hi, uint64_t start);
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
