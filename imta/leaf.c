#include "leaf.h"

#include <errno.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"
#include "content.h"
#include "reencode.h"
#include "relabel.h"
#include "report.h"

enum { OPTIONS_MAX = 64 << 10, SHORT_TEXT = 24 };

struct leaf {
    struct channel *ch;
    struct part_node *node;
    const struct mime_part *part;
    struct content content;
    struct part_facts facts;
    const struct conversion *entry;
    struct symbols symbols;
    struct buf headers_before;          /* INPUT_HEADERS */
    struct mapfile options, headers, output;
    bool has_headers, has_output;
    struct answer answer;
    struct part_report report;
    char size_text[SHORT_TEXT], attachment_text[SHORT_TEXT];
};

static bool is_type(const struct mime_part *p, const char *type)
{
    return slice_istarts(p->type.token, slice_str(type));
}

/* What the channel never shows to a command. */
static bool is_opaque(const struct leaf *l)
{
    const struct switches *sw = l->ch->sw;

    if (sw->security_multiparts == SECURITY_RETAIN &&
        (is_type(l->part, "multipart/signed") || is_type(l->part, "multipart/encrypted")))
        return true;
    return sw->message_leaves == MESSAGE_LEAVES_SKIP && is_type(l->part, "message/") && !l->node->is_whole;
}

/* A field's value in one line, for matching; as it stands where there is no room. */
static struct slice unfold(struct leaf *l, struct slice s)
{
    uint8_t *p;
    size_t n = 0;

    if (slice_chr(s, '\n') == s.n)
        return s;
    s = slice_take(s, SYMBOL_VALUE);
    p = arena_get(&l->ch->arena, s.n, 1);
    for (size_t i = 0; p && i < s.n; i++)
        if (s.p[i] != '\r' && s.p[i] != '\n')
            p[n++] = s.p[i];
    return p ? slice_of(p, n) : s;
}

static void set_facts(struct leaf *l)
{
    const struct convert_job *job = l->ch->job;
    const struct mime_part *p = l->part;
    const struct part_node *msg = rebuild_message_of(l->node);
    size_t slash = slice_chr(p->type.token, '/');
    bool is_attachment = p->name.n || slice_eq(p->disposition.token, SLICE("attachment"));

    if (is_attachment)
        snprintf(l->attachment_text, sizeof l->attachment_text, "%u", ++l->ch->n_attachments);
    l->facts = (struct part_facts){
        .in_chan = slice_str(job->in_chan),
        .out_chan = slice_str(job->out_chan),
        .type = slice_take(p->type.token, slash),
        .subtype = slice_drop(p->type.token, slash + 1),
        .content_type = &p->type,
        .disposition = &p->disposition,
        .description = p->description,
        .encoding = p->encoding_token,
        .subject = unfold(l, msg->subject),
        .message_context = unfold(l, msg->message_context),
        .a1_type = unfold(l, msg->a1_type),
        .a1_format = unfold(l, msg->a1_format),
        .number = slice_str(p->number),
        .attachment_number = slice_str(l->attachment_text),
        .tags = job->tags,
        .n_tags = job->n_tags,
    };
}

/* ---- files and variables ---- */

static enum cs_status store_headers(struct leaf *l)
{
    struct runner *r = l->ch->runner;
    const struct part_node *msg = rebuild_message_of(l->node);
    enum cs_status st = CS_OK;

    if (l->entry->message_header_file == 2)
        while (msg->parent)
            msg = msg->parent;
    if (l->entry->message_header_file)
        st = runner_store(r, RUN_MESSAGE_HEADERS, msg->header);
    if (st == CS_OK)
        st = l->node->is_message ? relabel_mime_fields(l->part->header, &l->headers_before)
                                 : buf_put(&l->headers_before, l->part->header);
    if (st == CS_OK && l->entry->wants_original_headers)
        st = runner_store(r, RUN_INPUT_HEADERS, buf_slice(&l->headers_before));
    return st;
}

static enum cs_status store_input(struct leaf *l)
{
    uint64_t size;
    int fd;
    enum cs_status sealed, st = runner_create(l->ch->runner, RUN_INPUT, &fd);

    if (st != CS_OK)
        return st;
    st = content_write(&l->content, fd, &size);
    sealed = runner_seal(l->ch->runner, RUN_INPUT, fd, size);
    snprintf(l->size_text, sizeof l->size_text, "%llu", (unsigned long long)size);
    return st != CS_OK ? st : sealed;
}

