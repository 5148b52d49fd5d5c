/* convmilter - the conversion channel for Postfix and sendmail, at SMTP time. Here are the start, root, folders and reload. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "generations.h"
#include "listener.h"
#include "milconfig.h"
#include "runner.h"
#include "workdir.h"

struct program {
    struct mil_command cmd;
    struct miloptions options;          /* as they were at the start: the socket and what belongs to it */
    struct listener listener;
    struct workdir work, spool;
    struct milconfig *now;
};

static void show_help(void)
{
    static const struct {
        const char *name, *argument, *help, *otherwise;
    } lines[] = {
#define X(name, member, otherwise, argument, help) { name, argument, help, otherwise },
        MIL_OPTIONS(X)
#undef X
    };

    puts("usage: convmilter [option]...\n"
         "  --config FILE             settings, NAME = VALUE a line, named as the options here\n"
         "                            (default: /etc/convscan/convmilter.conf, where it exists)");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char left[64];

        snprintf(left, sizeof left, "--%s %s", lines[i].name, lines[i].argument);
        printf("  %-25s %s%s%s%s\n", left, lines[i].help, lines[i].otherwise ? " (default: " : "",
               lines[i].otherwise ? lines[i].otherwise : "", lines[i].otherwise ? ")" : "");
    }
    puts("  -S SWITCH=VALUE           as of convchan; may be repeated, in the file as \"switch = SWITCH=VALUE\"\n"
         "  --tag TAG                 a conversion tag of all mail; may be repeated\n"
         "  --check                   read everything, say what is wrong, and stop\n"
         "  --version, --help\n"
         "signals: HUP reads the configuration again, TERM finishes what is being worked on and ends\n"
         "exit status: 0 ended, 64 wrong use, 65 a file that cannot be used, 75 try again");
}

static int trouble(const char *what, enum cs_status st)
{
    diag_warn("%s: %s", what, cs_status_text(st));
    return MIL_EXIT_RETRY;
}

/* ---- before root is given up ---- */

static int open_listener(struct program *p)
{
    const struct miloptions *o = &p->options;
    const struct group *g = o->socket_group ? getgrnam(o->socket_group) : NULL;
    char *end;
    unsigned long mode = strtoul(o->socket_mode, &end, 8);
    enum cs_status st = listener_inherit(&p->listener);

    if (st == CS_OK)
        return -1;
    if (st != CS_NOENT) {
        diag_warn("the socket that was handed over: one stream socket that listens expected");
        return MIL_EXIT_CONFIG;
    }
    if (o->socket_group && !g) {
        diag_warn("socket-group: there is no group %s", o->socket_group);
        return MIL_EXIT_CONFIG;
    }
    if (*end || end == o->socket_mode || mode > 0777) {
        diag_warn("socket-mode: an octal mode as in 660 expected, not \"%s\"", o->socket_mode);
        return MIL_EXIT_CONFIG;
    }
    st = listener_open(&p->listener, o->socket, (mode_t)mode, g ? g->gr_gid : (gid_t)-1);
    if (st == CS_INVALID)
        diag_warn("socket: unix:/PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS expected, not \"%s\"", o->socket);
    else if (st != CS_OK)
        diag_warn("socket %s: %s; does another one listen there?", o->socket, cs_status_text(st));
    return st == CS_OK ? -1 : st == CS_INVALID ? MIL_EXIT_CONFIG : MIL_EXIT_RETRY;
}

