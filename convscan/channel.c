#include "channel.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "act.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/mapfile.h"
#include "cage.h"
#include "confine.h"
#include "dbset.h"
#include "log.h"
#include "mime/mime.h"
#include "notice.h"
#include "safe.h"
#include "scan.h"
#include "watchdog.h"

enum { EXIT_TEMPFAIL = 75, GRACE = 5 };

static const char *variable(const char *name)
{
    const char *v = getenv(name);

    return v && v[0] ? v : NULL;
}

void channel_read_environment(struct channel *ch, const char *in, const char *out)
{
    *ch = (struct channel){
        .input = in ? in : variable("INPUT_FILE"),
        .output = out ? out : variable("OUTPUT_FILE"),
        .options = variable("OUTPUT_OPTIONS"),
        .in_headers = variable("INPUT_HEADERS"),
        .out_headers = variable("OUTPUT_HEADERS"),
        .message_headers = variable("MESSAGE_HEADERS"),
        .type = variable("INPUT_TYPE"),
        .subtype = variable("INPUT_SUBTYPE"),
        .name = variable("NAME"),
        .filename = variable("FILENAME"),
        .disposition = variable("INPUT_DISPOSITION"),
        .description = variable("INPUT_DESCRIPTION"),
        .in_channel = variable("INPUT_CHANNEL"),
        .out_channel = variable("OUTPUT_CHANNEL"),
        .part_number = variable("PART_NUMBER"),
        .tag = variable("CONVERSION_TAG"),
    };
}

/* Everything about the one part that this process is for. */
struct job {
    const struct channel *ch;
    const struct conf *conf;
    const struct dbset *dbs;
    struct timespec begin;
    char id[40];
    struct mapfile input, headers;
    struct mime_walk *header_walk;
    char media[200];
    struct scan_part part;
    struct scan *scan;
    struct scan_facts facts;
    struct verdict verdict;
    struct act act;
    enum action action;
    struct buf notice, notice_headers;
    char diagnostic[200], tags[700];
    struct watchdog_answer emergency;
    unsigned uncaged;                   /* what the kernel could not do: bits of cage.h */
};

static void trouble(struct job *j, const char *what, enum cs_status st)
{
    char text[160];
    int n = snprintf(text, sizeof text, "%s: %s", what, cs_status_text(st));

    diag_warn("%s", text);
    verdict_add(&j->verdict, CLS_ERROR, slice_of(text, n < 0 ? 0 : strlen(text)), slice_of(NULL, 0), 0);
}

/* ---- what comes in ------------------------------------------------------------------------------------------------ */

/* Small parts are copied, so that nobody can change them under the scan; a large one that shrinks ends in watchdog.c. */
static void read_input(struct job *j)
{
    enum cs_status st = CS_NOENT;

    if (j->ch->input)
        st = mapfile_open(&j->input, j->ch->input, MAPFILE_COPY, CHANNEL_COPIED);
    if (st == CS_TOOBIG)
        st = mapfile_open(&j->input, j->ch->input, MAPFILE_MAP, SIZE_MAX / 2);
    if (st == CS_OK && j->input.heap && j->input.data.n != (size_t)j->input.st.st_size)
        st = CS_IO;
    if (st != CS_OK) {
        trouble(j, "INPUT_FILE", st);
        return;
    }
    j->part.bytes = j->act.input = j->input.data;
    j->act.has_input = true;
}

static void add_name(struct job *j, struct slice name)
{
    for (size_t i = 0; i < j->part.n_names; i++)
        if (slice_eq(j->part.names[i], name))
            return;
    if (name.n && j->part.n_names < 8)
        j->part.names[j->part.n_names++] = name;
}

/* The part's own header lines, where the server gave them: all readings of the name, and the charset. */
static void read_headers(struct job *j)
{
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st;

    if (!j->ch->in_headers)
        return;
    st = mapfile_open(&j->headers, j->ch->in_headers, MAPFILE_COPY, CHANNEL_HEADERS);
    if (st == CS_NOENT)
        return;
    if (st != CS_OK) {
        trouble(j, "INPUT_HEADERS", st);
        return;
    }
    j->act.headers = j->headers.data;
    j->act.has_headers = true;
    j->header_walk = mime_walk_new(j->headers.data, NULL, NULL);
    st = j->header_walk ? CS_OK : CS_NOMEM;
    while (st == CS_OK && ev.kind != MIME_HEAD && ev.kind != MIME_END)
        st = mime_walk_next(j->header_walk, &ev);
    if (st != CS_OK)
        trouble(j, "INPUT_HEADERS", st);
    if (st != CS_OK || ev.kind != MIME_HEAD || !ev.part)
        return;
    for (size_t i = 0; i < ev.part->n_names; i++)
        add_name(j, ev.part->names[i]);
    if (mime_param_find(&ev.part->type, "charset"))
        j->part.charset = mime_param_find(&ev.part->type, "charset")->value;
}

