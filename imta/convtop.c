/* convtop - queues, verdicts and ages, live; several hosts side by side. The only user of curses. */
#include <curses.h>
#include <getopt.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "topview.h"

enum { EXIT_GOOD = 0, EXIT_WRONG_USE = 64, EXIT_TROUBLE = 75, HOSTS_MAX = 8, PLAIN_WIDTH = 100 };
enum { OPT_LOG = 256, OPT_QUARANTINE, OPT_DATABASES, OPT_FLOOD, OPT_WINDOW, OPT_INTERVAL, OPT_ONCE, OPT_WRITE, OPT_VERSION };

static const char usage[] =
    "usage: convtop [option]... [STATUS]...\n"
    "  -q, --queue DIR       a spool of convchan, or a queue folder of Messaging Server\n"
    "  --quarantine DIR      default /var/lib/convscan/quarantine\n"
    "  --log FILE            log of convscan; default /var/log/convscan.log\n"
    "  --databases DIR       folder of *.vdb images; default /var/lib/convscan\n"
    "  --flood FILE          file of the flood counters; default /var/lib/convscan/flood\n"
    "  --window S            look back so many seconds in the log (default 60)\n"
    "  --interval S          seconds between two looks (default 2)\n"
    "  --once                print one look and leave; so it does where standard output is no terminal\n"
    "  --write FILE          write this host's status to FILE, for others, and leave\n"
    "  --version, --help\n"
    "STATUS is a file that --write made on another host; it is shown beside this one.\n"
    "keys: q leave, space look now\n"
    "exit status: 0; 64 wrong use; 75 trouble\n";

