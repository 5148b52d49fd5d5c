#include "lower.h"

void code_begin(struct code *c, struct emitter *e)
{
    *c = (struct code){ .e = e, .first = image_at(&e->image, VDB_PROGRAMS) / VDB_OP };
}

static uint32_t here(const struct code *c)
{
    return image_at(&c->e->image, VDB_PROGRAMS) / VDB_OP - c->first;
}

void code_op(struct code *c, enum vdb_op op, unsigned byte, unsigned more, uint32_t to)
{
    uint8_t *p;

    if (here(c) >= LOWER_OPS)
        c->is_large = true;
    p = c->is_large ? NULL : image_grow(&c->e->image, VDB_PROGRAMS, VDB_OP);
    if (!p) {
        c->is_large = true;
        return;
    }
    p[VDB_OP_CODE] = (uint8_t)op;
    p[VDB_OP_BYTE] = (uint8_t)byte;
    put_le16(p + VDB_OP_MORE, (uint16_t)more);
    put_le32(p + VDB_OP_TO, to);
}

/* Let an earlier branch lead here. */
static void patch(struct code *c, uint32_t at)
{
    if (!c->is_large)
        put_le32(c->e->image.sec[VDB_PROGRAMS].p + ((size_t)c->first + at) * VDB_OP + VDB_OP_TO, here(c));
}

/* Number of a set; the last ones are looked through, since rules like to repeat themselves. */
static uint32_t set_number(struct code *c, const uint8_t *set)
{
    const struct section *s = &c->e->image.sec[VDB_SETS];
    size_t n = s->n / 32;

    for (size_t i = n; i-- > (n > 64 ? n - 64 : 0);)
        if (memcmp(s->p + i * 32, set, 32) == 0)
            return (uint32_t)i;
    image_put(&c->e->image, VDB_SETS, (struct slice){ set, 32 });
    return (uint32_t)n;
}

static void code_bytes(struct code *c, const struct vdl_node *n)
{
    for (size_t i = 0; i < n->bytes.n && !c->is_large; i++) {
        uint8_t mask = n->mask ? n->mask[i] : 0xff, b = n->bytes.p[i];

        if (mask == 0)
            code_op(c, VDB_O_ANY, 0, 0, 0);
        else if (n->fold && mask == 0xff && ascii_is_alpha(b))
            code_op(c, VDB_O_FOLD, ascii_lower(b), 0, 0);
        else if (mask == 0xff)
            code_op(c, VDB_O_BYTE, b, 0, 0);
        else if (!n->fold)
            code_op(c, VDB_O_MASK, b & mask, mask, 0);
        else {
            uint8_t set[32];

            place_set(n, i, set);
            code_op(c, VDB_O_SET, 0, 0, set_number(c, set));
        }
    }
}

/* lo times, then up to hi times, or for ever. */
static void code_times(struct code *c, const struct vdl_node *kid, uint64_t lo, uint64_t hi)
{
    uint32_t loop, first = 0;

    for (uint64_t i = 0; i < lo && !c->is_large; i++)
        kid ? code_node(c, kid) : code_op(c, VDB_O_ANY, 0, 0, 0);
    if (hi == VDL_INF) {
        loop = here(c);
        code_op(c, VDB_O_SPLIT, 0, 0, 0);
        kid ? code_node(c, kid) : code_op(c, VDB_O_ANY, 0, 0, 0);
        code_op(c, VDB_O_JUMP, 0, 0, loop);
        patch(c, loop);
        return;
    }
    /* Each optional copy may leave to the end; the exits are chained through their targets until the end is known. */
    for (uint64_t i = lo; i < hi && !c->is_large; i++) {
        uint32_t at = here(c);

        code_op(c, VDB_O_SPLIT, 0, 0, first);
        first = at + 1;
        kid ? code_node(c, kid) : code_op(c, VDB_O_ANY, 0, 0, 0);
    }
    while (first && !c->is_large) {
        uint32_t at = first - 1;

        first = get_le32(c->e->image.sec[VDB_PROGRAMS].p + ((size_t)c->first + at) * VDB_OP + VDB_OP_TO);
        patch(c, at);
    }
}

