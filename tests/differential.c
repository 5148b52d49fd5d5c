#include "tests/differential.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/reference.h"
#include "vdl/compile/emit.h"
#include "vdl/compile/ignore.h"
#include "vdl/compile/parse.h"
#include "vdl/compile/same.h"

enum { RULES = 12, OBJECTS = 12, NOISE = 300, TEXT = 1 << 16 };

/* ---- chance ---- */

struct chance { uint64_t state; };

static uint64_t next(struct chance *c)
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned upto(struct chance *c, unsigned n)
{
    return (unsigned)(next(c) % n);
}

static bool one_in(struct chance *c, unsigned n)
{
    return upto(c, n) == 0;
}

/* Few bytes, so that much matches by accident. */
static uint8_t letter(struct chance *c)
{
    static const char few[] = "aabbcAB1 .";

    return one_in(c, 12) ? (uint8_t)next(c) : (uint8_t)few[upto(c, sizeof few - 1)];
}

/* ---- rules, as text ---- */

struct gen { struct chance *c; struct buf out; };

static void say(struct gen *g, const char *text)
{
    if (buf_puts(&g->out, text) != CS_OK)
        abort();
}

static void say_number(struct gen *g, unsigned n)
{
    if (buf_printf(&g->out, "%u", n) != CS_OK)
        abort();
}

static void say_byte(struct gen *g, uint8_t b)
{
    if (buf_printf(&g->out, b > ' ' && b < 0x7f && b != '"' && b != '\\' && b != '\'' ? "%c" : "\\x%02x", b) != CS_OK)
        abort();
}

static void say_string(struct gen *g, unsigned max)
{
    unsigned n = 1 + upto(g->c, max);

    say(g, "\"");
    while (n--)
        say_byte(g, letter(g->c));
    say(g, "\"");
}

static void say_range(struct gen *g, unsigned max, bool may_be_open)
{
    unsigned lo = upto(g->c, max);

    say_number(g, lo);
    if (one_in(g->c, 3))
        return;
    say(g, "-");
    if (!may_be_open || !one_in(g->c, 4))
        say_number(g, lo + upto(g->c, max));
}

static void say_prim(struct gen *g, unsigned depth);

static void say_segment(struct gen *g, unsigned depth)
{
    unsigned n = 1 + upto(g->c, 4);

    for (unsigned i = 0; i < n; i++) {
        if (i)
            say(g, ", ");
        if (i && one_in(g->c, 4)) {
            say(g, one_in(g->c, 6) ? ".*" : "@");
            if (g->out.p[g->out.n - 1] == '@')
                say_range(g, one_in(g->c, 3) ? 70 : 6, true);     /* more than 32 are a stage of their own */
            say(g, ", ");
        }
        say_prim(g, depth);
    }
}

static void say_set(struct gen *g)
{
    say(g, one_in(g->c, 3) ? "[! " : "[ ");
    for (unsigned n = 1 + upto(g->c, 3); n; n--) {
        uint8_t b = letter(g->c);
        say(g, "'");
        say_byte(g, b);
        say(g, "'");
        if (one_in(g->c, 4) && b < 'y') {
            say(g, "-'");
            say_byte(g, (uint8_t)(b + 1));
            say(g, "'");
        }
        say(g, n > 1 ? ", " : "");
    }
    say(g, " ]");
}

static void say_edge(struct gen *g)
{
    static const char *const edges[] = { "\\b", "START", "END", "BEFORE_B", "AFTER_B", "BEFORE_L", "AFTER_L", "BEFORE_W", "AFTER_W" };
    unsigned which = upto(g->c, 9);

    say(g, which && one_in(g->c, 3) ? "N_" : "");
    say(g, edges[which]);
}

static void say_repeat(struct gen *g, unsigned depth)
{
    static const char *const classes[] = { "\\d", "\\s", "\\w", "'a'", "\"ab\"" };

    if (one_in(g->c, 2) && depth) {
        say(g, "(");
        say_prim(g, depth - 1);
        say(g, " | ");
        say_string(g, 3);
        say(g, ")");
    } else {
        say(g, classes[upto(g->c, 5)]);
    }
    switch (upto(g->c, 4)) {
    case 0: say(g, "+"); break;
    case 1: say(g, "*"); break;
    case 2: say(g, "{2}"); break;
    default: say(g, "{1,3}"); break;
    }
}

