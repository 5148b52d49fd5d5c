#include "reader.h"

#include "emit.h"

enum { POOL = 1 << 16 };

void *reader_get(struct vdl_reader *r, size_t count, size_t size)
{
    void *p = arena_get(&r->program->arena, count ? count : 1, size);

    if (!p)
        r->status = CS_NOMEM;
    return p;
}

static uint8_t *pool_get(struct vdl_reader *r, size_t n)
{
    uint8_t *p;

    if (n > POOL / 4)
        return reader_get(r, n, 1);
    if (!r->pool || (size_t)(r->pool_end - r->pool) < n) {
        r->pool = reader_get(r, POOL, 1);
        r->pool_end = r->pool ? r->pool + POOL : NULL;
        if (!r->pool)
            return NULL;
    }
    p = r->pool;
    r->pool += n;
    return p;
}

struct slice reader_bytes(struct vdl_reader *r, struct slice s)
{
    uint8_t *p = pool_get(r, s.n);

    if (p && s.n)
        memcpy(p, s.p, s.n);
    return (struct slice){ p, p ? s.n : 0 };
}

/* Length of the well-formed UTF-8 character at the head of s; 0 when there is none. */
static size_t utf8_length(struct slice s)
{
    uint8_t c = s.p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

    if (n == 0 || s.n < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s.p[1] < 0xa0) || (c == 0xed && s.p[1] >= 0xa0) || (c == 0xf0 && s.p[1] < 0x90) || (c == 0xf4 && s.p[1] >= 0x90))
        return 0;
    if (c == 0xc2 && s.p[1] < 0xa0)     /* C1 controls */
        return 0;
    return n;
}

struct slice reader_name(struct vdl_reader *r, struct slice s)
{
    struct slice copy = reader_bytes(r, s);
    uint8_t *p = (uint8_t *)(uintptr_t)copy.p;

    for (size_t i = 0; i < copy.n;) {
        size_t n = utf8_length(slice_drop(copy, i));
        if (n == 0 || p[i] < 0x20 || p[i] == 0x7f)
            p[i] = '?';
        i += n ? n : 1;
    }
    return copy;
}

struct vdl_node *node_new(struct vdl_reader *r, enum vdl_kind kind, uint32_t line, uint32_t column)
{
    struct vdl_node *n = vdl_node_new(r->program, kind);

    if (!n) {
        r->status = CS_NOMEM;
        return NULL;
    }
    n->line = line;
    n->column = column;
    return n;
}

struct vdl_node *node_list(struct vdl_reader *r, enum vdl_kind kind, struct vdl_node *const *kids, size_t n)
{
    struct vdl_node *node;

    if (n == 1 && kind != VN_OF && kind != VN_NOT && kind != VN_SEGMENT && kind != VN_COUNT && kind != VN_REP && kind != VN_ORDER)
        return kids[0];
    for (size_t i = 0; i < n; i++)
        if (!kids[i])
            return NULL;
    node = node_new(r, kind, n ? kids[0]->line : 0, n ? kids[0]->column : 0);
    if (!node)
        return NULL;
    node->kids = reader_get(r, n, sizeof *node->kids);
    if (!node->kids)
        return NULL;
    memcpy(node->kids, kids, n * sizeof *kids);
    node->n_kids = (uint32_t)n;
    return node;
}

struct vdl_node *node_over(struct vdl_reader *r, enum vdl_kind kind, struct vdl_node *kid)
{
    struct vdl_node *node;

    if (!kid)
        return NULL;
    node = node_new(r, kind, kid->line, kid->column);
    if (!node)
        return NULL;
    node->kids = reader_get(r, 1, sizeof *node->kids);
    if (!node->kids)
        return NULL;
    node->kids[0] = kid;
    node->n_kids = 1;
    return node;
}

struct vdl_node *node_bytes(struct vdl_reader *r, struct slice bytes, bool fold)
{
    struct vdl_node *n = node_new(r, VN_BYTES, 0, 0);

