/* What an administrator would want to know before the server goes on in silence. */
#include "conversions.h"

#include "glob.h"
#include "symbols.h"

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

static void lint_values(const struct conversion *e, struct complaints *c)
{
    static const struct {
        enum clause_id id;
        const char *words[8], *expected;
    } values[] = {
        { CL_OUT_MODE, { "text", "block" }, "text or block" },
        { CL_OUT_ENCODING, { "none", "7bit", "8bit", "binary", "base64", "quoted-printable" }, "base64, quoted-printable, 7bit, 8bit, binary or none" },
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct conversion_clause *cl = conversion_clause(e, values[i].id, 0);
        bool is_known = !cl || slice_chr(cl->plain, '\'') < cl->plain.n;

        for (size_t j = 0; !is_known && values[i].words[j]; j++)
            is_known = slice_ieq(cl->plain, slice_str(values[i].words[j]));
        if (!is_known)
            complaint(c, COMPLAINT_WARNING, cl->line, "%s=%.*s is ignored: %s expected", conversion_clause_name(cl->id), (int)cl->plain.n,
                      (const char *)cl->plain.p, values[i].expected);
    }
}

/* in-parameter-value-0 without in-parameter-name-0 asks for a place, and the sender chooses the order. */
static void lint_nameless(const struct conversion *e, struct complaints *c)
{
    for (size_t i = 0; i < e->n; i++) {
        const struct conversion_clause *cl = &e->clauses[i];
        enum clause_id name = cl->id == CL_IN_PARAMETER_VALUE || cl->id == CL_IN_PARAMETER_DEFAULT     ? CL_IN_PARAMETER_NAME
                              : cl->id == CL_IN_DPARAMETER_VALUE || cl->id == CL_IN_DPARAMETER_DEFAULT ? CL_IN_DPARAMETER_NAME
                                                                                                       : CL_UNKNOWN;

        if (name != CL_UNKNOWN && !conversion_clause(e, name, cl->index))
            complaint(c, COMPLAINT_WARNING, cl->line, "%s-%u without %s-%u: senders choose the order of parameters: name the one that is meant",
                     conversion_clause_name(cl->id), cl->index, conversion_clause_name(name), cl->index);
    }
}

