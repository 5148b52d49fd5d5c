#include "workdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "held.h"
#include "runner.h"

/* The folder, when it is ours and nobody has it locked; else -1. */
static int lock_folder(const char *path)
{
    struct stat st;
    int fd;

    if (held_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, &fd) != CS_OK || (fstat(fd, &st) == 0 && st.st_uid == geteuid()))
        return fd;
    close(fd);
    return -1;
}

/* What follows the name and a number: ".XXXXXX", or nothing; NULL: the entry has another name. */
static const char *tail_of(const char *entry, const char *name)
{
    size_t n = strlen(name);            /* never 0 */

    if (strncmp(entry, name, n) != 0)
        return NULL;
    while (ascii_is_digit((uint8_t)entry[n]))
        n++;
    return entry[n] == '.' || (!entry[n] && ascii_is_digit((uint8_t)entry[n - 1])) ? entry + n : NULL;
}

/* Without the dot it is of an earlier version, which locked nothing: a process of that one may live yet, but not in an empty folder. */
static void sweep_one(const char *path, bool may_be_emptied)
{
    int fd = lock_folder(path);

    if (fd < 0)
        return;
    if (may_be_emptied)
        runner_clean(path);
    rmdir(path);
    close(fd);
}

void workdir_sweep(const char *base, const char *name)
{
    DIR *d = opendir(base);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        char path[PATH_MAX];
        const char *tail = tail_of(e->d_name, name);
        int got = snprintf(path, sizeof path, "%s/%s", base, e->d_name);

        if (tail && got > 0 && (size_t)got < sizeof path)
            sweep_one(path, *tail == '.');
    }
    if (d)
        closedir(d);
}

enum cs_status workdir_open(struct workdir *w, const char *base, const char *name)
{
    enum { TRIES = 10 };
    enum cs_status st = CS_STOP;

    w->lock = -1;
    workdir_sweep(base, name);
    for (int i = 0; st == CS_STOP && i < TRIES; i++) {      /* CS_STOP: somebody's sweep was quicker */
        int n = snprintf(w->path, sizeof w->path, "%s/%s.XXXXXX", base, name);

        st = n < 0 || (size_t)n >= sizeof w->path ? CS_TOOBIG : held_make_folder(w->path, &w->lock);
    }
    return st == CS_STOP ? CS_ACCESS : st;
}

void workdir_close(struct workdir *w)
{
    runner_clean(w->path);
    rmdir(w->path);
    if (w->lock >= 0)
        close(w->lock);
    w->lock = -1;
}
