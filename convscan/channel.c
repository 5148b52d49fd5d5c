#include "channel.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "confine.h"
#include "job.h"
#include "log.h"
#include "mime/mime.h"
#include "quarantine.h"

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
        .envelope_from = variable("ENVELOPE_FROM"),
        .envelope_to = variable("ENVELOPE_TO"),
    };
}

void job_trouble(struct job *j, const char *what, enum cs_status st)
{
    char text[160];

    snprintf(text, sizeof text, st == CS_OK ? "%s" : "%s: %s", what, cs_status_text(st));
    diag_warn("%s", text);
    verdict_add(&j->verdict, CLS_ERROR, slice_str(text), slice_of(NULL, 0), 0);
}

void job_read_message(struct job *j)
{
    enum cs_status st = j->message.is_read ? CS_NOENT : message_read(&j->message, j->ch->message_headers);

    if (st != CS_OK && st != CS_NOENT)
        diag_warn("MESSAGE_HEADERS: %s", cs_status_text(st));
    message_set_envelope(&j->message, j->ch->envelope_from, j->ch->envelope_to);
}

/* ---- what comes in ------------------------------------------------------------------------------------------------ */

/* Before the cage closes: it then needs no rule for these files. */
static struct source open_source(const char *path)
{
    struct source s = { .fd = -1, .status = CS_NOENT };

    if (path)
        s.status = mapfile_begin(path, &s.fd);
    return s;
}

/* Small parts are copied, so that nobody can change them under the scan; a large one that shrinks ends in watchdog.c. */
static void read_input(struct job *j)
{
    enum cs_status st = j->input_file.status;

    if (st == CS_OK)
        st = mapfile_take(&j->input, j->input_file.fd, MAPFILE_COPY, CHANNEL_COPIED);
    if (st == CS_TOOBIG)
        st = mapfile_take(&j->input, j->input_file.fd, MAPFILE_MAP, SIZE_MAX / 2);
    if (st == CS_OK && j->input.heap && j->input.data.n != (size_t)j->input.st.st_size)
        st = CS_IO;
    if (st != CS_OK) {
        job_trouble(j, "INPUT_FILE", st);
        return;
    }
    j->part.bytes = j->act.input = j->input.data;
    j->act.has_input = true;
    j->act.input_file = &j->input.st;
    j->act.may_link = j->conf->channel.link;
}

static void add_name(struct job *j, struct slice name)
{
    for (size_t i = 0; i < j->part.n_names; i++)
        if (slice_eq(j->part.names[i], name))
            return;
    if (name.n && j->part.n_names < sizeof j->part.names / sizeof *j->part.names)
        j->part.names[j->part.n_names++] = name;
}

/* The part's own header lines, where the server gave them: all readings of the name, and the charset. */
static void read_headers(struct job *j)
{
    struct mime_event ev = { .kind = MIME_OPEN };
    enum cs_status st = j->headers_file.status;

    if (st == CS_OK)
        st = mapfile_take(&j->headers, j->headers_file.fd, MAPFILE_COPY, CHANNEL_HEADERS);
    if (st == CS_NOENT)
        return;
    if (st != CS_OK) {
        job_trouble(j, "INPUT_HEADERS", st);
        return;
    }
    j->act.headers = j->headers.data;
    j->act.has_headers = true;
    j->act.headers_file = &j->headers.st;
    j->header_walk = mime_walk_new(j->headers.data, NULL, NULL);
    st = j->header_walk ? CS_OK : CS_NOMEM;
    while (st == CS_OK && ev.kind != MIME_HEAD && ev.kind != MIME_END)
        st = mime_walk_next(j->header_walk, &ev);
    if (st != CS_OK)
        job_trouble(j, "INPUT_HEADERS", st);
    if (st != CS_OK || ev.kind != MIME_HEAD || !ev.part)
        return;
    for (size_t i = 0; i < ev.part->n_names; i++)
        add_name(j, ev.part->names[i]);
    if (mime_param_find(&ev.part->type, "charset"))
        j->part.charset = mime_param_find(&ev.part->type, "charset")->value;
}

/* The server may hand over the parameter as it was sent: an encoded word is one more reading of it. */
static void add_variable(struct job *j, const char *value)
{
    struct slice s = slice_str(value);
    struct arena a;

    add_name(j, s);
    if (slice_find(s, SLICE("=?")) < s.n && arena_init(&a, 1 << 16) == CS_OK)
        add_name(j, mime_words_decode(s, &a));      /* the arena stays: names point into it */
}

/* As much of it as there is room for: no type is that long. */
static struct slice put_media(struct job *j, const char *type, const char *subtype)
{
    const size_t room = sizeof j->media - 2, n = strnlen(type, room);