static void code_alt(struct code *c, const struct vdl_node *n)
{
    uint32_t ends = 0;

    for (uint32_t i = 0; i < n->n_kids && !c->is_large; i++) {
        uint32_t split = here(c);

        if (i + 1 < n->n_kids)
            code_op(c, VDB_O_SPLIT, 0, 0, 0);
        code_node(c, n->kids[i]);
        if (i + 1 < n->n_kids) {
            uint32_t at = here(c);

            code_op(c, VDB_O_JUMP, 0, 0, ends);
            ends = at + 1;
            patch(c, split);
        }
    }
    while (ends && !c->is_large) {
        uint32_t at = ends - 1;

        ends = get_le32(c->e->image.sec[VDB_PROGRAMS].p + ((size_t)c->first + at) * VDB_OP + VDB_OP_TO);
        patch(c, at);
    }
}

/* What ~~"…" passes over (white space and punctuation), and what ~#"…" passes over (all but digits). */
bool loose_skips(enum vdl_kind kind, uint8_t b)
{
    if (kind == VN_DIGITS)
        return !ascii_is_digit(b);
    return ascii_is_space(b) || (b > ' ' && b < 0x7f && !ascii_is_digit(b) && !ascii_is_alpha(b));
}

/* lo: the first byte may itself stand behind something to be skipped. */
static void code_loose(struct code *c, const struct vdl_node *n)
{
    uint8_t set[32] = { 0 };
    bool is_first = n->lo == 0;
    uint32_t number;

    for (unsigned b = 0; b < 256; b++)
        if (loose_skips(n->kind, (uint8_t)b))
            set[b / 8] |= (uint8_t)(1u << b % 8);
    number = set_number(c, set);
    for (size_t i = 0; i < n->bytes.n && !c->is_large; i++) {
        uint32_t loop = here(c);

        if (loose_skips(n->kind, n->bytes.p[i]))
            continue;
        if (!is_first) {
            code_op(c, VDB_O_SPLIT, 0, 0, 0);
            code_op(c, VDB_O_SET, 0, 0, number);
            code_op(c, VDB_O_JUMP, 0, 0, loop);
            patch(c, loop);
        }
        is_first = false;
        if (ascii_is_alpha(n->bytes.p[i]))
            code_op(c, VDB_O_FOLD, ascii_lower(n->bytes.p[i]), 0, 0);
        else
            code_op(c, VDB_O_BYTE, n->bytes.p[i], 0, 0);
    }
}

static const uint8_t edges[] = {
    [VE_WORD] = VDB_EDGE_WORD, [VE_START] = VDB_EDGE_START, [VE_END] = VDB_EDGE_END, [VE_CLAM_B] = VDB_EDGE_CLAM_B,
    [VE_CLAM_L] = VDB_EDGE_CLAM_L, [VE_ALNUM_FREE] = VDB_EDGE_ALNUM_FREE,
};

void code_node(struct code *c, const struct vdl_node *n)
{
    if (c->is_large)
        return;
    switch ((enum vdl_kind)n->kind) {
    case VN_BYTES: code_bytes(c, n); break;
    case VN_SET: code_op(c, VDB_O_SET, 0, 0, set_number(c, n->set)); break;
    case VN_GAP: code_times(c, NULL, n->lo, n->hi); break;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++)
            code_node(c, n->kids[i]);
        break;
    case VN_ALT: code_alt(c, n); break;
    case VN_REP: code_times(c, n->kids[0], n->lo, n->hi); break;
    case VN_LOOSE:
    case VN_DIGITS: code_loose(c, n); break;
    case VN_EDGE:
        code_op(c, VDB_O_EDGE, edges[n->edge], (n->edge_not ? VDB_OE_NOT : 0u) | (n->is_after ? VDB_OE_AFTER : 0u), 0);
        break;
    default:
        c->is_large = true;
    }
}

enum cs_status code_end(struct code *c, uint32_t *first, uint32_t *n)
{
    code_op(c, VDB_O_MATCH, 0, 0, 0);
    *first = c->first;
    *n = here(c);
    if (c->e->image.is_short)
        return CS_NOMEM;
    if (c->is_large)
        return refuse(c->e, "a pattern with too many places");
    if (*n > c->e->threads)
        c->e->threads = *n;
    return CS_OK;
}
