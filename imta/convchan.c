/* convchan - plays the mail server's conversion channel. The work is done behind convert.h; here are words and exits. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"
#include "convert.h"
#include "places.h"

enum { EXIT_DELIVERED = 0, EXIT_HELD = 10, EXIT_RETURNED = 11, EXIT_DISCARDED = 12, EXIT_POSTMASTER = 13,
       EXIT_USAGE = 64, EXIT_CONFIG = 65, EXIT_RETRY = 75 };

static const char usage[] =
    "usage: convchan [option]... <message >message\n"
    "  --conversions FILE  what to do with which part (default: /etc/convscan/conversions or the shipped sample)\n"
    "  --mappings FILE     which messages to divert (default: /etc/convscan/mappings or the shipped sample)\n"
    "  --in-chan C, --out-chan C   channels of the message (default: tcp_local, ims-ms)\n"
    "  -S SWITCH=VALUE     settle what the manuals leave open; --switches lists them\n"
    "  --tag TAG           a conversion tag of the message; may be repeated\n"
    "  --program-dir DIR   what IMTA_PROGRAM: stands for (default: the folder of this program)\n"
    "  --report FILE       a JSON object a part\n"
    "  --from ADDR, --to ADDR      the envelope, for messages that are returned\n"
    "  --lint              check the two files for pitfalls and stop\n"
    "  --version, --help\n"
    "exit status: 0 delivered, 10 held, 11 returned, 12 discarded, 13 to the postmaster, 75 try again,\n"
    "             64 wrong use, 65 conversions or mappings cannot be used\n";

struct front {
    struct convert_job job;
    struct switches switches;
    struct conversions conversions;
    struct mappings *mappings;
    const char *conversions_file, *mappings_file, *report_file, *from, *message_file;
    char places[3][PATH_MAX];
    bool is_lint;
};

static int bad_usage(const char *text)
{
    diag_warn("%s (--help tells more)", text);
    return EXIT_USAGE;
}

static void show_switch(void *ctx, const char *name, const char *values)
{
    (void)ctx;
    printf("%-26s %s\n", name, values);
}

static int set_switch(struct front *f, const char *text)
{
    struct buf why = buf_init(1000);
    int code = 0;

    if (switches_set(&f->switches, slice_str(text), &why) != CS_OK) {
        diag_warn("-S %.*s", (int)why.n, (const char *)why.p);
        code = EXIT_USAGE;
    }
    buf_release(&why);
    return code;
}

enum { OPT_CONVERSIONS = 256, OPT_MAPPINGS, OPT_IN_CHAN, OPT_OUT_CHAN, OPT_REPORT, OPT_FROM, OPT_TO, OPT_TAG,
       OPT_PROGRAM_DIR, OPT_LINT, OPT_SWITCHES, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
    { "conversions", required_argument, NULL, OPT_CONVERSIONS },
    { "mappings", required_argument, NULL, OPT_MAPPINGS },
    { "in-chan", required_argument, NULL, OPT_IN_CHAN },
    { "out-chan", required_argument, NULL, OPT_OUT_CHAN },
    { "report", required_argument, NULL, OPT_REPORT },
    { "from", required_argument, NULL, OPT_FROM },
    { "to", required_argument, NULL, OPT_TO },
    { "tag", required_argument, NULL, OPT_TAG },
    { "program-dir", required_argument, NULL, OPT_PROGRAM_DIR },
    { "lint", no_argument, NULL, OPT_LINT },
    { "switches", no_argument, NULL, OPT_SWITCHES },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

/* -1: go on. */
static int take_option(struct front *f, int opt)
{
    switch (opt) {
    case 'S':
        return set_switch(f, optarg) ? EXIT_USAGE : -1;
    case OPT_CONVERSIONS:
        f->conversions_file = optarg;
        return -1;
    case OPT_MAPPINGS:
        f->mappings_file = optarg;
        return -1;
    case OPT_IN_CHAN:
        f->job.in_chan = optarg;
        return -1;
    case OPT_OUT_CHAN:
        f->job.out_chan = optarg;
        return -1;
    case OPT_REPORT:
        f->report_file = optarg;
        return -1;
    case OPT_FROM:
        f->from = optarg;
        return -1;
    case OPT_TO:
        return -1;                      /* nothing here depends on the recipients */
    case OPT_TAG:
        if (f->job.n_tags == CONVERT_TAGS)
            return bad_usage("too many tags");
        f->job.tags[f->job.n_tags++] = optarg;
        return -1;
    case OPT_PROGRAM_DIR:
        f->job.program_dir = optarg;
        return -1;
    case OPT_LINT:
        f->is_lint = true;
        return -1;
    case OPT_SWITCHES:
        switches_list(show_switch, NULL);
        return 0;
    case OPT_VERSION:
        puts("convchan " CONVSCAN_VERSION);
        return 0;
    case OPT_HELP:
        fputs(usage, stdout);
        return 0;
    }
    return bad_usage("no such option");
}

static int read_options(struct front *f, int argc, char **argv)
{
    int opt, code;

    opterr = 0;
    while ((opt = getopt_long(argc, argv, ":S:", options, NULL)) != -1) {
        code = opt == ':' ? bad_usage("an option lacks its value") : take_option(f, opt);
        if (code >= 0)
            return code;
    }
    return optind < argc ? bad_usage("no operands expected: the message comes on standard input") : -1;
}

