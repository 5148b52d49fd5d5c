/*
 * scan.h - one part through typing, matching and unpacking, object by object; spends the budget.
 *
 *   Borrows   settings, databases and the bytes, until scan_free().
 *   Owns      the scan and its tree of objects.
 *   Fails     never by a status: what went wrong is in the verdict, as class error or limit.
 *   Bounded   by conf.limit: depth, objects, bytes an object, bytes in all, ratio, time.
 *   Threads   one scan, one thread; for large objects it may start another (jobs.h).
 */
#ifndef CONVSCAN_SCAN_H
#define CONVSCAN_SCAN_H

#include <stdio.h>

#include "conf.h"
#include "vdl/vdl.h"
#include "verdict.h"

struct scan_setup {
    const struct conf *conf;
    struct vdl_db *const *dbs;
    size_t n_dbs;
    const char *output;         /* large objects are kept beside this file where the settings name no folder; NULL: in /tmp */
    bool is_raw;                /* the bytes alone: no unpacking, no names */
    bool wants_all;             /* go on after the first hit, keep them all */
    bool wants_tree;            /* remember every object, for scan_explain() */
};

struct scan_part {
    struct slice bytes;
    struct slice names[34];     /* what the part is called, every reading; [0] may be empty */
    size_t n_names;
    struct slice declared;      /* media type as sent, "text/plain"; may be empty */
    struct slice charset;
    struct slice sender, recipients;
    bool is_message;            /* it is a mail message whatever it looks like */
    bool names_count;           /* the name policy applies to names[] (not to a path on this machine) */
    bool names_inside;          /* … and to what is inside */
};

struct scan;
/* NULL when memory is short. */
struct scan *scan_new(const struct scan_setup *setup);
void scan_free(struct scan *s);

/* The verdict comes in *v, which the caller initialised (keeps_all) and releases. */
void scan_run(struct scan *s, const struct scan_part *part, struct verdict *v);

struct scan_facts {
    unsigned objects;
    uint64_t bytes;             /* looked at, of all objects */
    const char *type;           /* the first type word of the part */
};
struct scan_facts scan_facts(const struct scan *s);

/* The tree of objects of the last run, as text. */
void scan_explain(const struct scan *s, const struct verdict *v, FILE *to);

#endif
