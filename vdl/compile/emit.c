#include "emit.h"

#include <stdlib.h>

#include "filter.h"

struct emitter {
    const struct vdl_program *program;
    struct image image;
    struct anchors anchors;
    struct arena arena;
    uint32_t classes[VDL_CLASSES], back, ahead;
    char *why;
};

static enum cs_status refuse(struct emitter *e, const struct vdl_rule *r, const char *feature)
{
    snprintf(e->why, 256, "%.*s: %s", (int)(r->name.n < 100 ? r->name.n : 100), (const char *)r->name.p, feature);
    return CS_UNSUPPORTED;
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

    if (n->kind != VN_SEGMENT || (n->anchor && n->anchor->where != VW_ANYWHERE) || n->n_kids != 1)
        return false;
    n = n->kids[0];
    if (n->kind == VN_CAT && n->n_kids == 1)
        n = n->kids[0];
    if (n->kind != VN_BYTES || n->mask || n->fold || n->bytes.n < 1 || n->bytes.n > VDB_C_LEN_MASK)
        return false;
    *out = n->bytes;
    return true;
}

static enum cs_status put_literal(struct emitter *e, struct slice s, uint32_t owner)
{
    struct anchor *a = anchors_add(&e->anchors);
    uint8_t *p;

    if (!a)
        return CS_NOMEM;
    a->record = image_at(&e->image, VDB_RECORDS);
    a->bytes = s.p;
    a->n = (uint32_t)s.n;
    if (a->record >= 1u << (32 - VDB_E_SHIFT))
        return CS_LIMIT;
    p = image_grow(&e->image, VDB_RECORDS, VDB_C_BYTES + s.n);
    if (!p)
        return CS_NOMEM;
    put_le32(p + VDB_C_OWNER, owner);
    put_le16(p + VDB_C_LEN, (uint16_t)(s.n | VDB_K_EXACT << VDB_C_KIND));
    memcpy(p + VDB_C_BYTES, s.p, s.n);
    e->back = e->back > s.n ? e->back : (uint32_t)s.n;
    e->ahead = e->ahead > s.n ? e->ahead : (uint32_t)s.n;
    return CS_OK;
}

static enum cs_status put_rule(struct emitter *e, const struct vdl_rule *r, uint32_t number)
{
    uint8_t *row = image_grow(&e->image, VDB_RULES, VDB_RULE);
    uint32_t what = (uint32_t)r->cls | (r->is_private ? VDB_W_PRIVATE : 0);
    struct slice literal;

    if (!row)
        return CS_NOMEM;
    put_le32(row + VDB_R_NAME, image_at(&e->image, VDB_NAMES));
    put_name(e, r->name);
    e->classes[r->cls]++;
    if (!plain_literal(r, &literal) || r->types)
        return refuse(e, r, "more than one literal");
    put_le32(row + VDB_R_WHAT, what);
    return put_literal(e, literal, number);
}

static void put_info(struct emitter *e)
{
    uint32_t version = image_string(&e->image, e->program->version);
    uint8_t *p = image_grow(&e->image, VDB_INFO, VDB_INFO_BYTES);

    if (!p)
        return;
    put_le32(p + VDB_I_RULES, (uint32_t)e->program->n_rules);
    put_le32(p + VDB_I_BACK, e->back);
    put_le32(p + VDB_I_AHEAD, e->ahead);
    for (unsigned i = 0; i < VDL_CLASSES; i++)
        put_le32(p + VDB_I_CLASSES + 4 * i, e->classes[i]);
    put_le32(p + VDB_I_VERSION, version);
}

enum cs_status vdl_emit(const struct vdl_program *p, const char *path, const struct vdl_emit_options *o, char why[256])
{
    struct emitter e = { .program = p, .why = why };
    enum cs_status st = CS_OK;
    uint64_t bytes = 0;

    why[0] = '\0';
    for (size_t i = 0; i < p->n_rules && st == CS_OK; i++)
        st = put_rule(&e, &p->rules[i], (uint32_t)i);
    if (st == CS_OK)
        st = filter_build(&e.image, &e.anchors);
    if (st == CS_OK) {
        put_info(&e);
        st = image_write(&e.image, path, &bytes);
    }
    if (o && o->image_bytes)
        *o->image_bytes = bytes;
    if (st != CS_OK && !why[0])
        snprintf(why, 256, "%s: %s", path, cs_status_text(st));
    image_release(&e.image);
    free(e.anchors.p);
    return st;
}

enum cs_status vdl_emit_check(const struct vdl_rule *r, char why[256])
{
    (void)r;
    why[0] = '\0';
    return CS_OK;
}

size_t vdl_emit_windows(const struct vdl_rule *r, struct arena *a, struct vdl_window *out, size_t room)
{
    (void)r, (void)a, (void)out, (void)room;
    return 0;
}

void vdl_emit_explain(const struct vdl_rule *r, FILE *out)
{
    fprintf(out, "%.*s\n", (int)r->name.n, (const char *)r->name.p);
}

bool vdl_print_rule(const struct vdl_rule *r, FILE *out)
{
    (void)r;
    return !ferror(out);
}
