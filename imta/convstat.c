/* convstat - what the logs of convscan and of convchan's queue say: summary, solve, plan. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "capacity.h"
#include "fit.h"
#include "statlog.h"
#include "statplan.h"
#include "statreport.h"

enum { EXIT_GOOD = 0, EXIT_NOTHING = 1, EXIT_WRONG_USE = 64, EXIT_TROUBLE = 75, GROUPS_MAX = 64 };

static const char usage[] =
    "usage: convstat summary|solve|plan|report [option]... [LOG]...\n"
    "  summary   tables by class, channel and size, and one Stats line\n"
    "  solve     seconds = fixed + a part + a byte, by least squares; how good it is, and what is left over\n"
    "  plan      how many jobs to allow\n"
    "    --rate N[/s|/m|/h]   messages expected (default: as in the log, its busiest minute)\n"
    "    --cpus N             processors of one host (default 2)\n"
    "    --target-delay S     seconds that 95 of 100 messages should stay below (default 60)\n"
    "    --batch N            instead of a rate: N messages at once\n"
    "    --jobs N             only say what N jobs will do\n"
    "  report    a page for a period: what came in, what was caught, times, head-room\n"
    "    --html FILE          where to (default and -: standard output)\n"
    "    --last AGE           of the log's end only: 24h, 7d\n"
    "    --title TEXT\n"
    "    --acts FILE          acts.log of the quarantine: counts what was released\n"
    "    --cpus N             for the head-room (default 2)\n"
    "  --version, --help\n"
    "LOG is a log of convscan (a line a part) or of convchan --queue (a line a message); without one, standard input.\n"
    "exit status: 0 good, 1 no records, or no number of jobs is enough; 64 wrong use; 75 trouble\n";

/* ---- summary ---- */

struct group {
    char name[STATLOG_WORD];
    double *us;                         /* of every record, for percentiles */
    size_t n;
    double bytes, bytes_max, us_sum, us_max, cpu;
};

static const char *size_class(double bytes)
{
    return bytes <= 2000 ? "to 2000" : bytes <= 10000 ? "to 10000" : bytes <= 50000 ? "to 50000" : "above 50000";
}

static const char *by_class(const struct stat_record *r)
{
    return r->class;
}

static const char *by_channel(const struct stat_record *r)
{
    return r->channel;
}

static const char *by_size(const struct stat_record *r)
{
    return size_class(r->bytes);
}

/* The group of this name; when there are too many, the last takes what is left. */
static struct group *find_group(struct group *g, size_t *n, const char *name)
{
    for (size_t i = 0; i < *n; i++)
        if (strcmp(g[i].name, name) == 0)
            return &g[i];
    if (*n == GROUPS_MAX)
        return &g[GROUPS_MAX - 1];
    snprintf(g[*n].name, sizeof g[*n].name, "%s", *n == GROUPS_MAX - 1 ? "(others)" : name);
    return &g[(*n)++];
}

static bool fill_groups(const struct statlog *l, const char *(*key)(const struct stat_record *), struct group *g, size_t *n)
{
    for (size_t i = 0; i < l->n; i++)
        find_group(g, n, key(&l->all[i]))->n++;
    for (size_t i = 0; i < *n; i++) {
        g[i].us = reallocarray(NULL, g[i].n, sizeof *g[i].us);
        if (!g[i].us)
            return false;
        g[i].n = 0;
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct stat_record *r = &l->all[i];
        struct group *x = find_group(g, n, key(r));

        x->us[x->n++] = r->us;
        x->bytes += r->bytes;
        x->bytes_max = fmax(x->bytes_max, r->bytes);
        x->us_sum += r->us;
        x->us_max = fmax(x->us_max, r->us);
        x->cpu += r->cpu_us;
    }
    return true;
}

