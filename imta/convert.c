#include "convert.h"

#include "fields.h"
#include "leaf.h"
#include "rebuild.h"
#include "spill.h"

enum { PART_ARENA = 16 << 20, REBUILT_KEPT = 1 << 20 };

struct walk {
    struct channel ch;
    bool has_ended;             /* a verdict ended it, nobody asked us to stop */
    bool is_resting;            /* the parts that are left stay as they are */
};

/* One more part's word; the message goes by the first, or by the most severe. */
static enum cs_status take_outcome(struct walk *w, enum outcome o)
{
    struct channel *ch = &w->ch;

    if (!outcome_is_final(o))
        return CS_OK;
    if (o > ch->result->outcome)
        ch->result->outcome = o;
    if (ch->sw->multi_verdict == MULTI_SEVERE)
        return CS_OK;
    w->is_resting = o == OUTCOME_AS_IS && ch->sw->force_as_is == AS_IS_REST;
    w->has_ended = !w->is_resting;
    return w->has_ended ? CS_STOP : CS_OK;
}

/* Behind a limit nobody knows what is what: bytes without a label, held or handed over in one piece. */
static enum cs_status convert_rest(struct walk *w, struct part_node *node, struct slice body, enum outcome *o)
{
    static const struct mime_part rest = { .number = "rest", .shape = MIME_LEAF,
                                           .type = { .token = { (const uint8_t *)"application/octet-stream", 24 } } };
    struct channel *ch = &w->ch;

    if (ch->sw->on_mime_limit == ON_LIMIT_PROCESS || ch->job->conversions->n == 0)
        return leaf_convert(ch, node, &rest, body, "what lies beyond the limits was refused", o);
    *o = OUTCOME_HOLD;
    snprintf(ch->result->diagnostic, CONVERT_DIAGNOSTIC, "limit reached: %s", node->limit);
    return CS_OK;
}

static enum cs_status on_leaf(void *ctx, struct part_node *node, const struct mime_part *part, struct slice body)
{
    struct walk *w = ctx;
    enum outcome o = OUTCOME_NONE;
    enum cs_status st = runner_is_stopped(w->ch.runner) ? CS_STOP : CS_OK;

    if (st != CS_OK || w->is_resting)
        return st;
    st = node->limit ? convert_rest(w, node, body, &o) : leaf_convert(&w->ch, node, part, body, NULL, &o);
    return st == CS_OK ? take_outcome(w, o) : st;
}

struct counted {
    mime_put *put;
    void *ctx;
    struct slice left;
    bool differs;
};

/* Passes on, and notices whether it is still the message that came. */
static enum cs_status put_counted(void *ctx, struct slice s)
{
    struct counted *c = ctx;

    if (!c->differs && slice_starts(c->left, s))
        c->left = slice_drop(c->left, s.n);
    else
        c->differs = true;
    return c->put(c->ctx, s);
}

static struct slice header_of(struct slice msg)
{
    struct slice left = msg;
    struct header_field f;

    while (header_field_next(&left, &f))
        continue;
    return slice_take(msg, msg.n - left.n);
}

/* The message as the command left it: as it was, or nothing of it but its header and what the command put in its place. */
static enum cs_status put_whole(struct part_node *n, struct slice msg, const char *eol, mime_put *put, void *ctx)
{
    enum cs_status st = n->is_deleted ? rebuild_empty(n, eol) : CS_OK;

    if (st != CS_OK || !n->has_new_body)        /* a new header alone would be a mark; where should it go? */
        return st == CS_OK && msg.n ? put(ctx, msg) : st;
    st = put(ctx, buf_slice(&n->new_header));
    return st == CS_OK && n->new_body.n ? put(ctx, buf_slice(&n->new_body)) : st;
}

/*
 * A message that other readers take apart in another way (broken boundaries, doubtful encodings) is shown to the
 * command once more, as a whole and as it would be delivered. A command that finds something there has found what no
 * part of ours holds; then its answer is for the whole message.
 */
static enum cs_status convert_whole(struct walk *w, struct slice msg, mime_put *put, void *ctx)
{
    struct mime_part whole = { .number = "whole", .shape = MIME_LEAF, .has_type = true, .header = header_of(msg),
                               .type = { .token = SLICE("message/rfc822") } };
    struct part_node node = { .is_message = true, .is_whole = true, .header = whole.header };
    enum outcome o;
    enum cs_status st;

    node.new_header = node.new_body = buf_init(SIZE_MAX / 2);
    st = leaf_convert(&w->ch, &node, &whole, msg, NULL, &o);
    if (st == CS_OK && !outcome_is_final(o))
        st = put_whole(&node, msg, w->ch.eol, put, ctx);
    else if (st == CS_OK)
        w->ch.result->outcome = o;
    buf_release(&node.new_header);
    buf_release(&node.new_body);
    return st;
}

static enum cs_status to_spill(void *ctx, struct slice s)
{
    return spill_put(ctx, s);
}

/* What is large goes to a file beside those of the parts. */
static enum cs_status deliver_ambiguous(struct walk *w, struct rebuild *tree, mime_put *put, void *ctx)
{
    struct slice text = slice_of(NULL, 0);
    struct spill out;
    enum cs_status st;

