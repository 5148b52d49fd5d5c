#include "diag.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NOT_NOW = 75 };

static const char *program = "convscan";

/* A read from a closed input and a write to a closed output must go on failing; messages alone may get lost. */
static void fill_standard_places(void)
{
    static const int how[] = { O_WRONLY, O_RDONLY, O_RDWR };

    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", how[fd] | O_NOCTTY) != fd)
            _exit(NOT_NOW);
}

void diag_program(const char *name)
{
    program = name;
    fill_standard_places();
    signal(SIGCHLD, SIG_DFL);
    unsetenv("GCONV_PATH");
}

static size_t room_left(size_t at, size_t size, int n)
{
    size_t left = size - at;

    return n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
}

void diag_vwarn(const char *fmt, va_list ap)
{
    char line[DIAG_LINE];
    size_t n = room_left(0, sizeof line - 1, snprintf(line, sizeof line - 1, "%s: ", program));

    n += room_left(n, sizeof line - 1, vsnprintf(line + n, sizeof line - 1 - n, fmt, ap));
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[n++] = '\n';
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}

void diag_warn(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    diag_vwarn(fmt, ap);
    va_end(ap);
}