/* The defaults for what was not named. */
static void find_places(struct front *f)
{
    if (!f->conversions_file && places_find("conversions", f->places[0], sizeof f->places[0]))
        f->conversions_file = f->places[0];
    if (!f->mappings_file && places_find("mappings", f->places[1], sizeof f->places[1]))
        f->mappings_file = f->places[1];
    if (!f->job.program_dir) {
        places_program_dir(f->places[2], sizeof f->places[2]);
        f->job.program_dir = f->places[2];
    }
}

static int cannot_read(const char *file, enum cs_status st)
{
    diag_warn("%s: %s", file, cs_status_text(st));
    return EXIT_CONFIG;
}

static int read_conversions(struct front *f)
{
    struct complaints c = { .say = complaint_to_stderr, .file = f->conversions_file };
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, c.file, MAPFILE_COPY, CONVERSIONS_MAX);

    if (st != CS_OK)
        return cannot_read(c.file, st);
    st = conversions_parse(m.data, &c, &f->conversions);
    if (st == CS_OK && f->is_lint)
        conversions_lint(&f->conversions, &c);
    mapfile_close(&m);
    if (st != CS_OK && st != CS_INVALID)
        return cannot_read(c.file, st);
    return st != CS_OK ? EXIT_CONFIG : f->is_lint && c.warnings ? 1 : 0;
}

static int read_mappings(struct front *f)
{
    struct complaints c = { .say = complaint_to_stderr, .file = f->mappings_file };
    struct mapfile m;
    enum cs_status st;

    if (!f->mappings_file)
        return 0;
    st = mapfile_open(&m, c.file, MAPFILE_COPY, MAPPINGS_MAX);
    if (st != CS_OK)
        return cannot_read(c.file, st);
    st = mappings_parse(m.data, &c, &f->mappings);
    if (st == CS_OK && f->is_lint)
        mappings_lint(f->mappings, &c);
    mapfile_close(&m);
    if (st != CS_OK && st != CS_INVALID)
        return cannot_read(c.file, st);
    f->job.mappings = f->mappings;
    return st != CS_OK ? EXIT_CONFIG : f->is_lint && c.warnings ? 1 : 0;
}

/* Signals become a readable descriptor: the library stops between two steps and cleans up. */
static int open_stop(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static enum cs_status put_stdout(void *ctx, struct slice s)
{
    (void)ctx;
    return fwrite(s.p, 1, s.n, stdout) == s.n ? CS_OK : CS_IO;
}

static int exit_code(enum outcome o)
{
    switch (o) {
    case OUTCOME_RETRY:
        return EXIT_RETRY;
    case OUTCOME_POSTMASTER:
        return EXIT_POSTMASTER;
    case OUTCOME_RETURN:
    case OUTCOME_RETURN_SAMPLE:
        return EXIT_RETURNED;
    case OUTCOME_HOLD:
        return EXIT_HELD;
    case OUTCOME_DISCARD:
    case OUTCOME_JETTISON:
    case OUTCOME_BITBUCKET:
        return EXIT_DISCARDED;
    default:
        return EXIT_DELIVERED;
    }
}

static int convert(struct front *f)
{
    struct convert_result r;
    uint8_t *msg;
    size_t n;
    enum cs_status st = fd_read_all(STDIN_FILENO, (size_t)f->switches.max_message, &msg, &n);

    if (st != CS_OK) {
        diag_warn("standard input: %s", cs_status_text(st));
        return EXIT_RETRY;
    }
    st = convert_message(&f->job, slice_of(msg, n), put_stdout, NULL, &r);
    if (st == CS_OK && fflush(stdout) != 0)
        st = cs_status_errno(errno);
    if (st != CS_OK)
        diag_warn("not converted: %s", cs_status_text(st));
    else if (r.diagnostic[0])
        diag_warn("%s: %s", outcome_text(r.outcome), r.diagnostic);
    buf_release(&r.sample);
    free(msg);
    return st != CS_OK ? EXIT_RETRY : exit_code(r.outcome);
}

static int run(struct front *f)
{
    int code;

    if (f->report_file) {
        f->job.report = fopen(f->report_file, "we");
        if (!f->job.report) {
            diag_warn("%s: %s", f->report_file, cs_status_text(cs_status_errno(errno)));
            return EXIT_USAGE;
        }
        setvbuf(f->job.report, NULL, _IOLBF, 0);
    }
    code = convert(f);
    if (f->job.report && fclose(f->job.report) != 0)
        diag_warn("%s: %s", f->report_file, cs_status_text(cs_status_errno(errno)));
    return code;
}

int main(int argc, char **argv)
{
    struct front f = { .job = { .in_chan = "tcp_local", .out_chan = "ims-ms" } };
    int code, more;

    diag_program("convchan");
    umask(077);
    switches_default(&f.switches);
    code = read_options(&f, argc, argv);
    if (code >= 0)
        return code;
    find_places(&f);
    if (!f.conversions_file)
        return bad_usage("no conversions file found: name one with --conversions");
    code = read_conversions(&f);
    more = read_mappings(&f);
    code = more > code ? more : code;
    if (!code && !f.is_lint) {
        f.job.switches = &f.switches;
        f.job.conversions = &f.conversions;
        f.job.stop_fd = open_stop();
        code = run(&f);
    }
    conversions_free(&f.conversions);
    mappings_free(f.mappings);
    return code;
}
