#include <inttypes.h>
#include <unistd.h>

#include "base/diag.h"
#include "cage.h"
#include "cleanup.h"
#include "flood.h"
#include "job.h"
#include "log.h"
#include "notice.h"
#include "quarantine.h"
#include "base/safe.h"
#include "base/utc.h"

/*
 * outcome.c - from the verdict to what the server sees: the action, the notice, the copy in quarantine, the log line.
 */

enum { EXIT_TEMPFAIL = 75 };

static bool is_ascii(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] >= 0x80)
            return false;
    return true;
}

static void first_name(const struct job *j, char *out, size_t room)
{
    safe_text(out, room, j->part.n_names ? j->part.names[0] : slice_of(NULL, 0));
}

/* What failed on our side is for the log, not for the recipient. */
static const char *shown_name(const struct job *j)
{
    return j->verdict.worst.cls == CLS_ERROR ? "-" : j->verdict.worst.name;
}

/* Where this fails, the text alone is the notice. */
static void add_page(struct job *j, const struct notice_facts *f)
{
    struct notice_both b = { .text = j->act.notice, .name = slice_str(f->file), .id = j->id };

    j->page = buf_init(NOTICE_BOTH);
    j->both = buf_init(NOTICE_BOTH);
    j->both_headers = buf_init(NOTICE_MAX);
    if (notice_page(j->conf, f, b.text, &j->page) != CS_OK)
        return;
    b.page = buf_slice(&j->page);
    if (notice_alternative(&b, &j->both_headers, &j->both) != CS_OK)
        return;
    j->act.both = buf_slice(&j->both);
    j->act.both_headers = buf_slice(&j->both_headers);
}

static enum cs_status make_notice(struct job *j)
{
    char name[256], size[32], host[256] = "", date[80];
    const struct utc now = utc_of(time(NULL));
    const struct notice_facts f = {
        .virus = shown_name(j), .file = name, .type = j->media, .size = size, .id = j->id, .cls = j->verdict.worst.cls,
        .sender = j->message.sender, .subject = j->message.subject, .host = host, .date = date,
        .action = action_name(j->action), .contact = j->conf->notice.contact,
        .languages = j->message.languages, .recipients = j->message.recipients,
    };
    enum cs_status st;

    first_name(j, name, sizeof name);
    text_print(size, sizeof size, "%zu", j->part.bytes.n);
    if (gethostname(host, sizeof host - 1) != 0)
        host[0] = '\0';
    text_print(date, sizeof date, "%04u-%02u-%02u %02u:%02u UTC", now.year, now.month, now.day, now.hour, now.minute);
    j->notice = buf_init(NOTICE_MAX);
    j->notice_headers = buf_init(NOTICE_MAX);
    st = notice_text(j->conf, &f, &j->notice);
    if (st == CS_OK)
        st = notice_headers(slice_str(name), &j->notice_headers);
    j->act.notice = buf_slice(&j->notice);
    j->act.notice_headers = buf_slice(&j->notice_headers);
    j->act.notice_is_ascii = is_ascii(j->act.notice);
    if (st == CS_OK && j->conf->notice.html)
        add_page(j, &f);
    return st;
}

static void make_lines(struct job *j)
{
    const struct finding *f = &j->verdict.worst;
    char name[120];

    safe_ascii(name, sizeof name, slice_str(shown_name(j)));
    text_print(j->diagnostic, sizeof j->diagnostic, "a part was refused: %s: %s", cls_name(f->cls), name);
    text_print(j->tags, sizeof j->tags, "X-Convscan-Class: %s\nX-Convscan-Found: %s\nX-Convscan-Id: %s\n", cls_name(f->cls),
               name, j->id);
    j->act.diagnostic = j->diagnostic;
    j->act.tags = j->tags;
}

/* ---- the action ---------------------------------------------------------------------------------------------------- */

static struct conf_class decide(struct job *j)
{
    const struct conf_case k = {
        .cls = j->verdict.worst.cls, .in = j->ch->in_channel, .out = j->ch->out_channel, .recipients = j->message.recipients,
        .is_envelope = j->message.has_envelope, .sender = j->message.sender, .signature = j->verdict.worst.name,
    };

    return conf_decide(j->conf, &k);
}

/* Does this action keep the part anywhere but in quarantine? */
static bool loses_part(enum action a)
{
    return a == ACT_CLEAN || a == ACT_REPLACE || a == ACT_DELETE || a == ACT_DISCARD || a == ACT_RETURN;
}

static enum cs_status keep_copy(struct job *j, enum action a)
{
    char name[256];
    const struct quarantine_record r = {
        .id = j->id, .cls = cls_name(j->verdict.worst.cls), .name = j->verdict.worst.name, .member = j->verdict.worst.member,
        .file = name, .type = j->media, .sender = j->message.sender, .recipients = j->message.recipients,
        .subject = j->message.subject, .date = j->message.date, .in = j->ch->in_channel, .out = j->ch->out_channel,
        .action = action_name(a),
    };

    if (!j->conf->quarantine.folder || !j->act.has_input)
        return CS_NOENT;
    first_name(j, name, sizeof name);
    return quarantine_store(j->conf->quarantine.folder, &r, j->act.headers, j->act.input);
}

