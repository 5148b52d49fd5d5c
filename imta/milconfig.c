#include "milconfig.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"
#include "places.h"
#include "standby.h"

enum { OPT_CONFIG = 1, OPT_CHECK, OPT_VERSION, OPT_HELP, OPT_TAG, OPT_SETTING = 256 };
enum { JOBS_LEAST = 4, STANDBY_ARENA = 1 << 20, STANDBY_MOST = 8 };

static const struct option options[] = {
    { "config", required_argument, NULL, OPT_CONFIG },
    { "check", no_argument, NULL, OPT_CHECK },
    { "tag", required_argument, NULL, OPT_TAG },
    { "version", no_argument, NULL, OPT_VERSION },
    { "help", no_argument, NULL, OPT_HELP },
#define X(name, member, otherwise, argument, help) { name, required_argument, NULL, OPT_SETTING },
    MIL_OPTIONS(X)
#undef X
    { NULL, 0, NULL, 0 },
};

static int bad_usage(const char *text)
{
    diag_warn("%s (--help tells more)", text);
    return MIL_EXIT_USAGE;
}

/* ---- the command line ---- */

static bool take_option(struct mil_command *cmd, struct miloptions *o, int opt, int index)
{
    switch (opt) {
    case OPT_CONFIG:
        cmd->file = optarg;
        return true;
    case OPT_CHECK:
        return cmd->is_check = true;
    case OPT_VERSION:
        return cmd->is_version = true;
    case OPT_HELP:
        return cmd->is_help = true;
    case 'S':
        return miloptions_set(o, SLICE("switch"), slice_str(optarg), true);
    case OPT_TAG:
        return miloptions_set(o, SLICE("tag"), slice_str(optarg), true);
    case OPT_SETTING:
        return miloptions_set(o, slice_str(options[index].name), slice_str(optarg), true);
    }
    return false;
}

int milconfig_command(struct mil_command *cmd, struct miloptions *o)
{
    int opt, index = 0;

    opterr = 0;
    optind = 0;
    while ((opt = getopt_long(cmd->argc, cmd->argv, ":S:", options, &index)) != -1)
        if (!take_option(cmd, o, opt, index))
            return bad_usage(opt == ':' ? "an option lacks its value" : "no such option");
    return optind < cmd->argc ? bad_usage("no operands expected") : -1;
}

/* ---- the file of settings ---- */

static int cannot_read(const char *file, enum cs_status st)
{
    diag_warn("%s: %s", file, cs_status_text(st));
    return st == CS_NOMEM || st == CS_IO ? MIL_EXIT_RETRY : MIL_EXIT_CONFIG;
}

static int read_settings(const char *file, bool is_named, struct miloptions *o)
{
    struct complaints c = { .say = complaint_to_stderr, .file = file };
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, file, MAPFILE_OURS, MILOPTIONS_BYTES);

    if (st == CS_NOENT && !is_named)
        return -1;
    if (st != CS_OK)
        return cannot_read(file, st);
    st = miloptions_read(o, m.data, &c);
    mapfile_close(&m);
    return st == CS_OK ? -1 : MIL_EXIT_CONFIG;
}

int milconfig_options(const struct mil_command *cmd, struct miloptions *o)
{
    struct mil_command again = *cmd;
    int code = milconfig_command(&again, o);

    if (code < 0)
        code = read_settings(cmd->file ? cmd->file : "/etc/convscan/convmilter.conf", cmd->file != NULL, o);
    miloptions_default(o);
    return code;
}

/* ---- values ---- */

static bool read_number(const char *name, const char *text, uint64_t least, uint64_t most, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (!errno && *text >= '0' && *text <= '9' && !*end && *out >= least && *out <= most)
        return true;
    diag_warn("%s: a number from %llu to %llu expected, not \"%s\"", name, (unsigned long long)least, (unsigned long long)most, text);
    return false;
}