/* Values that look right and take nothing. */
static void lint_shape(const struct conversion_clause *cl, struct complaints *c)
{
    const char *name = conversion_clause_name(cl->id);
    int n = (int)cl->plain.n;
    const char *text = (const char *)cl->plain.p;
    bool is_type = cl->id == CL_IN_TYPE || cl->id == CL_OUT_TYPE;
    bool is_label = is_type || cl->id == CL_IN_SUBTYPE || cl->id == CL_OUT_SUBTYPE;

    if (is_label && slice_chr(cl->plain, '/') < cl->plain.n)
        complaint(c, COMPLAINT_WARNING, cl->line, "%s=%.*s: no type has a / in it: type and subtype are two parameters, %s-type and %s-subtype", name,
                  n, text, cl->id <= CL_TAG ? "in" : "out", cl->id <= CL_TAG ? "in" : "out");
    if ((cl->id == CL_IN_CHAN || cl->id == CL_OUT_CHAN) && (slice_chr(cl->plain, ',') < cl->plain.n || slice_chr(cl->plain, ' ') < cl->plain.n))
        complaint(c, COMPLAINT_WARNING, cl->line, "%s=%.*s: no channel is called so: one name or a wildcard expected, an entry for each", name, n,
                  text);
    if ((cl->id == CL_IN_PARAMETER_VALUE || cl->id == CL_IN_DPARAMETER_VALUE) && slice_starts(cl->plain, SLICE(".")) &&
        slice_chr(cl->plain, '*') == cl->plain.n)
        complaint(c, COMPLAINT_WARNING, cl->line, "%s-%u=%.*s is the whole value: write *%.*s", name, cl->index, n, text, n, text);
    if (cl->id == CL_IN_PARAMETER_NAME && slice_ieq(cl->plain, SLICE("filename")))
        complaint(c, COMPLAINT_WARNING, cl->line, "filename is a parameter of Content-Disposition: write in-dparameter-name-%u, or name here", cl->index);
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

static bool is_symbol_clause(const struct conversion_clause *cl)
{
    return cl->id == CL_PARAMETER_SYMBOL || cl->id == CL_DPARAMETER_SYMBOL;
}

/* Does the text use this variable, as $NAME, ${NAME} or 'NAME'? */
static bool uses(struct slice text, struct slice name)
{
    for (size_t i = 1; i + name.n <= text.n; i++) {
        uint8_t before = text.p[i - 1], behind = i + name.n < text.n ? text.p[i + name.n] : ' ';

        if ((before == '$' || before == '{' || before == '\'') && slice_ieq(slice_sub(text, i, name.n), name) &&
            !ascii_is_alpha(behind) && !ascii_is_digit(behind) && behind != '_')
            return true;
    }
    return false;
}

static bool is_known_symbol(const struct conversion *e, struct slice name)
{
    static const char *const known[] = { "INPUT_FILE", "OUTPUT_FILE", "INPUT_HEADERS", "OUTPUT_HEADERS", "OUTPUT_OPTIONS", "MESSAGE_HEADERS",
                                         "INPUT_TYPE", "INPUT_SUBTYPE", "INPUT_ENCODING", "INPUT_DESCRIPTION", "INPUT_DISPOSITION",
                                         "INPUT_CHANNEL", "OUTPUT_CHANNEL", "PART_NUMBER", "PART_SIZE", "ATTACHMENT_NUMBER",
                                         "CONVERSION_TAG" };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (symbols_same(name, slice_str(known[i])))
            return true;
    for (size_t i = 0; i < e->n; i++)
        if (is_symbol_clause(&e->clauses[i]) && symbols_same(name, e->clauses[i].plain))
            return true;
    return false;
}

/* 'WORD' that names nothing: nothing is put in its place. */
static void lint_symbols(const struct conversion *e, const struct conversion_clause *cl, struct complaints *c)
{
    size_t n;

    for (struct slice s = cl->written; s.n; s = slice_drop(s, n)) {
        struct slice name;

        n = s.p[0] == '\'' ? symbols_reference(s) : 0;
        name = slice_sub(s, 1, n ? n - 2 : 0);
        if (n && slice_chr(name, ':') == name.n && !is_known_symbol(e, name))
            complaint(c, COMPLAINT_WARNING, cl->line, "'%.*s' is no variable of this entry: nothing is put in its place", (int)name.n,
                      (const char *)name.p);
        if (!n)
            n = s.p[0] == '\\' ? 2 : 1;
    }
}

/* In a shell nothing takes the place of what stands between apostrophes, and one alone ends in an error: the part passes as it is. */
static void lint_apostrophes(const struct conversion *e, struct complaints *c)
{
    const struct conversion_clause *cl = e->command;
    bool in_single = false, in_double = false;
    size_t n;

    for (struct slice s = cl->written; s.n; s = slice_drop(s, n)) {
        n = s.p[0] == '\'' && !in_single ? symbols_reference(s) : 0;
        if (!n && !in_single && s.p[0] == '"')
            in_double = !in_double;
        if (!n && !in_double && s.p[0] == '\'')
            in_single = !in_single;
        if (in_single && s.p[0] == '$') {
            size_t end = 1;

            while (end < s.n && (ascii_is_alpha(s.p[end]) || s.p[end] == '_'))
                end++;
            if (is_known_symbol(e, slice_sub(s, 1, end - 1)))
                complaint(c, COMPLAINT_WARNING, cl->line, "nothing takes the place of %.*s between apostrophes: write %.*s or '%.*s'", (int)end,
                          (const char *)s.p, (int)end, (const char *)s.p, (int)(end - 1), (const char *)s.p + 1);
        }
        if (!n)
            n = s.p[0] == '\\' ? 2 : 1;
    }
    if (in_single)
        complaint(c, COMPLAINT_WARNING, cl->line, "closing ' expected: the command fails for every part");
}

static void lint_names(const struct conversion *e, struct complaints *c)
{
    struct slice text = e->command->plain;
    bool is_used = uses(text, SLICE("NAME")) || uses(text, SLICE("FILENAME")) || uses(text, SLICE("INPUT_DESCRIPTION"));

    for (size_t i = 0; i < e->n; i++)
        is_used = is_used || (is_symbol_clause(&e->clauses[i]) && uses(text, e->clauses[i].plain));
    if (is_used)
        complaint(c, COMPLAINT_WARNING, e->command->line,
                 "file names on a command line are chosen by senders: let the program read its environment");
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
    if (uses(text, SLICE("INPUT_FILE")) && !uses(text, SLICE("OUTPUT_FILE")))
        complaint(c, COMPLAINT_WARNING, e->command->line,
                 "the program is given INPUT_FILE and not OUTPUT_FILE: clean parts must be copied there, or they are lost");
    lint_names(e, c);
    if (slice_find(text, SLICE("sh -c")) == text.n)
        lint_apostrophes(e, c);
}

/* Scanners of their own that say by their exit status what they found. */
static bool lint_bare_scanner(const struct conversion *e, struct complaints *c)
{
    static const char *const scanners[] = { "clamscan", "clamdscan", "uvscan", "sweep", "savscan", "fpscan", "vsweep", "bdscan" };
    struct slice first = e->command->plain;

    for (size_t i = 0; i < first.n; i++)
        if (first.p[i] == ' ')
            first.n = i;
    for (size_t at = slice_chr(first, '/'); at < first.n; at = slice_chr(first, '/'))
        first = slice_drop(first, at + 1);
    for (size_t i = 0; i < sizeof scanners / sizeof *scanners; i++)
        if (slice_ieq(first, slice_str(scanners[i]))) {
            complaint(c, COMPLAINT_WARNING, e->command->line,
                      "%s tells by its exit status, which the channel takes for a command that failed, and it writes no OUTPUT_FILE: "
                      "start it from a script that copies the part and answers in OUTPUT_OPTIONS", scanners[i]);
            return true;
        }
    return false;
}

/* A multipart, or a forwarded message, is taken apart; its parts come one by one. */
static void lint_containers(const struct conversion *e, struct complaints *c)
{
    if (has_value(e, CL_IN_TYPE, "multipart") || (has_value(e, CL_IN_TYPE, "message") && has_value(e, CL_IN_SUBTYPE, "rfc822")))
        complaint(c, COMPLAINT_WARNING, e->line, "never matches: multiparts and forwarded messages are not handed over, their parts are");
}

/* The clause of b that asks about the same as cl, and whether everything that it takes cl takes, too. */
static bool covers_clause(const struct conversion_clause *cl, const struct conversion *b)
{
    bool is_always_there = cl->id <= CL_IN_SUBTYPE;
    const struct conversion_clause *other = conversion_clause(b, cl->id, cl->index);

    if (slice_eq(cl->plain, SLICE("*")) && is_always_there)
        return true;
    if (!other)
        return false;
    /* A name and its value belong together: only the very same are compared. Else a star takes a star and all that stands for. */
    return cl->id >= CL_IN_PARAMETER_NAME && cl->id <= CL_IN_DPARAMETER_DEFAULT ? slice_ieq(cl->plain, other->plain)
                                                                               : glob_star(cl->plain, other->plain);
}

/* Does a take every part that b would? */
static bool covers(const struct conversion *a, const struct conversion *b)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->clauses[i].id <= CL_TAG && !covers_clause(&a->clauses[i], b))
            return false;
    return a->has_in_type && !a->is_relabel && (a->command || a->is_deleting);
}

