#include "lzh.h"

enum {
    WINDOW = 65536, LENGTHS = 16,
    NC = 510, C_BITS = 9,               /* literals and match lengths */
    NT = 19, T_BITS = 5, T_SPECIAL = 3, /* lengths of the codes of C */
    NP_MOST = 17, MATCH_LEAST = 3,
    LZ5_WINDOW = 4096, LZ5_BEGIN = 18,
    LEAVES = 256 + 58, NODES = LEAVES * 2 - 1, ROOT = NODES - 1, WEIGHT_MOST = 0x8000
};

struct reader {
    struct slice in;
    size_t at;
    uint32_t hold;                      /* the next bits are its highest */
    unsigned n;
    bool is_over;
};

/* The next n bits, at most 16, the highest first; zeros past the end. */
static unsigned get(struct reader *r, unsigned n)
{
    unsigned v;

    if (n == 0 || n > 16)
        return 0;
    while (r->n < n) {
        uint32_t c = 0;
        if (r->at < r->in.n)
            c = r->in.p[r->at++];
        else
            r->is_over = true;
        r->hold |= c << (24 - r->n);
        r->n += 8;
    }
    v = r->hold >> (32 - n);
    r->hold <<= n;
    r->n -= n;
    return v;
}

struct output {
    uint8_t data[WINDOW];
    uint32_t at;
    uint64_t made, size;
    inflate_put *put;
    void *to;
    enum cs_status st;
};

/* The window itself stays as it is: nothing is read from it that was not written. */
static void output_init(struct output *o, uint64_t size, inflate_put *put, void *to)
{
    o->at = 0;
    o->made = 0;
    o->size = size;
    o->put = put;
    o->to = to;
    o->st = CS_OK;
}

static void flush(struct output *o)
{
    if (o->st == CS_OK && o->at)
        o->st = o->put(o->to, slice_of(o->data, o->at));
    o->at = 0;
}

static void byte(struct output *o, uint8_t c)
{
    if (o->made == o->size)
        return;
    o->data[o->at++] = c;
    o->made++;
    if (o->at == WINDOW)
        flush(o);
}

static void copy(struct output *o, uint32_t distance, unsigned n)
{
    for (; n; n--) {
        uint32_t from = (o->at - distance) & (WINDOW - 1);
        /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): what is made was written */
        byte(o, distance > o->made ? ' ' : o->data[from]);
    }
}

/* Canonical codes; where there is but one symbol it takes no bits. */
struct code {
    uint16_t count[LENGTHS + 1], symbol[NC];
    int only;                           /* the one symbol, or -1 */
};

