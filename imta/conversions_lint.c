/* What an administrator would want to know before the server goes on in silence. */
#include "conversions.h"

/* Small edit distance: a misspelt name is nearly one we know. */
static unsigned distance(struct slice a, const char *b)
{
    enum { MOST = 40 };
    unsigned row[MOST + 1], n = (unsigned)strlen(b);

    if (a.n > MOST || n > MOST)
        return MOST;
    for (unsigned j = 0; j <= n; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= n; j++) {
            unsigned change = diagonal + (ascii_lower(a.p[i - 1]) != (uint8_t)b[j - 1]);
            unsigned least = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

            diagonal = row[j];
            row[j] = change < least ? change : least;
        }
    }
    return row[n];
}

void conversion_unknown(const struct conversion_clause *cl, struct complaints *c)
{
    enum clause_id best = CL_UNKNOWN;
    unsigned least = 4;
    struct slice bare = cl->name;

    while (bare.n > 2 && (ascii_is_digit(bare.p[bare.n - 1]) || bare.p[bare.n - 1] == '-'))
        bare.n--;
    for (int id = 0; id < CL_UNKNOWN; id++) {
        unsigned d = distance(bare, conversion_clause_name((enum clause_id)id));

        if (d < least) {
            least = d;
            best = (enum clause_id)id;
        }
    }
    if (best == CL_UNKNOWN)
        complaint(c, COMPLAINT_WARNING, cl->line, "\"%.*s\" is no parameter of an entry and is ignored", (int)cl->name.n,
                 (const char *)cl->name.p);
    else
        complaint(c, COMPLAINT_WARNING, cl->line, "\"%.*s\" is ignored: write %s", (int)cl->name.n,
                 (const char *)cl->name.p, conversion_clause_name(best));
}

static bool has(const struct conversion *e, enum clause_id id)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->clauses[i].id == id)
            return true;
    return false;
}

static bool has_value(const struct conversion *e, enum clause_id id, const char *text)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->clauses[i].id == id && slice_ieq(e->clauses[i].plain, slice_str(text)))
            return true;
    return false;
}

static void lint_twice(const struct conversion *e, struct complaints *c)
{
    for (size_t i = 0; i < e->n; i++)
        for (size_t j = 0; j < i && j < 200; j++)
            if (e->clauses[i].id != CL_UNKNOWN && e->clauses[i].id == e->clauses[j].id &&
                e->clauses[i].index == e->clauses[j].index)
                complaint(c, COMPLAINT_WARNING, e->clauses[i].line, "%.*s stands twice in this entry: a missing line end or blank line?",
                         (int)e->clauses[i].name.n, (const char *)e->clauses[i].name.p);
}

static void lint_command(const struct conversion *e, struct complaints *c)
{
    struct slice text = e->command->plain;

    if (!e->overrides_options)
        complaint(c, COMPLAINT_WARNING, e->line,
                 "without override-option-file=1 every verdict of the command is ignored: add it");
    if (!e->overrides_headers && !has(e, CL_PARAMETER_COPY))
        complaint(c, COMPLAINT_WARNING, e->line,
                 "without parameter-copy-0=* processed parts lose charset and name: add it");
    if (!e->overrides_headers && !has(e, CL_DPARAMETER_COPY))
        complaint(c, COMPLAINT_WARNING, e->line, "without dparameter-copy-0=* processed parts lose filename: add it");
    if (slice_find(text, SLICE("sh -c")) < text.n)
        complaint(c, COMPLAINT_WARNING, e->command->line,
                 "a shell inside the command expands names that senders choose: put the script in a file");
    if (slice_find(text, SLICE("NAME'")) < text.n || slice_find(text, SLICE("$FILENAME")) < text.n ||
        slice_find(text, SLICE("$NAME")) < text.n)
        complaint(c, COMPLAINT_WARNING, e->command->line,
                 "file names on a command line are chosen by senders: let the program read its environment");
}

/* Scanners of their own that say by their exit status what they found. */
static void lint_bare_scanner(const struct conversion *e, struct complaints *c)
{
    static const char *const scanners[] = { "clamscan", "clamdscan", "uvscan", "sweep", "savscan", "fpscan", "vsweep", "bdscan" };
    struct slice first = e->command->plain;

    for (size_t i = 0; i < first.n; i++)
        if (first.p[i] == ' ')
            first.n = i;
    for (size_t at = slice_chr(first, '/'); at < first.n; at = slice_chr(first, '/'))
        first = slice_drop(first, at + 1);
    for (size_t i = 0; i < sizeof scanners / sizeof *scanners; i++)
        if (slice_ieq(first, slice_str(scanners[i])))
            complaint(c, COMPLAINT_WARNING, e->command->line,
                      "%s tells by its exit status, which the channel takes for a command that failed, and it writes no OUTPUT_FILE: "
                      "start it from a script that copies the part and answers in OUTPUT_OPTIONS", scanners[i]);
}

