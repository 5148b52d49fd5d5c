/*
 * dbset.h - the images in use.
 *
 *   Owns      the databases, until dbset_close().
 *   Fails     dbset_open(): CS_NOENT when there is none at all, or the status of the first that does not open; why says which.
 *   Bounded   DBSET_MAX images.
 */
#ifndef CONVSCAN_DBSET_H
#define CONVSCAN_DBSET_H

#include "vdl/vdl.h"

enum { DBSET_MAX = 64 };

struct dbset {
    struct vdl_db *dbs[DBSET_MAX];
    size_t n;
};

/* paths: from --db. None: every *.vdb of the folder; folder NULL: /var/lib/convscan, else ../share/convscan beside the program. */
enum cs_status dbset_open(struct dbset *set, const char *const *paths, size_t n_paths, const char *folder, char why[256]) MUST_USE;
void dbset_close(struct dbset *set);

#endif
