/* convweb - the console: what was kept back, in a browser. */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "base/diag.h"
#include "imta/places.h"
#include "notify.h"
#include "web.h"

enum { EXIT_GOOD = 0, EXIT_TROUBLE = 1, EXIT_WRONG_USE = 64 };
enum { OPT_QUARANTINE = 256, OPT_ARCHIVE, OPT_QUEUE, OPT_USERS, OPT_LISTEN, OPT_INDEX, OPT_AUDIT, OPT_LOG, OPT_DATABASES, OPT_CONFIG, OPT_CONVSCAN,
       OPT_CONVSTAT, OPT_REPORTS, OPT_MTA, OPT_FROM, OPT_ALLOW, OPT_ZIP, OPT_HELD_ARCHIVE, OPT_CERT, OPT_KEY, OPT_PROXY, OPT_ADD, OPT_RIGHTS,
       OPT_DOMAINS, OPT_NOTIFY, OPT_STATE, OPT_FLOOD, OPT_VERSION };

static const char usage[] =
    "usage: convweb [option]...                   serve the console\n"
    "       convweb --add-user NAME [option]...   add a user, or change one; the password is asked for, or read from standard input\n"
    "       convweb --notify FILE [option]...     send the digests and alerts that are due, for a timer\n"
    "what is shown:\n"
    "  --quarantine DIR       the scanner's quarantine (default /var/lib/convscan/quarantine)\n"
    "  --archive DIR          another quarantine, of an earlier period (repeatable)\n"
    "  --queue DIR            a spool of convchan, or a queue folder of Messaging Server, for held messages\n"
    "  --held-archive DIR     where deleted held messages go (default /var/lib/convscan/console/held)\n"
    "  --log FILE             convscan's log, for rates and statistics\n"
    "  --databases DIR        where the signatures are, for their age (default /var/lib/convscan)\n"
    "  --reports DIR          pages made by convstat report\n"
    "  --flood FILE           counters of flood control, for --notify\n"
    "  --state FILE           what --notify sent before (default /var/lib/convscan/console/notified)\n"
    "who may see it:\n"
    "  --users FILE           NAME:HASH:RIGHTS:DOMAINS (default /etc/convscan/convweb.users)\n"
    "  --rights r|rw          with --add-user (default rw)\n"
    "  --domains LIST         with --add-user; * for all (default *)\n"
    "  --audit FILE           every act (default /var/lib/convscan/console/audit.log)\n"
    "how it is reached:\n"
    "  --listen ADDRESS:PORT  default 127.0.0.1:8025; port 0 takes a free one and says which\n"
    "  --behind-proxy         a proxy on this host does TLS and sets X-Forwarded-For\n"
    "  --cert FILE --key FILE TLS without a proxy\n"
    "what it uses:\n"
    "  --index FILE           made anew when it is missing (default /var/lib/convscan/console/index.db)\n"
    "  --convscan FILE --config FILE --convstat FILE   the scanner, its settings, the reporter (default: beside convweb)\n"
    "  --mta PROGRAM          sends what is released (default /usr/sbin/sendmail); --from TEXT its From (default postmaster)\n"
    "  --allow FILE           a VDL file for allow rules; without it none can be made\n"
    "  --zip-password TEXT    of downloads (default infected)\n"
    "  --version, --help\n"
    "exit status: 0 good, 1 trouble, 64 wrong use\n";

struct settings {
    struct app *app;
    struct web_conf web;
    const char *quarantine, *queue, *archive[INDEX_PLACES];
    size_t n_archives;
    const char *add, *rights, *domains, *notify, *state;
};

/* ---- users ---- */

static bool read_password(const char *prompt, char out[USER_PASSWORD])
{
    struct termios old, quiet;
    bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &old) == 0, is_good;

    if (is_terminal) {
        quiet = old;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fputs(prompt, stderr);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    is_good = fgets(out, USER_PASSWORD, stdin) != NULL && out[strcspn(out, "\n")] == '\n';
    out[strcspn(out, "\n")] = '\0';
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
        fputc('\n', stderr);
    }
    return is_good;
}

static int add_user(const struct settings *s)
{
    char password[USER_PASSWORD], again[USER_PASSWORD];
    struct user u = { .can_write = strcmp(s->rights, "rw") == 0 };
    enum cs_status st;

    if (!read_password("Password: ", password) || (isatty(STDIN_FILENO) && (!read_password("Again: ", again) || strcmp(password, again) != 0))) {
        diag_warn("no password, a longer one than %d bytes, or not the same one twice", USER_PASSWORD - 2);
        return EXIT_TROUBLE;
    }
    if (strlen(password) < 8) {
        diag_warn("the password is shorter than 8 characters");
        return EXIT_TROUBLE;
    }
    st = snprintf(u.name, sizeof u.name, "%s", s->add) < (int)sizeof u.name && snprintf(u.domains, sizeof u.domains, "%s", s->domains) < (int)sizeof u.domains
             ? users_add(s->app->conf.users, &u, password)
             : CS_TOOBIG;
    explicit_bzero(password, sizeof password);
    explicit_bzero(again, sizeof again);
    if (st != CS_OK) {
        diag_warn("%s: %s", s->app->conf.users, st == CS_INVALID ? "name (letters, digits, ._-@+), domains, or another line of the file is not good"
                                               : st == CS_UNSAFE ? "others may read or change it (chmod 600)" : cs_status_text(st));
        return EXIT_TROUBLE;
    }
    return EXIT_GOOD;
}

