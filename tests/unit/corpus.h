/*
 * corpus.h - files of the shared collection, which may not be here: then a test is skipped and counted.
 */
#ifndef TESTS_CORPUS_H
#define TESTS_CORPUS_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mapfile.h"

static inline const char *corpus_root(void)
{
    const char *at = getenv("CORPUS");

    return at && *at ? at : "../shared/corpus";
}

/* False when the file is not there. */
static inline bool corpus_open(struct mapfile *m, const char *name)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", corpus_root(), name) >= (int)sizeof path)
        return false;
    return mapfile_open(m, path, MAPFILE_COPY, 1u << 30) == CS_OK;
}

/* Tests may run in processes of their own, so the count is made here, not by them. */
static inline void corpus_report(void)
{
    if (access(corpus_root(), R_OK) != 0)
        printf("skipped: the tests with files of the collection (none at %s)\n", corpus_root());
}

#endif