static void lint_shadow(const struct conversions *cv, size_t at, struct complaints *c)
{
    const struct conversion *e = &cv->entries[at];

    for (size_t i = 0; i < at && i < 1000 && e->has_in_type; i++)
        if (covers(&cv->entries[i], e)) {
            complaint(c, COMPLAINT_WARNING, e->line, "never reached: the entry in line %u takes all that it would take", cv->entries[i].line);
            return;
        }
}

static bool does_nothing(const struct conversion *e)
{
    return !e->command && !e->is_deleting && !e->is_relabel && !has(e, CL_SERVICE_COMMAND);
}

/* before: the entry in front, or NULL. An entry behind one that does nothing was hardly meant to be another. */
static void lint_matching(const struct conversion *e, const struct conversion *before, struct complaints *c)
{
    const char *remedy = "add in-type=*";

    if (before && e->line == before->clauses[before->n - 1].line + 1)
        remedy = "is a ; missing at the end of the line in front?";
    else if (before && does_nothing(before))
        remedy = "does the blank line in front cut an entry in two?";
    if (!e->has_in_type)
        complaint(c, COMPLAINT_WARNING, e->line, "without in-type this entry never matches: %s", remedy);
    lint_containers(e, c);
    lint_nameless(e, c);
}

/* Do the clauses up to last, but for channels, fit every part? */
static bool fits_all(const struct conversion *e, enum clause_id last)
{
    for (size_t i = 0; i < e->n; i++) {
        enum clause_id id = e->clauses[i].id;
        bool is_channel = id == CL_IN_CHAN || id == CL_OUT_CHAN;
        bool may_lack = id == CL_TAG || id == CL_ATTACHMENT_NUMBER || (id >= CL_IN_PARAMETER_NAME && id <= CL_IN_PARAMETER_VALUE) ||
                        id == CL_IN_DPARAMETER_NAME || id == CL_IN_DPARAMETER_VALUE;

        if (id <= last && !is_channel && (may_lack || !slice_eq(e->clauses[i].plain, SLICE("*"))))
            return false;
    }
    return e->has_in_type && !e->is_relabel;
}