static enum cs_status set_header_symbol(struct leaf *l, const char *name, struct slice value)
{
    if (value.n == 0 && l->ch->sw->absent_header_variable == ABSENT_UNSET)
        return CS_OK;
    return symbols_set(&l->symbols, name, value);
}

/* Without its clause a file is neither written nor read. Its name is kept back, too: who would answer there must know that nobody looks. */
static enum cs_status set_file_symbol(struct leaf *l, const char *name, enum runner_file f, bool is_wanted)
{
    return is_wanted || l->ch->sw->unasked_file_variable == UNASKED_SET ? symbols_set(&l->symbols, name, slice_str(l->ch->runner->path[f])) : CS_OK;
}

/* Variables that 6.3 brought. */
static enum cs_status set_new_symbols(struct leaf *l)
{
    const struct convert_job *job = l->ch->job;
    struct buf tags = buf_init(SYMBOL_VALUE);
    enum cs_status st;

    st = symbols_set(&l->symbols, "INPUT_CHANNEL", slice_str(job->in_chan));
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "OUTPUT_CHANNEL", slice_str(job->out_chan));
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "PART_NUMBER", l->facts.number);
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "PART_SIZE", slice_str(l->size_text));
    if (st == CS_OK && l->facts.attachment_number.n)
        st = symbols_set(&l->symbols, "ATTACHMENT_NUMBER", l->facts.attachment_number);
    for (size_t i = 0; st == CS_OK && i < job->n_tags; i++)
        st = buf_printf(&tags, "%s%s", i ? "," : "", job->tags[i]);
    if (st == CS_OK && job->n_tags)
        st = symbols_set(&l->symbols, "CONVERSION_TAG", buf_slice(&tags));
    buf_release(&tags);
    return st;
}

static enum cs_status set_entry_symbols(struct leaf *l)
{
    enum cs_status st = CS_OK;
    char name[128];

    for (size_t i = 0; st == CS_OK && i < l->entry->n; i++) {
        const struct conversion_clause *cl = &l->entry->clauses[i];
        struct slice value;

        if ((cl->id != CL_PARAMETER_SYMBOL && cl->id != CL_DPARAMETER_SYMBOL) || !conversion_counts(l->entry, cl))
            continue;
        value = conversion_symbol_value(l->entry, cl, &l->facts, l->ch->sw);
        snprintf(name, sizeof name, "%.*s", (int)cl->plain.n, (const char *)cl->plain.p);
        if (value.p)
            st = symbols_set(&l->symbols, name, value);
    }
    return st;
}

static enum cs_status set_symbols(struct leaf *l)
{
    const char *path = getenv("PATH"), *zone = getenv("TZ");
    enum cs_status st;

    l->symbols = (struct symbols){ .arena = &l->ch->arena };
    st = symbols_set(&l->symbols, "PATH", slice_str(path && path[0] ? path : "/usr/local/bin:/usr/bin:/bin"));
    if (st == CS_OK && zone)
        st = symbols_set(&l->symbols, "TZ", slice_str(zone));
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "TMPDIR", slice_str(l->ch->runner->dir));
    if (st == CS_OK)
        st = set_file_symbol(l, "INPUT_FILE", RUN_INPUT, true);
    if (st == CS_OK)
        st = set_file_symbol(l, "OUTPUT_FILE", RUN_OUTPUT, true);
    if (st == CS_OK)
        st = set_file_symbol(l, "INPUT_HEADERS", RUN_INPUT_HEADERS, l->entry->wants_original_headers);
    if (st == CS_OK)
        st = set_file_symbol(l, "MESSAGE_HEADERS", RUN_MESSAGE_HEADERS, l->entry->message_header_file);
    if (st == CS_OK)
        st = set_file_symbol(l, "OUTPUT_HEADERS", RUN_OUTPUT_HEADERS, l->entry->overrides_headers);
    if (st == CS_OK)
        st = set_file_symbol(l, "OUTPUT_OPTIONS", RUN_OUTPUT_OPTIONS, l->entry->overrides_options);
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "INPUT_TYPE", l->facts.type);
    if (st == CS_OK)
        st = symbols_set(&l->symbols, "INPUT_SUBTYPE", l->facts.subtype);
    if (st == CS_OK)
        st = set_header_symbol(l, "INPUT_ENCODING", l->facts.encoding);
    if (st == CS_OK)
        st = set_header_symbol(l, "INPUT_DESCRIPTION", l->facts.description);
    if (st == CS_OK)
        st = set_header_symbol(l, "INPUT_DISPOSITION", l->facts.disposition->token);
    if (st == CS_OK && l->ch->sw->version == VERSION_63)
        st = set_new_symbols(l);
    for (size_t i = 0; st == CS_OK && i < l->ch->job->n_variables; i++)
        if (l->ch->job->variables[i].value.n)
            st = symbols_set(&l->symbols, l->ch->job->variables[i].name, l->ch->job->variables[i].value);
    return st == CS_OK ? set_entry_symbols(l) : st;
}

