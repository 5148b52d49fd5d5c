/* convhold - what was kept back: list, show, release, delete, expire. */
#include <errno.h>
#include <fnmatch.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/safe.h"
#include "item.h"
#include "letgo.h"
#include "rescan.h"

enum { EXIT_GOOD = 0, EXIT_NOTHING = 1, EXIT_TROUBLE = 2, EXIT_WRONG_USE = 64 };
enum { OPT_CLASS = 256, OPT_SIGNATURE, OPT_SENDER, OPT_RECIPIENT, OPT_SUBJECT, OPT_FILE, OPT_OLDER, OPT_NEWER, OPT_ALL, OPT_DONE,
       OPT_TO, OPT_MTA, OPT_FROM, OPT_ONLY_TO, OPT_ALLOW, OPT_SCAN, OPT_MAX_BYTES, OPT_JSON, OPT_VERSION };

static const char usage[] =
    "usage: convhold list|show|release|delete|expire [option]... [ID]...\n"
    "  list      what waits: id, time, class, size, signature, sender, file\n"
    "  show      all that is known of one, and the beginning of its content, safe for a terminal\n"
    "  release   send a quarantined part to its recipients; let a held message go on\n"
    "  delete    a quarantined part moves to deleted/, a held message is removed\n"
    "  expire    remove for good what is old or too much, released and deleted parts too\n"
    "which store:\n"
    "  -d, --dir DIR          a quarantine (default /var/lib/convscan/quarantine), a spool of convchan, or a queue folder\n"
    "                         of Messaging Server\n"
    "  --done                 list or show what was released or deleted\n"
    "which of them (all that are given must fit; patterns as in the shell, case does not count):\n"
    "  ID...                  --all to mean every one\n"
    "  --class C --signature P --sender P --recipient P --subject P --file P\n"
    "  --older-than AGE --newer-than AGE    30m, 12h, 7d, 4w\n"
    "  --scan PROGRAM         for held messages: ask this convscan for class and signature\n"
    "release:\n"
    "  --to DIR               into a folder instead of by mail\n"
    "  --only-to LIST         to these recipients\n"
    "  --mta PROGRAM          gets the message (default /usr/sbin/sendmail); --from TEXT its From (default postmaster)\n"
    "  --allow FILE           append an allow rule for these bytes to a VDL file\n"
    "expire:\n"
    "  --older-than AGE       what is older\n"
    "  --max-bytes N[K|M|G]   the oldest, until the rest is not more\n"
    "  -n, --dry-run          only say what would be done\n"
    "  --json                 one object a line\n"
    "  --version, --help\n"
    "exit status: 0 done, 1 nothing fits, 2 trouble with at least one, 64 wrong use\n";

struct filter {
    const char *pattern[REC_FIELDS];
    double older, newer;                /* seconds; negative: not asked */
    char *const *ids;
    int n_ids;
    bool is_all;
};

struct options {
    const char *folder, *scan;
    struct filter filter;
    struct letgo how;
    double max_bytes;                   /* negative: not asked */
    bool is_dry, is_json, wants_done;
};

/* ---- choosing ---- */

static bool has_filter(const struct filter *f)
{
    for (size_t i = 0; i < REC_FIELDS; i++)
        if (f->pattern[i])
            return true;
    return f->older >= 0 || f->newer >= 0;
}

static bool is_named(const struct filter *f, const char *id)
{
    for (int i = 0; i < f->n_ids; i++)
        if (strcmp(f->ids[i], id) == 0)
            return true;
    return f->n_ids == 0;
}

static bool fits(const struct filter *f, const struct item *it)
{
    double age = difftime(time(NULL), it->time);

    for (size_t i = 0; i < REC_FIELDS; i++)
        if (f->pattern[i] && fnmatch(f->pattern[i], it->r.text[i], FNM_CASEFOLD) != 0)
            return false;
    return is_named(f, it->r.text[REC_ID]) && (f->older < 0 || age > f->older) && (f->newer < 0 || age < f->newer);
}

/* ---- showing ---- */

static void print_safe(const char *text, int width)
{
    char out[1024];

    safe_text(out, sizeof out, slice_str(*text ? text : "-"));
    printf("%-*s", width, out);
}

