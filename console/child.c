#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "base/spawn.h"

static double now_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum cs_status start(char *const argv[], int in, int out, pid_t *pid)
{
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", locale[] = "LC_ALL=C.UTF-8";
    char *const env[] = { path, locale, NULL };
    const struct spawn how = { in, out, out, NULL };
    int err = spawn(pid, &how, argv, env);

    return err ? cs_status_errno(err) : CS_OK;
}

static enum cs_status read_until(int fd, double end, struct buf *out)
{
    char room[16 << 10];

    for (;;) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        double left = end - now_seconds();
        int ready = left > 0 ? poll(&p, 1, (int)(left * 1000) + 1) : 0;
        ssize_t n;

        if (ready == 0)
            return CS_TIMEOUT;
        n = ready < 0 ? -1 : read(fd, room, sizeof room);
        if (n == 0)
            return CS_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return CS_IO;
        if (buf_put(out, slice_of(room, (size_t)n)) != CS_OK) {
            size_t fits = out->max - out->n;

            return buf_put(out, slice_of(room, fits)) == CS_OK ? CS_TOOBIG : CS_NOMEM;
        }
    }
}

/* A file without a name: neither side waits for the other. */
static enum cs_status make_input(struct slice in, int *fd)
{
    enum cs_status st;

    *fd = in.n ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (*fd < 0)
        return cs_status_errno(errno);
    st = in.n ? fd_write_all(*fd, in) : CS_OK;
    if (st == CS_OK && in.n && lseek(*fd, 0, SEEK_SET) != 0)
        st = CS_IO;
    return st;
}

static enum cs_status run(char *const argv[], struct slice in, double seconds, struct buf *out, int *code)
{
    int in_fd, ends[2], status;
    pid_t pid = -1;
    enum cs_status st = make_input(in, &in_fd);

    if (st == CS_OK && pipe2(ends, O_CLOEXEC) == 0) {
        st = start(argv, in_fd, ends[1], &pid);
        close(ends[1]);
        if (st == CS_OK) {
            st = read_until(ends[0], now_seconds() + seconds, out);
            if (st != CS_OK)
                kill(-pid, SIGKILL);
            status = spawn_wait(pid, NULL);
            *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        }
        close(ends[0]);
    } else if (st == CS_OK) {
        st = cs_status_errno(errno);
    }
    if (in_fd >= 0)
        close(in_fd);
    return st;
}

static sem_t places;

__attribute__((constructor)) static void make_places(void)
{
    sem_init(&places, 0, CHILDREN);
}

enum cs_status child_run(char *const argv[], struct slice in, double seconds, struct buf *out, int *code)
{
    enum cs_status st;

    *code = -1;
    while (sem_wait(&places) != 0)
        continue;
    st = run(argv, in, seconds, out, code);
    sem_post(&places);
    return st;
}
