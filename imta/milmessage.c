#include "milmessage.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/safe.h"
#include "edits.h"
#include "fields.h"
#include "maillog.h"
#include "spoolin.h"

enum { ADDRESSES = 15 << 10, NAMED = 300 };

static uint64_t clock_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- the pieces ---- */

void milmessage_begin(struct milmessage *m, const struct mil_setup *setup, const char *sender)
{
    *m = (struct milmessage){ .setup = setup, .is_begun = true, .sender = buf_init(ENVELOPE_BYTES),
                              .recipients = buf_init(ENVELOPE_BYTES), .result = { .outcome = OUTCOME_PASS } };
    spill_init(&m->text, setup->memory, setup->spool_dir);
    spill_init(&m->changed, setup->memory, setup->spool_dir);
    m->status = buf_puts(&m->sender, sender);
}

void milmessage_end(struct milmessage *m)
{
    if (!m->is_begun)
        return;
    spill_release(&m->text);
    spill_release(&m->changed);
    buf_release(&m->sender);
    buf_release(&m->recipients);
    buf_release(&m->result.sample);
    m->is_begun = false;
}

void milmessage_recipient(struct milmessage *m, const char *address)
{
    struct slice s = slice_of(address, strlen(address) + 1);

    if (m->n_recipients == MIL_RECIPIENTS || s.n > m->recipients.max - m->recipients.n) {
        m->has_more_recipients = true;
        return;
    }
    if (m->status == CS_OK)
        m->status = buf_put(&m->recipients, s);
    m->n_recipients++;
}

static void put(struct milmessage *m, struct slice s)
{
    if (m->status != CS_OK || m->is_too_large)
        return;
    m->is_too_large = s.n > m->setup->job.switches->max_message - m->text.n;
    if (!m->is_too_large)
        m->status = spill_put(&m->text, s);
}

void milmessage_field(struct milmessage *m, const char *name, const char *value, bool has_blank)
{
    put(m, slice_str(name));
    put(m, has_blank ? SLICE(":") : SLICE(": "));
    for (;;) {
        size_t n = strcspn(value, "\n");

        put(m, slice_of(value, n));
        put(m, n && value[n - 1] == '\r' ? SLICE("\n") : SLICE("\r\n"));
        if (!value[n])
            break;
        value += n + 1;
    }
    m->n_fields++;
    m->n_header = m->text.n;
}

void milmessage_end_of_header(struct milmessage *m)
{
    put(m, SLICE("\r\n"));
}

void milmessage_body(struct milmessage *m, struct slice data)
{
    put(m, data);
}

/* ---- the envelope ---- */

static struct slice without_brackets(struct slice s)
{
    return s.n >= 2 && s.p[0] == '<' && s.p[s.n - 1] == '>' ? slice_sub(s, 1, s.n - 2) : s;
}

void milmessage_envelope(const struct milmessage *m, struct envelope *e)
{
    struct slice left = buf_slice(&m->recipients);

    *e = (struct envelope){ .from = without_brackets(buf_slice(&m->sender)), .in_chan = slice_str(m->setup->job.in_chan),
                            .out_chan = slice_str(m->setup->job.out_chan), .arrived = clock_us(CLOCK_REALTIME) };
    while (left.n && e->n_to < ENVELOPE_TO) {
        size_t n = slice_chr(left, '\0');

        e->to[e->n_to++] = without_brackets(slice_take(left, n));
        left = slice_drop(left, n + 1);
    }
}

/* Addresses with blanks between them. One that holds a blank itself must not look like two. */
static enum cs_status list_addresses(const struct envelope *e, bool has_more, struct buf *out)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < e->n_to && st == CS_OK && !has_more; i++) {
        has_more = out->n + e->to[i].n > ADDRESSES;
        if (has_more)
            break;
        st = out->n ? buf_putc(out, ' ') : CS_OK;
        for (size_t k = 0; k < e->to[i].n && st == CS_OK; k++)
            st = buf_putc(out, e->to[i].p[k] > ' ' && e->to[i].p[k] != 0x7f ? e->to[i].p[k] : '_');
    }
    /* Somebody of whom nothing is known: no rule that is for all recipients fits then. */
    return st == CS_OK && has_more ? buf_puts(out, " more-recipients") : st;
}