/* ---- the run and what it left ---- */

static enum cs_status run_command(struct leaf *l)
{
    struct command cmd;
    char **env;
    enum cs_status st = symbols_command(&l->symbols, l->ch->job->mappings, l->ch->job->program_dir,
                                        l->entry->command->written, &cmd);

    if (st == CS_OK)
        st = symbols_environ(&l->symbols, &env);
    if (st != CS_OK)
        return st;
    l->report.command = cmd.shown;
    l->ch->result->commands++;
    st = runner_run(l->ch->runner, cmd.argv, env, l->ch->sw->timeout, &l->report.run);
    l->ch->result->cpu_us += l->report.run.cpu_us;
    return st;
}

/* A file of the command's: CS_OK with *has false when there is none. */
static enum cs_status read_file(struct leaf *l, enum runner_file f, size_t max, struct mapfile *m, bool *has)
{
    enum cs_status st = mapfile_open(m, l->ch->runner->path[f], MAPFILE_COPY, max);

    *has = st == CS_OK;
    return st == CS_NOENT ? CS_OK : st;
}

static enum outcome on_failure(const struct leaf *l, const char *why)
{
    static const enum outcome outcomes[] = { OUTCOME_UNCHANGED, OUTCOME_RETRY, OUTCOME_HOLD };
    enum outcome o = outcomes[l->ch->sw->on_nonzero_exit];

    diag_warn("part %s: %s: %s", l->part->number, why, o == OUTCOME_UNCHANGED ? "passed as it is" : outcome_text(o));
    return o;
}

/* The command may have said "infected" where we could not read it: no switch lets that through. */
static enum outcome cannot_tell(const struct leaf *l, const char *why)
{
    diag_warn("part %s: %s: retry", l->part->number, why);
    return OUTCOME_RETRY;
}

static enum outcome on_crash(const struct leaf *l)
{
    const struct runner_result *run = &l->report.run;
    enum outcome o = l->ch->sw->on_signal_or_timeout == ON_SIGNAL_RETRY ? OUTCOME_RETRY : OUTCOME_UNCHANGED;
    const char *why = run->end == RUN_TIMED_OUT ? "the command took too long"
                      : run->end == RUN_SIGNALLED ? "the command was killed"
                                                  : "the command could not be started";

    diag_warn("part %s: %s (%d): %s", l->part->number, why, run->code,
              o == OUTCOME_UNCHANGED ? "passed as it is" : outcome_text(o));
    return o;
}

/* The outcome as far as exit status and options tell. */
static enum outcome judge_run(struct leaf *l)
{
    bool has_options = false;

    if (l->report.run.end != RUN_EXITED)
        return on_crash(l);
    if (l->report.run.code != 0)
        return on_failure(l, "the command failed");
    if (l->entry->overrides_options &&
        read_file(l, RUN_OUTPUT_OPTIONS, OPTIONS_MAX, &l->options, &has_options) != CS_OK)
        return cannot_tell(l, "the options file cannot be read");
    answer_parse(l->options.data, l->ch->sw, &l->answer);
    if (has_options)
        l->report.answer = &l->answer;
    if (l->answer.has_status && !l->answer.has_number)
        return cannot_tell(l, "STATUS is no number");
    return answer_outcome(&l->answer, l->ch->sw);
}

static enum outcome judge_output(struct leaf *l)
{
    enum cs_status st = read_file(l, RUN_OUTPUT, l->ch->sw->max_output, &l->output, &l->has_output);