static void describe_part(struct job *j)
{
    const struct channel *ch = j->ch;

    add_name(j, slice_str(ch->filename));
    add_name(j, slice_str(ch->name));
    read_headers(j);
    if (ch->type && snprintf(j->media, sizeof j->media, "%s/%s", ch->type, ch->subtype ? ch->subtype : "") > 0)
        j->part.declared = slice_str(j->media);
    j->part.is_message = slice_istarts(j->part.declared, SLICE("message/rfc822")) ||
                         slice_istarts(j->part.declared, SLICE("message/global"));
    j->part.names_count = j->part.names_inside = true;
}

static void scan_part(struct job *j)
{
    const struct scan_setup setup = { .conf = j->conf, .dbs = j->dbs->dbs, .n_dbs = j->dbs->n };

    j->scan = scan_new(&setup);
    if (!j->scan) {
        trouble(j, "scan", CS_NOMEM);
        return;
    }
    scan_run(j->scan, &j->part, &j->verdict);
    j->facts = scan_facts(j->scan);
}

/* ---- what goes out ------------------------------------------------------------------------------------------------ */

static void make_id(struct job *j)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(j->id, sizeof j->id, "%" PRIx64 ".%lx", (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
             (long)getpid());
}

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 0x80)
            return false;
    return true;
}

/* Only what is wanted for a part that does not simply pass. */
static enum cs_status make_notice(struct job *j)
{
    const char *file = j->part.n_names ? (const char *)j->part.names[0].p : "";
    char name[256], size[32];
    const struct notice_facts f = {
        .virus = j->verdict.worst.name, .file = name, .type = j->media, .size = size, .id = j->id, .cls = j->verdict.worst.cls,
        .action = action_name(j->action), .contact = j->conf->notice.contact ? j->conf->notice.contact : "the postmaster",
    };
    enum cs_status st;

    safe_text(name, sizeof name, slice_of(file, j->part.n_names ? j->part.names[0].n : 0));
    snprintf(size, sizeof size, "%zu", j->part.bytes.n);
    j->notice = buf_init(NOTICE_MAX);
    j->notice_headers = buf_init(NOTICE_MAX);
    st = notice_text(j->conf, &f, slice_of(NULL, 0), &j->notice);
    if (st == CS_OK)
        st = notice_headers(slice_str(name), &j->notice_headers);
    j->act.notice = buf_slice(&j->notice);
    j->act.notice_headers = buf_slice(&j->notice_headers);
    j->act.notice_is_ascii = is_ascii(j->act.notice);
    return st;
}

static void make_lines(struct job *j)
{
    const struct finding *f = &j->verdict.worst;
    char name[120];

    safe_ascii(name, sizeof name, slice_str(f->name));
    snprintf(j->diagnostic, sizeof j->diagnostic, "a part was refused: %s: %s", cls_name(f->cls), name);
    snprintf(j->tags, sizeof j->tags, "X-Convscan-Class: %s\nX-Convscan-Found: %s\nX-Convscan-Id: %s\n", cls_name(f->cls),
             name, j->id);
    j->act.diagnostic = j->diagnostic;
    j->act.tags = j->tags;
}

/* The configured action, or the strictest that can be carried out without OUTPUT_OPTIONS. */
static enum action choose(struct job *j)
{
    const struct conf_class *c = &j->conf->classes[j->verdict.worst.cls];
    enum action a = (enum action)c->action;

    if (a == ACT_CLEAN)
        a = (enum action)c->otherwise == ACT_CLEAN ? ACT_REPLACE : (enum action)c->otherwise;
    if (!j->act.has_input && (a == ACT_PASS || a == ACT_TAG))
        a = ACT_RETRY;
    if (act_needs_status(a) && !j->act.can_answer)
        a = ACT_REPLACE;
    return a;
}

/* First what was chosen; then retry, which needs the options file alone; then a notice, which does not need it. */
static int carry_out(struct job *j)
{
    enum action ladder[] = { j->action, ACT_RETRY, ACT_REPLACE };
    const bool had_answer = j->act.can_answer;
    enum cs_status st = CS_IO;

    for (size_t i = 0; i < sizeof ladder / sizeof *ladder; i++) {
        /* Not the same again, but for a notice without options where they turned out not to be writable. */
        if (i && ladder[i] == ladder[0] && (ladder[i] != ACT_REPLACE || j->act.can_answer || !had_answer))
            continue;
        if (act_needs_status(ladder[i]) && !j->act.can_answer)
            continue;
        if (ladder[i] == ACT_REPLACE && !j->act.notice.n && make_notice(j) != CS_OK)
            continue;
        st = act_carry_out(&j->act, ladder[i]);
        j->action = ladder[i];
        if (st == CS_OK)
            return 0;
        diag_warn("%s: %s", action_name(ladder[i]), cs_status_text(st));
        if (act_needs_status(ladder[i]))
            j->act.can_answer = false;
    }
    return EXIT_TEMPFAIL;
}

