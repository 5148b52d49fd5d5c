#include "options.h"

#include <stdio.h>
#include <string.h>

enum takes { FLAG, VALUE, IGNORED, IGNORED_VALUE };

struct option_row {
    const char *name;
    enum takes takes;
    bool is_uvscan_only;
    size_t at;                  /* of a bool or a const char * in struct options */
};

#define AT(f) offsetof(struct options, f)

/* The second part is what sites' scripts give to uvscan; what has no meaning here is accepted and ignored. */
static const struct option_row rows[] = {
    { "--config", VALUE, false, AT(config) },
    { "--move", VALUE, false, AT(move) },
    { "--preview-notice", VALUE, false, AT(preview_notice) },
    { "--print-notice", VALUE, false, AT(print_notice) },
    { "--json", FLAG, false, AT(is_json) },
    { "--raw", FLAG, false, AT(is_raw) },
    { "--all", FLAG, false, AT(wants_all) },
    { "-r", FLAG, false, AT(is_recursive) },
    { "--recursive", FLAG, false, AT(is_recursive) },
    { "--delete", FLAG, false, AT(is_delete) },
    { "--clean", FLAG, false, AT(is_clean) },
    { "--explain", FLAG, false, AT(is_explain) },
    { "--quiet", FLAG, false, AT(is_quiet) },
    { "--wait", FLAG, false, AT(is_waiting) },
    { "--help", FLAG, false, AT(wants_help) },
    { "--version", FLAG, false, AT(wants_version) },
    { "--selftest", FLAG, false, AT(wants_selftest) },
    { "--check-config", FLAG, false, AT(checks_config) },
    { "--print-config", FLAG, false, AT(prints_config) },
    { "-m", VALUE, true, AT(move) },
    { "--summary", FLAG, true, AT(wants_summary) },
    { "-c", FLAG, true, AT(is_clean) },
    { "-v", IGNORED, true, 0 },
    { "--verbose", IGNORED, true, 0 },
    { "--unzip", IGNORED, true, 0 },
    { "--mime", IGNORED, true, 0 },
    { "--secure", IGNORED, true, 0 },
    { "--noboot", IGNORED, true, 0 },
    { "-s", IGNORED, true, 0 },
};

static bool add_db(struct options *o, const char *path)
{
    if (o->n_dbs == DBSET_MAX)
        return false;
    o->dbs[o->n_dbs++] = path;
    return true;
}

static const struct option_row *find_row(const char *arg, size_t n, bool is_uvscan)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strlen(rows[i].name) == n && strncmp(rows[i].name, arg, n) == 0 && (is_uvscan || !rows[i].is_uvscan_only))
            return &rows[i];
    return NULL;
}

static void *field(struct options *o, const struct option_row *r)
{
    return (char *)o + r->at;
}

static const struct option_row db_row = { .name = "--db", .takes = VALUE };      /* each adds one */

/* One option; i moves on when its value is the next argument. */
static bool take(struct options *o, int argc, char **argv, int *i, char why[256])
{
    const char *arg = argv[*i], *eq = strncmp(arg, "--", 2) == 0 ? strchr(arg, '=') : NULL, *value = eq ? eq + 1 : NULL;
    size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
    bool is_db = n == 4 && strncmp(arg, "--db", 4) == 0;
    const struct option_row *r = is_db ? &db_row : find_row(arg, n, o->is_uvscan);

    if (strcmp(arg, "--exit-codes=uvscan") == 0) {
        o->is_uvscan = true;
        return true;
    }
    if (!r) {
        snprintf(why, 256, "no option %.100s; see --help", arg);
        return false;
    }
    if (r->takes == VALUE) {
        if (!value && *i + 1 < argc)
            value = argv[++*i];
        if (!value || (is_db && !add_db(o, value))) {
            snprintf(why, 256, "%.100s: %s", arg, value ? "too many" : "a value is missing");
            return false;
        }
        if (!is_db)
            *(const char **)field(o, r) = value;
    } else if (value) {
        snprintf(why, 256, "%.100s takes no value", arg);
        return false;
    } else if (r->takes == FLAG) {
        *(bool *)field(o, r) = true;
    }
    return true;
}

/* Paths are moved to the front of argv, in their order. */
bool options_parse(int argc, char **argv, struct options *o, char why[256])
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL, *called = slash ? slash + 1 : argc > 0 ? argv[0] : "";
    bool is_over = false;
    int n = 1;

    *o = (struct options){ .is_uvscan = strcmp(called, "uvscan") == 0 };
    for (int i = 1; i < argc; i++) {
        if (!is_over && strcmp(argv[i], "--") == 0)
            is_over = true;
        else if (!is_over && argv[i][0] == '-' && argv[i][1]) {
            if (!take(o, argc, argv, &i, why))
                return false;
        } else {
            argv[n++] = argv[i];
        }
    }
    o->paths = argv + (argc > 0 ? 1 : 0);
    o->n_paths = (size_t)(n - 1);
    return true;
}

const char *options_help(void)
{
    return "convscan [OPTION]... PATH...    scan files; - is standard input\n"
           "convscan [IN OUT]               scan one part for a conversion channel (INPUT_FILE is set)\n"
           "  --db FILE        use this database (repeatable)\n"
           "  --config FILE    settings\n"
           "  -r, --recursive  descend into folders\n"
           "  --all            go on after the first hit\n"
           "  --raw            the bytes of the file alone\n"
           "  --json           one JSON object a line\n"
           "  --explain        the tree of objects\n"
           "  --quiet          no line for clean files\n"
           "  --move DIR       move infected files there\n"
           "  --delete         delete infected files\n"
           "  --clean          take out what was found\n"
           "  --wait           read the variables of the part from standard input, when they come\n"
           "  --check-config   read the settings, say what is wrong\n"
           "  --print-config   settings that differ from the defaults\n"
           "  --preview-notice LANG  a notice with sample values\n"
           "  --print-notice LANG    the built-in text, to start a template from\n"
           "  --selftest       find a known test string\n"
           "  --version        program and databases\n"
           "  --exit-codes=uvscan  exit statuses and options of uvscan, also when called by that name:\n"
           "                   -m DIR, -c, -v, -r, --unzip, --mime, --summary, --secure, --noboot, --verbose\n";
}