    if (st != CS_OK)
        return cannot_tell(l, "the output file cannot be read");
    if (l->has_output)
        return OUTCOME_PASS;
    switch (l->ch->sw->on_missing_output) {
    case ON_OUTPUT_ORIGINAL:
        return OUTCOME_UNCHANGED;
    case ON_OUTPUT_EMPTY:
        return OUTCOME_PASS;
    default:
        return on_failure(l, "the command made no output file");
    }
}

static enum outcome judge_headers(struct leaf *l)
{
    if (!l->entry->overrides_headers)
        return OUTCOME_PASS;
    if (read_file(l, RUN_OUTPUT_HEADERS, RELABEL_HEADER, &l->headers, &l->has_headers) != CS_OK)
        return cannot_tell(l, "the headers file cannot be read");
    if (!l->has_headers && l->ch->sw->on_missing_output_headers == ON_HEADERS_NONE)
        l->has_headers = true;          /* as if it were empty */
    return OUTCOME_PASS;
}

static enum outcome judge(struct leaf *l)
{
    enum outcome o = judge_run(l);

    if (o == OUTCOME_FAILED)
        return on_failure(l, "the command's status means failure");
    if (o != OUTCOME_PASS && o != OUTCOME_NONE)
        return o;
    o = judge_output(l);
    return o == OUTCOME_PASS ? judge_headers(l) : o;
}

/* ---- the new part ---- */

static bool collides(void *ctx, struct slice body)
{
    const struct leaf *l = ctx;

    return rebuild_collides(l->node, body);
}

static enum cs_status find_mode(const struct leaf *l, const struct relabel *rl, bool *is_text)
{
    struct buf mode = buf_init(RELABEL_LINE);
    bool was_text = slice_ieq(l->facts.type, SLICE("text")), will_be = was_text;
    enum cs_status st = relabel_is_text(rl, &will_be);

    if (st == CS_OK)
        st = relabel_wish(rl, l->answer.mode, CL_OUT_MODE, &mode);
    if (st == CS_OK && slice_ieq(buf_slice(&mode), SLICE("text")))
        *is_text = true;
    else if (st == CS_OK && slice_ieq(buf_slice(&mode), SLICE("block")))
        *is_text = false;
    else
        *is_text = will_be && (!was_text || l->content.encoding != MIME_ENC_BASE64);
    buf_release(&mode);
    return st;
}

static enum cs_status encode_new(struct leaf *l, struct relabel *rl)
{
    struct buf encoding = buf_init(RELABEL_LINE);
    struct body_wish wish = { .eol = l->ch->eol };
    enum cs_status st = relabel_wish(rl, l->answer.encoding, CL_OUT_ENCODING, &encoding);

    if (st == CS_OK)
        st = find_mode(l, rl, &wish.is_text);
    wish.encoding = buf_slice(&encoding);
    if (st == CS_OK)
        st = body_encode(l->output.data, &wish, collides, l, &l->node->new_body, &rl->encoding);
    l->node->has_new_body = st == CS_OK;
    buf_release(&encoding);
    return st;
}

/* Another encoding for content that stays: not for what nobody could decode, nor where the type tells how it is encoded, nor for
 * a message in one piece. */
static bool wants_encoding(const struct leaf *l)
{
    return (l->answer.encoding.n || conversion_clause(l->entry, CL_OUT_ENCODING, 0)) &&
           l->content.encoding != MIME_ENC_UNKNOWN && l->content.encoding != MIME_ENC_BINHEX && !l->node->is_whole;
}

/* The output as the new part. Content that came back as it went keeps the form in which it was sent. */
static enum cs_status replace(struct leaf *l, enum outcome *o)
{
    struct relabel rl = { .entry = l->entry, .part = l->part, .symbols = &l->symbols, .maps = l->ch->job->mappings,
                          .answer = &l->answer, .is_message = l->node->is_message, .has_file = l->has_headers,
                          .file = l->headers.data, .encoding = "", .eol = l->ch->eol };
    bool is_same, is_asked = relabel_is_asked(&rl, buf_slice(&l->headers_before));
    enum cs_status st = content_equals(&l->content, l->output.data, &is_same);

    if (st != CS_OK)
        return st;
    *o = OUTCOME_PASS;
    if (is_same && !is_asked && l->ch->sw->on_same_output == SAME_KEEP)
        return CS_OK;
    rl.is_new_body = !is_same || wants_encoding(l);
    *o = OUTCOME_CHANGED;
    if (rl.is_new_body)
        st = encode_new(l, &rl);
    if (st == CS_OK)
        st = relabel_header(&rl, &l->node->new_header);
    l->node->has_new_header = st == CS_OK;
    return st;
}

