/*
 * newfile.h - a file that appears whole or not at all: write beside, rename.
 *
 *   Owns      the temporary file until newfile_publish() or newfile_drop().
 *   Fails     any step; the temporary file is then removed by newfile_drop() and the target is as it was.
 *   Bounded   PATH_MAX for names.
 *
 * The temporary name is TARGET with ".PID-N.new" behind it, made with O_EXCL and never through a link.
 */
#ifndef BASE_NEWFILE_H
#define BASE_NEWFILE_H

#include <limits.h>
#include <sys/types.h>

#include "slice.h"
#include "status.h"

struct newfile {
    int fd;                     /* -1 when there is none */
    char temp[PATH_MAX];
    const char *target;         /* borrowed */
};

enum cs_status newfile_open(struct newfile *f, const char *target, mode_t mode) MUST_USE;
enum cs_status newfile_write(struct newfile *f, struct slice s) MUST_USE;
/* Close (checked) and rename. With is_durable, fsync first and the folder after. */
enum cs_status newfile_publish(struct newfile *f, bool is_durable) MUST_USE;
void newfile_drop(struct newfile *f);

/* All of it at once. */
enum cs_status newfile_store(const char *target, mode_t mode, struct slice s, bool is_durable) MUST_USE;

#endif
