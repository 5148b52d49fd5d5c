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
#include "queuefront.h"

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
    "with --queue DIR a spool folder is worked as the job controller would:\n"
    "  --jobs N            worker processes (default 1)\n"
    "  --deliver COMMAND   takes each message on standard input; SENDER and RECIPIENTS in its environment\n"
    "  --deliver-timeout SECONDS   for one such command (default 3600; 0 is none)\n"
    "  --size-classes LIST ascending sizes, as in 2000,10000,50000: small messages do not wait behind large ones\n"
    "  --backoff LIST      waits before the next try, as in PT5M,PT15M,PT1H\n"
    "  --notices DAYS      then the message goes back to its sender (default 3)\n"
    "  --log FILE, --mail-log FILE  a line a message; records in the shape of the server's\n"
    "  --postmaster ADDR, --host NAME, --drain (end when nothing is due), --no-sync, --clock-offset SECONDS\n"
    "  --submit            put the message on standard input into the spool (--from, --to, --priority)\n"
    "  --hold              with --submit: held from the start, for filters that keep a message back\n"
    "  --held, --release ID|all\n"
    "exit status: 0 delivered, 10 held, 11 returned, 12 discarded, 13 to the postmaster, 75 try again,\n"
    "             64 wrong use, 65 conversions or mappings cannot be used\n";

struct front {
    struct convert_job job;
    struct switches switches;
    struct conversions conversions;
    struct mappings *mappings;
    const char *conversions_file, *mappings_file, *report_file;
    struct queue_options queue;
    char places[3][PATH_MAX];
    bool is_lint, chose_exit;           /* on-nonzero-exit was given */
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
    f->chose_exit |= slice_istarts(slice_str(text), SLICE("on-nonzero-exit="));
    return code;
}

enum { OPT_CONVERSIONS = 256, OPT_MAPPINGS, OPT_IN_CHAN, OPT_OUT_CHAN, OPT_REPORT, OPT_FROM, OPT_TO, OPT_TAG,
       OPT_PROGRAM_DIR, OPT_QUEUE, OPT_JOBS, OPT_DELIVER, OPT_DELIVER_TIMEOUT, OPT_CLASSES, OPT_BACKOFF, OPT_NOTICES, OPT_CLOCK, OPT_LOG,
       OPT_MAIL_LOG, OPT_POSTMASTER, OPT_HOST, OPT_DRAIN, OPT_NO_SYNC, OPT_SUBMIT, OPT_HOLD, OPT_HELD, OPT_RELEASE, OPT_PRIORITY, OPT_LINT, OPT_SWITCHES, OPT_VERSION, OPT_HELP };

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
    { "queue", required_argument, NULL, OPT_QUEUE },
    { "jobs", required_argument, NULL, OPT_JOBS },
    { "deliver", required_argument, NULL, OPT_DELIVER },
    { "deliver-timeout", required_argument, NULL, OPT_DELIVER_TIMEOUT },
    { "size-classes", required_argument, NULL, OPT_CLASSES },
    { "backoff", required_argument, NULL, OPT_BACKOFF },
    { "notices", required_argument, NULL, OPT_NOTICES },
    { "clock-offset", required_argument, NULL, OPT_CLOCK },
    { "log", required_argument, NULL, OPT_LOG },
    { "mail-log", required_argument, NULL, OPT_MAIL_LOG },
    { "postmaster", required_argument, NULL, OPT_POSTMASTER },
    { "host", required_argument, NULL, OPT_HOST },
    { "drain", no_argument, NULL, OPT_DRAIN },
    { "no-sync", no_argument, NULL, OPT_NO_SYNC },
    { "submit", no_argument, NULL, OPT_SUBMIT },
    { "hold", no_argument, NULL, OPT_HOLD },
    { "held", no_argument, NULL, OPT_HELD },
    { "release", required_argument, NULL, OPT_RELEASE },
    { "priority", required_argument, NULL, OPT_PRIORITY },
    { "lint", no_argument, NULL, OPT_LINT },
    { "switches", no_argument, NULL, OPT_SWITCHES },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
    { NULL, 0, NULL, 0 },
};

/* Options that are nothing but a text to keep. */
static const char **text_option(struct front *f, int opt)
{
    switch (opt) {
    case OPT_CONVERSIONS:
        return &f->conversions_file;
    case OPT_MAPPINGS:
        return &f->mappings_file;
    case OPT_REPORT:
        return &f->report_file;
    case OPT_IN_CHAN:
        return &f->job.in_chan;
    case OPT_OUT_CHAN:
        return &f->job.out_chan;
    case OPT_PROGRAM_DIR:
        return &f->job.program_dir;
    case OPT_FROM:
        return &f->queue.from;
    case OPT_QUEUE:
        return &f->queue.folder;
    case OPT_JOBS:
        return &f->queue.jobs;
    case OPT_DELIVER:
        return &f->queue.deliver;
    case OPT_DELIVER_TIMEOUT:
        return &f->queue.deliver_timeout;
    case OPT_CLASSES:
        return &f->queue.classes;
    case OPT_BACKOFF:
        return &f->queue.backoff;
    case OPT_NOTICES:
        return &f->queue.notices;
    case OPT_CLOCK:
        return &f->queue.clock_offset;
    case OPT_LOG:
        return &f->queue.log;
    case OPT_MAIL_LOG:
        return &f->queue.mail_log;
    case OPT_POSTMASTER:
        return &f->queue.postmaster;
    case OPT_HOST:
        return &f->queue.host;
    case OPT_RELEASE:
        return &f->queue.release;
    case OPT_PRIORITY:
        return &f->queue.priority;
    }
    return NULL;
}