static void say_prim(struct gen *g, unsigned depth)
{
    switch (upto(g->c, 16)) {
    case 0: say(g, "~"); say_string(g, 5); return;
    case 1: say_set(g); return;
    case 2: say(g, "0x?1"); return;
    case 3: say(g, "."); return;
    case 4: say_edge(g); return;
    case 5: say(g, "FUZZY 1 "); say_string(g, 3); return;
    case 6: say(g, one_in(g->c, 2) ? "~~" : "~#"); say(g, "\"a1 b2"); say_byte(g, letter(g->c)); say(g, "\""); return;
    case 7: say_repeat(g, depth); return;
    case 8: say(g, one_in(g->c, 2) ? "WIDE " : "WIDE ASCII "); say_string(g, 4); return;
    case 9: say(g, "XORED 1-3 "); say_string(g, 4); return;
    case 10: case 11:
        if (depth == 0)
            break;
        say(g, "(");
        for (unsigned n = 1 + upto(g->c, 3); n; n--) {
            say(g, "(");
            say_segment(g, depth - 1);
            say(g, n > 1 ? ") | " : ")");
        }
        say(g, ")");
        return;
    default: break;
    }
    say_string(g, 8);
}

static void say_condition(struct gen *g, unsigned depth)
{
    static const char *const ops[] = { " AND ", " OR ", " XOR ", " & " }, *const cmps[] = { "=", ">", "<", ">=", "<=", "!=" };

    switch (depth ? upto(g->c, 12) : 11) {
    case 0: case 1: case 2: case 3:
        say(g, "(");
        say_condition(g, depth - 1);
        say(g, ops[upto(g->c, 4)]);
        say_condition(g, depth - 1);
        say(g, ")");
        return;
    case 4: say(g, "NOT ("); say_condition(g, depth - 1); say(g, ")"); return;
    case 5:
        say(g, "COUNT(");
        say_condition(g, one_in(g->c, 2) ? 0 : depth - 1);
        say(g, ") ");
        say(g, cmps[upto(g->c, 6)]);
        say_number(g, upto(g->c, 5));
        return;
    case 6:
        say(g, "2 OF (");
        for (int i = 0; i < 3; i++) {
            say(g, i ? ", (" : "(");
            say_condition(g, depth - 1);
            say(g, ")");
        }
        say(g, ")");
        return;
    case 7:
        if (one_in(g->c, 3)) {
            if (buf_printf(&g->out, "INT8(INT%s(%u) - %u) %s %u", one_in(g->c, 2) ? "8" : "16BE", upto(g->c, 9), upto(g->c, 90), cmps[upto(g->c, 6)],
                           upto(g->c, 200)) != CS_OK)
                abort();
            return;
        }
        if (buf_printf(&g->out, "INT%s(%u) %s %u", one_in(g->c, 2) ? "16" : "8", upto(g->c, 9), cmps[upto(g->c, 6)], upto(g->c, 200)) != CS_OK)
            abort();
        return;
    case 8: say(g, "SIZE "); say_range(g, 300, true); return;
    case 9:
        say(g, one_in(g->c, 3) ? "@=-" : "@=");
        say_range(g, 20, true);
        say(g, ", ");
        break;
    default: break;
    }
    say_segment(g, 2);
}

/* ---- data ---- */

static void put(struct buf *b, uint8_t c)
{
    if (b->n < TEXT && buf_putc(b, c) != CS_OK)
        abort();
}

static void noise(struct chance *c, struct buf *b, unsigned n)
{
    while (n--)
        put(b, letter(c));
}