static bool print_table(const struct statlog *l, const char *title, const char *(*key)(const struct stat_record *))
{
    struct group g[GROUPS_MAX] = { { .n = 0 } };
    size_t n = 0;
    bool is_good = fill_groups(l, key, g, &n);

    printf("%-24s %8s %12s %10s %10s %10s %10s %8s %8s %8s %8s %8s\n", title, "files", "bytes", "max", "average", "vf s",
           "vs s", "max ms", "avg ms", "50% ms", "95% ms", "99% ms");
    for (size_t i = 0; i < n && is_good; i++) {
        struct group *x = &g[i];

        fit_sort(x->us, x->n);
        printf("%-24s %8zu %12.0f %10.0f %10.0f %10.3f %10.3f %8.2f %8.2f %8.2f %8.2f %8.2f\n", x->name, x->n, x->bytes,
               x->bytes_max, x->bytes / (double)x->n, x->cpu / 1e6, x->us_sum / 1e6, x->us_max / 1e3,
               x->us_sum / 1e3 / (double)x->n, fit_percentile(x->us, x->n, 0.5) / 1e3,
               fit_percentile(x->us, x->n, 0.95) / 1e3, fit_percentile(x->us, x->n, 0.99) / 1e3);
    }
    putchar('\n');
    for (size_t i = 0; i < n; i++)
        free(g[i].us);
    return is_good;
}

static size_t count(const struct statlog *l, const char *class)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += strcmp(l->all[i].class, class) == 0;
    return n;
}

static size_t count_except(const struct statlog *l, enum statlog_except kind)
{
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        n += (l->all[i].excepts & kind) != 0;
    return n;
}

/* The line that administrators' scripts read. lock: nothing waits for locks here. */
static void print_stats(const struct statlog *l, const struct statlog *messages)
{
    double bytes = 0, cpu = 0, us = 0;

    for (size_t i = 0; i < l->n; i++) {
        bytes += l->all[i].bytes;
        cpu += l->all[i].cpu_us;
        us += l->all[i].us;
    }
    printf("Stats: vir:%zu ext:%zu spam:%zu vir-ex:%zu ext-ex:%zu spam-ex:%zu clean:%zu msgs:%zu bytes:%.0f vf:%.3f "
           "vs:%.3f lock:0\n",
           count(l, "virus"), count(l, "ext"), count(l, "spam"), count_except(l, EXCEPT_VIRUS), count_except(l, EXCEPT_EXT),
           count_except(l, EXCEPT_SPAM), count(l, "clean") + count(l, "pass"), messages->n, bytes, cpu / 1e6, us / 1e6);
}

static int summary(const struct statlog *l, const struct statlog *messages)
{
    if (!print_table(l, "class", by_class) || !print_table(l, "channel", by_channel) || !print_table(l, "size", by_size))
        return EXIT_TROUBLE;
    print_stats(l, messages);
    return EXIT_GOOD;
}

/* ---- solve ---- */

static bool fit_messages(const struct statlog *m, struct observation **out, struct fit *fit)
{
    struct observation *o = reallocarray(NULL, m->n + 1, sizeof *o);

    *out = o;
    if (!o)
        return false;
    for (size_t i = 0; i < m->n; i++)
        o[i] = (struct observation){ { 1, m->all[i].parts, m->all[i].bytes }, m->all[i].us / 1e6 };
    return fit_solve(o, m->n, fit) == CS_OK;
}

/* What the model leaves over, against what it predicts. */
static void plot_residuals(const struct observation *o, size_t n, const struct fit *f)
{
    enum { WIDE = 64, HIGH = 15 };
    unsigned cells[HIGH][WIDE] = { { 0 } };
    double most = 0, limit = f->rms * 3;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fit_predict(f, o[i].x));
    for (size_t i = 0; i < n && most > 0 && limit > 0; i++) {
        double p = fit_predict(f, o[i].x), left = o[i].y - p;
        int x = (int)(p / most * (WIDE - 1)), y = (int)lround((0.5 - left / limit / 2) * (HIGH - 1));

        cells[y < 0 ? 0 : y >= HIGH ? HIGH - 1 : y][x]++;
    }
    printf("residuals (upwards, %+.4f to %+.4f s) against prediction (0 to %.4f s)\n", -limit, limit, most);
    for (int y = 0; y < HIGH; y++) {
        putchar(y == HIGH / 2 ? '0' : ' ');
        putchar('|');
        for (int x = 0; x < WIDE; x++)
            putchar(cells[y][x] == 0 ? (y == HIGH / 2 ? '-' : ' ') : cells[y][x] == 1 ? '.' : cells[y][x] < 10 ? 'o' : '#');
        putchar('\n');
    }
}

