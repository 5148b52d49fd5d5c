#include <assert.h>

#include "imta/content.h"
#include "imta/param_text.h"
#include "imta/rebuild.h"
#include "imta/reencode.h"
#include "imta/relabel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct plan {
    struct slice choices;               /* a byte a leaf: what becomes of it */
    size_t at;
    const struct conversions *cv;
    const struct symbols *symbols;
};

static bool collides(void *ctx, struct slice body)
{
    return rebuild_collides(ctx, body);
}

/* New content and a new header, as leaf.c makes them. */
static enum cs_status replace(struct plan *p, struct part_node *n, const struct mime_part *part, uint8_t how)
{
    static const struct answer none = { .has_status = false };
    struct body_wish wish = { .is_text = how & 4, .encoding = how & 8 ? SLICE("none") : SLICE(""), .eol = "\n" };
    struct relabel rl = { .entry = &p->cv->entries[0], .part = part, .symbols = p->symbols, .answer = &none,
                          .is_message = n->is_message, .has_file = how & 16, .file = n->header, .is_new_body = true,
                          .encoding = "", .eol = "\n" };
    enum cs_status st = body_encode(n->body, &wish, collides, n, &n->new_body, &rl.encoding);

    if (st == CS_OK)
        st = relabel_header(&rl, &n->new_header);
    n->has_new_body = n->has_new_header = st == CS_OK;
    return st;
}

static enum cs_status on_leaf(void *ctx, struct part_node *n, const struct mime_part *part, struct slice body)
{
    struct plan *p = ctx;
    struct content c = { .body = body, .encoding = part->encoding, .is_text = true };
    uint8_t how = p->at < p->choices.n ? p->choices.p[p->at++] : 0;
    bool is_equal;

    if (content_equals(&c, SLICE("x"), &is_equal) != CS_OK || n->limit)
        return CS_OK;
    n->is_deleted = (how & 3) == 1;
    return (how & 3) == 2 ? replace(p, n, part, how) : CS_OK;
}

static enum cs_status to_buf(void *ctx, struct slice s)
{
    return buf_put(ctx, s);
}

/* A first line of choices, then a message: untouched it comes out as it went in, and whatever is done to it can be read again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    size_t line = slice_chr(in, '\n');
    struct slice msg = slice_drop(in, line + 1);
    struct complaints c = { .file = "fuzz" };
    struct conversions cv;
    struct switches sw;
    struct arena a;
    struct symbols symbols = { .arena = &a };
    struct plan plan = { .choices = slice_take(in, line), .cv = &cv, .symbols = &symbols };

    switches_default(&sw);
    if (arena_init(&a, 1 << 20) != CS_OK)
        return 0;
    if (conversions_parse(SLICE("in-type=*; parameter-copy-0=*; dparameter-copy-0=*; out-description=new; command=x\n"), &c, &cv) != CS_OK)
        return 0;
    for (int round = 0; round < 3; round++) {
        struct buf out = buf_init(64 << 20);
        struct rebuild *r;

        if (round == 0)
            plan.at = plan.choices.n;   /* nothing is done */
        else
            plan.at = 0;
        if (rebuild_read(msg, &sw, on_leaf, &plan, &r) == CS_OK && rebuild_write(r, "\n", to_buf, &out) == CS_OK && round == 0)
            assert(slice_eq(buf_slice(&out), msg));
        rebuild_free(r);
        if (round == 1 && out.n < 1 << 20) {            /* the result is a message too */
            struct rebuild *again;

            plan.at = plan.choices.n;
            if (rebuild_read(buf_slice(&out), &sw, on_leaf, &plan, &again) == CS_OK) {
                struct buf same = buf_init(64 << 20);

                if (rebuild_write(again, "\n", to_buf, &same) == CS_OK)
                    assert(slice_eq(buf_slice(&same), buf_slice(&out)));
                buf_release(&same);
            }
            rebuild_free(again);
        }
        buf_release(&out);
    }
    conversions_free(&cv);
    arena_release(&a);
    return 0;
}
