/* view_more.c - statistics, settings, help. */
#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mapfile.h"
#include "child.h"
#include "view.h"

enum { OUTPUT_BYTES = 1 << 20, OUTPUT_SECONDS = 60, REPORT_BYTES = 8 << 20, REPORTS = 200 };

static void put_output(struct page *p, const char *name, char *const argv[])
{
    struct buf out = buf_init(OUTPUT_BYTES);
    int code;
    enum cs_status st = child_run(argv, slice_of(NULL, 0), OUTPUT_SECONDS, &out, &code);

    page(p, "<pre tabindex=\"0\" role=\"group\" aria-label=\"$\">", name);
    view_content(p, buf_slice(&out), OUTPUT_BYTES);
    page(p, "</pre>\n");
    if (st != CS_OK)
        page(p, "<p class=\"bad\">$: $.</p>\n", argv[0], cs_status_text(st));
    buf_release(&out);
}

/* ---- settings ---- */

static char *arg(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void run_convscan(struct ask *q, struct page *p, const char *name, const char *what)
{
    char *argv[5] = { arg(q->app->conf.convscan) };
    size_t n = 1;

    if (q->app->conf.conf_file) {
        argv[n++] = arg("--config");
        argv[n++] = arg(q->app->conf.conf_file);
    }
    argv[n++] = arg(what);
    put_output(p, name, argv);
}

void show_settings(struct ask *q, struct reply *r)
{
    struct page *p = &r->page;

    page_begin(q, r, "Settings", "/settings");
    page(p, "<p>As they are now; they are changed on the host, in <code>convscan.conf</code>.</p>\n"
         "<section aria-labelledby=\"set\"><h2 id=\"set\">Settings that differ from the defaults</h2>\n");
    run_convscan(q, p, "Settings", "--print-config");
    page(p, "</section>\n<section aria-labelledby=\"check\"><h2 id=\"check\">Are they good?</h2>\n");
    run_convscan(q, p, "Check of the settings", "--check-config");
    page(p, "</section>\n<section aria-labelledby=\"version\"><h2 id=\"version\">Program and signatures</h2>\n");
    run_convscan(q, p, "Versions", "--version");
    page(p, "</section>\n<section aria-labelledby=\"places\"><h2 id=\"places\">Places</h2>\n<table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Folder</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < q->app->n_places; i++)
        page(p, "<tr><th scope=\"row\">$</th><td>$</td></tr>\n", q->app->places[i].label, q->app->places[i].store.folder);
    page(p, "</tbody></table></section>\n");
    page_end(r);
}

/* ---- statistics ---- */

/* NAME.html, where NAME is letters, digits and ._- and begins with none of them. */
static bool is_report(const char *name)
{
    struct slice s = slice_str(name);

    for (size_t i = 0; i < s.n; i++)
        if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && !strchr("._-", s.p[i]))
            return false;
    return s.n > 5 && s.n < 128 && s.p[0] != '.' && slice_ends(s, SLICE(".html"));
}

static int last_first(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*b)->d_name, (*a)->d_name);
}

static int is_wanted(const struct dirent *e)
{
    return is_report(e->d_name);
}

static void put_reports(struct ask *q, struct page *p)
{
    struct dirent **names = NULL;
    int n = q->app->conf.reports ? scandir(q->app->conf.reports, &names, is_wanted, last_first) : 0;

    page(p, "<ul>\n<li><a href=\"/report\">The last day, made now</a></li>\n");
    for (int i = 0; i < n && i < REPORTS; i++)
        page(p, "<li><a href=\"/report?name=$\">$</a></li>\n", names[i]->d_name, names[i]->d_name);
    page(p, "</ul>\n");
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

void show_stats(struct ask *q, struct reply *r)
{
    const char *log = q->app->conf.sources.log;
    struct page *p = &r->page;

    page_begin(q, r, "Statistics", "/stats");
    page(p, "<section aria-labelledby=\"reports\"><h2 id=\"reports\">Reports</h2>\n");
    put_reports(q, p);
    page(p, "</section>\n<section aria-labelledby=\"sum\"><h2 id=\"sum\">The log, summed up</h2>\n");
    if (log) {
        char *argv[] = { arg(q->app->conf.convstat), arg("summary"), arg(log), NULL };

        put_output(p, "Tables by class, channel and size, and one Stats line", argv);
    } else {
        page(p, "<p>No log is known to the console (--log).</p>\n");
    }
    page(p, "</section>\n");
    page_end(r);
}

static enum cs_status make_report(struct ask *q, struct buf *out)
{
    char *argv[] = { arg(q->app->conf.convstat), arg("report"), arg("--last"), arg("24h"), arg("--title"), arg("The last day"), arg(q->app->conf.sources.log), NULL };
    int code;
    enum cs_status st = child_run(argv, slice_of(NULL, 0), OUTPUT_SECONDS, out, &code);

    return st == CS_OK && code != 0 ? CS_NOENT : st;
}

/* A page of convstat's: shown as a page of its own, in a sandbox. */
void show_report(struct ask *q, struct reply *r)
{
    const char *name = query_get(&q->query, "name");
    char path[PATH_MAX];
    struct mapfile m;
    enum cs_status st = CS_NOENT;

    if (!*name && q->app->conf.sources.log) {
        st = make_report(q, &r->page.out);
    } else if (is_report(name) && q->app->conf.reports && snprintf(path, sizeof path, "%s/%s", q->app->conf.reports, name) < (int)sizeof path) {
        st = mapfile_open(&m, path, MAPFILE_COPY, REPORT_BYTES);
        if (st == CS_OK) {
            page_raw(&r->page, m.data);
            mapfile_close(&m);
        }
    }
    if (st == CS_OK)
        r->policy = policy_report;
    else
        reply_text(r, 404, "No such report", "There is no report of that name, or nothing was logged.");
}

/* ---- help ---- */

void show_help(struct ask *q, struct reply *r)
{
    static const struct { const char *title, *text; } rows[] = {
        { "Queues", "Held: whole messages that wait in the mail queue for a decision. Quarantined: parts that the scanner kept. Errors: what the scanner "
                    "could not judge, or what cannot be read. Released and Deleted: what was let go or put into the archive; both can be looked at until "
                    "convhold expire takes them away." },
        { "Finding", "Each field looks for a part of the text; case does not count. All fields that are filled in must fit. Pages are by age, newest first." },
        { "Release", "The part is sent to its recipients as an attachment, through the mail server; a held message goes on its way. You can choose some of the "
                     "recipients. Allow exactly these bytes: a rule is written, so that the same file is not kept back again." },
        { "Delete", "Deleted mail goes to the archive. Nothing is destroyed from here." },
        { "Download", "The content in an encrypted zip file. Open it only where it can do no harm." },
        { "Domains", "You see mail of which at least one recipient is in your domains, and only those recipients. If there are others too, a release goes to yours "
                     "alone, and deleting is left to an administrator." },
        { "Verdicts", "virus: a signature matched. ext: a name or type that is not allowed. spam, encrypted, limit: as the words say; limit means larger or deeper than "
                      "the scanner goes. error: the scanner could not tell, so it did not let the mail pass." },
        { "Keys", "Tab and Shift-Tab go from field to field, Space chooses, Enter follows a link or presses a button. The first Tab on a page offers to skip the navigation." },
        { "Sessions", "You are signed out after half an hour without a page, and twelve hours after you signed in. Every act is written to an audit log." },
    };

    page_begin(q, r, "Help", "/help");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        page(&r->page, "<h2>$</h2>\n<p>$</p>\n", rows[i].title, rows[i].text);
    page_end(r);
}
