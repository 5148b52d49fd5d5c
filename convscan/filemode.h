/*
 * filemode.h - files and folders from the command line.
 *
 *   Borrows   everything.
 *   Fails     by exit status: 0 nothing found, 1 something found, 2 trouble (or those of uvscan).
 *   Bounded   folders to FILEMODE_DEPTH.
 */
#ifndef CONVSCAN_FILEMODE_H
#define CONVSCAN_FILEMODE_H

#include "conf.h"
#include "dbset.h"
#include "options.h"

enum { FILEMODE_DEPTH = 64 };

int filemode_run(const struct options *o, const struct conf *c, const struct dbset *dbs);
/* Write the EICAR test string, built here, through the matcher and the unpacker. 0 when it is found. */
int filemode_selftest(const struct conf *c, const struct dbset *dbs);

#endif