/* ---- the conversion ---- */

/* Keeps what comes out from the first byte on that differs from what went in. */
struct sink {
    struct milmessage *m;
    size_t same;
    bool differs;
};

static enum cs_status sink_differs(struct sink *k)
{
    k->differs = true;
    return spill_put(&k->m->changed, slice_take(k->m->before, k->same));
}

static enum cs_status sink_put(void *ctx, struct slice s)
{
    struct sink *k = ctx;
    enum cs_status st = CS_OK;

    if (!k->differs && slice_starts(slice_drop(k->m->before, k->same), s)) {
        k->same += s.n;
        return CS_OK;
    }
    if (!k->differs)
        st = sink_differs(k);
    return st == CS_OK ? spill_put(&k->m->changed, s) : st;
}

static enum cs_status sink_end(struct sink *k)
{
    struct milmessage *m = k->m;
    enum cs_status st = CS_OK;

    if (!k->differs && k->same < m->before.n)
        st = sink_differs(k);
    m->after = m->before;
    m->result.is_rebuilt = k->differs;
    return st == CS_OK && k->differs ? spill_view(&m->changed, &m->after) : st;
}

static enum cs_status run_job(struct milmessage *m, struct convert_job *job)
{
    struct sink k = { .m = m };
    enum cs_status st = convert_message(job, m->before, sink_put, &k, &m->result);

    if (st == CS_OK && m->result.outcome == OUTCOME_PASS)
        st = sink_end(&k);
    return st;
}

static enum cs_status with_variables(struct milmessage *m, struct convert_job *job, const struct mil_facts *f)
{
    struct envelope *e = malloc(sizeof *e);
    struct buf to = buf_init(ADDRESSES + NAMED);
    struct convert_variable variables[] = {
        { "QUEUE_ID", slice_str(f->queue_id) },            { "CLIENT_NAME", slice_str(f->client_name) },
        { "CLIENT_ADDRESS", slice_str(f->client_address) }, { "AUTH_USER", slice_str(f->user) },
        { "ENVELOPE_FROM", { 0 } },                        { "ENVELOPE_TO", { 0 } },
    };
    enum cs_status st = e ? CS_OK : CS_NOMEM;

    if (st == CS_OK) {
        milmessage_envelope(m, e);
        st = list_addresses(e, m->has_more_recipients, &to);
        for (size_t i = 0; i < e->n_to; i++)
            job->is_addressed |= convert_is_addressed(e->to[i]);
    }
    if (st == CS_OK) {
        variables[4].value = e->from.n ? e->from : SLICE("<>");
        variables[5].value = buf_slice(&to);
        job->variables = variables;
        job->n_variables = sizeof variables / sizeof *variables;
        st = run_job(m, job);
    }
    buf_release(&to);
    free(e);
    return st;
}

