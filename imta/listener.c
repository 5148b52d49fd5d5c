#include "listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_HANDED = 3, BACKLOG = 256 };

static bool does_listen(int fd)
{
    int yes = 0;
    socklen_t n = sizeof yes;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 && yes;
}

enum cs_status listener_inherit(struct listener *l)
{
    const char *n = getenv("LISTEN_FDS"), *pid = getenv("LISTEN_PID");
    char own[24];

    *l = (struct listener){ .fd = -1 };
    snprintf(own, sizeof own, "%ld", (long)getpid());
    if (!n || !pid || strcmp(pid, own) != 0 || strcmp(n, "0") == 0)
        return CS_NOENT;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    if (strcmp(n, "1") != 0 || !does_listen(FIRST_HANDED))
        return CS_FOREIGN;
    fcntl(FIRST_HANDED, F_SETFD, FD_CLOEXEC);
    l->fd = FIRST_HANDED;
    return CS_OK;
}

union address {
    struct sockaddr any;
    struct sockaddr_un file;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* PORT, PORT@ADDRESS or PORT@[ADDRESS]. */
static bool read_port(const char *text, unsigned short *port, char *address, size_t room, const char *otherwise)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    size_t len;

    if (*text < '0' || *text > '9' || n > 65535 || (*end && *end != '@'))
        return false;
    *port = htons((unsigned short)n);
    text = *end ? end + 1 : otherwise;
    len = strlen(text);
    if (len > 2 && text[0] == '[' && text[len - 1] == ']')
        text++, len -= 2;
    return len < room && snprintf(address, room, "%.*s", (int)len, text) > 0;
}

static enum cs_status read_address(const char *text, union address *a, socklen_t *n)
{
    char host[INET6_ADDRSTRLEN];

    memset(a, 0, sizeof *a);
    if (starts(text, "inet:")) {
        a->any.sa_family = AF_INET;
        *n = sizeof a->four;
        return read_port(text + 5, &a->four.sin_port, host, sizeof host, "127.0.0.1") &&
               inet_pton(AF_INET, host, &a->four.sin_addr) == 1 ? CS_OK : CS_INVALID;
    }
    if (starts(text, "inet6:")) {
        a->any.sa_family = AF_INET6;
        *n = sizeof a->six;
        return read_port(text + 6, &a->six.sin6_port, host, sizeof host, "::1") &&
               inet_pton(AF_INET6, host, &a->six.sin6_addr) == 1 ? CS_OK : CS_INVALID;
    }
    text += starts(text, "unix:") ? 5 : starts(text, "local:") ? 6 : 0;
    a->any.sa_family = AF_UNIX;
    *n = sizeof a->file;
    if (text[0] != '/' || strlen(text) >= sizeof a->file.sun_path)
        return CS_INVALID;
    memcpy(a->file.sun_path, text, strlen(text) + 1);
    return CS_OK;
}

/* A socket file at which nobody listens any more is in the way. */
static bool is_dead(const union address *a, socklen_t n)
{
    struct stat st;
    int fd, err;

    if (lstat(a->file.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    err = fd >= 0 && connect(fd, &a->any, n) != 0 ? errno : 0;
    if (fd >= 0)
        close(fd);
    return err == ECONNREFUSED;
}

static enum cs_status open_file_socket(struct listener *l, const union address *a, socklen_t n, mode_t mode, gid_t group)
{
    mode_t before = umask(0777);
    bool ok;

    if (is_dead(a, n))
        unlink(a->file.sun_path);
    ok = bind(l->fd, &a->any, n) == 0;
    umask(before);
    if (!ok)
        return cs_status_errno(errno);
    l->file = a->file;
    if (group != (gid_t)-1 && chown(l->file.sun_path, (uid_t)-1, group) != 0)
        return cs_status_errno(errno);
    return chmod(l->file.sun_path, mode) == 0 ? CS_OK : cs_status_errno(errno);
}

enum cs_status listener_open(struct listener *l, const char *text, mode_t mode, gid_t group)
{
    union address a;
    socklen_t n = 0;
    const int yes = 1;
    enum cs_status st = read_address(text, &a, &n);

    *l = (struct listener){ .fd = -1 };
    if (st != CS_OK)
        return st;
    l->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        return cs_status_errno(errno);
    if (a.any.sa_family == AF_UNIX)
        st = open_file_socket(l, &a, n, mode, group);
    else if (setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 || bind(l->fd, &a.any, n) != 0)
        st = cs_status_errno(errno);
    if (st == CS_OK && listen(l->fd, BACKLOG) != 0)
        st = cs_status_errno(errno);
    if (st != CS_OK)
        listener_close(l);
    return st;
}

void listener_close(struct listener *l)
{
    if (l->file.sun_path[0])
        unlink(l->file.sun_path);
    if (l->fd >= 0)
        close(l->fd);
    *l = (struct listener){ .fd = -1 };
}
