#include "emit.h"

#include <stdlib.h>

#include "lower.h"
#include "rarity.h"

enum cs_status refuse(struct emitter *e, const char *feature)
{
    snprintf(e->why, 256, "%s", feature);
    return CS_UNSUPPORTED;
}

enum cs_status emitter_init(struct emitter *e, char why[256])
{
    *e = (struct emitter){ .why = why, .threads = 1 };
    e->types = calloc(VDB_TYPES_MAX, sizeof *e->types);
    why[0] = '\0';
    if (!e->types)
        return CS_NOMEM;
    return arena_init_most(&e->arena, (uint64_t)16 << 30);
}

void emitter_release(struct emitter *e)
{
    image_release(&e->image);
    arena_release(&e->arena);
    free(e->anchors.p);
    free(e->types);
}

static void put_name(struct emitter *e, struct slice name)
{
    uint8_t head[3] = { (uint8_t)name.n };

    name = slice_take(name, UINT16_MAX);
    if (name.n >= 255) {
        head[0] = 255;
        put_le16(head + 1, (uint16_t)name.n);
    }
    image_put(&e->image, VDB_NAMES, (struct slice){ head, name.n >= 255 ? 3 : 1 });
    image_put(&e->image, VDB_NAMES, name);
}

/* A rule that is one plain literal: most are, and they must be small. */
static bool plain_literal(const struct vdl_rule *r, struct slice *out)
{
    const struct vdl_node *n = r->expr;

    if ((r->meta && r->meta->clean.n) || n->kind != VN_SEGMENT || (n->anchor && n->anchor->where != VW_ANYWHERE) || n->n_kids != 1)
        return false;
    n = n->kids[0];
    if (n->kind == VN_CAT && n->n_kids == 1)
        n = n->kids[0];
    if (n->kind != VN_BYTES || n->mask || n->fold || n->bytes.n < 1 || n->bytes.n > LOWER_LITERAL)
        return false;
    *out = n->bytes;
    return true;
}

static bool plain_hash(const struct vdl_rule *r)
{
    static const uint8_t lengths[] = { [VH_MD5] = 16, [VH_SHA1] = 20, [VH_SHA256] = 32 };
    const struct vdl_node *n = r->expr;

    return node_is_hash(n) && !r->types && !(r->meta && r->meta->clean.n) && n->bytes.n == lengths[n->algo] &&
           (n->lo < VDB_MANY || n->lo == VDL_INF);
}

static enum cs_status put_rule(struct emitter *e, const struct vdl_rule *r, uint32_t number)
{
    uint8_t *row = image_grow(&e->image, VDB_RULES, VDB_RULE);
    uint32_t what = (uint32_t)r->cls | (r->is_private ? VDB_W_PRIVATE : 0), plan = 0, types = 0;
    struct slice literal;
    enum cs_status st = CS_OK;

    if (!row)
        return CS_NOMEM;
    put_le32(row + VDB_R_NAME, image_at(&e->image, VDB_NAMES));
    put_name(e, r->name);
    e->classes[r->cls]++;
    e->rule = r;
    if (plain_literal(r, &literal)) {
        st = types_number(e, r->types, &types);
        what |= types << VDB_W_SHIFT;
        if (st == CS_OK)
            st = lower_literal(e, literal, number);
    } else if (!plain_hash(r)) {
        st = plan_rule(e, r, number, &plan);
        what |= VDB_W_PLAN | plan << VDB_W_SHIFT;
    }
    put_le32(e->image.sec[VDB_RULES].p + (size_t)number * VDB_RULE + VDB_R_WHAT, what);
    return st;
}

/* The offsets of the restrictions go in front of them. */
static void finish_types(struct emitter *e)
{
    struct section *s = &e->image.sec[VDB_TYPES];
    size_t n = s->n, at = 0, head = (size_t)e->n_types * 4;

    if (n == 0 || !image_grow(&e->image, VDB_TYPES, head))
        return;
    memmove(s->p + head, s->p, n);
    for (uint32_t i = 0; i < e->n_types; i++) {
        put_le32(s->p + 4 * (size_t)i, (uint32_t)(head + at));
        at += 8 + 4 * (size_t)get_le32(s->p + head + at + 4);
    }
}

static void put_info(struct emitter *e, size_t n_hashes)
{
    uint32_t version = image_string(&e->image, e->program->version);
    uint8_t *p = image_grow(&e->image, VDB_INFO, VDB_INFO_BYTES);

    if (!p)
        return;
    put_le32(p + VDB_I_RULES, (uint32_t)e->program->n_rules);
    put_le32(p + VDB_I_PLANS, e->n_plans);
    put_le32(p + VDB_I_TYPES, e->n_types);
    put_le32(p + VDB_I_SEGMENTS, e->n_segments);
    put_le32(p + VDB_I_STAGES, e->n_stages);
    put_le32(p + VDB_I_BACK, e->back);
    put_le32(p + VDB_I_AHEAD, e->ahead);
    put_le64(p + VDB_I_STATE, e->state);
    put_le32(p + VDB_I_THREADS, e->threads);
    put_le32(p + VDB_I_FLAGS, e->flags);
    put_le32(p + VDB_I_HASH_RULES, (uint32_t)n_hashes);
    for (unsigned i = 0; i < VDL_CLASSES; i++)
        put_le32(p + VDB_I_CLASSES + 4 * (size_t)i, e->classes[i]);
    put_le32(p + VDB_I_VERSION, version);
}

