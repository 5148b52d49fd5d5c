#include "htmlreport.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/safe.h"
#include "fit.h"

/* ---- classes, in the order in which they are drawn ---- */

enum { CLASSES = 8 };
static const struct { const char *name, *colour; } classes[CLASSES] = {
    { "clean", "#4c9f70" }, { "tagged", "#7fb3d5" }, { "virus", "#c0392b" }, { "ext", "#d68910" },
    { "spam", "#8e6bbf" },  { "encrypted", "#5d6d7e" }, { "limit", "#b7950b" }, { "error", "#1c1c1c" },
};

static size_t class_index(const char *name)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (strcmp(classes[i].name, name) == 0)
            return i;
    return strcmp(name, "pass") == 0 ? 0 : CLASSES - 1;
}

struct bar {
    double n[CLASSES];
};

struct tally {
    double from, to, step;              /* seconds since 1970 */
    struct bar bar[REPORT_BARS];
    size_t n_bars;
    struct bar total;
    double bytes, us;
    double busiest;                     /* parts in the busiest minute */
};

static double parts_of(const struct bar *b)
{
    double n = 0;

    for (size_t i = 0; i < CLASSES; i++)
        n += b->n[i];
    return n;
}

/* Hours while they fit, then days, then whatever gives few enough bars. */
static void choose_step(struct tally *t)
{
    static const double steps[] = { 60, 300, 900, 3600, 7200, 21600, 86400, 604800 };
    size_t i = 0;

    while (i + 1 < sizeof steps / sizeof *steps && (t->to - t->from) / steps[i] > REPORT_BARS - 1)
        i++;
    t->step = fmax(steps[i], (t->to - t->from) / (REPORT_BARS - 1));
    t->from = floor(t->from / t->step) * t->step;
    t->n_bars = (size_t)fmin((t->to - t->from) / t->step + 1, REPORT_BARS);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool find_busiest(const struct statlog *l, struct tally *t)
{
    double *times = reallocarray(NULL, l->n + 1, sizeof *times);

    if (!times)
        return false;
    for (size_t i = 0; i < l->n; i++)
        times[i] = l->all[i].time;
    qsort(times, l->n, sizeof *times, by_value);
    for (size_t i = 0, j = 0; j < l->n; j++) {
        while (times[j] - times[i] >= 60)
            i++;
        t->busiest = fmax(t->busiest, (double)(j - i + 1));
    }
    free(times);
    return true;
}

static bool tally(const struct statlog *l, struct tally *t)
{
    *t = (struct tally){ .from = l->all[0].time, .to = l->all[0].time };
    for (size_t i = 0; i < l->n; i++) {
        t->from = fmin(t->from, l->all[i].time);
        t->to = fmax(t->to, l->all[i].time);
    }
    choose_step(t);
    for (size_t i = 0; i < l->n; i++) {
        const struct stat_record *r = &l->all[i];
        size_t at = (size_t)fmin(fmax((r->time - t->from) / t->step, 0), (double)(t->n_bars - 1)), c = class_index(r->class);

        t->bar[at].n[c]++;
        t->total.n[c]++;
        t->bytes += r->bytes;
        t->us += r->us;
    }
    return find_busiest(l, t);
}

/* ---- writing ---- */

static void put_text(FILE *out, const char *text)
{
    char safe[256];

    safe_text(safe, sizeof safe, slice_str(text));
    for (const char *c = safe; *c; c++)
        switch (*c) {
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '&': fputs("&amp;", out); break;
        case '"': fputs("&quot;", out); break;
        case '\'': fputs("&#39;", out); break;
        default: fputc(*c, out);
        }
}

static const char *when(double t, const char *fmt, char out[32])
{
    time_t s = (time_t)fmin(fmax(t, 0), 4e11);
    struct tm tm;

    out[0] = '\0';
    if (gmtime_r(&s, &tm))
        strftime(out, 32, fmt, &tm);
    return out;
}

static void put_head(const struct htmlreport *r, const struct tally *t, FILE *out)
{
    char a[32], b[32];

    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", out);
    put_text(out, r->title);
    fputs("</title>\n<style>\n"
          ":root { color-scheme: light dark; --ink: #1b2630; --soft: #5c6b78; --line: #d5dce2; --paper: #fff; }\n"
          "@media (prefers-color-scheme: dark) { :root { --ink: #e4eaef; --soft: #9aabb8; --line: #3a4854; --paper: #151c22; } }\n"
          "body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 2rem auto; "
          "padding: 0 1rem; }\n"
          "h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2.2rem; }\n"
          ".soft { color: var(--soft); } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }\n"
          "th, td { text-align: right; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }\n"
          "th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere; }\n"
          "dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: 1rem; }\n"
          "dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.5rem; font-weight: 600; }\n"
          "svg { width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }\n"
          ".key span { display: inline-block; width: .8em; height: .8em; margin: 0 .3em 0 1em; border: 1px solid var(--line); }\n"
          "@media print { body { margin: 0; max-width: none; } h2, svg, table { break-inside: avoid; } details { display: block; } }\n"
          "</style>\n</head>\n<body>\n<main>\n<h1>", out);
    put_text(out, r->title);
    fprintf(out, "</h1>\n<p class=\"soft\">%s to %s UTC</p>\n", when(t->from, "%Y-%m-%d %H:%M", a), when(t->to, "%Y-%m-%d %H:%M", b));
}

static void put_figure(FILE *out, const char *name, const char *fmt, double value)
{
    fprintf(out, "<div><dt>%s</dt><dd>", name);
    fprintf(out, fmt, value);
    fputs("</dd></div>\n", out);
}

static void put_figures(const struct htmlreport *r, const struct tally *t, FILE *out)
{
    double n = parts_of(&t->total), mean = n > 0 ? t->us / n / 1e6 : 0;
    double room = mean > 0 ? r->cpus / mean * 60 : 0;

    fputs("<h2>At a glance</h2>\n<dl>\n", out);
    put_figure(out, "messages", "%.0f", (double)r->messages->n);
    put_figure(out, "parts", "%.0f", n);
    put_figure(out, "megabytes", "%.1f", t->bytes / 1e6);
    put_figure(out, "viruses", "%.0f", t->total.n[class_index("virus")]);
    put_figure(out, "not told (error)", "%.0f", t->total.n[class_index("error")]);
    put_figure(out, "mean ms a part", "%.2f", mean * 1e3);
    put_figure(out, "parts in the busiest minute", "%.0f", t->busiest);
    put_figure(out, "head-room: times the busiest minute", t->busiest > 0 ? "%.0f" : "&ndash;", t->busiest > 0 ? room / t->busiest : 0);
    if (r->releases >= 0)
        put_figure(out, "released (false alarms)", "%.0f", r->releases);
    fprintf(out, "</dl>\n<p class=\"soft\">Head-room: what %.0f processors could scan in a minute at this mean, against the busiest minute.</p>\n",
            r->cpus);
}

static void put_bars(const struct tally *t, FILE *out)
{
    enum { WIDE = 900, HIGH = 240, LEFT = 50, BOTTOM = 30 };
    double most = 1, bar = (double)(WIDE - LEFT) / (double)t->n_bars;
    char a[32];

    for (size_t i = 0; i < t->n_bars; i++)
        most = fmax(most, parts_of(&t->bar[i]));
    fprintf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"bars\"><title id=\"bars\">Parts over time, by verdict; the table below has the "
            "numbers</title>\n", WIDE, HIGH + BOTTOM);
    fprintf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"currentColor\"/><text x=\"0\" y=\"12\">%.0f</text><text x=\"0\" y=\"%d\">0</text>\n",
            LEFT, HIGH, WIDE, HIGH, most, HIGH);
    for (size_t i = 0; i < t->n_bars; i++) {
        double y = HIGH, x = LEFT + bar * (double)i;

        for (size_t c = 0; c < CLASSES; c++) {
            double h = t->bar[i].n[c] / most * (HIGH - 10);

            y -= h;
            if (h > 0)
                fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", x, y, fmax(bar - 1, 0.5), h, classes[c].colour);
        }
        if (i % (t->n_bars / 8 + 1) == 0)
            fprintf(out, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x, HIGH + 18, when(t->from + t->step * (double)i, t->step < 86400 ? "%d. %H:%M" : "%m-%d", a));
    }
    fputs("</svg>\n<p class=\"key\">", out);
    for (size_t c = 0; c < CLASSES; c++)
        if (t->total.n[c] > 0)
            fprintf(out, "<span style=\"background:%s\"></span>%s", classes[c].colour, classes[c].name);
    fputs("</p>\n", out);
}