static void lint_entry(const struct conversion *e, const struct conversion *before, struct complaints *c)
{
    lint_twice(e, c);
    lint_matching(e, before, c);
    lint_values(e, c);
    for (size_t i = 0; i < e->n; i++)
        lint_shape(&e->clauses[i], c);
    for (size_t i = 0; i < e->n; i++)
        if (e->clauses[i].id >= CL_OUT_TYPE && e->clauses[i].id <= CL_SERVICE_COMMAND)
            lint_symbols(e, &e->clauses[i], c);
    if (e->is_relabel && (e->command || e->is_deleting))
        complaint(c, COMPLAINT_WARNING, e->line, "the conversion channel skips an entry with relabel=1, it belongs to CHARSET-CONVERSION: make two entries of it");
    else if (does_nothing(e))
        complaint(c, COMPLAINT_WARNING, e->line, "no command: the entry does nothing");
    else if (e->is_deleting && (e->command || fits_all(e, CL_TAG)))
        complaint(c, COMPLAINT_WARNING, e->line, "delete=1 drops every part that matches, no program is asked: make two entries of it, or leave it out");
    else if (e->command && !e->is_deleting && !e->is_relabel && !lint_bare_scanner(e, c))
        lint_command(e, c);
}

/* A scanner that sees some parts only is evaded by the others. */
static void lint_coverage(const struct conversions *cv, struct complaints *c)
{
    const struct conversion *octets = NULL, *tagged = NULL, *some = NULL;

    for (size_t i = 0; i < cv->n; i++) {
        const struct conversion *e = &cv->entries[i];

        if (!e->command || !e->has_in_type || e->is_relabel)
            continue;
        if (fits_all(e, CL_TAG))
            return;
        some = e;
        if (fits_all(e, (enum clause_id)(CL_TAG - 1)))
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

/* Entries that the conversion channel skips are no mistake in a file that other tables use, too, unless there is no other. */
static bool only_relabels(const struct conversions *cv)
{
    for (size_t i = 0; i < cv->n; i++)
        if (cv->entries[i].command || cv->entries[i].is_deleting || does_nothing(&cv->entries[i]))
            return false;
    return cv->n > 0;
}

void conversions_lint(const struct conversions *cv, struct complaints *c)
{
    for (size_t i = 0; i < cv->n; i++) {
        lint_shadow(cv, i, c);
        lint_entry(&cv->entries[i], i ? &cv->entries[i - 1] : NULL, c);
    }
    if (cv->n == 0)
        complaint(c, COMPLAINT_WARNING, 1, "no entries: every part passes untouched");
    else if (only_relabels(cv))
        complaint(c, COMPLAINT_WARNING, cv->entries[0].line,
                  "all entries are for CHARSET-CONVERSION: every part passes this channel untouched; add one with a command");
    lint_coverage(cv, c);
}
