#include <stdlib.h>

#include "clam.h"

/*
 * The body grammar of hex signatures. A pattern is cut into parts by "*" and "{…}"; inside a part stand bytes, nibbles, "??", alternatives,
 * short gaps "[n-m]" and boundary classes. Everything comes out as one VN_CAT.
 */
enum { PART_MIN = 2, BODY_ITEMS = 1 << 15, NEGATED_MAX = 64, NEGATED_LEN = 32 };

struct body {
    struct vdl_reader *r;
    struct slice s;
    size_t at;
    unsigned modifiers;
    struct vdl_node **kids;         /* a stack; heap */
    size_t n, room;
    uint8_t *bytes, *mask;          /* the literal being gathered */
    size_t n_bytes;
    bool is_masked;
    size_t width, run, best;        /* of the part: bytes at least, certain bytes in a row now and at most */
    bool is_split;                  /* a "{…}" that splits came by */
    unsigned short_gaps;
    struct clam_why *why;
    enum clam_fate fate;
};

static bool wrong(struct body *b, const char *text)
{
    if (b->fate == CLAM_OK)
        b->fate = clam_malformed(b->why, b->s.p + b->at, "%s", text);
    return false;
}

static int peek(const struct body *b, size_t ahead)
{
    return b->at + ahead < b->s.n ? b->s.p[b->at + ahead] : -1;
}

static bool push(struct body *b, struct vdl_node *n)
{
    if (!n)
        return false;
    if (b->n == b->room) {
        size_t room = b->room ? b->room * 2 : 64;
        struct vdl_node **kids = room <= BODY_ITEMS ? reallocarray(b->kids, room, sizeof *kids) : NULL;
        if (!kids)
            return wrong(b, "too many items");
        b->kids = kids;
        b->room = room;
    }
    b->kids[b->n++] = n;
    return true;
}

/* The gathered literal becomes a node. */
static bool flush(struct body *b)
{
    struct vdl_node *n;

    if (b->n_bytes == 0)
        return true;
    n = node_bytes(b->r, (struct slice){ b->bytes, b->n_bytes }, b->modifiers & CLAM_FOLD);
    if (n && b->is_masked)
        n->mask = reader_bytes(b->r, (struct slice){ b->mask, b->n_bytes }).p;
    if (n && b->is_masked && !n->mask)
        n = NULL;
    b->n_bytes = 0;
    b->is_masked = false;
    return push(b, n);
}

static bool flush_gap(struct body *b, uint64_t lo, uint64_t hi)
{
    return flush(b) && push(b, node_gap(b->r, lo, hi));
}

static int half(int c, uint8_t *mask, uint8_t keep)
{
    int v = c < 0 ? -1 : ascii_hex((uint8_t)c);

    if (c == '?') {
        *mask &= (uint8_t)~keep;
        return 0;
    }
    return v;
}

/* HH, ??, H?, ?H. */
static bool byte(struct body *b)
{
    uint8_t mask = 0xff;
    int hi = half(peek(b, 0), &mask, 0xf0), lo = half(peek(b, 1), &mask, 0x0f);

    if (hi < 0)
        return wrong(b, "expected hexadecimal digits");
    if (lo < 0) {
        b->at++;
        return wrong(b, "half a byte: hexadecimal digits come in pairs");
    }
    b->at += 2;
    b->width++;
    b->run = mask == 0xff ? b->run + 1 : 0;
    b->best = b->run > b->best ? b->run : b->best;
    if (mask == 0)
        return flush_gap(b, 1, 1);
    b->bytes[b->n_bytes] = (uint8_t)(hi * 16 + lo);
    b->mask[b->n_bytes++] = mask;
    b->is_masked = b->is_masked || mask != 0xff;
    return true;
}

/* A number, which may be missing. False: not there. */
static bool digits(struct body *b, uint64_t *out)
{
    size_t n = 0;
    bool ok;

    while (peek(b, n) >= 0 && ascii_is_digit((uint8_t)peek(b, n)))
        n++;
    ok = n && n < 12 && number_of(slice_sub(b->s, b->at, n), out);
    b->at += n;
    return ok;
}

static bool end_part(struct body *b)
{
    if (b->width < PART_MIN || b->best < PART_MIN)
        return wrong(b, "each part between gaps needs two fixed bytes side by side");
    b->width = b->run = b->best = 0;
    b->short_gaps = 0;
    return true;
}