    if (!n)
        return NULL;
    n->bytes = reader_bytes(r, bytes);
    n->fold = fold;
    return n->bytes.p ? n : NULL;
}

struct vdl_node *node_set(struct vdl_reader *r, const uint8_t set[32])
{
    struct vdl_node *n = node_new(r, VN_SET, 0, 0);

    if (!n)
        return NULL;
    n->set = reader_bytes(r, (struct slice){ set, 32 }).p;
    return n->set ? n : NULL;
}

struct vdl_node *node_gap(struct vdl_reader *r, uint64_t lo, uint64_t hi)
{
    struct vdl_node *n = node_new(r, VN_GAP, 0, 0);

    if (n) {
        n->lo = lo;
        n->hi = hi;
    }
    return n;
}

struct vdl_node *node_edge(struct vdl_reader *r, enum vdl_edge edge, bool is_after)
{
    struct vdl_node *n = node_new(r, VN_EDGE, 0, 0);

    if (n) {
        n->edge = edge;
        n->is_after = is_after;
    }
    return n;
}

static uint64_t add_inf(uint64_t a, uint64_t b)
{
    return a == VDL_INF || b == VDL_INF || a > VDL_INF - 1 - b ? VDL_INF : a + b;
}

static bool can_join(const struct vdl_node *a, const struct vdl_node *b)
{
    if (a->kind == VN_GAP || b->kind == VN_GAP)
        return a->kind == b->kind;
    return a->kind == VN_BYTES && b->kind == VN_BYTES && a->fold == b->fold && !a->mask && !b->mask;
}

/* One node for a run of n gaps or of n literals. */
static struct vdl_node *join(struct vdl_reader *r, struct vdl_node *const *run, size_t n)
{
    struct vdl_node *to;
    size_t all = 0;
    uint8_t *p;

    if (n == 1)
        return run[0];
    to = node_new(r, run[0]->kind, run[0]->line, run[0]->column);
    if (!to)
        return NULL;
    to->fold = run[0]->fold;
    for (size_t i = 0; i < n; i++) {
        to->lo = add_inf(to->lo, run[i]->lo);
        to->hi = add_inf(to->hi, run[i]->hi);
        all += run[i]->bytes.n;
    }
    if (to->kind == VN_GAP)
        return to;
    p = reader_get(r, all, 1);
    if (!p)
        return NULL;
    to->bytes = (struct slice){ p, all };
    for (size_t i = 0; i < n; p += run[i++]->bytes.n)
        memcpy(p, run[i]->bytes.p, run[i]->bytes.n);
    return to;
}

struct vdl_node *node_cat(struct vdl_reader *r, struct vdl_node *const *kids, size_t n)
{
    size_t room = 0, m = 0, end;
    struct vdl_node **flat;

    for (size_t i = 0; i < n; i++) {
        if (!kids[i])
            return NULL;
        room += kids[i]->kind == VN_CAT ? kids[i]->n_kids : 1;
    }
    if (n == 1)
        return kids[0];
    flat = reader_get(r, room, sizeof *flat);
    if (!flat)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (kids[i]->kind != VN_CAT)
            flat[m++] = kids[i];
        for (size_t k = 0; kids[i]->kind == VN_CAT && k < kids[i]->n_kids; k++)
            flat[m++] = kids[i]->kids[k];
    }
    room = m;
    m = 0;
    for (size_t i = 0; i < room; i = end) {
        for (end = i + 1; end < room && can_join(flat[i], flat[end]); end++)
            ;
        flat[m] = join(r, flat + i, end - i);
        if (!flat[m++])
            return NULL;
    }
    return m == 1 ? flat[0] : node_list(r, VN_CAT, flat, m);
}

static struct vdl_node *wide_bytes(struct vdl_reader *r, struct vdl_node *n)
{
    struct vdl_node *w = node_new(r, VN_BYTES, n->line, n->column);
    uint8_t *p = reader_get(r, n->bytes.n, 2), *mask = NULL;