static void put_hours(const struct tally *t, FILE *out)
{
    char a[32];

    fputs("<h2>What came in, and what was caught</h2>\n", out);
    put_bars(t, out);
    fputs("<details><summary>The numbers</summary>\n<table><thead><tr><th scope=\"col\">from</th>", out);
    for (size_t c = 0; c < CLASSES; c++)
        if (t->total.n[c] > 0)
            fprintf(out, "<th scope=\"col\">%s</th>", classes[c].name);
    fputs("</tr></thead><tbody>\n", out);
    for (size_t i = 0; i < t->n_bars; i++) {
        if (parts_of(&t->bar[i]) == 0)
            continue;
        fprintf(out, "<tr><td>%s</td>", when(t->from + t->step * (double)i, "%Y-%m-%d %H:%M", a));
        for (size_t c = 0; c < CLASSES; c++)
            if (t->total.n[c] > 0)
                fprintf(out, "<td>%.0f</td>", t->bar[i].n[c]);
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></details>\n", out);
}

/* ---- times, by class ---- */

static bool put_times(const struct statlog *l, FILE *out)
{
    double *us = reallocarray(NULL, l->n + 1, sizeof *us);

    if (!us)
        return false;
    fputs("<h2>Time a part, in milliseconds</h2>\n<table><thead><tr><th scope=\"col\">verdict</th><th scope=\"col\">parts</th><th scope=\"col\">median</th>"
          "<th scope=\"col\">95 %</th><th scope=\"col\">99 %</th><th scope=\"col\">longest</th></tr></thead><tbody>\n", out);
    for (size_t c = 0; c < CLASSES; c++) {
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++)
            if (class_index(l->all[i].class) == c)
                us[n++] = l->all[i].us;
        if (n == 0)
            continue;
        fit_sort(us, n);
        fprintf(out, "<tr><td>%s</td><td>%zu</td><td>%.2f</td><td>%.2f</td><td>%.2f</td><td>%.2f</td></tr>\n", classes[c].name, n,
                fit_percentile(us, n, 0.5) / 1e3, fit_percentile(us, n, 0.95) / 1e3, fit_percentile(us, n, 0.99) / 1e3, us[n - 1] / 1e3);
    }
    fputs("</tbody></table>\n", out);
    free(us);
    return true;
}

