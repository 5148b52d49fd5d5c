#include "dbset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"

#define FOLDER "/var/lib/convscan"

static enum cs_status open_one(struct dbset *set, const char *path, char why[256])
{
    char reason[256] = "";
    enum cs_status st;

    if (set->n == DBSET_MAX) {
        snprintf(why, 256, "%.200s: more than %d databases", path, DBSET_MAX);
        return CS_TOOBIG;
    }
    st = vdl_open(path, &set->dbs[set->n], reason);
    if (st == CS_OK)
        set->n++;
    else
        snprintf(why, 256, "%.120s: %.120s", path, reason[0] ? reason : cs_status_text(st));
    return st;
}

static bool is_image(const char *name)
{
    size_t n = strlen(name);

    return name[0] != '.' && n > 4 && strcmp(name + n - 4, ".vdb") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct listing {
    char *names[DBSET_MAX];
    size_t n;
};

static enum cs_status list_some(struct listing *l, const uint8_t *p, size_t n)
{
    while (n) {
        const struct dirent64 *e = (const struct dirent64 *)(const void *)p;

        if (is_image(e->d_name)) {
            if (l->n == DBSET_MAX)
                return CS_TOOBIG;
            l->names[l->n] = strdup(e->d_name);
            if (!l->names[l->n])
                return CS_NOMEM;
            l->n++;
        }
        p += e->d_reclen;
        n -= e->d_reclen;
    }
    return CS_OK;
}

/* In a fixed order: which of two rules is reported first must not depend on the file system. Not opendir(), whose buffer alone is
 * eight pages, and this runs once for every mail part. */
static enum cs_status list_images(const char *folder, struct listing *l)
{
    uint8_t room[2048] __attribute__((aligned(16)));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum cs_status st = fd < 0 ? cs_status_errno(errno) : CS_OK;
    struct stat about;
    ssize_t n = 1;

    l->n = 0;
    if (st == CS_OK && fstat(fd, &about) != 0)
        st = cs_status_errno(errno);
    else if (st == CS_OK && stat_is_unsafe(&about))
        st = CS_UNSAFE;         /* whoever may add an image decides what passes */
    while (st == CS_OK && n > 0) {
        n = syscall(SYS_getdents64, fd, room, sizeof room);      /* glibc 2.28 has no function for it */
        if (n < 0)
            st = cs_status_errno(errno);
        else
            st = list_some(l, room, (size_t)n);
    }
    if (fd >= 0)
        close(fd);
    if (l->n > 1)
        qsort(l->names, l->n, sizeof *l->names, by_name);
    return st;
}

static enum cs_status open_folder(struct dbset *set, const char *folder, char why[256])
{
    struct listing l;
    char path[PATH_MAX];
    enum cs_status st = list_images(folder, &l);

    if (st != CS_OK)
        snprintf(why, 256, "%.200s: %s", folder, cs_status_text(st));
    else if (l.n == 0) {
        snprintf(why, 256, "%.200s: no database (*.vdb) here", folder);
        st = CS_NOENT;
    }
    for (size_t i = 0; i < l.n; i++) {
        if (st == CS_OK)
            st = text_print(path, sizeof path, "%s/%s", folder, l.names[i]) ? open_one(set, path, why) : CS_TOOBIG;
        free(l.names[i]);
    }
    return st;
}

/* The folder that was built or installed together with the program. */
static bool own_folder(char out[PATH_MAX])
{
    static const char tail[] = "/../share/convscan";
    ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - sizeof tail);

    while (n > 0 && out[n - 1] != '/')
        n--;
    if (n <= 0)
        return false;
    memcpy(out + n - 1, tail, sizeof tail);
    return true;
}

enum cs_status dbset_open(struct dbset *set, const char *const *paths, size_t n_paths, const char *folder, char why[256])
{
    char own[PATH_MAX];
    enum cs_status st = CS_OK;

    set->n = 0;
    why[0] = '\0';
    for (size_t i = 0; i < n_paths && st == CS_OK; i++)
        st = open_one(set, paths[i], why);
    if (n_paths)
        return st;
    if (folder)
        return open_folder(set, folder, why);
    if (access(FOLDER, F_OK) != 0 && own_folder(own))
        return open_folder(set, own, why);
    return open_folder(set, FOLDER, why);
}

void dbset_close(struct dbset *set)
{
    while (set->n)
        vdl_close(set->dbs[--set->n]);
}