    text_print(j->media, sizeof j->media, "%.*s/%.*s", (int)n, type, (int)(room - n), subtype);
    return slice_str(j->media);
}

static void describe_part(struct job *j)
{
    const struct channel *ch = j->ch;

    add_variable(j, ch->filename);
    add_variable(j, ch->name);
    read_headers(j);
    if (ch->type)
        j->part.declared = put_media(j, ch->type, ch->subtype ? ch->subtype : "");
    j->part.is_message = slice_istarts(j->part.declared, SLICE("message/rfc822")) ||
                         slice_istarts(j->part.declared, SLICE("message/global"));
    j->part.names_count = j->part.names_inside = true;
}

static bool has_allow_rules(const struct dbset *dbs)
{
    struct vdl_info info;

    for (size_t i = 0; i < dbs->n; i++) {
        vdl_info(dbs->dbs[i], &info);
        if (info.classes[VDL_ALLOW])
            return true;
    }
    return false;
}

static void scan_part(struct job *j)
{
    const struct scan_setup setup = { .conf = j->conf, .dbs = j->dbs->dbs, .n_dbs = j->dbs->n, .output = j->ch->output };

    if (has_allow_rules(j->dbs)) {
        job_read_message(j);
        j->part.sender = slice_str(j->message.sender);
        j->part.recipients = slice_str(j->message.recipients);
    }
    j->scan = scan_new(&setup);
    if (!j->scan) {
        job_trouble(j, "scan", CS_NOMEM);
        return;
    }
    scan_run(j->scan, &j->part, &j->verdict);
    j->facts = scan_facts(j->scan);
}

static void make_id(struct job *j)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    text_print(j->id, sizeof j->id, "%" PRIx64 ".%lx", (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000,
               (unsigned long)getpid());
}

/*
 * The answer for a crash, a shrinking file or a decoder that hangs: retry where options can be written, else a notice instead of
 * the part.
 */
static void arm(struct job *j)
{
    static const char text[] = "An attachment of this message could not be checked and was removed by the mail server.\n";
    const char *path = j->act.can_answer ? j->ch->options : j->ch->output;
    struct watchdog_answer *a = &j->emergency;
    const enum action wait = job_known(j->conf, ACT_RETRY);
    bool can_write = path && text_print(j->emergency_temp, sizeof j->emergency_temp, "%s.%ld-w.new", path, (long)getpid()) &&
                     text_print(j->emergency_line, sizeof j->emergency_line, "STATUS=%u\n", act_status(wait));

    *a = (struct watchdog_answer){ .line = { .fd = STDERR_FILENO, .before = SLICE("convscan: stopped while scanning: "),
                                             .after = SLICE("\n") }, .status = 0, .status_failed = EXIT_TEMPFAIL };
    if (can_write) {
        a->n_files = 1;
        a->files[0].path = path;
        a->files[0].temp = j->emergency_temp;
        a->files[0].text = j->act.can_answer ? slice_str(j->emergency_line) : SLICE(text);
    } else {
        a->status = EXIT_TEMPFAIL;
    }
    watchdog_arm(a, (unsigned)(j->conf->limit.time + GRACE) * 1000);
}

int channel_run(const struct channel *ch, const struct conf *conf, const struct dbset *dbs, struct channel_trouble before)
{
    static struct job j;        /* all zero; nothing in it is given back: the process is over when this returns */

    j.ch = j.act.ch = ch;
    j.conf = conf;
    j.dbs = dbs;
    clock_gettime(CLOCK_MONOTONIC, &j.begin);
    make_id(&j);
    j.facts = (struct scan_facts){ .type = "unknown" };
    j.act.can_answer = ch->options && act_can_write(ch->options);
    if (!j.act.can_answer)
        diag_warn("OUTPUT_OPTIONS: %s: what does not pass is replaced", ch->options ? "cannot be written" : "not set");
    if (!ch->output)
        before = (struct channel_trouble){ CS_INVALID, "OUTPUT_FILE: not set" };
    arm(&j);
    if (before.status != CS_OK)
        job_trouble(&j, before.why, CS_OK);
    log_open(conf);
    if (conf->quarantine.folder && quarantine_prepare(conf->quarantine.folder) != CS_OK)
        diag_warn("%s: cannot be made", conf->quarantine.folder);
    j.input_file = open_source(ch->input);
    j.headers_file = open_source(ch->in_headers);
    j.uncaged = confine_channel(ch, conf);
    read_input(&j);
    describe_part(&j);
    if (j.act.has_input && before.status == CS_OK)
        scan_part(&j);
    return job_conclude(&j);
}
