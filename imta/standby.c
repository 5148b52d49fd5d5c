#include "standby.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/spawn.h"

enum { WORDS_MAX = 64, PAUSE_S = 1, GIVE_WAY_MS = 5 };

struct standby {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    char *argv[WORDS_MAX + 2];          /* with --wait in the second place */
    char *dir;
    struct stat program;                /* as it was when those that wait were started */
    struct standby_process all[STANDBY_MAX];
    unsigned n, most;
    pid_t ending[STANDBY_MAX];          /* have answered, and are not waited for yet */
    unsigned n_ending;
    bool is_resting;                    /* one was found dead */
};

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void bury(pid_t pid)
{
    kill(-pid, SIGKILL);
    spawn_wait(pid, NULL);
}

static void dismiss(const struct standby_process *w)
{
    close(w->fd);
    bury(w->pid);
}

/* ---- those who wait ---- */

static bool start_one(const struct standby *s, struct standby_process *w)
{
    char path[] = "PATH=/usr/local/bin:/usr/bin:/bin", *env[] = { path, NULL };
    int ends[2];
    bool is_started;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return false;
    is_started = spawn(&w->pid, &(struct spawn){ ends[1], STDERR_FILENO, STDERR_FILENO, s->dir }, s->argv, env) == 0;
    close(ends[1]);
    w->fd = ends[0];
    if (!is_started)
        close(w->fd);
    return is_started;
}

static void rest(struct standby *s)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PAUSE_S;
    while (pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
        continue;
    s->is_resting = false;
}

/* While there are enough: the part that was just handed over shall have the processors first, and the mail server after it. */
static void give_way(struct standby *s)
{
    const struct timespec a_while = { .tv_nsec = GIVE_WAY_MS * 1000000L };

    if (s->n <= s->most / 2)
        return;
    pthread_mutex_unlock(&s->lock);
    nanosleep(&a_while, NULL);
    pthread_mutex_lock(&s->lock);
}

static void bury_all(struct standby *s)
{
    while (s->n_ending) {
        pid_t pid = s->ending[--s->n_ending];

        pthread_mutex_unlock(&s->lock);
        bury(pid);
        pthread_mutex_lock(&s->lock);
    }
}

/* Starts and waits without the lock, so that nobody else waits. */
static void *keep(void *ctx)
{
    struct standby *s = ctx;

    pthread_mutex_lock(&s->lock);
    for (;;) {
        struct standby_process one;
        struct stat now;
        bool ok;

        if (s->is_resting)
            rest(s);
        while (s->n == s->most && s->n_ending == 0)
            pthread_cond_wait(&s->wake, &s->lock);
        give_way(s);
        bury_all(s);
        if (s->n == s->most)
            continue;
        pthread_mutex_unlock(&s->lock);
        ok = stat(s->argv[0], &now) == 0 && start_one(s, &one);
        pthread_mutex_lock(&s->lock);
        s->is_resting |= !ok;
        if (!ok)
            continue;
        if (s->n == 0)
            s->program = now;
        if (is_same_file(&s->program, &now))
            s->all[s->n++] = one;
        else
            dismiss(&one);
    }
    return NULL;
}

static size_t count_words(char *const argv[])
{
    size_t n = 0;

    while (argv[n])
        n++;
    return n;
}

static bool copy_command(struct standby *s, char *const argv[], const char *dir)
{
    static char word[] = "--wait";
    size_t n = count_words(argv);

    s->dir = strdup(dir);
    s->argv[0] = strdup(argv[0]);
    s->argv[1] = word;
    for (size_t i = 1; i < n; i++)
        s->argv[i + 1] = strdup(argv[i]);
    for (size_t i = 0; i <= n; i++)
        if (!s->argv[i])
            return false;
    return s->dir != NULL;
}

/* The word in the second place is nobody's. */
static enum cs_status give_up(struct standby *s)
{
    for (size_t i = 0; s && i < sizeof s->argv / sizeof *s->argv; i++)
        if (i != 1)
            free(s->argv[i]);
    if (s)
        free(s->dir);
    free(s);
    return CS_NOMEM;
}

enum cs_status standby_open(struct standby **out, char *const argv[], const char *dir, unsigned n)
{
    struct standby *s;
    pthread_t thread;