static int print_json(const struct item *it)
{
    char *line = record_json(&it->r, it->body.n);

    if (!line)
        return EXIT_TROUBLE;
    puts(line);
    free(line);
    return EXIT_GOOD;
}

static void print_row(const struct item *it)
{
    struct tm tm;
    char when[32] = "-";

    if (localtime_r(&it->time, &tm))
        strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    print_safe(it->r.text[REC_ID], 24);
    printf(" %s ", when);
    print_safe(it->r.text[REC_CLASS], 10);
    printf(" %10zu ", it->body.n);
    print_safe(it->r.text[REC_NAME], 24);
    putchar(' ');
    print_safe(it->r.text[REC_SENDER], 24);
    putchar(' ');
    print_safe(*it->r.text[REC_FILE] ? it->r.text[REC_FILE] : it->r.text[REC_SUBJECT], 0);
    putchar('\n');
}

static bool is_text(struct slice s)
{
    size_t odd = 0;

    for (size_t i = 0; i < s.n; i++)
        odd += s.p[i] == 0 || (s.p[i] < ' ' && !ascii_is_space(s.p[i]));
    return odd * 50 <= s.n;
}

static void print_lines(struct slice s, const char *margin)
{
    while (s.n) {
        struct slice line = slice_take(s, slice_chr(s, '\n'));
        char out[4096];

        s = slice_drop(s, line.n + 1);
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
        safe_text(out, sizeof out, line);
        printf("%s%s\n", margin, out);
    }
}

static void print_hex(struct slice s)
{
    for (size_t at = 0; at < s.n; at += 16) {
        printf("  %08zx ", at);
        for (size_t i = 0; i < 16; i++)
            if (at + i < s.n)
                printf(" %02x", s.p[at + i]);
            else
                printf("   ");
        printf("  ");
        for (size_t i = at; i < at + 16 && i < s.n; i++)
            putchar(s.p[i] >= ' ' && s.p[i] < 0x7f ? s.p[i] : '.');
        putchar('\n');
    }
}

static int show(const struct item *it)
{
    struct slice head = slice_take(it->body, 4096);

    for (size_t i = 0; i < REC_FIELDS; i++)
        if (*it->r.text[i]) {
            printf("%-11s ", record_names[i]);
            print_safe(it->r.text[i], 0);
            putchar('\n');
        }
    printf("%-11s %zu\n%-11s ", "size", it->body.n, "path");
    print_safe(it->path, 0);
    printf("\n\nheader\n");
    print_lines(slice_take(it->header, 16 << 10), "  ");
    printf("\ncontent%s\n", it->body.n > head.n ? ", its beginning" : "");
    if (is_text(head))
        print_lines(head, "  ");
    else
        print_hex(slice_take(head, 256));
    return EXIT_GOOD;
}

/* ---- doing ---- */

static bool is_act(const char *command)
{
    return strcmp(command, "list") != 0 && strcmp(command, "show") != 0;
}

static enum cs_status act(const char *command, const struct options *o, const struct store *s, const struct item *it)
{
    if (o->is_dry)
        return CS_OK;
    return strcmp(command, "release") == 0  ? letgo_release(s, it, &o->how)
           : strcmp(command, "delete") == 0 ? letgo_delete(s, it)
                                            : letgo_expire(s, it);
}

static int one(const char *command, const struct options *o, const struct store *s, const struct item *it)
{
    enum cs_status st;

    if (is_act(command)) {
        st = act(command, o, s, it);
        if (st != CS_OK) {
            diag_warn("%s: not %sd: %s", it->r.text[REC_ID], command,
                      st == CS_INVALID ? "no recipient that can be written to (--only-to, or --to DIR)" : cs_status_text(st));
            return EXIT_TROUBLE;
        }
        printf("%s%sd ", o->is_dry ? "would be " : "", command);
    }
    if (o->is_json)
        return print_json(it);
    if (strcmp(command, "show") == 0)
        return show(it);
    print_row(it);
    return EXIT_GOOD;
}

static int worse(int a, int b)
{
    return a == EXIT_TROUBLE || b == EXIT_TROUBLE ? EXIT_TROUBLE : a < b ? a : b;
}

