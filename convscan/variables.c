#include "variables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bytes until the end of the input; 0 when there are too many, or when they cannot be read. */
static size_t read_all(int fd, char *room, size_t max)
{
    size_t n = 0;

    for (;;) {
        ssize_t got = read(fd, room + n, max - n);

        if (got == 0)
            return n;
        if (got < 0 && errno != EINTR)
            return 0;
        if (got > 0)
            n += (size_t)got;
        if (n == max)
            return 0;
    }
}

static void tell(int fd, const char *text, size_t n)
{
    if (write(fd, text, n) < 0)
        return;                 /* nobody listens: no socket, or its other end is gone */
}

bool variables_take(int fd)
{
    static char room[VARIABLES_BYTES + 1];
    size_t n;

    tell(fd, VARIABLES_READY, sizeof VARIABLES_READY - 1);
    n = read_all(fd, room, sizeof room);
    clearenv();
    if (n < 2 || room[n - 1] || room[n - 2])
        return false;
    for (char *p = room; *p; p += strlen(p) + 1)
        if (!strchr(p, '=') || putenv(p) != 0) {
            clearenv();
            return false;
        }
    return true;
}

void variables_answer(int fd, int status)
{
    struct timespec used = { 0 };
    char line[64];
    int n;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    n = snprintf(line, sizeof line, "%d %lld\n", status, (long long)used.tv_sec * 1000000 + used.tv_nsec / 1000);
    if (n > 0)
        tell(fd, line, (size_t)n);
}
