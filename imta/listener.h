/*
 * listener.h - the socket that a daemon listens at: handed over by the one that started it, or opened here.
 *
 *   Owns      the descriptor, and the file of a socket opened here, until listener_close().
 *   Fails     CS_INVALID for a text that is no socket, CS_FOREIGN for a descriptor that does not listen, statuses of the system.
 *
 * unix:PATH (or a PATH alone), inet:PORT@ADDRESS, inet6:PORT@ADDRESS with numeric addresses, as libmilter writes them; without @ADDRESS
 * inet is 127.0.0.1 and inet6 is ::1.
 */
#ifndef IMTA_LISTENER_H
#define IMTA_LISTENER_H

#include <sys/types.h>
#include <sys/un.h>

#include "base/status.h"

struct listener {
    int fd;
    struct sockaddr_un file;            /* its path is empty when there is no file of ours */
};

/* One socket, as systemd hands it over (LISTEN_FDS, LISTEN_PID); CS_NOENT when it has not. */
enum cs_status listener_inherit(struct listener *l) MUST_USE;
/* mode and group (or (gid_t)-1) of a socket file. A file that is there is replaced when nobody listens at it. */
enum cs_status listener_open(struct listener *l, const char *text, mode_t mode, gid_t group) MUST_USE;
void listener_close(struct listener *l);

#endif
