#include "statreport.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/newfile.h"
#include "htmlreport.h"

enum { EXIT_GOOD = 0, EXIT_NOTHING = 1, EXIT_WRONG_USE = 64, EXIT_TROUBLE = 75 };

struct options {
    double last, cpus;                  /* seconds, 0: all of the log; processors */
    const char *title, *acts, *html;
};

static bool read_age(const char *text, double *out)
{
    static const char units[] = "smhdw";
    static const double factors[] = { 1, 60, 3600, 86400, 604800 };
    char *end;
    const char *unit;

    *out = strtod(text, &end);
    unit = *end ? strchr(units, *end) : units;
    if (end == text || !unit || (*end && end[1]) || !(*out > 0) || *out > 1e9)
        return false;
    *out *= factors[unit - units];
    return true;
}

/* What is older than that, counted from the last line, goes. */
static void keep_last(struct statlog *l, double seconds)
{
    double end = 0;
    size_t n = 0;

    for (size_t i = 0; i < l->n; i++)
        end = fmax(end, l->all[i].time);
    for (size_t i = 0; i < l->n; i++)
        if (seconds <= 0 || l->all[i].time >= end - seconds)
            l->all[n++] = l->all[i];
    l->n = n;
}

/* Lines of convhold's acts.log that say "release", in the time that the log covers. */
static double count_releases(const char *path, const struct statlog *l)
{
    double from = l->all[0].time, to = from, n = 0;
    FILE *f = fopen(path, "re");
    char line[STATLOG_LINE];
    double time;

    if (!f) {
        diag_warn("%s: %s", path, cs_status_text(cs_status_errno(errno)));
        return -1;
    }
    for (size_t i = 0; i < l->n; i++) {
        from = fmin(from, l->all[i].time);
        to = fmax(to, l->all[i].time);
    }
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "time=%lf act=release", &time) == 1 && strstr(line, " act=release ") && time >= from && time <= to + 86400)
            n++;
    fclose(f);
    return n;
}

/* Made in memory, so that the file appears whole or not at all. */
static enum cs_status write_report(const struct htmlreport *r, const char *path)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f;
    enum cs_status st;

    if (!path)
        return htmlreport_write(r, stdout);
    f = open_memstream(&text, &n);
    if (!f)
        return CS_NOMEM;
    st = htmlreport_write(r, f);
    if (fclose(f) != 0 && st == CS_OK)
        st = CS_NOMEM;
    if (st == CS_OK)
        st = newfile_store(path, 0644, slice_of(text, n), false);
    free(text);
    return st;
}

static int report(const struct options *o, struct statlog *l)
{
    struct htmlreport r = { .parts = l, .title = o->title, .cpus = o->cpus, .releases = -1 };
    struct statlog messages;
    enum cs_status st;

    keep_last(l, o->last);
    if (l->n == 0) {
        diag_warn("no records (%zu other lines)", l->n_other);
        return EXIT_NOTHING;
    }
    if (o->acts)
        r.releases = count_releases(o->acts, l);
    st = statlog_messages(l, &messages);
    if (st == CS_OK) {
        r.messages = &messages;
        st = write_report(&r, o->html);
        statlog_free(&messages);
    }
    if (st != CS_OK)
        diag_warn("%s: %s", o->html ? o->html : "standard output", cs_status_text(st));
    return st == CS_OK ? EXIT_GOOD : EXIT_TROUBLE;
}

int statreport(int argc, char **argv)
{
    static const struct option options[] = {
        { "html", required_argument, NULL, 'o' }, { "title", required_argument, NULL, 't' }, { "acts", required_argument, NULL, 'a' },
        { "last", required_argument, NULL, 'l' }, { "cpus", required_argument, NULL, 'c' },  { NULL, 0, NULL, 0 },
    };
    struct options o = { .cpus = 2, .title = "convscan report" };
    struct statlog l = { .n = 0 };
    enum cs_status st;
    const char *bad;
    int opt, code;

    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool is_good = opt != '?';

        if (opt == 'o')
            o.html = strcmp(optarg, "-") == 0 ? NULL : optarg;
        else if (opt == 't')
            o.title = optarg;
        else if (opt == 'a')
            o.acts = optarg;
        else if (opt == 'l')
            is_good = read_age(optarg, &o.last);
        else if (opt == 'c')
            is_good = (o.cpus = strtod(optarg, NULL)) > 0 && o.cpus < 1e6;
        if (!is_good) {
            diag_warn("%s (--help tells more)", opt == '?' ? "no such option" : "a positive number expected");
            return EXIT_WRONG_USE;
        }
    }
    st = statlog_read_files(&l, argv + optind, argc - optind, &bad);
    if (st != CS_OK)
        diag_warn("%s: %s", bad, cs_status_text(st));
    code = st == CS_OK ? report(&o, &l) : EXIT_TROUBLE;
    statlog_free(&l);
    return code;
}