static uint64_t us_since(const struct timespec *t, clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)(now.tv_sec - t->tv_sec) * 1000000 + (uint64_t)(now.tv_nsec / 1000) - (uint64_t)(t->tv_nsec / 1000);
}

static void write_log(struct job *j)
{
    static const struct timespec zero;
    char name[200] = "", uncaged[80] = "";
    struct vdl_info info = { .digest = 0 };
    struct log_facts f = {
        .id = j->id, .part = j->ch->part_number, .in = j->ch->in_channel, .out = j->ch->out_channel, .type = j->facts.type,
        .name = name, .cls = j->verdict.worst.cls, .sig = j->verdict.worst.name, .action = action_name(j->action),
        .uncaged = uncaged, .size = j->part.bytes.n, .objects = j->facts.objects, .bytes = j->facts.bytes,
    };

    if (!log_is_on(j->conf))
        return;
    if (j->uncaged)
        cage_missing(j->uncaged, uncaged);
    if (j->part.n_names)
        safe_text(name, sizeof name, j->part.names[0]);
    for (size_t i = 0; i < j->dbs->n; i++) {
        vdl_info(j->dbs->dbs[i], &info);
        f.db ^= info.digest;
    }
    f.us = us_since(&j->begin, CLOCK_MONOTONIC);
    f.cpu_us = us_since(&zero, CLOCK_PROCESS_CPUTIME_ID);
    log_part(j->conf, &f);
}

/*
 * The answer for a crash, a shrinking file or a decoder that hangs: retry where options can be written, else a notice instead of
 * the part.
 */
static void arm(struct job *j)
{
    static const char text[] = "An attachment of this message could not be checked and was removed by the mail server.\n";
    static char temp[PATH_MAX];
    const char *path = j->act.can_answer ? j->ch->options : j->ch->output;
    struct watchdog_answer *a = &j->emergency;
    int n = path ? snprintf(temp, sizeof temp, "%s.%ld-w.new", path, (long)getpid()) : -1;

    *a = (struct watchdog_answer){ .line = { .fd = STDERR_FILENO, .before = SLICE("convscan: stopped while scanning: "),
                                             .after = SLICE("\n") }, .status = 0, .status_failed = EXIT_TEMPFAIL };
    if (n > 0 && (size_t)n < sizeof temp) {
        a->n_files = 1;
        a->files[0].path = path;
        a->files[0].temp = temp;
        a->files[0].text = j->act.can_answer ? SLICE("STATUS=178028698\n") : SLICE(text);
    } else {
        a->status = EXIT_TEMPFAIL;
    }
    watchdog_arm(a, (unsigned)(j->conf->limit.time + GRACE) * 1000);
}

int channel_run(const struct channel *ch, const struct conf *conf, const struct dbset *dbs, struct channel_trouble before)
{
    static struct job j;        /* nothing in it is given back: the process is over when this returns */
    int status;

    j = (struct job){ .ch = ch, .conf = conf, .dbs = dbs, .act.ch = ch };
    clock_gettime(CLOCK_MONOTONIC, &j.begin);
    make_id(&j);
    j.facts = (struct scan_facts){ .type = "unknown" };
    j.act.can_answer = ch->options && act_can_write(ch->options);
    if (!j.act.can_answer)
        diag_warn("OUTPUT_OPTIONS: %s: what does not pass is replaced", ch->options ? "cannot be written" : "not set");
    if (!ch->output) {
        diag_warn("OUTPUT_FILE: not set");
        before = (struct channel_trouble){ CS_INVALID, "OUTPUT_FILE" };
    }
    arm(&j);
    if (before.status != CS_OK)
        trouble(&j, before.why, before.status);
    log_open(conf);
    j.uncaged = confine_channel(ch, conf);
    read_input(&j);
    describe_part(&j);
    if (j.verdict.worst.cls == CLS_CLEAN)
        scan_part(&j);
    j.action = choose(&j);
    if (j.verdict.worst.cls != CLS_CLEAN)
        make_lines(&j);
    status = carry_out(&j);
    write_log(&j);
    return status;
}
