#include "places.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

void places_program_dir(char *out, size_t room)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    if (slash)
        *slash = '\0';
    snprintf(out, room, "%s", slash ? self : "/usr/local/bin");
}

bool places_find(const char *name, char *out, size_t room)
{
    static const char *const beside[] = { "../share/convscan", "../../imta" };
    char dir[PATH_MAX];

    snprintf(out, room, "/etc/convscan/%s", name);
    if (access(out, F_OK) == 0)
        return true;
    places_program_dir(dir, sizeof dir);
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        int n = snprintf(out, room, "%s/%s/%s.sample", dir, beside[i], name);

        if (n > 0 && (size_t)n < room && access(out, R_OK) == 0)
            return true;
    }
    out[0] = '\0';
    return false;
}