    *out = NULL;
    if (!argv[0] || argv[0][0] != '/' || count_words(argv) > WORDS_MAX || n == 0)
        return CS_OK;
    s = calloc(1, sizeof *s);
    if (!s || !copy_command(s, argv, dir))
        return give_up(s);
    s->most = n < STANDBY_MAX ? n : STANDBY_MAX;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->wake, NULL);
    if (pthread_create(&thread, NULL, keep, s) != 0)
        return give_up(s);
    pthread_detach(thread);
    *out = s;
    return CS_OK;
}

unsigned standby_count(struct standby *s)
{
    unsigned n = 0;

    if (s) {
        pthread_mutex_lock(&s->lock);
        n = s->n;
        pthread_mutex_unlock(&s->lock);
    }
    return n;
}

/* ---- those who come ---- */

static bool is_command(const struct standby *s, char *const argv[])
{
    size_t i = 0;

    if (strcmp(s->argv[0], argv[0]) != 0)
        return false;
    for (i = 1; argv[i] && s->argv[i + 1]; i++)
        if (strcmp(argv[i], s->argv[i + 1]) != 0)
            return false;
    return !argv[i] && !s->argv[i + 1];
}

/* What it says before its part comes: without that it may be some program that does not know how to wait. */
enum greeting { IS_READY, IS_NOT_READY, IS_DEAD };

static enum greeting listen_to(const struct standby_process *p)
{
    static const char ready[] = "ready\n";
    char said[sizeof ready];
    ssize_t n = recv(p->fd, said, sizeof said, MSG_DONTWAIT);

    if (n == (ssize_t)sizeof ready - 1 && memcmp(said, ready, sizeof ready - 1) == 0)
        return IS_READY;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? IS_NOT_READY : IS_DEAD;
}

static void remove_first(struct standby *s)
{
    memmove(s->all, s->all + 1, --s->n * sizeof *s->all);
}

/* The oldest, when it is ready. */
static bool pick_ready(struct standby *s, struct standby_process *p)
{
    while (s->n) {
        enum greeting g = listen_to(&s->all[0]);

        if (g == IS_NOT_READY)
            return false;
        *p = s->all[0];
        remove_first(s);
        if (g == IS_READY)
            return true;
        dismiss(p);
        s->is_resting = true;
    }
    return false;
}

static bool pick(struct standby *s, struct standby_process *p)
{
    struct stat now;
    bool is_current = stat(s->argv[0], &now) == 0, has_one;

    pthread_mutex_lock(&s->lock);
    while (s->n && !(is_current && is_same_file(&s->program, &now)))
        dismiss(&s->all[--s->n]);
    has_one = pick_ready(s, p);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    return has_one;
}

static bool hand_over(int fd, const char *text, size_t n)
{
    return send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n && shutdown(fd, SHUT_WR) == 0;
}

/* In the form that convscan --wait expects; 0 when it is too long. */
static size_t write_environment(char *const env[], char *out, size_t room)
{
    size_t at = 0;

    for (; *env; env++) {
        size_t n = strlen(*env) + 1;

        if (n >= room - at)
            return 0;
        memcpy(out + at, *env, n);
        at += n;
    }
    out[at++] = '\0';
    return at;
}

bool standby_take(struct standby *s, char *const argv[], char *const env[], struct standby_process *p)
{
    char *text = s && is_command(s, argv) ? malloc(STANDBY_BYTES) : NULL;
    size_t n = text ? write_environment(env, text, STANDBY_BYTES) : 0;
    bool is_taken = false;

    while (n && !is_taken && pick(s, p)) {
        is_taken = hand_over(p->fd, text, n);
        if (!is_taken)
            dismiss(p);
    }
    free(text);
    return is_taken;
}

static bool read_answer(int fd, int *status, uint64_t *cpu_us)
{
    char line[64], *end;
    ssize_t n = recv(fd, line, sizeof line - 1, MSG_DONTWAIT);

    if (n <= 0 || line[n - 1] != '\n')
        return false;
    line[n] = '\0';
    *status = (int)strtol(line, &end, 10);
    *cpu_us = strtoull(end, &end, 10);
    return *status >= 0 && *status <= 255 && *end == '\n';
}

bool standby_answer(struct standby *s, const struct standby_process *p, int *status, uint64_t *cpu_us)
{
    bool is_told = read_answer(p->fd, status, cpu_us);

    close(p->fd);
    if (!is_told)
        return false;
    pthread_mutex_lock(&s->lock);
    is_told = s->n_ending < STANDBY_MAX;
    if (is_told)
        s->ending[s->n_ending++] = p->pid;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    return is_told;
}