/* Every file of the store, oldest first. One that cannot be read does not keep the others back. */
static int each(const char *command, const struct options *o, const struct store *s)
{
    int code = EXIT_NOTHING;

    for (size_t i = 0; i < s->n; i++) {
        struct item it;
        enum cs_status st = item_load(s, s->paths[i], &it);

        if (st == CS_NOENT)             /* someone else was quicker */
            continue;
        if (st == CS_OK && o->scan && s->kind != STORE_QUARANTINE)
            rescan(o->scan, &it);
        if (st != CS_OK) {
            diag_warn("%s: %s", s->paths[i], st == CS_INVALID ? "no record of convscan" : cs_status_text(st));
            code = EXIT_TROUBLE;
            continue;
        }
        if (fits(&o->filter, &it))
            code = worse(code, one(command, o, s, &it));
        item_release(&it);
    }
    return code;
}

/* From the newest back: what comes after max_bytes is too much. */
static int expire_by_size(const struct options *o, const struct store *s)
{
    double left = o->max_bytes;
    int code = EXIT_NOTHING;

    for (size_t i = s->n; i > 0; i--) {
        struct item it;

        if (item_load(s, s->paths[i - 1], &it) != CS_OK)
            continue;
        left -= (double)it.file.data.n;
        if (left < 0)
            code = worse(code, one("expire", o, s, &it));
        item_release(&it);
    }
    return code;
}

static int work(const char *command, const struct options *o, bool wants_done)
{
    struct store s;
    enum cs_status st = store_open(&s, o->folder, wants_done);
    int code = EXIT_NOTHING;

    if (st != CS_OK) {
        diag_warn("%s: %s", o->folder, cs_status_text(st));
        return EXIT_TROUBLE;
    }
    if (strcmp(command, "expire") != 0 || has_filter(&o->filter))
        code = each(command, o, &s);
    store_close(&s);
    if (strcmp(command, "expire") == 0 && o->max_bytes >= 0 && store_open(&s, o->folder, wants_done) == CS_OK) {
        code = worse(code, expire_by_size(o, &s));
        store_close(&s);
    }
    if (code == EXIT_GOOD && s.kind == STORE_SERVER && strcmp(command, "release") == 0 && !o->is_dry && !o->how.folder)
        diag_warn("now: imsimta cache -sync, then imsimta run CHANNEL");
    return code;
}

/* ---- the command line ---- */

static bool read_number(const char *text, const char *units, const double *factors, double *out)
{
    char *end;
    const char *unit;

    errno = 0;
    *out = strtod(text, &end);
    if (errno || end == text || !(*out >= 0) || *out > 1e15)
        return false;
    if (*end == '\0')
        return true;
    unit = strchr(units, *end);
    if (!unit || end[1])
        return false;
    *out *= factors[unit - units];
    return true;
}

static bool read_age(const char *text, double *out)
{
    static const double factors[] = { 1, 60, 3600, 86400, 604800 };

    return read_number(text, "smhdw", factors, out);
}

static bool read_bytes(const char *text, double *out)
{
    static const double factors[] = { 1024, 1024.0 * 1024, 1024.0 * 1024 * 1024 };

    return read_number(text, "KMG", factors, out);
}

static const struct option options[] = {
    { "dir", required_argument, NULL, 'd' },           { "dry-run", no_argument, NULL, 'n' },
    { "class", required_argument, NULL, OPT_CLASS },   { "signature", required_argument, NULL, OPT_SIGNATURE },
    { "sender", required_argument, NULL, OPT_SENDER }, { "recipient", required_argument, NULL, OPT_RECIPIENT },
    { "subject", required_argument, NULL, OPT_SUBJECT }, { "file", required_argument, NULL, OPT_FILE },
    { "older-than", required_argument, NULL, OPT_OLDER }, { "newer-than", required_argument, NULL, OPT_NEWER },
    { "all", no_argument, NULL, OPT_ALL },             { "done", no_argument, NULL, OPT_DONE },
    { "to", required_argument, NULL, OPT_TO },         { "mta", required_argument, NULL, OPT_MTA },
    { "from", required_argument, NULL, OPT_FROM },     { "only-to", required_argument, NULL, OPT_ONLY_TO },
    { "allow", required_argument, NULL, OPT_ALLOW },   { "scan", required_argument, NULL, OPT_SCAN },
    { "max-bytes", required_argument, NULL, OPT_MAX_BYTES }, { "json", no_argument, NULL, OPT_JSON },
    { "help", no_argument, NULL, 'h' },                { "version", no_argument, NULL, OPT_VERSION },
    { NULL, 0, NULL, 0 },
};