static bool code_make(struct code *c, const uint8_t *lengths, size_t n)
{
    uint16_t next[LENGTHS + 2] = { 0 };
    int room = 1;

    *c = (struct code){ .only = -1 };
    for (size_t i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (size_t len = 1; len <= LENGTHS; len++) {
        room = (room << 1) - c->count[len];
        if (room < 0)
            return false;
        next[len + 1] = (uint16_t)(next[len] + c->count[len]);
    }
    for (size_t i = 0; i < n; i++)
        if (lengths[i])
            c->symbol[next[lengths[i]]++] = (uint16_t)i;
    return true;
}

/* The next symbol, or -1. */
static int code_get(const struct code *c, struct reader *r)
{
    int code = 0, first = 0, index = 0;

    if (c->only >= 0)
        return c->only;
    for (size_t len = 1; len <= LENGTHS; len++) {
        code |= (int)get(r, 1);
        if (code - first < c->count[len])
            return c->symbol[index + code - first];
        index += c->count[len];
        first = (first + c->count[len]) << 1;
        code <<= 1;
    }
    return -1;
}

struct codes {
    struct code lengths, c, p;
    size_t np;
    unsigned p_bits;
};

/* Lengths in three bits, or seven and a row of ones; behind the special place a count of zeros. */
static bool read_plain(struct reader *r, struct code *c, size_t n_most, unsigned bits, size_t special)
{
    uint8_t lengths[NT] = { 0 };
    size_t n = get(r, bits), i = 0;

    if (n == 0) {
        *c = (struct code){ .only = (int)get(r, bits) };
        return (size_t)c->only < n_most;
    }
    if (n > n_most)
        return false;
    while (i < n) {
        unsigned len = get(r, 3);
        while (len >= 7 && len <= LENGTHS && get(r, 1))
            len++;
        if (len > LENGTHS)
            return false;
        lengths[i++] = (uint8_t)len;
        if (i == special)
            for (unsigned zeros = get(r, 2); zeros && i < n; zeros--)
                i++;
    }
    return code_make(c, lengths, n_most);
}

static bool read_c(struct reader *r, struct codes *k)
{
    uint8_t lengths[NC] = { 0 };
    size_t n = get(r, C_BITS), i = 0;

    if (n == 0) {
        k->c = (struct code){ .only = (int)get(r, C_BITS) };
        return k->c.only < NC;
    }
    if (n > NC)
        return false;
    while (i < n) {
        int v = code_get(&k->lengths, r);
        if (v < 0 || r->is_over)
            return false;
        if (v > 2)
            lengths[i++] = (uint8_t)(v - 2);
        else
            i += v == 0 ? 1 : v == 1 ? get(r, 4) + 3 : get(r, C_BITS) + 20;
    }
    return code_make(&k->c, lengths, NC);
}

static bool read_block(struct reader *r, struct codes *k)
{
    return read_plain(r, &k->lengths, NT, T_BITS, T_SPECIAL) && read_c(r, k) &&
           read_plain(r, &k->p, k->np, k->p_bits, SIZE_MAX);
}

static bool match(struct reader *r, struct codes *k, struct output *o, int c)
{
    int p = code_get(&k->p, r);
    uint32_t distance;

    if (p < 0)
        return false;
    distance = p < 2 ? (uint32_t)p : (1u << (p - 1)) + get(r, (unsigned)p - 1);
    copy(o, distance + 1, (unsigned)c - 256 + MATCH_LEAST);
    return true;
}

static bool blocks(struct reader *r, struct codes *k, struct output *o)
{
    while (o->made < o->size && o->st == CS_OK) {
        unsigned n = get(r, 16);
        if (n == 0)
            n = 65536;
        if (!read_block(r, k))
            return false;
        for (; n && o->made < o->size && o->st == CS_OK; n--) {
            int c = code_get(&k->c, r);
            if (c < 0 || r->is_over)
                return false;
            if (c < 256)
                byte(o, (uint8_t)c);
            else if (!match(r, k, o, c))
                return false;
        }
    }
    return true;
}

static enum cs_status finish(struct output *o, size_t used, bool is_good, struct inflate_result *res)
{
    flush(o);
    *res = (struct inflate_result){ .used = used, .made = o->made, .is_damaged = !is_good };
    return o->st;
}

enum cs_status lzh_unpack(struct slice in, char method, uint64_t size, inflate_put *put, void *to, struct inflate_result *res)
{
    struct reader r = { .in = in };
    struct codes k = { .np = method < '6' ? 14 : method == '6' ? 16 : NP_MOST, .p_bits = method < '6' ? 4 : 5 };
    struct output o;
    bool is_good;

    output_init(&o, size, put, to);
    is_good = blocks(&r, &k, &o);
    return finish(&o, r.at, is_good, res);
}

/* ---- lh1: a Huffman tree whose weights follow what was read ---- */

/*
 * Nodes stand in the order of their weights, siblings side by side, the root last. A child below NODES is a pair of nodes, one
 * from NODES on is a leaf.
 */
struct tree {
    uint32_t weight[NODES + 1];
    uint16_t child[NODES], parent[NODES + LEAVES];
};

static void tree_link(struct tree *t, size_t node)
{
    size_t child = t->child[node];

    t->parent[child] = (uint16_t)node;
    if (child < NODES)
        t->parent[child + 1] = (uint16_t)node;
}

static void tree_init(struct tree *t)
{
    for (size_t i = 0; i < LEAVES; i++) {
        t->weight[i] = 1;
        t->child[i] = (uint16_t)(i + NODES);
    }
    for (size_t i = 0, node = LEAVES; node < NODES; i += 2, node++) {
        t->weight[node] = t->weight[i] + t->weight[i + 1];
        t->child[node] = (uint16_t)i;
    }
    for (size_t i = 0; i < NODES; i++)
        tree_link(t, i);
    t->weight[NODES] = UINT32_MAX;
    t->parent[ROOT] = 0;
}

/* Halve the weights of the leaves and build the tree anew. */
static void tree_halve(struct tree *t)
{
    size_t n = 0;

    for (size_t i = 0; i < NODES; i++)
        if (t->child[i] >= NODES) {
            t->weight[n] = (t->weight[i] + 1) / 2;
            t->child[n++] = t->child[i];
        }
    for (size_t i = 0, node = LEAVES; node < NODES; i += 2, node++) {
        uint32_t weight = t->weight[i] + t->weight[i + 1];
        size_t at = node;
        while (at && weight < t->weight[at - 1])
            at--;
        memmove(t->weight + at + 1, t->weight + at, (node - at) * sizeof *t->weight);
        memmove(t->child + at + 1, t->child + at, (node - at) * sizeof *t->child);
        t->weight[at] = weight;
        t->child[at] = (uint16_t)i;
    }
    for (size_t i = 0; i < NODES; i++)
        tree_link(t, i);
}

/* One more of this leaf; a node that grows past its neighbours changes places with the last of them. */
static void tree_count(struct tree *t, size_t leaf)
{
    if (t->weight[ROOT] == WEIGHT_MOST)
        tree_halve(t);
    for (size_t node = t->parent[leaf]; ; node = t->parent[node]) {
        uint32_t weight = ++t->weight[node];
        size_t last = node;
        while (weight > t->weight[last + 1])
            last++;
        if (last != node) {
            uint16_t child = t->child[node];
            t->weight[node] = t->weight[last];
            t->weight[last] = weight;
            t->child[node] = t->child[last];
            t->child[last] = child;
            tree_link(t, node);
            tree_link(t, last);
            node = last;
        }
        if (node == ROOT)
            return;
    }
}

static unsigned tree_get(struct tree *t, struct reader *r)
{
    size_t c = t->child[ROOT];

    while (c < NODES)
        c = t->child[c + get(r, 1)];
    tree_count(t, c);
    return (unsigned)(c - NODES);
}

/* The high six bits of a distance have fixed codes of 3 to 8 bits, the low six stand behind them. */
static uint32_t lh1_distance(struct reader *r)
{
    static const struct {
        uint8_t begin, codes_before, bits;
    } rows[] = { { 0xf0, 48, 8 }, { 0xc0, 24, 7 }, { 0x90, 12, 6 }, { 0x50, 4, 5 }, { 0x20, 1, 4 }, { 0, 0, 3 } };
    unsigned v = get(r, 8), row = 0, high, rest;

    while (v < rows[row].begin)
        row++;
    rest = 8u - rows[row].bits;                     /* bits of v that belong to the low half */
    high = rows[row].codes_before + ((v - rows[row].begin) >> rest);
    v = (v & ((1u << rest) - 1)) << (6 - rest) | get(r, 6 - rest);
    return high << 6 | v;
}

enum cs_status lzh_unpack_lh1(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res)
{
    struct reader r = { .in = in };
    struct tree t;
    struct output o;

    output_init(&o, size, put, to);
    tree_init(&t);
    while (o.made < size && o.st == CS_OK && !r.is_over) {
        unsigned c = tree_get(&t, &r);
        if (c < 256)
            byte(&o, (uint8_t)c);
        else
            copy(&o, lh1_distance(&r) + 1, c - 256 + MATCH_LEAST);
    }
    return finish(&o, r.at, o.made == size, res);
}

/* ---- lz5 ---- */

/* What a match may refer to before anything is written: runs of each byte, all bytes up and down, zeros, spaces. */
static void lz5_window(uint8_t *w)
{
    memset(w, ' ', LZ5_WINDOW);
    for (size_t i = 0; i < 256; i++) {
        memset(w + LZ5_BEGIN + i * 13, (int)i, 13);
        w[LZ5_BEGIN + (size_t)256 * 13 + i] = (uint8_t)i;
        w[LZ5_BEGIN + (size_t)256 * 14 + i] = (uint8_t)(255 - i);
    }
    memset(w + LZ5_BEGIN + (size_t)256 * 15, 0, 128);
}

enum cs_status lzh_unpack_lz5(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res)
{
    uint8_t w[LZ5_WINDOW];
    struct output o;
    size_t at = 0;
    unsigned flags = 0, here = 0;

    output_init(&o, size, put, to);
    lz5_window(w);
    while (o.made < size && o.st == CS_OK && at < in.n) {
        if ((flags >>= 1) < 0x100)                  /* the ninth bit tells when eight are used up */
            flags = in.p[at++] | 0xff00u;
        if (at < in.n && flags & 1) {
            byte(&o, w[here] = in.p[at++]);
            here = (here + 1) % LZ5_WINDOW;
        } else if (in.n - at >= 2) {
            unsigned from = in.p[at] | (in.p[at + 1] & 0xf0u) << 4, n = (in.p[at + 1] & 15u) + MATCH_LEAST;
            at += 2;
            for (from += LZ5_BEGIN; n; n--, from++, here = (here + 1) % LZ5_WINDOW)
                byte(&o, w[here] = w[from % LZ5_WINDOW]);
        } else {
            break;
        }
    }
    return finish(&o, at, o.made == size, res);
}