static int notify(const struct settings *s)
{
    const struct app_conf *c = &s->app->conf;
    struct notify n = { .file = s->notify, .state = s->state, .mta = c->mta, .from = c->from, .quarantine = s->quarantine, .sources = c->sources };

    n.sources.quarantine = s->quarantine;
    return notify_run(&n) == CS_OK ? EXIT_GOOD : EXIT_TROUBLE;
}

/* ---- places ---- */

static bool add_place(struct app *a, const char *folder, const char *label, bool is_archive)
{
    struct place *p = &a->places[a->n_places];
    struct store s;
    enum cs_status st;

    if (a->n_places == INDEX_PLACES) {
        diag_warn("more than %d places", INDEX_PLACES);
        return false;
    }
    st = store_open(&s, folder, false);
    if (st != CS_OK) {
        diag_warn("%s: %s", folder, cs_status_text(st));
        return false;
    }
    store_close(&s);
    *p = (struct place){ .store = { .kind = s.kind, .folder = folder }, .is_archive = is_archive };
    snprintf(p->label, sizeof p->label, "%s", label);
    a->n_places++;
    return true;
}

static bool make_held_archive(const char *folder)
{
    static const char *const parts[] = { "", "/queue", "/work" };
    char path[PATH_MAX];

    for (size_t i = 0; i < 3; i++)
        if (snprintf(path, sizeof path, "%s%s", folder, parts[i]) >= (int)sizeof path || (mkdir(path, 0700) != 0 && errno != EEXIST)) {
            diag_warn("%s: %s", folder, cs_status_text(cs_status_errno(errno)));
            return false;
        }
    return true;
}

static bool add_places(struct settings *s)
{
    struct app *a = s->app;
    bool is_good = add_place(a, s->quarantine, "quarantine", false);

    if (is_good && s->queue)
        is_good = add_place(a, s->queue, "queue", false) && make_held_archive(a->conf.held_archive) &&
                  add_place(a, a->conf.held_archive, "deleted from the queue", true);
    for (size_t i = 0; i < s->n_archives && is_good; i++) {
        const char *slash = strrchr(s->archive[i], '/');

        is_good = add_place(a, s->archive[i], slash && slash[1] ? slash + 1 : s->archive[i], true);
    }
    return is_good;
}

/* ---- serving ---- */

static struct timespec until_next(double seconds)
{
    return (struct timespec){ .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };
}

/* The folders are looked at every two seconds, and never for more than a twentieth of the time. */
static void *watch_folders(void *ctx)
{
    for (;;) {
        struct timespec a, b, wait;
        double took;

        clock_gettime(CLOCK_MONOTONIC, &a);
        app_tick_index(ctx);
        clock_gettime(CLOCK_MONOTONIC, &b);
        took = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
        wait = until_next(took * 20 > 2 ? took * 20 : 2);
        nanosleep(&wait, NULL);
    }
    return NULL;
}

static void *watch_rest(void *ctx)
{
    for (;;) {
        struct timespec wait = { .tv_sec = 5 };

        app_tick(ctx);
        nanosleep(&wait, NULL);
    }
    return NULL;
}

static int serve(struct settings *s)
{
    struct web *w;
    sigset_t end;
    pthread_t t;
    int sig;

    if (!add_places(s) || app_open(s->app) != CS_OK)
        return EXIT_TROUBLE;
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigaddset(&end, SIGINT);
    pthread_sigmask(SIG_BLOCK, &end, NULL);
    if (web_start(&w, s->app, &s->web) != CS_OK)
        return EXIT_TROUBLE;
    if (pthread_create(&t, NULL, watch_folders, s->app) != 0 || pthread_create(&t, NULL, watch_rest, s->app) != 0) {
        diag_warn("no more threads");
        return EXIT_TROUBLE;
    }
    diag_warn("serving port %u", web_port(w));
    sigwait(&end, &sig);
    web_stop(w);
    return EXIT_GOOD;       /* the watchers end with the process; the index is made to be cut off anywhere */
}

/* ---- the command line ---- */