/* {n} {-n} {n-} {n-m}; a first {n} of 1 to 127 is the same as n times "??" and does not split. */
static bool braces(struct body *b)
{
    uint64_t lo = 0, hi = VDL_INF;
    bool has_lo, has_dash;

    b->at++;
    has_lo = digits(b, &lo);
    has_dash = peek(b, 0) == '-';
    if (has_dash) {
        b->at++;
        if (!has_lo && peek(b, 0) == '-')   /* {--n}: read as {-n} by the peer */
            b->at++;
        if (!digits(b, &hi) && !has_lo)
            return wrong(b, "expected {n}, {n-}, {-n} or {n-m}");
    } else {
        hi = lo;
    }
    if (peek(b, 0) != '}' || (!has_lo && !has_dash))
        return wrong(b, "expected {n}, {n-}, {-n} or {n-m}");
    b->at++;
    if (hi < lo)
        return wrong(b, "a gap that ends before it begins");
    if (!b->is_split && lo == hi && lo >= 1 && lo <= 127) {
        b->width += lo;
        b->run = 0;
        return flush_gap(b, lo, lo);
    }
    b->is_split = true;
    return end_part(b) && flush_gap(b, lo, hi);
}

/* [n] or [n-m], 32 at most, two in a part. */
static bool brackets(struct body *b)
{
    uint64_t lo, hi;

    b->at++;
    if (!digits(b, &lo))
        return wrong(b, "expected [n] or [n-m]");
    hi = lo;
    if (peek(b, 0) == '-') {
        b->at++;
        if (!digits(b, &hi))
            return wrong(b, "expected [n-m]");
    }
    if (peek(b, 0) != ']' || lo > hi || hi > 32)
        return wrong(b, "expected [n-m] with n not larger than m, and m at most 32");
    b->at++;
    if (++b->short_gaps > 2)
        return wrong(b, "more than two [n-m] in one part");
    b->run = 0;
    return flush_gap(b, lo, hi);
}

/* ---- boundaries ---- */

static struct vdl_node *one_of(struct body *b, const char *bytes, bool is_not)
{
    uint8_t set[32] = { 0 };

    for (; *bytes; bytes++)
        set_add(set, (uint8_t)*bytes);
    for (size_t i = 0; is_not && i < sizeof set; i++)
        set[i] = (uint8_t)~set[i];
    return node_set(b->r, set);
}

/* In the middle of a pattern a boundary takes one byte (CR LF two). */
static struct vdl_node *inner_boundary(struct body *b, int c, bool is_not)
{
    uint8_t set[32] = { 0 };
    struct vdl_node *two[2];

    if (c == 'B')
        return one_of(b, " -./_<@\n\r\"'=>", is_not);
    if (c == 'W') {
        for (unsigned i = 0; i < 256; i++)
            if ((ascii_is_alpha((uint8_t)i) || ascii_is_digit((uint8_t)i)) == is_not)
                set_add(set, i);
        return node_set(b->r, set);
    }
    two[0] = one_of(b, "\n", is_not);
    if (is_not)
        return two[0];
    two[1] = node_bytes(b->r, SLICE("\r\n"), false);
    return node_list(b->r, VN_ALT, two, 2);
}

static bool boundary(struct body *b, bool is_not)
{
    int c = peek(b, 1);
    bool is_first = b->width == 0 && b->n_bytes == 0, is_last;
    struct vdl_node *n;

    b->at += 3;
    is_last = b->at == b->s.n || peek(b, 0) == '*' || peek(b, 0) == '{';
    if (!flush(b))
        return false;
    b->run = 0;
    if (!is_first && !is_last)
        return push(b, inner_boundary(b, c, is_not));
    n = node_edge(b->r, c == 'B' ? VE_CLAM_B : c == 'L' ? VE_CLAM_L : VE_ALNUM_FREE, !is_first);
    if (n)
        n->edge_not = is_not;
    return push(b, n);
}

/* ---- alternatives ---- */

static bool alternatives(struct body *b, bool is_not, unsigned depth);

