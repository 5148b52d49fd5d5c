#include "dbset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static int is_image(const struct dirent *d)
{
    size_t n = strlen(d->d_name);

    return d->d_name[0] != '.' && n > 4 && strcmp(d->d_name + n - 4, ".vdb") == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a fixed order: which of two rules is reported first must not depend on the file system. */
static size_t list_images(DIR *d, char *names[DBSET_MAX])
{
    struct dirent *e;
    size_t n = 0;

    while (n < DBSET_MAX && (e = readdir(d)))
        if (is_image(e) && (names[n] = strdup(e->d_name)))
            n++;
    if (n > 1)
        qsort(names, n, sizeof *names, by_name);
    return n;
}

static enum cs_status open_folder(struct dbset *set, const char *folder, char why[256])
{
    char *names[DBSET_MAX], path[PATH_MAX];
    DIR *d = opendir(folder);
    enum cs_status st = d ? CS_OK : cs_status_errno(errno);
    size_t n;

    if (!d) {
        snprintf(why, 256, "%.200s: %s", folder, cs_status_text(st));
        return st;
    }
    n = list_images(d, names);
    closedir(d);
    for (size_t i = 0; i < n; i++) {
        int len = snprintf(path, sizeof path, "%s/%s", folder, names[i]);

        if (st == CS_OK)
            st = len > 0 && (size_t)len < sizeof path ? open_one(set, path, why) : CS_TOOBIG;
        free(names[i]);
    }
    if (st == CS_OK && set->n == 0) {
        snprintf(why, 256, "%.200s: no database (*.vdb) here", folder);
        st = CS_NOENT;
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