/* ---- signatures ---- */

static int by_signature(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct named {
    const char *name;
    size_t n;
};

static int by_count(const void *a, const void *b)
{
    const struct named *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n ? 1 : -1) : strcmp(x->name, y->name);
}

/* Runs of equal names in a sorted list; gives back how many runs there are. */
static size_t count_runs(const char **names, size_t n, struct named *out)
{
    size_t runs = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            out[runs++] = (struct named){ names[i], 0 };
        out[runs - 1].n++;
    }
    qsort(out, runs, sizeof *out, by_count);
    return runs;
}

static bool put_signatures(const struct statlog *l, FILE *out)
{
    const char **names = reallocarray(NULL, l->n + 1, sizeof *names);
    struct named *rows = reallocarray(NULL, l->n + 1, sizeof *rows);
    bool is_good = names && rows;
    size_t n = 0, runs = 0, others = 0;

    for (size_t i = 0; is_good && i < l->n; i++)
        if (l->all[i].sig[0] && strcmp(l->all[i].sig, "-") != 0)
            names[n++] = l->all[i].sig;
    if (is_good) {
        qsort(names, n, sizeof *names, by_signature);
        runs = count_runs(names, n, rows);
        fprintf(out, "<h2>Top signatures</h2>\n<table><thead><tr><th scope=\"col\">signature</th><th scope=\"col\">parts</th></tr></thead><tbody>\n");
        for (size_t i = 0; i < runs && i < REPORT_SIGNATURES; i++) {
            fputs("<tr><td>", out);
            put_text(out, rows[i].name);
            fprintf(out, "</td><td>%zu</td></tr>\n", rows[i].n);
        }
        for (size_t i = REPORT_SIGNATURES; i < runs; i++)
            others += rows[i].n;
        if (others)
            fprintf(out, "<tr><td>%zu others</td><td>%zu</td></tr>\n", runs - REPORT_SIGNATURES, others);
        fputs(runs ? "</tbody></table>\n" : "<tr><td>none</td><td>0</td></tr></tbody></table>\n", out);
    }
    free(names);
    free(rows);
    return is_good;
}

enum cs_status htmlreport_write(const struct htmlreport *r, FILE *out)
{
    struct tally *t = calloc(1, sizeof *t);
    bool is_good = t && r->parts->n && tally(r->parts, t);

    if (is_good) {
        put_head(r, t, out);
        put_figures(r, t, out);
        put_hours(t, out);
        is_good = put_signatures(r->parts, out) && put_times(r->parts, out);
        fputs("</main>\n</body>\n</html>\n", out);
    }
    free(t);
    return !is_good ? CS_NOMEM : ferror(out) ? CS_IO : CS_OK;
}