/* One printable line. */
static void keep_diagnostic(struct leaf *l)
{
    char *to = l->ch->result->diagnostic;
    struct slice s = slice_take(l->answer.diagnostic, CONVERT_DIAGNOSTIC - 1);

    for (size_t i = 0; i < s.n; i++)
        to[i] = (char)(s.p[i] >= ' ' && s.p[i] != 0x7f ? s.p[i] : ' ');
    to[s.n] = '\0';
}

/* What a bounce with a sample shows: the command's output where there is one. */
static enum cs_status keep_sample(struct leaf *l)
{
    struct slice left;
    enum cs_status st;
    size_t end = 0;

    st = read_file(l, RUN_OUTPUT, l->ch->sw->max_output, &l->output, &l->has_output);
    if (st != CS_OK || !l->has_output)
        return CS_OK;                   /* the original's lines will do */
    left = l->output.data;
    for (uint64_t i = 0; i < l->ch->sw->lines_to_return && end < left.n; i++)
        end += slice_chr(slice_drop(left, end), '\n') + 1;
    l->ch->result->sample.n = 0;
    return buf_put(&l->ch->result->sample, slice_take(left, end));
}

static enum cs_status carry_out(struct leaf *l, enum outcome *o)
{
    *o = judge(l);
    switch (*o) {
    case OUTCOME_PASS:
        return replace(l, o);
    case OUTCOME_DELETE:
        l->node->is_deleted = true;
        return CS_OK;
    case OUTCOME_RETURN_SAMPLE:
        keep_diagnostic(l);
        return keep_sample(l);
    default:
        if (outcome_is_final(*o))
            keep_diagnostic(l);
        return CS_OK;
    }
}

static enum cs_status convert_matched(struct leaf *l, enum outcome *o)
{
    enum cs_status st;

    if (l->entry->is_deleting) {
        l->node->is_deleted = true;
        *o = OUTCOME_DELETE;
        return CS_OK;
    }
    runner_next(l->ch->runner);
    st = store_input(l);
    if (st == CS_OK)
        st = store_headers(l);
    if (st == CS_OK)
        st = set_symbols(l);
    if (st == CS_OK)
        st = run_command(l);
    return st == CS_OK ? carry_out(l, o) : st;
}

/* What has no place of its own in the message goes through unchanged or not at all. */
static enum outcome settle_whole(struct leaf *l, const char *why, enum outcome o)
{
    struct part_node *n = l->node;
    bool is_touched = n->is_deleted || n->has_new_body;         /* a new header alone would be a mark, no objection */

    n->is_deleted = n->has_new_body = n->has_new_header = false;
    if (!is_touched)
        return o;
    snprintf(l->ch->result->diagnostic, CONVERT_DIAGNOSTIC, "%s", why);
    return OUTCOME_HOLD;
}

enum cs_status leaf_convert(struct channel *ch, struct part_node *node, const struct mime_part *part, struct slice body,
                            const char *whole, enum outcome *outcome)
{
    struct leaf l = { .ch = ch, .node = node, .part = part, .headers_before = buf_init(SIZE_MAX / 2) };
    uint8_t *mark = ch->arena.at;
    enum cs_status st = CS_OK;

    *outcome = OUTCOME_NONE;
    ch->n_leaves++;
    l.content = (struct content){ .body = body, .encoding = part->encoding, .is_text = is_type(part, "text/"),
                                  .line_ends = ch->sw->text_line_ends };
    l.report = (struct part_report){ .number = part->number, .type = part->type.token, .name = part->name,
                                     .size = body.n };
    set_facts(&l);
    l.entry = is_opaque(&l) ? NULL : conversions_match(ch->job->conversions, &l.facts);
    l.report.entry = l.entry;
    if (l.entry)
        st = convert_matched(&l, outcome);
    if (st == CS_OK && whole)
        *outcome = settle_whole(&l, whole, *outcome);
    l.report.outcome = *outcome;
    if (st == CS_OK)
        report_part(ch->job->report, &l.report);
    mapfile_close(&l.options);
    mapfile_close(&l.headers);
    mapfile_close(&l.output);
    buf_release(&l.headers_before);
    ch->arena.at = mark;
    return st;
}