static bool *flag_option(struct front *f, int opt)
{
    switch (opt) {
    case OPT_LINT:
        return &f->is_lint;
    case OPT_DRAIN:
        return &f->queue.is_draining;
    case OPT_NO_SYNC:
        return &f->queue.is_loose;
    case OPT_SUBMIT:
        return &f->queue.is_submitting;
    case OPT_HOLD:
        return &f->queue.is_held;
    case OPT_HELD:
        return &f->queue.is_listing;
    }
    return NULL;
}

/* -1: go on. */
static int take_option(struct front *f, int opt)
{
    const char **text = text_option(f, opt);
    bool *flag = flag_option(f, opt);

    if (text)
        *text = optarg;
    if (flag)
        *flag = true;
    if (text || flag)
        return -1;
    switch (opt) {
    case 'S':
        return set_switch(f, optarg) ? EXIT_USAGE : -1;
    case OPT_TO:
        if (f->queue.n_to == sizeof f->queue.to / sizeof *f->queue.to)
            return bad_usage("too many recipients");
        f->queue.to[f->queue.n_to++] = optarg;
        f->job.is_addressed |= convert_is_addressed(slice_str(optarg));
        return -1;
    case OPT_TAG:
        return convert_add_tag(&f->job, optarg) ? -1 : bad_usage("too many tags");
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

/* Only what an administrator has to mend is 65; the rest passes, and the message is tried again. */
static int cannot_read(const char *file, enum cs_status st)
{
    diag_warn("%s: %s", file, cs_status_text(st));
    return st == CS_NOMEM || st == CS_IO ? EXIT_RETRY : EXIT_CONFIG;
}

static int read_conversions(struct front *f)
{
    struct complaints c = { .say = complaint_to_stderr, .file = f->conversions_file };
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, c.file, MAPFILE_OURS, CONVERSIONS_MAX);

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
    st = mapfile_open(&m, c.file, MAPFILE_OURS, MAPPINGS_MAX);
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

/* Does the name mean what is open as fd, and is that no device that takes anything? */
static bool is_same_file(const char *name, int fd)
{
    struct stat a, b;

    return stat(name, &a) == 0 && fstat(fd, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino && !S_ISCHR(a.st_mode);
}

static int run(struct front *f)
{
    int code;

    if (f->report_file) {
        bool is_stderr = strcmp(f->report_file, "/dev/stderr") == 0 || is_same_file(f->report_file, STDERR_FILENO);

        if (is_same_file(f->report_file, STDOUT_FILENO))
            return bad_usage("--report: standard output is for the message");
        /* To open standard error would empty a log that it is. */
        f->job.report = is_stderr ? stderr : fopen(f->report_file, "we");
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

/* Channel mode or queue mode, with both files read. */
static int work(struct front *f)
{
    int code = read_conversions(f), more = read_mappings(f);

    code = more > code ? more : code;
    if (code || f->is_lint)
        return code;
    f->job.conversions = &f->conversions;
    if (f->queue.folder) {
        if (!f->chose_exit)             /* real mail: a command that fails must not let it through */
            f->switches.on_nonzero_exit = ON_EXIT_RETRY;
        return queuefront_run(&f->queue, &f->job);
    }
    f->job.stop_fd = open_stop();
    return run(f);
}

int main(int argc, char **argv)
{
    static struct front f = { .job = { .in_chan = "tcp_local", .out_chan = "ims-ms", .stop_fd = -1 } };
    int code;

    diag_program("convchan");
    umask(077);
    signal(SIGXFSZ, SIG_IGN);           /* a file that may not grow is an error, and the message is tried again */
    switches_default(&f.switches);
    f.job.switches = &f.switches;
    code = read_options(&f, argc, argv);
    if (code >= 0)
        return code;
    if (f.queue.folder && (f.queue.is_submitting || f.queue.is_listing || f.queue.release))
        return queuefront_run(&f.queue, &f.job);
    find_places(&f);
    if (!f.conversions_file)
        return bad_usage("no conversions file found: name one with --conversions");
    code = work(&f);
    conversions_free(&f.conversions);
    mappings_free(f.mappings);
    return code;
}