    spill_init(&out, REBUILT_KEPT, w->ch.runner->dir);
    st = rebuild_write(tree, w->ch.eol, to_spill, &out);
    if (st == CS_OK)
        st = spill_view(&out, &text);
    if (st == CS_OK)
        st = convert_whole(w, text, put, ctx);
    spill_release(&out);
    return st;
}

static enum cs_status deliver(struct walk *w, struct rebuild *tree, struct slice msg, mime_put *put, void *ctx)
{
    struct channel *ch = &w->ch;
    struct counted c = { .put = put, .ctx = ctx, .left = msg };
    enum cs_status st;

    if (ch->result->outcome == OUTCOME_AS_IS) {
        ch->result->outcome = OUTCOME_PASS;
        if (ch->sw->force_as_is == AS_IS_MESSAGE)
            return msg.n ? put(ctx, msg) : CS_OK;
    }
    if (outcome_is_final(ch->result->outcome))
        return CS_OK;
    if (ch->sw->ambiguous == AMBIGUOUS_SCAN && !w->is_resting && rebuild_is_ambiguous(tree))
        st = deliver_ambiguous(w, tree, put_counted, &c);
    else
        st = rebuild_write(tree, ch->eol, put_counted, &c);
    ch->result->is_rebuilt = c.differs || c.left.n > 0;
    return st;
}

static enum cs_status convert_in(struct walk *w, struct slice msg, mime_put *put, void *ctx)
{
    struct channel *ch = &w->ch;
    struct rebuild *tree = NULL;
    enum cs_status st = arena_init(&ch->arena, PART_ARENA);

    if (st != CS_OK)
        return st;
    ch->runner->group = ch->job->group;
    ch->runner->standby = ch->job->standby;
    st = rebuild_read(msg, ch->sw, on_leaf, w, &tree);
    if (st == CS_STOP && w->has_ended)
        st = CS_OK;
    ch->result->parts = ch->n_leaves;
    if (st == CS_OK)
        st = deliver(w, tree, msg, put, ctx);
    rebuild_free(tree);
    arena_release(&ch->arena);
    return st;
}

static enum cs_status convert_diverted(struct walk *w, struct slice msg, mime_put *put, void *ctx)
{
    const struct convert_job *job = w->ch.job;
    struct runner own = { .dir = "" };
    enum cs_status st;

    w->ch.runner = job->runner ? job->runner : &own;
    st = runner_reopen(w->ch.runner, job->tmp_dir, job->stop_fd);
    if (st != CS_OK)
        return st;
    st = convert_in(w, msg, put, ctx);
    if (job->runner)
        runner_rest(job->runner);
    else
        runner_close(&own);
    return st;
}

bool convert_is_addressed(struct slice address)
{
    struct slice host = address;

    for (size_t at = slice_chr(host, '@'); at < host.n; at = slice_chr(host, '@'))     /* one in quotes is of the local part */
        host = slice_drop(host, at + 1);
    return slice_ieq(host, SLICE("conversion")) || slice_istarts(host, SLICE("conversion."));
}

bool convert_add_tag(struct convert_job *job, const char *tag)
{
    for (size_t i = 0; i < job->n_tags; i++)
        if (slice_ieq(slice_str(job->tags[i]), slice_str(tag)))
            return true;
    if (job->n_tags == CONVERT_TAGS)
        return false;
    job->tags[job->n_tags++] = tag;
    return true;
}

/* The channel's own output is never diverted into it again; another conversion channel may follow. */
static bool is_own_output(const struct convert_job *job, const struct conversions_answer *a)
{
    return slice_ieq(slice_str(job->in_chan), a->n_channel ? slice_of(a->channel, a->n_channel) : SLICE("conversion"));
}

static enum cs_status is_diverted(const struct convert_job *job, bool *yes)
{
    struct buf tags = buf_init(MAPPINGS_RESULT);
    struct conversions_answer answer;
    enum cs_status st = CS_OK;

    for (size_t i = 0; st == CS_OK && i < job->n_tags; i++)
        st = buf_printf(&tags, "%s%s", i ? "," : "", job->tags[i]);
    if (st == CS_OK)
        st = mappings_divert(job->mappings, slice_str(job->in_chan), slice_str(job->out_chan),
                             job->switches->probe_tags == YES, buf_slice(&tags), &answer);
    buf_release(&tags);
    *yes = st == CS_OK && (answer.is_diverted || job->is_addressed) && !is_own_output(job, &answer);
    return st;
}

enum cs_status convert_message(const struct convert_job *job, struct slice msg, mime_put *put, void *ctx,
                               struct convert_result *out)
{
    struct walk w = { .ch = { .job = job, .sw = job->switches, .result = out, .eol = line_end_of(msg) } };
    enum cs_status st;

    *out = (struct convert_result){ .outcome = OUTCOME_PASS, .sample = buf_init(SIZE_MAX / 2) };
    st = is_diverted(job, &out->is_diverted);
    if (st != CS_OK)
        return st;
    if (!out->is_diverted)
        return msg.n ? put(ctx, msg) : CS_OK;
    return convert_diverted(&w, msg, put, ctx);
}