/* Bytes and groups up to a '|' or ')': one alternative, left on the stack as one node. */
static bool alternative(struct body *b, unsigned depth)
{
    size_t mark = b->n;
    struct vdl_node *n;

    while (b->fate == CLAM_OK && peek(b, 0) != '|' && peek(b, 0) != ')') {
        if (peek(b, 0) < 0)
            return wrong(b, "a '(' without its ')'");
        if (!(peek(b, 0) == '(' ? alternatives(b, false, depth + 1) : byte(b)))
            return false;
    }
    if (!flush(b))
        return false;
    if (b->n == mark)
        return wrong(b, "an empty alternative");
    n = node_cat(b->r, b->kids + mark, b->n - mark);
    b->n = mark;
    return push(b, n);
}

static bool is_plain(const struct vdl_node *n)
{
    return n->kind == VN_BYTES && !n->mask;
}

static int by_bytes(const void *a, const void *b)
{
    const struct slice *x = a, *y = b;

    return memcmp(x->p, y->p, x->n);
}

/*
 * len bytes that are none of the n sorted strings: up to some place like one of them, then a byte that leads to none, then whatever.
 * depth counts from 0; all strings share their first depth bytes.
 */
static struct vdl_node *none_of(struct body *b, const struct slice *all, size_t n, size_t depth)
{
    size_t len = all[0].n, mark = b->n, rest = len - depth - 1;
    uint8_t set[32] = { 0 };
    struct vdl_node *two[2], *out;

    for (size_t i = 0; i < n; i++)
        set_add(set, all[i].p[depth]);
    for (size_t i = 0; i < sizeof set; i++)
        set[i] = (uint8_t)~set[i];
    two[0] = node_set(b->r, set);
    two[1] = rest ? node_gap(b->r, rest, rest) : NULL;
    if (!push(b, node_cat(b->r, two, rest ? 2 : 1)))
        return NULL;
    for (size_t i = 0, end; rest && i < n; i = end) {
        for (end = i + 1; end < n && all[end].p[depth] == all[i].p[depth]; end++)
            ;
        two[0] = node_bytes(b->r, slice_sub(all[i], depth, 1), false);
        two[1] = none_of(b, all + i, end - i, depth + 1);
        if (!push(b, node_cat(b->r, two, 2)))
            return NULL;
    }
    out = node_list(b->r, VN_ALT, b->kids + mark, b->n - mark);
    b->n = mark;
    return out;
}

static struct vdl_node *negated(struct body *b, size_t mark)
{
    struct slice all[NEGATED_MAX];
    size_t n = b->n - mark;

    if (b->modifiers & (CLAM_FOLD | CLAM_WIDE)) {
        wrong(b, "a negated alternative does not go with modifiers");
        return NULL;
    }
    if (n > NEGATED_MAX || b->kids[mark]->bytes.n > NEGATED_LEN) {
        b->fate = clam_unsupported(b->why, "negated alternatives, many or long");
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        const struct vdl_node *k = b->kids[mark + i];
        if (!is_plain(k) || k->bytes.n != b->kids[mark]->bytes.n) {
            wrong(b, "negated alternatives must be plain bytes of one length");
            return NULL;
        }
        all[i] = k->bytes;
    }
    qsort(all, n, sizeof *all, by_bytes);
    b->n = mark;
    return none_of(b, all, n, 0);
}

/* Single bytes become a set, which is what they mean. */
static struct vdl_node *merged(struct body *b, size_t mark)
{
    uint8_t set[32] = { 0 };

    for (size_t i = mark; i < b->n; i++) {
        const struct vdl_node *k = b->kids[i];
        if (!is_plain(k) || k->bytes.n != 1 || (k->fold && ascii_is_alpha(k->bytes.p[0])))
            return node_list(b->r, VN_ALT, b->kids + mark, b->n - mark);
        set_add(set, k->bytes.p[0]);
    }
    return b->n - mark == 1 ? b->kids[mark] : node_set(b->r, set);
}

static uint64_t least(const struct vdl_node *n)
{
    uint64_t w = 0, k;

    switch (n->kind) {
    case VN_BYTES: return n->bytes.n;
    case VN_SET: return 1;
    case VN_GAP: return n->lo;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++)
            w += least(n->kids[i]);
        return w;
    case VN_ALT:
        w = least(n->kids[0]);
        for (uint32_t i = 1; i < n->n_kids; i++) {
            k = least(n->kids[i]);
            w = k < w ? k : w;
        }
        return w;
    default: return 0;
    }
}