static enum action count_flood(struct job *j, enum action a)
{
    struct flood_answer f;

    if (!j->conf->flood.on || j->verdict.worst.cls != CLS_VIRUS)
        return a;
    f = flood_count(j->conf, slice_str(j->verdict.worst.name));
    j->is_flood = f.is_flood;
    j->flood_before = f.before;
    j->flood_count = f.is_flood ? f.count : 0;
    return f.is_flood ? (enum action)j->conf->flood.action : a;
}

/* Only what a second scan calls clean counts. */
static bool clean(struct job *j)
{
    const struct scan_setup setup = { .conf = j->conf, .dbs = j->dbs->dbs, .n_dbs = j->dbs->n, .output = j->ch->output };
    size_t n = strlen(j->tags);
    char name[120];

    if (!j->act.has_input || j->verdict.worst.cls == CLS_ERROR || cleanup_part(&setup, &j->part, &j->cleaned) != CS_OK)
        return false;
    j->act.cleaned = buf_slice(&j->cleaned);
    safe_ascii(name, sizeof name, slice_str(j->verdict.worst.name));
    text_print(j->tags + n, sizeof j->tags - n, "X-Convscan-Cleaned: %s\n", name);
    return true;
}

enum action job_known(const struct conf *c, enum action a)
{
    return c->channel.avoid & 1u << a ? ACT_HOLD : a;
}

/* The configured action, or the strictest that can be carried out without OUTPUT_OPTIONS. */
static enum action choose(struct job *j)
{
    struct conf_class c = decide(j);
    enum action a = count_flood(j, (enum action)c.action);
    enum cs_status st;

    if (a == ACT_CLEAN && !clean(j))
        a = c.otherwise == ACT_CLEAN ? ACT_REPLACE : (enum action)c.otherwise;
    if (!j->act.has_input && (a == ACT_PASS || a == ACT_TAG))
        a = ACT_RETRY;
    if (c.quarantine && a != ACT_PASS && !j->is_flood) {
        st = keep_copy(j, a);
        if (st != CS_OK)
            diag_warn("quarantine: %s", cs_status_text(st));
        if (st != CS_OK && loses_part(a))
            a = ACT_HOLD;
    }
    if (act_needs_status(a) && !j->act.can_answer)
        return ACT_REPLACE;
    return job_known(j->conf, a);
}

/* First what was chosen; then retry, which needs the options file alone; then a notice, which does not need it. */
static int carry_out(struct job *j)
{
    const enum action ladder[] = { j->action, job_known(j->conf, ACT_RETRY), ACT_REPLACE };
    const bool had_answer = j->act.can_answer;
    enum cs_status st;

    for (size_t i = 0; i < sizeof ladder / sizeof *ladder; i++) {
        /* Not the same again, but for a notice without options where they turned out not to be writable. */
        if (i && ladder[i] == ladder[0] && j->act.can_answer == had_answer)
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
        if (j->verdict.worst.cls == CLS_CLEAN)
            verdict_add(&j->verdict, CLS_ERROR, SLICE("the part cannot be handed over"), slice_of(NULL, 0), 0);
        if (act_needs_status(ladder[i]))
            j->act.can_answer = false;
    }
    return EXIT_TEMPFAIL;
}

/* ---- the log ------------------------------------------------------------------------------------------------------- */

static uint64_t us_since(const struct timespec *t, clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)(now.tv_sec - t->tv_sec) * 1000000 + (uint64_t)(now.tv_nsec / 1000) - (uint64_t)(t->tv_nsec / 1000);
}

static void write_log(const struct job *j)
{
    static const struct timespec zero;
    char name[256], uncaged[80] = "";
    struct vdl_info info = { .digest = 0 };
    struct log_facts f = {
        .id = j->id, .part = j->ch->part_number, .in = j->ch->in_channel, .out = j->ch->out_channel, .type = j->facts.type,
        .name = name, .cls = j->verdict.worst.cls, .sig = j->verdict.worst.name, .action = action_name(j->action),
        .exceptions = j->verdict.excepted ? j->verdict.exceptions : NULL, .flood = j->flood_before, .flooded = j->flood_count, .uncaged = uncaged,
        .size = j->part.bytes.n, .objects = j->facts.objects, .bytes = j->facts.bytes,
    };

    if (j->uncaged)
        cage_missing(j->uncaged, uncaged);
    first_name(j, name, sizeof name);
    for (size_t i = 0; i < j->dbs->n; i++) {
        vdl_info(j->dbs->dbs[i], &info);
        f.db ^= info.digest;
    }
    f.us = us_since(&j->begin, CLOCK_MONOTONIC);
    f.cpu_us = us_since(&zero, CLOCK_PROCESS_CPUTIME_ID);
    log_part(j->conf, &f);
}

int job_conclude(struct job *j)
{
    int status;

    if (j->verdict.worst.cls != CLS_CLEAN) {
        job_read_message(j);
        make_lines(j);
    }
    j->action = choose(j);
    status = carry_out(j);
    if (log_is_on(j->conf))
        write_log(j);
    return status;
}
