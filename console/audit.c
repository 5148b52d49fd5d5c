#include "audit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>

#include "base/mapfile.h"
#include "base/safe.h"

enum { WORD = 256 };

enum cs_status audit_open(int *fd, const char *path)
{
    *fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    return *fd < 0 ? cs_status_errno(errno) : CS_OK;
}

bool audit_note(int fd, const char *user, const char *from, const char *act, const char *item, const char *result)
{
    const char *const given[] = { user, from, item, result };
    char safe[4][WORD], when[32], line[4 * WORD + 160];
    time_t now = time(NULL);
    struct tm tm;
    int n;

    for (size_t i = 0; i < 4; i++)
        safe_text(safe[i], WORD, slice_str(*given[i] ? given[i] : "-"));
    if (!gmtime_r(&now, &tm) || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return false;
    n = snprintf(line, sizeof line, "time=%s user=\"%s\" from=\"%s\" act=%s item=\"%s\" result=\"%s\"\n", when, safe[0], safe[1], act, safe[2], safe[3]);
    if (n < 0 || (size_t)n >= sizeof line)
        return false;
    syslog(LOG_MAIL | LOG_NOTICE, "%.*s", n - 1, line);
    return fd < 0 || fd_write_all(fd, slice_of(line, (size_t)n)) == CS_OK;
}
