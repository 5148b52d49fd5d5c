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

static void remove_old(const char *base, const char *name)
{
    DIR *d = opendir(base);
    struct dirent *e;
    size_t n = strlen(name);

    while (d && (e = readdir(d)) != NULL) {
        char path[PATH_MAX];
        int fd, got = snprintf(path, sizeof path, "%s/%s", base, e->d_name);

        if (strncmp(e->d_name, name, n) != 0 || e->d_name[n] != '.' || got < 0 || (size_t)got >= sizeof path)
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

enum cs_status workdir_open(struct workdir *w, const char *base, const char *name)
{
    int n = snprintf(w->path, sizeof w->path, "%s/%s.XXXXXX", base, name);

    w->lock = -1;
    if (n < 0 || (size_t)n >= sizeof w->path)
        return CS_TOOBIG;
    remove_old(base, name);
    if (!mkdtemp(w->path))
        return cs_status_errno(errno);
    w->lock = lock_folder(w->path);
    return w->lock < 0 ? CS_ACCESS : CS_OK;
}

void workdir_close(struct workdir *w)
{
    runner_clean(w->path);
    rmdir(w->path);
    if (w->lock >= 0)
        close(w->lock);
    w->lock = -1;
}