static const struct option options[] = {
    { "quarantine", required_argument, NULL, OPT_QUARANTINE }, { "archive", required_argument, NULL, OPT_ARCHIVE },
    { "queue", required_argument, NULL, OPT_QUEUE },           { "users", required_argument, NULL, OPT_USERS },
    { "listen", required_argument, NULL, OPT_LISTEN },         { "index", required_argument, NULL, OPT_INDEX },
    { "audit", required_argument, NULL, OPT_AUDIT },           { "log", required_argument, NULL, OPT_LOG },
    { "databases", required_argument, NULL, OPT_DATABASES },   { "config", required_argument, NULL, OPT_CONFIG },
    { "convscan", required_argument, NULL, OPT_CONVSCAN },     { "convstat", required_argument, NULL, OPT_CONVSTAT },
    { "reports", required_argument, NULL, OPT_REPORTS },       { "mta", required_argument, NULL, OPT_MTA },
    { "from", required_argument, NULL, OPT_FROM },             { "allow", required_argument, NULL, OPT_ALLOW },
    { "zip-password", required_argument, NULL, OPT_ZIP },      { "held-archive", required_argument, NULL, OPT_HELD_ARCHIVE },
    { "cert", required_argument, NULL, OPT_CERT },             { "key", required_argument, NULL, OPT_KEY },
    { "behind-proxy", no_argument, NULL, OPT_PROXY },          { "add-user", required_argument, NULL, OPT_ADD },
    { "rights", required_argument, NULL, OPT_RIGHTS },         { "domains", required_argument, NULL, OPT_DOMAINS },
    { "notify", required_argument, NULL, OPT_NOTIFY },         { "state", required_argument, NULL, OPT_STATE },
    { "flood", required_argument, NULL, OPT_FLOOD },
    { "help", no_argument, NULL, 'h' },                        { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static bool take_option(struct settings *s, int opt)
{
    struct app_conf *c = &s->app->conf;
    const struct { int opt; const char **to; } rows[] = {
        { OPT_QUARANTINE, &s->quarantine }, { OPT_QUEUE, &s->queue },         { OPT_USERS, &c->users },
        { OPT_LISTEN, &s->web.listen },     { OPT_INDEX, &c->index },         { OPT_AUDIT, &c->audit },
        { OPT_LOG, &c->sources.log },       { OPT_DATABASES, &c->sources.databases }, { OPT_CONFIG, &c->conf_file },
        { OPT_CONVSCAN, &c->convscan },     { OPT_CONVSTAT, &c->convstat },   { OPT_REPORTS, &c->reports },
        { OPT_MTA, &c->mta },               { OPT_FROM, &c->from },           { OPT_ALLOW, &c->allow },
        { OPT_ZIP, &c->zip_password },      { OPT_HELD_ARCHIVE, &c->held_archive }, { OPT_CERT, &s->web.cert },
        { OPT_KEY, &s->web.key },           { OPT_ADD, &s->add },             { OPT_RIGHTS, &s->rights },
        { OPT_DOMAINS, &s->domains },       { OPT_NOTIFY, &s->notify },       { OPT_STATE, &s->state },
        { OPT_FLOOD, &c->sources.flood },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opt == opt) {
            *rows[i].to = optarg;
            return true;
        }
    if (opt == OPT_ARCHIVE && s->n_archives < INDEX_PLACES) {
        s->archive[s->n_archives++] = optarg;
        return true;
    }
    s->web.behind_proxy |= opt == OPT_PROXY;
    return opt == OPT_PROXY;
}

static int wrong(const char *what)
{
    diag_warn("%s (--help tells more)", what);
    return EXIT_WRONG_USE;
}

int main(int argc, char **argv)
{
    static struct app app;
    char convscan[PATH_MAX], convstat[PATH_MAX], dir[PATH_MAX - 16];
    struct settings s = { .app = &app, .web.listen = "127.0.0.1:8025", .quarantine = "/var/lib/convscan/quarantine", .rights = "rw", .domains = "*",
                          .state = "/var/lib/convscan/console/notified" };
    int opt;

    diag_program("convweb");
    openlog("convweb", LOG_PID, LOG_MAIL);
    places_program_dir(dir, sizeof dir);
    snprintf(convscan, sizeof convscan, "%s/convscan", dir);
    snprintf(convstat, sizeof convstat, "%s/convstat", dir);
    app.conf = (struct app_conf){ .users = "/etc/convscan/convweb.users", .audit = "/var/lib/convscan/console/audit.log",
                                  .index = "/var/lib/convscan/console/index.db", .mta = "/usr/sbin/sendmail", .from = "postmaster",
                                  .convscan = convscan, .convstat = convstat, .zip_password = "infected",
                                  .held_archive = "/var/lib/convscan/console/held",
                                  .sources = { .databases = "/var/lib/convscan", .window = 300 } };
    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (opt == 'h')
            return fputs(usage, stdout) < 0;
        if (opt == OPT_VERSION)
            return puts("convweb " CONVSCAN_VERSION) < 0;
        if (!take_option(&s, opt))
            return EXIT_WRONG_USE;
    }
    if (optind < argc)
        return wrong("options alone are expected");
    if (strcmp(s.rights, "r") != 0 && strcmp(s.rights, "rw") != 0)
        return wrong("--rights r or --rights rw expected");
    if (!s.web.cert != !s.web.key)
        return wrong("--cert and --key go together");
    app.conf.sources.queue = s.queue;
    app.conf.is_secure = s.web.cert || s.web.behind_proxy;
    return s.add ? add_user(&s) : s.notify ? notify(&s) : serve(&s);
}