/* A place for each class at least, so that none is ever without one. */
static bool read_jobs(struct milconfig *c)
{
    const struct miloptions *o = &c->options;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t n, least;

    if (strcmp(o->size_classes, "none") != 0 && !sizes_read(&c->setup.sizes, o->size_classes)) {
        diag_warn("size-classes: up to eight ascending sizes as in 100000,2000000 expected, not \"%s\"", o->size_classes);
        return false;
    }
    least = c->setup.sizes.n + 1u;
    n = processors > 0 ? (uint64_t)processors * 2 : JOBS_LEAST;
    n = n < JOBS_LEAST ? JOBS_LEAST : n > GATE_PLACES ? GATE_PLACES : n;
    n = n < least ? least : n;
    if (o->jobs && !read_number("jobs", o->jobs, least, GATE_PLACES, &n))
        return false;
    c->setup.places = (unsigned)n;
    return true;
}

static bool read_numbers(struct milconfig *c)
{
    const struct miloptions *o = &c->options;
    struct mil_setup *s = &c->setup;
    uint64_t connections, memory;

    if (!read_number("max-connections", o->max_connections, 1, 10000, &connections) ||
        !read_number("timeout", o->timeout, 1, 86400, &s->timeout) ||
        !read_number("idle-timeout", o->idle_timeout, 1, 86400, &s->idle) ||
        !read_number("stop-time", o->stop_time, 0, 86400, &s->stop_time) ||
        !read_number("memory", o->memory, 4096, 1u << 30, &memory))
        return false;
    s->max_connections = (unsigned)connections;
    s->memory = (size_t)memory;
    return read_jobs(c);
}

/* A filter that cannot tell never lets a message pass: the switches that would are refused. */
static bool are_switches_safe(const struct switches *s)
{
    const struct {
        bool is_bad;
        const char *name, *instead;
    } all[] = {
        { s->on_nonzero_exit == ON_EXIT_UNCHANGED, "on-nonzero-exit=unchanged", "retry or hold" },
        { s->on_signal_or_timeout == ON_SIGNAL_UNCHANGED, "on-signal-or-timeout=unchanged", "retry" },
        { s->on_missing_output != ON_OUTPUT_FAIL, "on-missing-output", "fail" },
    };
    bool ok = true;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].is_bad) {
            diag_warn("switch %s: would let mail pass that nobody has looked at; here it must be %s", all[i].name, all[i].instead);
            ok = false;
        }
    return ok;
}

static bool read_switches(struct milconfig *c)
{
    switches_default(&c->switches);
    c->switches.on_nonzero_exit = ON_EXIT_RETRY;
    for (unsigned i = 0; i < c->options.n_switches; i++) {
        struct buf why = buf_init(1000);
        enum cs_status st = switches_set(&c->switches, slice_str(c->options.switches[i]), &why);

        if (st != CS_OK)
            diag_warn("switch %.*s", (int)why.n, (const char *)why.p);
        buf_release(&why);
        if (st != CS_OK)
            return false;
    }
    return are_switches_safe(&c->switches);
}

/* ---- files ---- */

static void find_places(struct milconfig *c)
{
    struct miloptions *o = &c->options;

    if (!o->conversions && places_find("conversions", c->places[0], sizeof c->places[0]))
        o->conversions = c->places[0];
    if (!o->mappings && places_find("mappings", c->places[1], sizeof c->places[1]))
        o->mappings = c->places[1];
    if (!o->program_dir) {
        places_program_dir(c->places[2], sizeof c->places[2]);
        o->program_dir = c->places[2];
    }
}

static int read_conversions(struct milconfig *c)
{
    struct complaints say = { .say = complaint_to_stderr, .file = c->options.conversions };
    struct mapfile m;
    enum cs_status st;

    if (!say.file)
        return bad_usage("no conversions file found: name one with --conversions");
    st = mapfile_open(&m, say.file, MAPFILE_OURS, CONVERSIONS_MAX);
    if (st != CS_OK)
        return cannot_read(say.file, st);
    st = conversions_parse(m.data, &say, &c->conversions);
    mapfile_close(&m);
    if (st != CS_OK)
        return st == CS_INVALID ? MIL_EXIT_CONFIG : cannot_read(say.file, st);
    if (c->conversions.n)
        return -1;
    diag_warn("%s: no entry: nothing would be scanned", say.file);
    return MIL_EXIT_CONFIG;
}