static enum cs_status put_rules(struct emitter *e, const struct vdl_program *p, struct hashed *h, size_t *n_hashes)
{
    enum cs_status st = CS_OK;
    uint32_t number = 0;

    for (size_t i = 0; i < p->n_rules && st == CS_OK; i++)
        if (plain_hash(&p->rules[i]))
            h[(*n_hashes)++].rule = &p->rules[i];
        else
            st = put_rule(e, &p->rules[i], number++);
    if (st == CS_OK && *n_hashes)
        st = hashes_put(e, h, *n_hashes, number);
    for (size_t i = 0; i < *n_hashes && st == CS_OK; i++)
        st = put_rule(e, h[i].rule, number++);
    return st;
}

enum cs_status vdl_emit(const struct vdl_program *p, const char *path, const struct vdl_emit_options *o, char why[256])
{
    struct emitter e;
    struct hashed *h = calloc(p->n_rules ? p->n_rules : 1, sizeof *h);
    size_t n_hashes = 0;
    uint64_t bytes = 0;
    enum cs_status st = emitter_init(&e, why);

    e.program = p;
    if (!h)
        st = CS_NOMEM;
    if (p->n_rules >= 1u << 27)
        st = CS_LIMIT;
    if (st == CS_OK)
        st = put_rules(&e, p, h, &n_hashes);
    if (st == CS_UNSUPPORTED && e.rule) {
        char feature[256];

        memcpy(feature, why, sizeof feature);
        snprintf(why, 256, "%.*s: not supported: %.120s", (int)(e.rule->name.n < 100 ? e.rule->name.n : 100),
                 (const char *)e.rule->name.p, feature);
    }
    if (st == CS_OK)
        st = filter_build(&e.image, &e.anchors);
    if (st == CS_OK) {
        finish_types(&e);
        put_info(&e, n_hashes);
        st = image_write(&e.image, path, &bytes);
    }
    if (o && o->image_bytes)
        *o->image_bytes = bytes;
    if (st != CS_OK && !why[0])
        snprintf(why, 256, "%s: %s", path, cs_status_text(st));
    emitter_release(&e);
    free(h);
    return st;
}

/* Lower one rule into an image that is thrown away. */
static enum cs_status try_rule(struct emitter *e, const struct vdl_rule *r, char why[256])
{
    enum cs_status st = emitter_init(e, why);
    struct slice literal;
    uint32_t plan;

    if (st != CS_OK)
        return st;
    e->rule = r;
    if (plain_literal(r, &literal))
        st = lower_literal(e, literal, 0);
    else if (!plain_hash(r))
        st = plan_rule(e, r, 0, &plan);
    return st;
}

enum cs_status vdl_emit_check(const struct vdl_rule *r, char why[256])
{
    struct emitter e;
    struct slice literal;
    enum cs_status st;

    why[0] = '\0';
    /* Nearly all: not worth an emitter. */
    if (plain_literal(r, &literal) || plain_hash(r))
        return CS_OK;
    st = try_rule(&e, r, why);
    emitter_release(&e);
    return st;
}

size_t vdl_emit_windows(const struct vdl_rule *r, struct arena *a, struct vdl_window *out, size_t room, struct vdl_automaton *slow)
{
    struct emitter e;
    char why[256];
    size_t n = 0;

    if (try_rule(&e, r, why) == CS_OK)
        for (; n < e.anchors.n && n < room; n++)
            filter_window(&e.anchors.p[n], a, &out[n]);
    *slow = e.automaton;
    emitter_release(&e);
    return n;
}

void vdl_emit_explain(const struct vdl_rule *r, FILE *out)
{
    enum { MOST = 64 };
    static const char *const shapes[] = { [8] = "eight bytes at every fourth place", [4] = "four bytes", [2] = "two bytes", [1] = "one byte" };
    struct vdl_window w[MOST];
    struct vdl_automaton slow;
    struct arena a;
    size_t n;

    fprintf(out, "%.*s: ", (int)r->name.n, (const char *)r->name.p);
    vdl_print_rule(r, out);
    fputc('\n', out);
    if (arena_init(&a, 1 << 20) != CS_OK)
        return;
    n = vdl_emit_windows(r, &a, w, MOST, &slow);
    for (size_t i = 0; i < n; i++) {
        fputs("  looks for", out);
        for (size_t k = 0; k < w[i].bytes.n; k++)
            fprintf(out, " %02x", w[i].bytes.p[k]);
        fprintf(out, " (place %u of its literal; %s), expected %.3g times in a million bytes%s\n", w[i].at, shapes[w[i].window],
                w[i].rarity, w[i].rarity > VDL_SLOW_RARITY ? ": slow" : "");
    }
    if (slow.is_there)
        fprintf(out, "  an automaton looks at every byte%s: slow\n", slow.is_behind ? " behind the piece before" : "");
    else if (n == 0)
        fputs("  looks for nothing: decided by facts, or at a fixed place\n", out);
    arena_release(&a);
}