static bool take_pattern(struct filter *f, int opt)
{
    static const struct { int opt; enum record_field field; } rows[] = {
        { OPT_CLASS, REC_CLASS },         { OPT_SIGNATURE, REC_NAME }, { OPT_SENDER, REC_SENDER },
        { OPT_RECIPIENT, REC_RECIPIENTS }, { OPT_SUBJECT, REC_SUBJECT }, { OPT_FILE, REC_FILE },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].opt == opt) {
            f->pattern[rows[i].field] = optarg;
            return true;
        }
    return false;
}

static bool take_switch(struct options *o, int opt)
{
    bool *const rows[] = { opt == OPT_ALL ? &o->filter.is_all : NULL, opt == OPT_DONE ? &o->wants_done : NULL,
                           opt == OPT_JSON ? &o->is_json : NULL, opt == 'n' ? &o->is_dry : NULL };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i])
            return *rows[i] = true;
    return false;
}

static bool take_text(struct options *o, int opt)
{
    const char **to = opt == 'd'            ? &o->folder
                      : opt == OPT_TO       ? &o->how.folder
                      : opt == OPT_MTA      ? &o->how.mta
                      : opt == OPT_FROM     ? &o->how.from
                      : opt == OPT_ONLY_TO  ? &o->how.only_to
                      : opt == OPT_ALLOW    ? &o->how.allow
                      : opt == OPT_SCAN     ? &o->scan
                                            : NULL;

    if (to)
        *to = optarg;
    return to != NULL;
}

static bool take_option(struct options *o, int opt)
{
    if (take_pattern(&o->filter, opt) || take_switch(o, opt) || take_text(o, opt))
        return true;
    return opt == OPT_OLDER       ? read_age(optarg, &o->filter.older)
           : opt == OPT_NEWER     ? read_age(optarg, &o->filter.newer)
           : opt == OPT_MAX_BYTES ? read_bytes(optarg, &o->max_bytes)
                                  : false;
}

static int wrong(const char *what)
{
    diag_warn("%s (--help tells more)", what);
    return EXIT_WRONG_USE;
}

static int check_use(const char *command, const struct options *o)
{
    static const char *const commands[] = { "list", "show", "release", "delete", "expire" };
    bool is_known = false;

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        is_known |= strcmp(command, commands[i]) == 0;
    if (!is_known)
        return wrong("list, show, release, delete or expire expected");
    if (strcmp(command, "expire") == 0 ? !has_filter(&o->filter) && o->max_bytes < 0
                                       : is_act(command) && o->filter.n_ids == 0 && !has_filter(&o->filter) && !o->filter.is_all)
        return wrong("say which: an ID, a pattern or an age, or --all");
    if (is_act(command) && o->wants_done)
        return wrong("--done goes with list and show");
    return EXIT_GOOD;
}

int main(int argc, char **argv)
{
    struct options o = { .folder = "/var/lib/convscan/quarantine", .max_bytes = -1,
                         .filter = { .older = -1, .newer = -1 },
                         .how = { .mta = "/usr/sbin/sendmail", .from = "postmaster" } };
    const char *command;
    int opt, code;

    diag_program("convhold");
    openlog("convhold", LOG_PID, LOG_MAIL);
    while ((opt = getopt_long(argc, argv, "d:nh", options, NULL)) != -1) {
        if (opt == 'h')
            return fputs(usage, stdout) < 0;
        if (opt == OPT_VERSION)
            return puts("convhold " CONVSCAN_VERSION) < 0;
        if (!take_option(&o, opt))
            return opt == '?' ? EXIT_WRONG_USE : wrong("a number with its unit expected");
    }
    if (optind == argc)
        return wrong("list, show, release, delete or expire expected");
    command = argv[optind++];
    o.filter.ids = argv + optind;
    o.filter.n_ids = argc - optind;
    code = check_use(command, &o);
    if (code != EXIT_GOOD)
        return code;
    code = work(command, &o, o.wants_done);
    if (strcmp(command, "expire") == 0)
        code = worse(code, work(command, &o, true));
    return fflush(stdout) == 0 ? code : EXIT_TROUBLE;
}