static int solve(const struct statlog *m)
{
    struct observation *o;
    struct fit f;

    if (!fit_messages(m, &o, &f)) {
        free(o);
        diag_warn("at least 3 messages expected, there are %zu", m->n);
        return EXIT_NOTHING;
    }
    printf("t00 %.6f seconds a message%s\nt0  %.6f seconds a part%s\nts  %.9f seconds a byte%s\nR2  %.4f over %zu messages, "
           "%.6f s off on average\n\n",
           f.term[0], f.is_known[0] ? "" : " (not seen in the data)", f.term[1],
           f.is_known[1] ? "" : " (not seen in the data)", f.term[2], f.is_known[2] ? "" : " (not seen in the data)", f.r2,
           m->n, f.rms);
    plot_residuals(o, m->n, &f);
    free(o);
    return EXIT_GOOD;
}

/* ---- the front ---- */

static bool read_positive(const char *text, double *out)
{
    char *end;

    errno = 0;
    *out = strtod(text, &end);
    if (end != text && *end == '/') {
        *out /= end[1] == 'm' ? 60 : end[1] == 'h' ? 3600 : 1;
        end += 1 + (end[1] != 0);
    }
    return !errno && end != text && !*end && *out > 0 && *out < 1e12;
}

static int take_option(struct plan_options *o, int opt)
{
    double number = 0;

    if (opt == 'h') {
        fputs(usage, stdout);
        return EXIT_GOOD;
    }
    if (opt == 'V') {
        puts("convstat " CONVSCAN_VERSION);
        return EXIT_GOOD;
    }
    if (opt == '?' || opt == ':' || !read_positive(optarg, &number)) {
        diag_warn("%s (--help tells more)", opt == '?' ? "no such option" : "a positive number expected");
        return EXIT_WRONG_USE;
    }
    if (opt == 'r')
        o->rate = number;
    else if (opt == 'c')
        o->cpus = number;
    else if (opt == 't')
        o->target = number;
    else if (opt == 'b')
        o->batch = number;
    else
        o->jobs = (unsigned)fmin(number, CAPACITY_JOBS);
    return -1;
}

static int run(const char *what, struct plan_options *o, const struct statlog *l)
{
    struct statlog messages;
    int code;

    if (l->n == 0) {
        diag_warn("no records (%zu other lines)", l->n_other);
        return EXIT_NOTHING;
    }
    if (statlog_messages(l, &messages) != CS_OK)
        return EXIT_TROUBLE;
    code = strcmp(what, "summary") == 0 ? summary(l, &messages) : strcmp(what, "solve") == 0 ? solve(&messages) : statplan(&messages, o);
    statlog_free(&messages);
    return code;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "rate", required_argument, NULL, 'r' },         { "cpus", required_argument, NULL, 'c' },
        { "target-delay", required_argument, NULL, 't' }, { "batch", required_argument, NULL, 'b' },
        { "jobs", required_argument, NULL, 'j' },         { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'V' },            { NULL, 0, NULL, 0 },
    };
    struct plan_options o = { .cpus = 2, .target = 60 };
    struct statlog l = { .n = 0 };
    enum cs_status st;
    const char *bad;
    int opt, code;

    diag_program("convstat");
    opterr = 0;
    if (argc > 1 && strcmp(argv[1], "report") == 0)
        return statreport(argc - 1, argv + 1);
    while ((opt = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        code = take_option(&o, opt);
        if (code >= 0)
            return code;
    }
    if (optind == argc || (strcmp(argv[optind], "summary") != 0 && strcmp(argv[optind], "solve") != 0 &&
                           strcmp(argv[optind], "plan") != 0)) {
        diag_warn("summary, solve, plan or report expected (--help tells more)");
        return EXIT_WRONG_USE;
    }
    st = statlog_read_files(&l, argv + optind + 1, argc - optind - 1, &bad);
    if (st != CS_OK)
        diag_warn("%s: %s", bad, cs_status_text(st));
    code = st == CS_OK ? run(argv[optind], &o, &l) : EXIT_TROUBLE;
    statlog_free(&l);
    return code;
}