/* ( … | … ), at its '('. */
static bool alternatives(struct body *b, bool is_not, unsigned depth)
{
    size_t mark, width = b->width, best = b->best;
    struct vdl_node *n;

    if (depth > CLAM_NEST)
        return wrong(b, "alternatives nested more than 15 deep");
    if (!flush(b))
        return false;
    mark = b->n;
    do {
        b->at++;
        if (!alternative(b, depth))
            return false;
    } while (peek(b, 0) == '|');
    b->at++;
    n = is_not ? negated(b, mark) : merged(b, mark);
    if (!n)
        return false;
    b->n = mark;
    b->best = best;
    b->run = 0;
    b->width = width + least(n);
    return push(b, n);
}

/* ---- the whole ---- */

static bool item(struct body *b)
{
    int c = peek(b, 0), then;
    bool is_not = c == '!';

    if (is_not) {
        b->at++;
        c = peek(b, 0);
        if (c != '(')
            return wrong(b, "expected '(' behind '!'");
    }
    then = c == '(' && peek(b, 2) == ')' ? peek(b, 1) : 0;
    if (then == 'B' || then == 'L' || then == 'W')
        return boundary(b, is_not);
    switch (c) {
    case '(': return alternatives(b, is_not, 1);
    case '{': return braces(b);
    case '[': return brackets(b);
    case '*':
        if (!end_part(b))
            return false;
        b->at++;
        return flush_gap(b, 0, VDL_INF);
    default: return byte(b);
    }
}

static struct vdl_node *modify(struct body *b, struct vdl_node *n)
{
    struct vdl_node *three[3], *wide;

    if (n && b->modifiers & CLAM_WORD) {
        three[0] = node_edge(b->r, VE_ALNUM_FREE, false);
        three[1] = n;
        three[2] = node_edge(b->r, VE_ALNUM_FREE, true);
        n = node_cat(b->r, three, 3);
    }
    if (!n || !(b->modifiers & CLAM_WIDE))
        return n;
    wide = node_wide(b->r, n);
    three[0] = n;
    three[1] = wide;
    return b->modifiers & CLAM_ASCII ? node_list(b->r, VN_ALT, three, 2) : wide;
}

/* 1 more than a digit's value; 0: no digit. This loop sees most of the bytes of a set of millions. */
static const uint8_t hex_digit[256] = {
    ['0'] = 1, ['1'] = 2, ['2'] = 3, ['3'] = 4, ['4'] = 5, ['5'] = 6, ['6'] = 7, ['7'] = 8, ['8'] = 9, ['9'] = 10,
    ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Most signatures are nothing but hex digits. NULL when this one is not, or memory is short. */
static struct vdl_node *plain(struct vdl_reader *r, struct slice hex, bool fold)
{
    struct slice room = hex.n >= 4 && hex.n % 2 == 0 ? reader_bytes(r, slice_take(hex, hex.n / 2)) : slice_of(NULL, 0);
    uint8_t *to = (uint8_t *)(uintptr_t)room.p;
    struct vdl_node *n;

    for (size_t i = 0; i < room.n; i++) {
        unsigned hi = hex_digit[hex.p[2 * i]], lo = hex_digit[hex.p[2 * i + 1]];
        if (!hi || !lo)
            return NULL;
        to[i] = (uint8_t)((hi - 1) << 4 | (lo - 1));
    }
    if (room.n == 0)
        return NULL;
    n = node_new(r, VN_BYTES, 0, 0);
    if (n) {
        n->bytes = room;
        n->fold = fold;
    }
    return n;
}

enum clam_fate clam_body(struct vdl_reader *r, struct slice hex, unsigned modifiers, struct vdl_node **out, struct clam_why *why)
{
    struct body b = { .r = r, .s = hex, .modifiers = modifiers, .why = why };

    *out = modifiers <= CLAM_FOLD ? plain(r, hex, modifiers & CLAM_FOLD) : NULL;
    if (*out)
        return CLAM_OK;
    b.bytes = malloc(hex.n + 1);
    b.mask = malloc(hex.n + 1);
    if (!b.bytes || !b.mask)
        r->status = CS_NOMEM;
    while (r->status == CS_OK && b.at < hex.n && item(&b))
        ;
    if (r->status == CS_OK && b.fate == CLAM_OK && end_part(&b) && flush(&b))
        *out = modify(&b, node_cat(r, b.kids, b.n));
    free(b.bytes);
    free(b.mask);
    free(b.kids);
    if (b.fate == CLAM_OK && !*out)
        return clam_malformed(why, NULL, "cannot be read");
    return b.fate;
}