static int read_mappings(struct milconfig *c)
{
    struct complaints say = { .say = complaint_to_stderr, .file = c->options.mappings };
    struct mapfile m;
    enum cs_status st;

    if (!say.file)
        return -1;
    st = mapfile_open(&m, say.file, MAPFILE_OURS, MAPPINGS_MAX);
    if (st != CS_OK)
        return cannot_read(say.file, st);
    st = mappings_parse(m.data, &say, &c->mappings);
    mapfile_close(&m);
    if (st != CS_OK)
        return st == CS_INVALID ? MIL_EXIT_CONFIG : cannot_read(say.file, st);
    return -1;
}

/* ---- scanners that stand by ---- */

/* convscan by its full name, and with the same words for every part. */
static bool can_stand_by(struct milconfig *c, const struct conversion_clause *command)
{
    struct symbols none = { .arena = &c->arena };
    const char *name;

    if (!command || slice_chr(command->written, '$') < command->written.n || slice_chr(command->written, '\'') < command->written.n ||
        symbols_command(&none, NULL, c->options.program_dir, command->written, &c->standby) != CS_OK || c->standby.is_shell)
        return false;
    name = strrchr(c->standby.argv[0], '/');
    return c->standby.argv[0][0] == '/' && strcmp(name, "/convscan") == 0;
}

/* Only the first command that can; most sites have one. */
static bool find_standby(struct milconfig *c)
{
    uint64_t n = 2 * c->setup.places < STANDBY_MOST ? 2 * c->setup.places : STANDBY_MOST;

    if (c->options.standby && !read_number("standby", c->options.standby, 0, STANDBY_MAX, &n))
        return false;
    if (arena_init(&c->arena, STANDBY_ARENA) != CS_OK)
        return false;
    for (size_t i = 0; i < c->conversions.n && !c->setup.standby; i++)
        if (can_stand_by(c, c->conversions.entries[i].command))
            c->setup.standby = c->standby.argv;
    c->setup.n_standby = (unsigned)n;
    return true;
}

static bool open_log(const char *path, int *fd)
{
    *fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640) : -1;
    if (path && *fd < 0)
        diag_warn("%s: %s", path, cs_status_text(cs_status_errno(errno)));
    return !path || *fd >= 0;
}

static void fill_setup(struct milconfig *c)
{
    const struct miloptions *o = &c->options;
    struct mil_setup *s = &c->setup;

    s->job = (struct convert_job){ .conversions = &c->conversions, .mappings = c->mappings, .switches = &c->switches,
                                   .in_chan = o->in_chan, .out_chan = o->out_chan, .program_dir = o->program_dir, .stop_fd = -1 };
    for (unsigned i = 0; i < o->n_tags; i++)
        (void)convert_add_tag(&s->job, o->tags[i]);
    s->auth_chan = o->auth_chan;
    s->postmaster = o->postmaster;
    s->hold = o->hold;
    s->status = o->status;
}

static int load(struct milconfig *c, const struct mil_command *cmd)
{
    int code = milconfig_options(cmd, &c->options);

    if (code < 0 && (!read_numbers(c) || !read_switches(c)))
        code = MIL_EXIT_CONFIG;
    if (code < 0) {
        find_places(c);
        code = read_conversions(c);
    }
    if (code < 0)
        code = read_mappings(c);
    if (code < 0 && !find_standby(c))
        code = MIL_EXIT_CONFIG;
    if (code < 0 && (!open_log(c->options.log, &c->setup.log) || !open_log(c->options.mail_log, &c->setup.maillog)))
        code = MIL_EXIT_CONFIG;
    if (code < 0)
        fill_setup(c);
    return code;
}

struct milconfig *milconfig_load(const struct mil_command *cmd, int *code)
{
    struct milconfig *c = calloc(1, sizeof *c);

    *code = MIL_EXIT_RETRY;
    if (!c)
        return NULL;
    c->setup.log = c->setup.maillog = -1;
    *code = load(c, cmd);
    if (*code < 0)
        return c;
    milconfig_free(c);
    return NULL;
}

void milconfig_free(struct milconfig *c)
{
    if (!c)
        return;
    if (c->setup.log >= 0)
        close(c->setup.log);
    if (c->setup.maillog >= 0)
        close(c->setup.maillog);
    conversions_free(&c->conversions);
    mappings_free(c->mappings);
    arena_release(&c->arena);
    miloptions_free(&c->options);
    free(c);
}
