#include "convert.h"

#include "fields.h"
#include "leaf.h"
#include "rebuild.h"

enum { PART_ARENA = 16 << 20 };

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

static enum cs_status on_leaf(void *ctx, struct part_node *node, const struct mime_part *part, struct slice body)
{
    struct walk *w = ctx;
    enum outcome o;
    enum cs_status st = runner_is_stopped(&w->ch.runner) ? CS_STOP : CS_OK;

    if (st != CS_OK || w->is_resting)
        return st;
    st = leaf_convert(&w->ch, node, part, body, &o);
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

static enum cs_status deliver(struct channel *ch, struct rebuild *tree, struct slice msg, mime_put *put, void *ctx)
{
    struct counted c = { .put = put, .ctx = ctx, .left = msg };
    enum cs_status st;

    if (ch->result->outcome == OUTCOME_AS_IS) {
        ch->result->outcome = OUTCOME_PASS;
        if (ch->sw->force_as_is == AS_IS_MESSAGE)
            return msg.n ? put(ctx, msg) : CS_OK;
    }
    if (outcome_is_final(ch->result->outcome))
        return CS_OK;
    st = rebuild_write(tree, ch->eol, put_counted, &c);
    ch->result->is_rebuilt = c.differs || c.left.n > 0;
    return st;
}

static enum cs_status convert_diverted(struct walk *w, struct slice msg, mime_put *put, void *ctx)
{
    struct channel *ch = &w->ch;
    struct rebuild *tree = NULL;
    enum cs_status st = runner_open(&ch->runner, ch->job->stop_fd);

    if (st != CS_OK)
        return st;
    ch->runner.group = ch->job->group;
    st = arena_init(&ch->arena, PART_ARENA);
    if (st == CS_OK) {
        st = rebuild_read(msg, ch->sw, on_leaf, w, &tree);
        if (st == CS_STOP && w->has_ended)
            st = CS_OK;
        ch->result->parts = ch->n_leaves;
        if (st == CS_OK)
            st = deliver(ch, tree, msg, put, ctx);
        rebuild_free(tree);
        arena_release(&ch->arena);
    }
    runner_close(&ch->runner);
    return st;
}

bool convert_is_addressed(struct slice address)
{
    struct slice host = slice_drop(address, slice_chr(address, '@') + 1);

    return slice_ieq(host, SLICE("conversion")) || slice_istarts(host, SLICE("conversion."));
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