/* A multipart, or a forwarded message, is taken apart; its parts come one by one. */
static void lint_containers(const struct conversion *e, struct complaints *c)
{
    if (has_value(e, CL_IN_TYPE, "multipart") || (has_value(e, CL_IN_TYPE, "message") && has_value(e, CL_IN_SUBTYPE, "rfc822")))
        complaint(c, COMPLAINT_WARNING, e->line, "never matches: multiparts and forwarded messages are not handed over, their parts are");
}

/* Do the clauses up to last, but for channels where they are let off, fit every part? */
static bool fits_all(const struct conversion *e, bool lets_channels, enum clause_id last)
{
    for (size_t i = 0; i < e->n; i++) {
        enum clause_id id = e->clauses[i].id;
        bool is_channel = id == CL_IN_CHAN || id == CL_OUT_CHAN;

        if (id <= last && !(is_channel && lets_channels) && !slice_eq(e->clauses[i].plain, SLICE("*")))
            return false;
    }
    return e->has_in_type && !e->is_relabel;
}

static bool is_catch_all(const struct conversion *e)
{
    return fits_all(e, false, CL_TAG) && (e->command || e->is_deleting);
}

/* before: the entry in front, or NULL. An entry that starts in the next line was hardly meant to be another. */
static void lint_entry(const struct conversion *e, const struct conversion *before, struct complaints *c)
{
    bool is_cut = before && before->n && e->line == before->clauses[before->n - 1].line + 1;

    lint_twice(e, c);
    if (!e->has_in_type && is_cut)
        complaint(c, COMPLAINT_WARNING, e->line,
                  "without in-type this entry never matches: is a ; missing at the end of the line in front?");
    else if (!e->has_in_type)
        complaint(c, COMPLAINT_WARNING, e->line, "without in-type this entry never matches: add in-type=*");
    lint_containers(e, c);
    if (e->command) {
        lint_command(e, c);
        lint_bare_scanner(e, c);
    }
    else if (e->is_relabel || has(e, CL_SERVICE_COMMAND))
        complaint(c, COMPLAINT_WARNING, e->line,
                 "the conversion channel skips this entry: it belongs to CHARSET-CONVERSION");
    else if (!e->is_deleting)
        complaint(c, COMPLAINT_WARNING, e->line, "no command: the entry does nothing");
    if (e->is_deleting)
        complaint(c, COMPLAINT_WARNING, e->line, "delete=1 drops every part that matches, no program is asked");
}

/* A scanner that sees some parts only is evaded by the others. */
static void lint_coverage(const struct conversions *cv, struct complaints *c)
{
    const struct conversion *octets = NULL, *tagged = NULL, *some = NULL;

    for (size_t i = 0; i < cv->n; i++) {
        const struct conversion *e = &cv->entries[i];

        if (!e->command)
            continue;
        if (fits_all(e, true, CL_TAG))
            return;
        some = e;
        if (fits_all(e, true, (enum clause_id)(CL_TAG - 1)))
            tagged = e;
        if (has_value(e, CL_IN_TYPE, "application") && has_value(e, CL_IN_SUBTYPE, "octet-stream"))
            octets = e;
    }
    if (octets)
        complaint(c, COMPLAINT_WARNING, octets->line,
                  "only application/octet-stream is handed over, any other label evades it: use in-type=*; in-subtype=*");
    else if (tagged)
        complaint(c, COMPLAINT_WARNING, tagged->line,
                  "mail without this tag is not handed over; lists and users set tags: add an entry without it");
    else if (some)
        complaint(c, COMPLAINT_WARNING, some->line,
                  "parts that no entry matches pass untouched, and senders choose labels: end with an entry of in-type=*; in-subtype=*");
}

void conversions_lint(const struct conversions *cv, struct complaints *c)
{
    const struct conversion *all = NULL;

    for (size_t i = 0; i < cv->n; i++) {
        const struct conversion *e = &cv->entries[i];

        if (all)
            complaint(c, COMPLAINT_WARNING, e->line, "never reached: the entry in line %u matches everything", all->line);
        lint_entry(e, i ? e - 1 : NULL, c);
        if (!all && is_catch_all(e))
            all = e;
    }
    if (cv->n == 0)
        complaint(c, COMPLAINT_WARNING, 1, "no entries: every part passes untouched");
    lint_coverage(cv, c);
}