static int drop_root(const char *user)
{
    const struct passwd *pw;

    if (geteuid() != 0)
        return -1;
    pw = getpwnam(user);
    if (!pw) {
        diag_warn("user: there is no user %s; make one, or name another with --user", user);
        return MIL_EXIT_CONFIG;
    }
    if (initgroups(user, pw->pw_gid) != 0 || setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
        return trouble("cannot become another user", cs_status_errno(errno));
    if (pw->pw_uid != 0 && setuid(0) == 0) {
        diag_warn("root could not be given up");
        return MIL_EXIT_RETRY;
    }
    return -1;
}

static int write_pid(const char *path)
{
    FILE *f = path ? fopen(path, "we") : NULL;
    bool ok = !path || (f && fprintf(f, "%ld\n", (long)getpid()) > 0);

    if (f && fclose(f) != 0)
        ok = false;
    return ok ? -1 : trouble(path, CS_IO);
}

/* ---- folders ---- */

static const char *folder(const char *named, const char *given, const char *otherwise)
{
    const char *dir = named ? named : given;

    return dir && dir[0] == '/' ? dir : otherwise;
}

static int open_folders(struct program *p)
{
    const char *given = getenv("RUNTIME_DIRECTORY"), *tmp = getenv("TMPDIR"), *cache = getenv("CACHE_DIRECTORY");
    const char *work = folder(p->options.work_dir, given ? given : tmp, "/tmp");
    const char *spool = folder(p->options.spool_dir, cache ? cache : tmp, "/var/tmp");
    enum cs_status st = workdir_open(&p->work, work, "convmilter-work");

    if (st != CS_OK)
        return trouble(work, st);
    st = workdir_open(&p->spool, spool, "convmilter-spool");
    return st == CS_OK ? -1 : trouble(spool, st);
}

static bool folder_of(char *out, const struct workdir *w, unsigned number)
{
    int n = snprintf(out, PATH_MAX, "%s/%u", w->path, number);

    return n > 0 && n < PATH_MAX;
}

static void forget_folder(const struct workdir *w, unsigned number)
{
    char path[PATH_MAX];

    if (!folder_of(path, w, number))
        return;
    runner_clean(path);
    rmdir(path);
}

/* ---- generations ---- */

static int serve(void *ctx, unsigned number)
{
    struct program *p = ctx;
    static char work[PATH_MAX], spool[PATH_MAX];
    struct rlimit files;
    enum cs_status st;

    if (!folder_of(work, &p->work, number) || !folder_of(spool, &p->spool, number) ||
        (mkdir(work, 0700) != 0 && errno != EEXIST) || (mkdir(spool, 0700) != 0 && errno != EEXIST))
        return trouble("folders", cs_status_errno(errno));
    p->now->setup.work_dir = work;
    p->now->setup.spool_dir = spool;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    mallopt(M_ARENA_MAX, 2);            /* threads come and go: their memory goes with them */
    st = milter_serve(&p->now->setup, p->listener.fd);
    return st == CS_OK ? 0 : trouble("the filter does not start", st);
}

static bool reload(void *ctx)
{
    struct program *p = ctx;
    int code;
    struct milconfig *c = milconfig_load(&p->cmd, &code);

    if (!c) {
        diag_warn("the new configuration cannot be used: the old one stays");
        return false;
    }
    milconfig_free(p->now);
    p->now = c;
    diag_warn("the configuration was read again");
    return true;
}

static void has_ended(void *ctx, unsigned number)
{
    struct program *p = ctx;

    forget_folder(&p->work, number);
    forget_folder(&p->spool, number);
}

static int run(struct program *p)
{
    const struct generations g = { .ctx = p, .serve = serve, .reload = reload, .has_ended = has_ended };
    int code;

    generations_block_signals();
    code = open_listener(p);
    if (code < 0)
        code = write_pid(p->options.pid_file);
    if (code < 0)
        code = drop_root(p->options.user);
    if (code < 0)
        p->now = milconfig_load(&p->cmd, &code);
    if (code < 0)
        code = open_folders(p);
    if (code < 0) {
        assert(p->now);
        diag_warn("serves at %s, %u jobs", p->listener.file.sun_path[0] ? p->options.socket : "its socket", p->now->setup.places);
        generations_run(&g);
        code = 0;
    }
    if (code == 0 && p->options.status)
        unlink(p->options.status);
    if (p->work.path[0])
        workdir_close(&p->work);
    if (p->spool.path[0])
        workdir_close(&p->spool);
    listener_close(&p->listener);
    milconfig_free(p->now);
    return code;
}

int main(int argc, char **argv)
{
    static struct program p = { .listener = { .fd = -1 } };
    int code;

    diag_program("convmilter");
    umask(077);
    p.cmd.argc = argc;
    p.cmd.argv = argv;
    code = milconfig_command(&p.cmd, &p.options);
    if (code >= 0)
        return code;
    if (p.cmd.is_help || p.cmd.is_version) {
        if (p.cmd.is_help)
            show_help();
        else
            puts("convmilter " CONVSCAN_VERSION);
        return 0;
    }
    miloptions_free(&p.options);
    code = milconfig_options(&p.cmd, &p.options);
    if (code < 0 && p.cmd.is_check) {
        p.now = milconfig_load(&p.cmd, &code);
        milconfig_free(p.now);
        code = code < 0 ? 0 : code;
    } else if (code < 0) {
        code = run(&p);
    }
    miloptions_free(&p.options);
    return code;
}