/* A descriptor that becomes readable at the deadline: the library then stops by itself, and kills its command. */
static int open_timer(uint64_t deadline)
{
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec at = { .it_value = { .tv_sec = (time_t)(deadline / 1000000), .tv_nsec = (long)(deadline % 1000000) * 1000 } };

    if (fd >= 0 && timerfd_settime(fd, TFD_TIMER_ABSTIME, &at, NULL) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static enum cs_status convert_until(struct milmessage *m, const struct mil_facts *f, uint64_t deadline)
{
    const struct mil_setup *setup = m->setup;
    struct convert_job job = setup->job;
    enum cs_status st;

    job.stop_fd = open_timer(deadline);
    if (job.stop_fd < 0)
        return CS_IO;
    if (f->user[0])
        job.in_chan = setup->auth_chan;
    job.tmp_dir = m->before.n > setup->memory ? setup->spool_dir : setup->work_dir;
    st = with_variables(m, &job, f);
    close(job.stop_fd);
    return st == CS_STOP ? CS_TIMEOUT : st;
}

enum mil_answer milmessage_convert(struct milmessage *m, struct gate *gate, struct milstatus *status, const struct mil_facts *facts)
{
    uint64_t begun = clock_us(CLOCK_MONOTONIC), deadline = begun + m->setup->timeout * 1000000;
    char *why = m->result.diagnostic;

    if (m->is_too_large) {
        snprintf(why, CONVERT_DIAGNOSTIC, "larger than the mail that is scanned here");
        return MIL_REJECT;
    }
    if (m->status == CS_OK)
        m->status = spill_view(&m->text, &m->before);
    milstatus_move(status, &m->item, STAGE_WAITING, m->before.n);
    if (m->status == CS_OK)
        m->status = gate_enter(gate, m->before.n, deadline, &m->place);
    if (m->status == CS_OK) {
        milstatus_move(status, &m->item, STAGE_WORKING, m->before.n);
        m->status = convert_until(m, facts, deadline);
        gate_leave(gate, m->place);
    }
    if (m->status != CS_OK) {
        snprintf(why, CONVERT_DIAGNOSTIC, "%s", cs_status_text(m->status));
        diag_warn("%s: not converted: %s: the server tries again", facts->queue_id, why);
    }
    m->us = clock_us(CLOCK_MONOTONIC) - begun;
    return mil_answer(m->status, &m->result, m->setup->postmaster && !m->has_more_recipients);
}

/* ---- what becomes of it ---- */

void milmessage_split(struct slice text, struct slice *header, struct slice *body)
{
    struct slice left = text;
    struct header_field f;

    while (header_field_next(&left, &f))
        continue;
    *header = slice_take(text, text.n - left.n);
    *body = slice_drop(left, slice_chr(left, '\n') + 1);
}

bool milmessage_is_editable(const struct milmessage *m)
{
    struct slice header, body;

    milmessage_split(m->before, &header, &body);
    return header.n == m->n_header && edits_count(header) == m->n_fields;
}

enum cs_status milmessage_hold(const struct milmessage *m, char id[QUEUE_NAME])
{
    struct envelope *e = malloc(sizeof *e);
    enum cs_status st = e ? CS_OK : CS_NOMEM;

    if (st == CS_OK) {
        milmessage_envelope(m, e);
        st = m->has_more_recipients ? CS_TOOBIG : spoolin_hold(m->setup->hold, e, m->before, id);
    }
    free(e);
    return st;
}

static void log_mail(const struct milmessage *m, enum mil_answer answer)
{
    static const char *const entries[] = { "Q", "E", "E", NULL, "E", "J", "D" };       /* nothing is written of what is held */
    struct envelope *e = m->setup->maillog < 0 || !entries[answer] ? NULL : malloc(sizeof *e);

    if (!e)
        return;
    milmessage_envelope(m, e);
    maillog_write(m->setup->maillog, e->arrived, "conversion", m->setup->job.out_chan, entries[answer], m->text.n, e,
                  m->result.diagnostic);
    free(e);
}

void milmessage_log(const struct milmessage *m, enum mil_answer answer, const struct mil_facts *facts)
{
    char line[1024 + CONVERT_DIAGNOSTIC], reason[CONVERT_DIAGNOSTIC];
    uint64_t now = clock_us(CLOCK_REALTIME);
    const char *outcome = answer == MIL_TEMPFAIL ? "retry" : m->is_too_large ? "return" : outcome_text(m->result.outcome);
    int n;

    log_mail(m, answer);
    if (m->setup->log < 0)
        return;
    safe_ascii(reason, sizeof reason, slice_str(m->result.diagnostic));
    n = snprintf(line, sizeof line,
                 "time=%llu.%06llu id=%s outcome=%s size=%zu parts=%u commands=%u attempts=0 us=%llu cpu_us=%llu delay_us=%llu "
                 "worker=%u answer=%s client=%s%s%s%s\n",
                 (unsigned long long)(now / 1000000), (unsigned long long)(now % 1000000),
                 facts->queue_id[0] ? facts->queue_id : "-", outcome, m->text.n, m->result.parts, m->result.commands,
                 (unsigned long long)m->us, (unsigned long long)m->result.cpu_us, (unsigned long long)m->us, m->place,
                 mil_answer_text(answer), facts->client_address[0] ? facts->client_address : "-", reason[0] ? " reason=\"" : "",
                 reason, reason[0] ? "\"" : "");
    if (n > 0 && (size_t)n < sizeof line && write(m->setup->log, line, (size_t)n) < 0)
        return;
}
