#include "workdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"
#include "runner.h"

/* The folder, when it is ours and nobody has it locked; else -1. */
static int lock_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || (fstat(fd, &st) == 0 && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0))
        return fd;
    close(fd);
    return -1;
}

static bool is_of(const char *entry, const char *name)
{
    size_t n = strlen(name);

    if (strncmp(entry, name, n) != 0)
        return false;
    while (ascii_is_digit((uint8_t)entry[n]))
        n++;
    return entry[n] == '.';
}

void workdir_sweep(const char *base, const char *name)
{
    DIR *d = opendir(base);
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        char path[PATH_MAX];
        int fd, got = snprintf(path, sizeof path, "%s/%s", base, e->d_name);

        if (!is_of(e->d_name, name) || got < 0 || (size_t)got >= sizeof path)
            continue;
        fd = lock_folder(path);
        if (fd < 0)
            continue;
        runner_clean(path);
        rmdir(path);
        close(fd);
    }
    if (d)
        closedir(d);
}

/* CS_STOP: between its making and its locking somebody's sweep has taken the folder. */
static enum cs_status make_locked(struct workdir *w)
{
    struct stat here, there;

    if (!mkdtemp(w->path))
        return cs_status_errno(errno);
    w->lock = lock_folder(w->path);
    if (w->lock >= 0 && fstat(w->lock, &here) == 0 && lstat(w->path, &there) == 0 && here.st_ino == there.st_ino)
        return CS_OK;
    rmdir(w->path);
    if (w->lock >= 0)
        close(w->lock);
    w->lock = -1;
    return CS_STOP;
}

enum cs_status workdir_open(struct workdir *w, const char *base, const char *name)
{
    enum { TRIES = 10 };
    enum cs_status st = CS_STOP;

    w->lock = -1;
    workdir_sweep(base, name);
    for (int i = 0; st == CS_STOP && i < TRIES; i++) {
        int n = snprintf(w->path, sizeof w->path, "%s/%s.XXXXXX", base, name);

        st = n < 0 || (size_t)n >= sizeof w->path ? CS_TOOBIG : make_locked(w);
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
