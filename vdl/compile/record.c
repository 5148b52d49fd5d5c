#include "record.h"

static void reach(struct emitter *e, uint64_t back, uint64_t ahead)
{
    if (back > e->back)
        e->back = (uint32_t)back;
    if (ahead > e->ahead)
        e->ahead = (uint32_t)ahead;
}

static uint8_t *record_new(struct emitter *e, size_t n, uint32_t *at)
{
    *at = image_at(&e->image, VDB_RECORDS);
    if (*at >= 1u << (32 - VDB_E_SHIFT)) {
        e->image.is_large = true;
        return NULL;
    }
    return image_grow(&e->image, VDB_RECORDS, n);
}

enum cs_status lower_literal(struct emitter *e, struct slice s, uint32_t owner)
{
    struct anchor *a = anchors_add(&e->anchors);
    uint8_t *p;

    if (!a)
        return CS_NOMEM;
    p = record_new(e, VDB_C_BYTES + s.n, &a->record);
    if (!p)
        return e->image.is_large ? CS_LIMIT : CS_NOMEM;
    a->bytes = s.p;
    a->n = (uint32_t)s.n;
    put_le32(p + VDB_C_OWNER, owner);
    put_le16(p + VDB_C_LEN, (uint16_t)(s.n | VDB_K_EXACT << VDB_C_KIND));
    memcpy(p + VDB_C_BYTES, s.p, s.n);
    reach(e, s.n, s.n);
    return CS_OK;
}

/* An anchor for a window inside a run of sets; shift: of the run in the record. */
static enum cs_status add_anchor(struct emitter *e, const struct pick *p, uint32_t record, uint32_t shift)
{
    struct anchor *a = anchors_add(&e->anchors);
    const uint8_t (*sets)[32] = (const uint8_t (*)[32])p->run.sets + p->at;
    uint8_t *bytes = p->is_exact ? arena_get(&e->arena, p->n, 1) : NULL;

    if (!a || (p->is_exact && !bytes))
        return CS_NOMEM;
    for (uint32_t i = 0; bytes && i < p->n; i++)
        bytes[i] = set_first(sets[i]);
    a->bytes = bytes;
    a->sets = sets;
    a->n = p->n;
    a->record = record;
    a->shift = shift + p->at;
    return CS_OK;
}

/* (value, mask) that says the same as a set, where there is one. */
static bool set_as_mask(const uint8_t *set, uint8_t *value, uint8_t *mask)
{
    unsigned all = 0xff, any = 0, same;

    for (unsigned c = 0; c < 256; c++)
        if (set[c / 8] >> (c % 8) & 1) {
            all &= c;
            any |= c;
        }
    same = ~(all ^ any) & 0xff;
    *value = (uint8_t)(all & same);
    *mask = (uint8_t)same;
    return set_size(set) == 1 << __builtin_popcount(~same & 0xff);
}

enum cs_status record_row(struct emitter *e, const struct vdl_node *const *el, size_t n, uint32_t owner, bool *done)
{
    struct run r = { 0 };
    struct pick pick = { .cost = 2 };
    uint8_t value[LOWER_LITERAL], mask[LOWER_LITERAL], *p;
    bool is_exact = true;
    uint32_t record;

    *done = false;
    for (size_t i = 0; i < n; i++) {
        if (!node_is_row(el[i]))
            return CS_OK;
        if (!run_places(e, &r, el[i]))
            return CS_NOMEM;
    }
    if (r.n == 0 || r.n > LOWER_LITERAL)
        return CS_OK;
    for (uint32_t i = 0; i < r.n; i++) {
        if (!set_as_mask(r.sets[i], &value[i], &mask[i]))
            return CS_OK;
        is_exact = is_exact && mask[i] == 0xff;
    }
    pick_best(&r, &pick);
    if (pick.cost >= 2)
        return CS_OK;
    *done = true;
    pick_widen(&pick);
    p = record_new(e, VDB_C_BYTES + (size_t)r.n * (is_exact ? 1 : 2), &record);
    if (!p)
        return e->image.is_large ? CS_LIMIT : CS_NOMEM;
    put_le32(p + VDB_C_OWNER, owner);
    put_le16(p + VDB_C_LEN, (uint16_t)(r.n | (unsigned)(is_exact ? VDB_K_EXACT : VDB_K_MASK) << VDB_C_KIND));
    memcpy(p + VDB_C_BYTES, value, r.n);
    if (!is_exact)
        memcpy(p + VDB_C_BYTES + r.n, mask, r.n);
    reach(e, r.n, r.n);
    return add_anchor(e, &pick, record, 0);
}

enum { ROW = 64 };

/* The places around a window that a match must have anyway: compared before the program runs. What is no byte under a mask is left open. */
static uint32_t row_of(const struct run *r, uint8_t value[ROW], uint8_t mask[ROW])
{
    if (r->n > ROW)
        return 0;
    for (uint32_t i = 0; i < r->n; i++)
        if (!set_as_mask(r->sets[i], &value[i], &mask[i]))
            value[i] = mask[i] = 0;
    return r->n;
}

enum cs_status record_programs(struct emitter *e, const struct vdl_node *const *el, size_t n, struct length len,
                                      const struct picks *picks, uint32_t owner)
{
    struct code c;
    uint32_t first, count;
    enum cs_status st;

    code_begin(&c, e);
    for (size_t i = 0; i < n; i++)
        code_node(&c, el[i]);
    st = code_end(&c, &first, &count);
    for (size_t i = 0; i < picks->n && st == CS_OK; i++) {
        const struct pick *p = &picks->p[i];
        uint8_t value[ROW], mask[ROW];
        uint32_t record, row = row_of(&p->run, value, mask);
        uint8_t *r = record_new(e, VDB_C_PROGRAM_BYTES + (size_t)row * 2, &record);

        if (!r)
            return e->image.is_large ? CS_LIMIT : CS_NOMEM;
        put_le32(r + VDB_C_OWNER, owner);
        put_le16(r + VDB_C_LEN, (uint16_t)(row | VDB_K_PROGRAM << VDB_C_KIND));
        put_le32(r + VDB_C_PROGRAM, first);
        put_le32(r + VDB_C_N, count);
        put_le32(r + VDB_C_BACK_MIN, (uint32_t)p->run.back_lo);
        put_le32(r + VDB_C_BACK_MAX, (uint32_t)p->run.back_hi);
        put_le32(r + VDB_C_MAX, (uint32_t)len.hi);
        memcpy(r + VDB_C_PROGRAM_BYTES, value, row);
        memcpy(r + VDB_C_PROGRAM_BYTES + row, mask, row);
        reach(e, p->run.back_hi + p->run.n + 2, len.hi + 2);
        st = add_anchor(e, p, record, 0);
    }
    return st;
}