struct options {
    struct sources from;
    double interval;
    const char *write;
    char **others;
    int n_others;
    bool is_once;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* This host first, then the others; one that cannot be read is shown as such. */
static size_t look(const struct options *o, struct snapshot *all)
{
    size_t n = 1;

    snapshot_take(&all[0], &o->from);
    for (int i = 0; i < o->n_others && n < HOSTS_MAX; i++, n++) {
        enum cs_status st = snapshot_read(&all[n], o->others[i]);

        if (st != CS_OK) {
            all[n] = (struct snapshot){ .db_age = -1, .db_bytes = -1, .flood_age = -1 };
            snprintf(all[n].host, sizeof all[n].host, "?");
            diag_warn("%s: %s", o->others[i], cs_status_text(st));
        }
    }
    return n;
}

/* Draws every host in a column of its own; line() gets whole lines. */
static void draw(const struct snapshot *all, size_t n, size_t width, void (*line)(size_t row, const char *text))
{
    static struct topview view[HOSTS_MAX];
    size_t column = width / n, rows = 0;

    if (column < 40)
        column = 40;
    if (column > TOP_WIDTH - 4)
        column = TOP_WIDTH - 4;
    for (size_t i = 0; i < n; i++) {
        topview_draw(&view[i], &all[i], n > 1 ? column - 2 : column, now());
        rows = view[i].n > rows ? view[i].n : rows;
    }
    for (size_t row = 0; row < rows; row++) {
        char text[HOSTS_MAX * TOP_WIDTH] = "";
        size_t at = 0;

        for (size_t i = 0; i < n; i++)
            at += (size_t)snprintf(text + at, sizeof text - at, i + 1 < n ? "%-*s" : "%.*s", (int)column, row < view[i].n ? view[i].line[row] : "");
        while (at > 0 && text[at - 1] == ' ')
            text[--at] = '\0';
        line(row, text);
    }
}

static void to_output(size_t row, const char *text)
{
    (void)row;
    puts(text);
}

static void to_screen(size_t row, const char *text)
{
    if (row < (size_t)LINES)
        mvaddnstr((int)row, 0, text, COLS);
}

static int run_screen(const struct options *o)
{
    static struct snapshot all[HOSTS_MAX];
    int key = 0;

    if (!newterm(NULL, stdout, stdin)) {
        diag_warn("this terminal is not known (TERM); --once prints lines");
        return EXIT_TROUBLE;
    }
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    timeout((int)(o->interval * 1000));
    while (key != 'q' && key != 'Q') {
        size_t n = look(o, all);

        erase();
        draw(all, n, (size_t)COLS, to_screen);
        mvaddnstr(LINES - 1, 0, "q leave   space look now", COLS);
        refresh();
        key = getch();
    }
    endwin();
    return EXIT_GOOD;
}

static int run_once(const struct options *o)
{
    static struct snapshot all[HOSTS_MAX];
    size_t n = look(o, all);

    draw(all, n, n * (n > 1 ? PLAIN_WIDTH * 3 / 4 : PLAIN_WIDTH), to_output);
    return fflush(stdout) == 0 ? EXIT_GOOD : EXIT_TROUBLE;
}

static int run_write(const struct options *o)
{
    static struct snapshot s;
    enum cs_status st;

    snapshot_take(&s, &o->from);
    st = snapshot_write(&s, o->write);
    if (st != CS_OK)
        diag_warn("%s: %s", o->write, cs_status_text(st));
    return st == CS_OK ? EXIT_GOOD : EXIT_TROUBLE;
}

static bool read_seconds(const char *text, double least, double most, double *out)
{
    char *end;

    *out = strtod(text, &end);
    return end != text && *end == '\0' && *out >= least && *out <= most;
}

static bool take_option(struct options *o, int opt)
{
    const char **to = opt == 'q'              ? &o->from.queue
                      : opt == OPT_LOG        ? &o->from.log
                      : opt == OPT_QUARANTINE ? &o->from.quarantine
                      : opt == OPT_DATABASES  ? &o->from.databases
                      : opt == OPT_FLOOD      ? &o->from.flood
                      : opt == OPT_WRITE      ? &o->write
                                              : NULL;

    if (to) {
        *to = optarg;
        return true;
    }
    if (opt == OPT_ONCE)
        return o->is_once = true;
    return opt == OPT_WINDOW     ? read_seconds(optarg, 1, 86400, &o->from.window)
           : opt == OPT_INTERVAL ? read_seconds(optarg, 0.1, 3600, &o->interval)
                                 : false;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "queue", required_argument, NULL, 'q' },           { "log", required_argument, NULL, OPT_LOG },
        { "quarantine", required_argument, NULL, OPT_QUARANTINE }, { "databases", required_argument, NULL, OPT_DATABASES },
        { "flood", required_argument, NULL, OPT_FLOOD },     { "window", required_argument, NULL, OPT_WINDOW },
        { "interval", required_argument, NULL, OPT_INTERVAL }, { "once", no_argument, NULL, OPT_ONCE },
        { "write", required_argument, NULL, OPT_WRITE },     { "version", no_argument, NULL, OPT_VERSION },
        { "help", no_argument, NULL, 'h' },                  { NULL, 0, NULL, 0 },
    };
    struct options o = { .from = { .quarantine = "/var/lib/convscan/quarantine", .log = "/var/log/convscan.log",
                                   .databases = "/var/lib/convscan", .flood = "/var/lib/convscan/flood", .window = 60 },
                         .interval = 2 };
    int opt;

    diag_program("convtop");
    while ((opt = getopt_long(argc, argv, "q:h", options, NULL)) != -1) {
        if (opt == 'h')
            return fputs(usage, stdout) < 0;
        if (opt == OPT_VERSION)
            return puts("convtop " CONVSCAN_VERSION) < 0;
        if (!take_option(&o, opt)) {
            if (opt != '?')
                diag_warn("a number of seconds expected (--help tells more)");
            return EXIT_WRONG_USE;
        }
    }
    o.others = argv + optind;
    o.n_others = argc - optind;
    if (o.n_others >= HOSTS_MAX) {
        diag_warn("%d other hosts at the most", HOSTS_MAX - 1);
        return EXIT_WRONG_USE;
    }
    return o.write ? run_write(&o) : o.is_once || !isatty(STDOUT_FILENO) ? run_once(&o) : run_screen(&o);
}