/* Bytes that satisfy a low-level tree, as far as edges allow. */
static void satisfy(struct chance *c, const struct vdl_node *n, struct buf *b)
{
    uint64_t times;

    switch (n->kind) {
    case VN_BYTES:
        for (size_t i = 0; i < n->bytes.n; i++) {
            uint8_t mask = n->mask ? n->mask[i] : 0xff, v = (uint8_t)((n->bytes.p[i] & mask) | (next(c) & (uint8_t)~mask));
            put(b, n->fold && ascii_is_alpha(v) && one_in(c, 2) ? v ^ 0x20 : v);
        }
        break;
    case VN_LOOSE: case VN_DIGITS:
        for (size_t i = 0; i < n->bytes.n; i++) {
            while (i && one_in(c, 3))
                put(b, one_in(c, 2) ? ' ' : '.');
            put(b, n->bytes.p[i]);
        }
        break;
    case VN_SET:
        for (unsigned k = upto(c, 256), i = 0; i < 256; i++, k = (k + 1) % 256)
            if (n->set[k / 8] >> k % 8 & 1) {
                put(b, (uint8_t)k);
                break;
            }
        break;
    case VN_GAP:
        times = n->lo + (n->hi == n->lo ? 0 : upto(c, (unsigned)((n->hi - n->lo > 8 ? 8 : n->hi - n->lo) + 1)));
        noise(c, b, (unsigned)times);
        break;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++)
            satisfy(c, n->kids[i], b);
        break;
    case VN_ALT: satisfy(c, n->kids[upto(c, n->n_kids)], b); break;
    case VN_REP:
        times = n->lo + (n->hi == n->lo ? 0 : upto(c, (unsigned)((n->hi - n->lo > 3 ? 3 : n->hi - n->lo) + 1)));
        while (times--)
            satisfy(c, n->kids[0], b);
        break;
    default: break;
    }
}

/* Segments of a rule in some order, now and then with a byte changed, noise between. */
static void sprinkle(struct chance *c, const struct vdl_node *n, struct buf *b)
{
    size_t from = b->n;

    if (n->kind == VN_SEGMENT) {
        if (!n->anchor || n->anchor->where != VW_START || one_in(c, 3))
            noise(c, b, upto(c, 20));
        else if (b->n < (size_t)n->anchor->lo && n->anchor->lo < 100)
            noise(c, b, (unsigned)((size_t)n->anchor->lo - b->n));
        for (unsigned times = 1 + upto(c, 3); times; times--)
            satisfy(c, n->kids[0], b);
        if (one_in(c, 3) && b->n > from)
            b->p[from + upto(c, (unsigned)(b->n - from))] = letter(c);
        return;
    }
    for (uint32_t i = 0; i < n->n_kids; i++)
        if (!one_in(c, 4))
            sprinkle(c, n->kids[i], b);
}

static void object(struct chance *c, const struct vdl_program *p, struct buf *b)
{
    b->n = 0;
    if (one_in(c, 3))
        noise(c, b, upto(c, NOISE));
    for (unsigned n = upto(c, 4); n && p->n_rules; n--)
        sprinkle(c, p->rules[upto(c, (unsigned)p->n_rules)].expr, b);
    if (one_in(c, 3))
        noise(c, b, upto(c, 30));
}

/* ---- both matchers ---- */

struct round {
    struct chance c;
    struct vdl_program program;
    struct vdl_reader reader;
    struct vdl_options options;
    struct vdl_source source;
    struct gen gen;
    char image[64];
    struct vdl_db *db;
    struct vdl_scan *scan;
    bool hit[RULES], *now;
    uint64_t seed;
};

static bool on_hit(void *ctx, const struct vdl_hit *hit)
{
    struct round *r = ctx;

    if (hit->rule < RULES)
        r->hit[hit->rule] = true;
    return true;
}

static enum cs_status scan_split(struct round *r, const struct vdl_object *o, struct slice s)
{
    enum cs_status st = vdl_scan_begin(r->scan, o);

    while (st == CS_OK && s.n) {
        size_t n = 1 + upto(&r->c, one_in(&r->c, 2) ? 3 : 40);
        st = vdl_scan_feed(r->scan, slice_take(s, n));
        s = slice_drop(s, n);
    }
    return st == CS_OK ? vdl_scan_end(r->scan) : st;
}