    if (!w || !p)
        return NULL;
    if (n->mask) {
        mask = reader_get(r, n->bytes.n, 2);
        if (!mask)
            return NULL;
    }
    for (size_t i = 0; i < n->bytes.n; i++) {
        p[2 * i] = n->bytes.p[i];
        if (mask) {
            mask[2 * i] = n->mask[i];
            mask[2 * i + 1] = 0xff;
        }
    }
    w->bytes = (struct slice){ p, 2 * n->bytes.n };
    w->mask = mask;
    w->fold = n->fold;
    return w;
}

struct vdl_node *node_wide(struct vdl_reader *r, struct vdl_node *n)
{
    struct vdl_node *two[2], *w;

    switch (n->kind) {
    case VN_BYTES:
        return wide_bytes(r, n);
    case VN_SET:
        two[0] = n;
        two[1] = node_bytes(r, SLICE("\0"), false);
        return node_cat(r, two, 2);
    case VN_CAT: case VN_ALT: case VN_REP:
        w = node_new(r, n->kind, n->line, n->column);
        if (!w)
            return NULL;
        *w = *n;
        w->kids = reader_get(r, n->n_kids, sizeof *w->kids);
        for (size_t i = 0; w->kids && i < n->n_kids; i++) {
            w->kids[i] = node_wide(r, n->kids[i]);
            if (!w->kids[i])
                return NULL;
        }
        return w->kids ? w : NULL;
    default:
        return n;
    }
}

struct vdl_node *node_base64(struct vdl_reader *r, struct slice bytes, size_t k, const uint8_t *digits)
{
    static const char usual[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t from = (k * 8 + 5) / 6, to = (k + bytes.n) * 8 / 6;
    uint8_t *out = to >= from + 4 ? reader_get(r, to - from, 1) : NULL;
    struct vdl_node *n = out ? node_new(r, VN_BYTES, 0, 0) : NULL;

    if (!n)
        return NULL;
    for (size_t i = from; i < to; i++) {
        unsigned v = 0;
        for (size_t bit = i * 6; bit < i * 6 + 6; bit++)
            v = v << 1 | (bytes.p[bit / 8 - k] >> (7 - bit % 8) & 1u);
        out[i - from] = digits ? digits[v] : (uint8_t)usual[v];
    }
    n->bytes = (struct slice){ out, to - from };
    return n;
}

void reader_unsupported(struct vdl_reader *r, uint32_t line, struct slice rule, const char *fmt, ...)
{
    char text[FEATURE_TEXT];
    va_list ap;
    size_t i;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->counts.unsupported++;
    for (i = 0; i < r->n_features && !slice_eq(slice_str(r->features[i].feature), slice_str(text)); i++)
        ;
    if (i == r->n_features) {
        if (i == FEATURES_MAX)
            i--;
        else
            r->n_features++;
        memcpy(r->feature_text[i], i == FEATURES_MAX - 1 ? "other" : text, i == FEATURES_MAX - 1 ? 6 : sizeof text);
        r->features[i].feature = r->feature_text[i];
    }
    r->features[i].count++;
    complain(&r->complaints, r->source, COMPLAIN_SKIPPED, line, 0, NULL, "%.*s: %s", (int)(rule.n > 120 ? 120 : rule.n), (const char *)rule.p, text);
}

enum cs_status reader_check(const struct vdl_reader *r, const struct vdl_rule *rule, char why[256])
{
    return r->o->trees_only ? CS_OK : vdl_emit_check(rule, why);
}

bool number_of(struct slice s, uint64_t *out)
{
    uint64_t v = 0;
    bool is_hex = s.n > 2 && s.p[0] == '0' && (s.p[1] | 32) == 'x';

    if (is_hex)
        s = slice_drop(s, 2);
    for (size_t i = 0; i < s.n; i++) {
        int d = ascii_hex(s.p[i]);
        if (d < 0 || (!is_hex && d > 9) || v > (UINT64_MAX - (unsigned)d) / (is_hex ? 16 : 10))
            return false;
        v = v * (is_hex ? 16 : 10) + (unsigned)d;
    }
    *out = v;
    return s.n > 0;
}
