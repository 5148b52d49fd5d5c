/*
 * scanning.h - inside of a scan: what scan.c and jobs.c share, and nobody else.
 */
#ifndef CONVSCAN_SCANNING_H
#define CONVSCAN_SCANNING_H

#include <time.h>

#include "emit.h"
#include "ftype.h"
#include "scan.h"
#include "spool.h"
#include "tree.h"
#include "words.h"

enum { PATH_ROOM = 2048, DEEPEST = 64, NAMES = 32, NAME_TAIL = 512, READING_TAIL = 256, OUTLET_TEXT = 2 * NAME_TAIL + NAMES * READING_TAIL };

struct scan {
    struct scan_setup setup;
    const struct scan_part *part;
    struct vdl_scan *matcher;
    struct verdict *verdict;
    struct spool_rules spools;
    struct tree tree;
    struct timespec end;
    uint64_t objects, total;
    uint64_t most_objects, most_total;  /* of them */
    const struct object *above;         /* bytes are counted for the objects below this one */
    struct jobs *jobs;                  /* of jobs.c; NULL: none yet */
    bool is_alone;                      /* there are to be none */
    const char *type;                   /* of the part itself */
    bool has_allow_rules, wants_normalised_text;
    bool is_limited;                    /* a limit was said of this part */
    struct object *at;                  /* the object being matched */
    struct finding *pending;            /* PENDING of them, with allow rules alone: its hits, until it is known whether an allow rule takes them away */
    size_t n_pending;
    struct words passwords;
    size_t own_words, own_text;         /* of those, what the settings gave */
    char path[PATH_ROOM];               /* of the object at hand, members joined with '!' */
    size_t path_n;
    const char *chain[DEEPEST + 2];     /* type words from the part down to the object at hand */
};

/* One object on its way; the chain of parents is on the stack. */
struct object {
    struct object *parent;
    struct slice bytes;
    struct slice name;
    const struct slice *names;          /* further readings */
    size_t n_names;
    struct slice declared, charset;
    const char *how, *type;             /* as the decoder said; may be NULL */
    bool is_view, is_message, is_bomb;
    unsigned depth;
    uint64_t below;                     /* bytes that came out of it so far */
    struct ftype types;
    size_t node;                        /* in the tree */
    unsigned allowed;                   /* classes that an allow rule takes away, here and below; bits */
    unsigned allowed_here;              /* here and in what are views of the same bytes, but not for members */
    enum cs_status looked;              /* how a look at it ended that was a job */
};

/* What decoders talk to: first member struct emit, so that the pointer is the same. */
struct outlet {
    struct emit emit;
    struct scan *scan;
    struct object *parent;
    struct object child;
    struct spool spool;
    unsigned members;
    bool is_open, is_cut, is_damaged, is_locked, is_lent;
    size_t path_mark;
    struct slice names[NAMES];          /* copies of what open() was given */
    uint8_t text[OUTLET_TEXT];
    size_t text_n;
};

/* Types, matches and takes apart. */
enum cs_status object_run(struct scan *s, struct object *o);
/* The middle of that: matches the bytes, checks the names. */
enum cs_status object_look(struct scan *s, struct object *o);

/* Objects and bytes that came out of o. */
void scan_count(struct scan *s, struct object *o, uint64_t objects, uint64_t bytes);
void scan_uncount(struct scan *s, struct object *o, uint64_t objects, uint64_t bytes);

#endif