static void show(struct round *r, size_t rule, struct slice s, bool want, const char *how)
{
    struct slice text = buf_slice(&r->gen.out);

    printf("seed %" PRIu64 ", %s: rule %zu %s\n%.*s", r->seed, how, rule, want ? "is missed" : "is found and should not be", (int)text.n, (const char *)text.p);
    printf("data ");
    for (size_t i = 0; i < s.n; i++)
        printf("%02x", s.p[i]);
    printf("\n");
}

static bool agree(struct round *r, const struct vdl_object *o, struct slice s, struct differential *d)
{
    bool ok = true;

    for (int split = 0; split < 2 && ok; split++) {
        enum cs_status st;
        memset(r->hit, 0, sizeof r->hit);
        st = split ? scan_split(r, o, s) : vdl_scan_bytes(r->scan, o, s);
        if (st != CS_OK) {
            printf("seed %" PRIu64 ": %s\n", r->seed, cs_status_text(st));
            return false;
        }
        for (size_t i = 0; i < r->program.n_rules && ok; i++) {
            bool want = reference_rule(&r->program.rules[i], o, s);
            d->hits += want;
            ok = want == r->hit[i];
            if (!ok)
                show(r, i, s, want, split ? "in pieces" : "whole");
        }
    }
    d->cases++;
    return ok;
}

/* Rules that the image cannot hold are left out. */
static void make_rules(struct round *r, struct differential *d)
{
    struct vdl_program *p = &r->program;
    size_t n = 0;
    char why[256];

    for (int i = 0; i < RULES; i++) {
        if (buf_printf(&r->gen.out, ":r%d, ", i) != CS_OK)
            abort();
        say_condition(&r->gen, upto(&r->c, 3));
        say(&r->gen, " #\n");
    }
    r->source.text = buf_slice(&r->gen.out);
    if (vdl_parse(&r->reader, r->source.text) != CS_OK)
        abort();
    for (size_t i = 0; i < p->n_rules; i++)
        if (reference_knows(p->rules[i].expr) && vdl_emit_check(&p->rules[i], why) == CS_OK)
            p->rules[n++] = p->rules[i];
    d->left_out += p->n_rules - n;
    d->rules += n;
    p->n_rules = n;
}

static bool open_image(struct round *r)
{
    char why[256] = "";
    enum cs_status st = vdl_emit(&r->program, r->image, &(struct vdl_emit_options){ 0 }, why);

    if (st == CS_OK)
        st = vdl_open(r->image, &r->db, why);
    if (st == CS_OK)
        st = vdl_verify(r->db, why);
    if (st != CS_OK)
        printf("seed %" PRIu64 ": %s: %s\n%.*s", r->seed, cs_status_text(st), why, (int)r->gen.out.n, (const char *)r->gen.out.p);
    return st == CS_OK;
}

bool differential_round(uint64_t seed, struct differential *d)
{
    struct round *r = calloc(1, sizeof *r);
    struct buf data = buf_init(TEXT + 1);
    bool ok;

    if (!r || vdl_program_init(&r->program) != CS_OK)
        abort();
    r->c.state = r->seed = seed;
    r->gen = (struct gen){ .c = &r->c, .out = buf_init(1 << 20) };
    r->source.name = "random.vdl";
    r->reader = (struct vdl_reader){ .o = &r->options, .program = &r->program, .source = &r->source, .file = "random.vdl", .ignore = ignore_new(),
                                     .same = same_new(&r->program) };
    snprintf(r->image, sizeof r->image, "/tmp/differential-%ld.vdb", (long)getpid());
    make_rules(r, d);
    ok = open_image(r);
    r->scan = ok ? vdl_scan_new(&r->db, 1, on_hit, r) : NULL;
    for (int i = 0; ok && i < OBJECTS; i++) {
        struct vdl_object o = { .size = 0 };
        object(&r->c, &r->program, &data);
        o.size = data.n;
        ok = agree(r, &o, buf_slice(&data), d);
    }
    d->sets++;
    vdl_scan_free(r->scan);
    vdl_close(r->db);
    unlink(r->image);
    buf_release(&data);
    buf_release(&r->gen.out);
    ignore_free(r->reader.ignore);
    same_free(r->reader.same);
    vdl_program_release(&r->program);
    free(r);
    return ok;
}
