/*
 * sigsample.h - bytes that satisfy a rule, and bytes that nearly do, for tests. Choices are made by chance: whoever wants to be sure tries the rule
 * on what came out, and takes another when it failed.
 */
#ifndef TESTS_UNIT_SIGSAMPLE_H
#define TESTS_UNIT_SIGSAMPLE_H

#include <stdio.h>

#include "base/bytes.h"
#include "regexsample.h"

enum { SAMPLE_MAX = 1 << 16, SAMPLE_WANTS = 512 };

static uint64_t sample_state = 42;

static inline unsigned sample_upto(unsigned n)
{
    sample_state = sample_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(sample_state >> 33) % n;
}

struct sample {
    struct buf b;               /* the object */
    uint8_t *used;              /* SAMPLE_MAX: bytes that something needs */
    bool is_text;               /* filler that text may hold */
    uint64_t size_lo, size_hi;
    struct slice container;     /* the type word of the container, or empty */
    bool is_macro;              /* it is the source of a macro of an OLE2 file */
    const struct vdl_node *wants[SAMPLE_WANTS];
    size_t places[SAMPLE_WANTS];
    size_t n_wants;
    uint64_t entry, sections[2];
    const char *cannot;         /* why none can be made */
};

static inline void sample_put(struct buf *b, unsigned c)
{
    if (b->n < SAMPLE_MAX && buf_putc(b, (uint8_t)c) != CS_OK)
        abort();
}

/* Nothing that matches by accident; but for is_text, nothing that could be text, of one or two bytes a character. */
static inline void sample_filler(struct buf *b, size_t n, bool is_text)
{
    for (size_t i = 0; i < n; i++)
        sample_put(b, i % 9 / 3 == 1 && !is_text ? 0 : '.');
}

/* ---- one segment ---- */

static inline void sample_edge(const struct vdl_node *n, struct buf *b)
{
    unsigned c = n->edge_not ? 'a' : n->edge == VE_ALNUM_FREE ? ' ' : n->edge == VE_CLAM_L ? '\n' : n->is_after ? '"' : ' ';

    if (n->is_after || b->n == 0)
        sample_put(b, c);
    else
        b->p[b->n - 1] = (uint8_t)c;
}

static inline void sample_low(const struct vdl_node *n, struct buf *b, bool is_text)
{
    uint64_t spread = n->hi - n->lo > 3 ? 3 : n->hi - n->lo;
    unsigned k;

    switch (n->kind) {
    case VN_BYTES:
        for (size_t i = 0; i < n->bytes.n; i++) {
            unsigned c = n->bytes.p[i] | (n->mask ? sample_upto(256) & (uint8_t)~n->mask[i] : 0);
            sample_put(b, n->fold && isalpha((int)c) && !is_text && sample_upto(2) ? c ^ 0x20 : c);
        }
        break;
    case VN_SET:
        for (k = is_text ? 'a' : sample_upto(256); !(n->set[k / 8] >> k % 8 & 1);)
            k = (k + 1) % 256;
        sample_put(b, k);
        break;
    case VN_GAP: sample_filler(b, n->lo + sample_upto((unsigned)spread + 1), is_text); break;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++)
            sample_low(n->kids[i], b, is_text);
        break;
    case VN_ALT: sample_low(n->kids[sample_upto(n->n_kids)], b, is_text); break;
    case VN_EDGE: sample_edge(n, b); break;
    default: break;
    }
}

/* ---- what the expression asks for ---- */

static inline void sample_want(struct sample *s, const struct vdl_node *n)
{
    if (s->n_wants < SAMPLE_WANTS)
        s->wants[s->n_wants++] = n;
    else
        s->cannot = "too many parts";
}

static inline void sample_high(struct sample *s, const struct vdl_node *n)
{
    uint64_t times;

    switch (n->kind) {
    case VN_SEGMENT: sample_want(s, n); break;
    case VN_REGEX: case VN_INTEGER:
        if (n->n_kids)
            sample_high(s, n->kids[0]);
        sample_want(s, n);
        break;
    case VN_OR: sample_high(s, n->kids[sample_upto(n->n_kids)]); break;
    case VN_AND:
        for (uint32_t i = 0; i < n->n_kids; i++)
            sample_high(s, n->kids[i]);
        break;
    case VN_OF:
        for (uint64_t i = 0, from = n->lo < n->n_kids ? sample_upto(n->n_kids) : 0; i < n->lo; i++)
            sample_high(s, n->kids[(from + i) % n->n_kids]);
        break;
    case VN_COUNT:
        times = n->cmp == VC_GT ? n->lo + 1 : n->cmp == VC_LT ? n->lo - 1 : n->lo;
        for (uint64_t i = 0; i < times && i < SAMPLE_WANTS; i++)
            sample_high(s, n->distinct && n->kids[0]->kind == VN_OR ? n->kids[0]->kids[i % n->kids[0]->n_kids] : n->kids[0]);
        break;
    case VN_ORDER:          /* what is wanted first stands first */
        for (uint32_t i = 0; i < n->n_kids; i++)
            sample_high(s, n->kids[n->cmp == VC_GT || n->cmp == VC_GE ? n->n_kids - 1 - i : i]);
        break;
    case VN_SIZE: s->size_lo = n->lo; s->size_hi = n->hi; break;
    case VN_CONTAINER: s->container = n->bytes; break;
    case VN_NOT: case VN_TRUE: case VN_DEPTH: break;
    case VN_FALSE: s->cannot = "it is never true"; break;
    case VN_HASH: case VN_SECTION_HASH: case VN_IMPORT_HASH: s->cannot = "a digest has no known original"; break;
    default: s->cannot = "a condition that the generator does not know"; break;
    }
}

/* ---- where it goes ---- */

static inline bool sample_is_free(const struct sample *s, size_t at, struct slice t)
{
    for (size_t i = 0; i < t.n; i++)
        if (at + i < SAMPLE_MAX && s->used[at + i] && s->b.p[at + i] != t.p[i])
            return false;
    return true;
}

static inline void sample_at(struct sample *s, size_t at, struct slice t)
{
    if (at + t.n > SAMPLE_MAX) {
        s->cannot = "larger than the generator's files";
        return;
    }
    if (s->b.n < at + t.n)
        sample_filler(&s->b, at + t.n - s->b.n, s->is_text);
    memcpy(s->b.p + at, t.p, t.n);
    memset(s->used + at, 1, t.n);
}

/* The base of an anchor in the file; false when it is not known here. */
static inline bool sample_base(const struct sample *s, const struct vdl_anchor *a, int64_t *base)
{
    switch (a->where) {
    case VW_START: *base = 0; return true;
    case VW_ENTRY: *base = (int64_t)s->entry; return s->entry != 0;
    case VW_LAST_SECTION: *base = (int64_t)s->sections[1]; return s->sections[1] != 0;
    case VW_SECTION: case VW_IN_SECTION: *base = a->section < 2 ? (int64_t)s->sections[a->section] : 0; return *base != 0;
    default: return false;
    }
}

static inline size_t sample_place(struct sample *s, const struct vdl_anchor *a, struct slice t)
{
    int64_t base;

    if (!a || a->where == VW_ANYWHERE) {
        sample_filler(&s->b, 9, s->is_text);
        sample_at(s, s->b.n, t);
        sample_filler(&s->b, 9, s->is_text);
        return s->b.n - 9 - t.n;
    }
    if (!sample_base(s, a, &base)) {
        s->cannot = "a place that the generator does not know";
        return 0;
    }
    for (int64_t at = base + a->lo; at <= base + a->hi && at < base + a->lo + 4096; at++)
        if (at >= 0 && sample_is_free(s, (size_t)at, t)) {
            sample_at(s, (size_t)at, t);
            return (size_t)at;
        }
    s->cannot = "its places are taken";
    return 0;
}

static inline size_t sample_where(const struct sample *s, const struct vdl_node *kid)
{
    for (size_t i = 0; i < s->n_wants; i++)
        if (s->wants[i] == kid)
            return s->places[i];
    return 0;
}

/* Where the place stands that a test counts from; it is given one when there is none yet. */
static inline size_t sample_pointer(struct sample *s, const struct vdl_integer *v)
{
    size_t to = 0;

    if (v->from < SAMPLE_MAX && !s->used[v->from])
        sample_at(s, v->from, slice_of("\x80\0\0\0", v->from_bytes));
    for (unsigned i = 0; i < v->from_bytes && v->from + i < s->b.n; i++)
        to |= (size_t)s->b.p[v->from + i] << 8 * i;
    return to < SAMPLE_MAX ? to : 0;
}

/* Bytes whose value passes the test. */
static inline void sample_integer(struct sample *s, const struct vdl_node *n)
{
    const struct vdl_integer *v = n->integer;
    size_t at = (n->n_kids ? sample_where(s, n->kids[0]) : v->from_bytes ? sample_pointer(s, v) : 0) + (size_t)v->offset;
    uint64_t value = v->n_cmp ? v->value[0] : 0;
    uint8_t raw[8];
    char text[32];

    if (v->n_cmp && v->cmp[0] == VC_GT)
        value++;
    else if (v->n_cmp && v->cmp[0] == VC_LT)
        value -= value > 0;
    if (v->is_text) {
        snprintf(text, sizeof text, v->is_hex ? "%0*llx" : "%0*llu", v->bytes, (unsigned long long)value);
        sample_at(s, at, slice_take(slice_str(text), v->bytes));
        return;
    }
    for (unsigned i = 0; i < v->bytes && i < 8; i++)
        raw[v->is_big ? v->bytes - 1u - i : i] = (uint8_t)(value >> 8 * i);
    sample_at(s, at, slice_of(raw, v->bytes));
}

static inline bool is_at_end(const struct vdl_node *n)
{
    return n->anchor && n->anchor->where == VW_END;
}

/* One byte of it changed, or all of it left out. */
static inline void sample_spoil(struct buf *t, bool is_text)
{
    unsigned how = sample_upto(4);
    uint8_t *at = t->n ? t->p + sample_upto((unsigned)t->n) : NULL;

    if (!at)
        return;
    if (how == 0)
        t->n = 0;
    else if (is_text)
        *at = isalpha(*at) && how == 1 ? *at ^ 0x20 : *at == '#' ? '+' : '#';
    else
        *at ^= how == 1 ? 0x20 : 0x41;
}

static inline void sample_one(struct sample *s, size_t i, bool is_spoiled, size_t end)
{
    const struct vdl_node *n = s->wants[i];
    struct buf t = buf_init(SAMPLE_MAX + 1);

    if (n->kind == VN_INTEGER) {
        if (n->n_kids)
            sample_integer(s, n);
        return;
    }
    if (n->kind == VN_SEGMENT)
        sample_low(n->kids[0], &t, s->is_text);
    else
        regex_sample(n->bytes, n->regex, &t, sample_upto);
    if (is_spoiled)
        sample_spoil(&t, s->is_text);
    if (end)
        sample_at(s, end - (size_t)n->anchor->hi, buf_slice(&t));
    else
        s->places[i] = sample_place(s, n->anchor, buf_slice(&t));
    buf_release(&t);
}

/* Fixed places first, then the ones that float, then those counted from the end. */
static inline void sample_lay_out(struct sample *s, bool is_miss)
{
    size_t spoiled = is_miss && s->n_wants ? sample_upto((unsigned)s->n_wants) : SIZE_MAX;
    uint64_t far = 0, end;

    for (size_t i = 0; i < s->n_wants; i++)
        if (s->wants[i]->kind == VN_INTEGER && !s->wants[i]->n_kids)
            sample_integer(s, s->wants[i]);
    for (int floats = 0; floats < 2; floats++)
        for (size_t i = 0; i < s->n_wants; i++)
            if (!is_at_end(s->wants[i]) && (floats ^ (s->wants[i]->anchor && s->wants[i]->anchor->where != VW_ANYWHERE)))
                sample_one(s, i, i == spoiled, 0);
    for (size_t i = 0; i < s->n_wants; i++)
        if (is_at_end(s->wants[i]) && (uint64_t)s->wants[i]->anchor->hi > far)
            far = (uint64_t)s->wants[i]->anchor->hi;
    end = s->b.n + far > s->size_lo ? s->b.n + far : s->size_lo;
    if (end > SAMPLE_MAX || end > s->size_hi) {
        s->cannot = "larger than the generator's files";
        return;
    }
    sample_filler(&s->b, (size_t)end - s->b.n, s->is_text);
    for (size_t i = 0; i < s->n_wants && far; i++)
        if (is_at_end(s->wants[i]))
            sample_one(s, i, i == spoiled, (size_t)end);
}

/* ---- the first bytes of a type ---- */

static inline void le(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

/* A program of two sections: the entry is the first byte of the first. */
static inline void sample_pe(struct sample *s)
{
    uint8_t h[0x600] = "MZ";
    uint8_t *pe = h + 0x40, *o = pe + 24, *t = o + 0xe0;

    le(h + 0x3c, 0x40, 4);
    memcpy(pe, "PE\0\0\x4c\x01\x02", 7);
    le(pe + 20, 0xe0, 2);
    le(pe + 22, 0x102, 2);
    le(o, 0x10b, 2);
    le(o + 16, 0x1000, 4);
    le(o + 28, 0x400000, 4);
    le(o + 32, 0x1000, 4);
    le(o + 36, 0x200, 4);
    le(o + 48, 4, 2);
    le(o + 56, 0x3000, 4);
    le(o + 60, 0x200, 4);
    le(o + 68, 2, 2);
    le(o + 92, 16, 4);
    for (unsigned i = 0; i < 2; i++, t += 40) {
        memcpy(t, i ? ".data" : ".text", 5);
        le(t + 8, 0x200, 4);
        le(t + 12, 0x1000 * (i + 1), 4);
        le(t + 16, 0x200, 4);
        le(t + 20, 0x200 * (i + 1), 4);
        le(t + 36, 0x60000020, 4);
        s->sections[i] = 0x200 * (i + 1);
    }
    s->entry = 0x200;
    sample_at(s, 0, slice_of(h, sizeof h));
    memset(s->used + 0x200, 0, 0x400);
}

static const struct { const char *word; struct slice head, tail; bool is_text; } sample_heads[] = {
    { "OLE2", SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), SLICE(""), false }, { "PDF", SLICE("%PDF-1.4\n"), SLICE(""), false },
    { "SWF", SLICE("FWS\x05"), SLICE(""), false }, { "ELF", SLICE("\x7f" "ELF\x01\x01\x01"), SLICE(""), false },
    { "Mach-O", SLICE("\xce\xfa\xed\xfe\7\0\0\0\3\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), SLICE(""), false },
    { "graphics", SLICE("GIF89a\1\0\1\0\0\0\0"), SLICE(""), false }, { "Java", SLICE("\xca\xfe\xba\xbe\0\0\0\x34"), SLICE(""), false },
    { "mail", SLICE("From: a@example.com\nTo: b@example.com\nSubject: c\nMessage-ID: <1@example.com>\n\n"), SLICE("\n"), true },
    { "normalised-html", SLICE("<html><body><p>"), SLICE("</p></body></html>"), true },
    { "normalised-text", SLICE("this is a text "), SLICE(" and it ends"), true },
};

/* Something stands at the very beginning, where a head would be. */
static inline bool sample_wants_start(const struct sample *s)
{
    for (size_t i = 0; i < s->n_wants; i++)
        if (s->wants[i]->anchor && s->wants[i]->anchor->where == VW_START && s->wants[i]->anchor->lo < 8)
            return true;
    return false;
}

static inline void sample_head(struct sample *s, struct slice type, struct slice *tail)
{
    size_t i = 0;

    if (slice_eq(type, SLICE("PE"))) {
        sample_pe(s);
        return;
    }
    while (i < sizeof sample_heads / sizeof *sample_heads && !slice_eq(type, slice_str(sample_heads[i].word)))
        i++;
    if (i == sizeof sample_heads / sizeof *sample_heads) {
        s->cannot = "a type that the generator does not know";
        return;
    }
    s->is_text = sample_heads[i].is_text;
    s->is_macro = i == 0 && sample_wants_start(s);
    if (s->is_macro)
        s->is_text = true;
    else if (!s->is_text || !sample_wants_start(s)) {
        sample_at(s, 0, sample_heads[i].head);
        *tail = sample_heads[i].tail;
    }
}

/* False with s->cannot set when there is no such file. */
static inline bool sample_make(struct sample *s, const struct vdl_rule *r, bool is_miss)
{
    struct slice tail = SLICE("");

    s->b.n = s->n_wants = 0;
    s->cannot = NULL;
    s->is_text = s->is_macro = false;
    s->size_lo = s->entry = s->sections[0] = s->sections[1] = 0;
    s->size_hi = UINT64_MAX;
    s->container = SLICE("");
    memset(s->used, 0, SAMPLE_MAX);
    memset(s->places, 0, sizeof s->places);
    sample_high(s, r->expr);
    if (r->types)
        sample_head(s, r->types->words[0], &tail);
    if (!s->cannot)
        sample_lay_out(s, is_miss);
    for (size_t i = 0; i < s->n_wants; i++)
        if (is_at_end(s->wants[i]))
            tail = SLICE("");
    for (size_t i = 0; i < tail.n && !s->cannot; i++)
        sample_put(&s->b, tail.p[i]);
    return !s->cannot;
}

static inline struct sample sample_new(void)
{
    struct sample s = { .b = buf_init(SAMPLE_MAX + 1), .used = calloc(1, SAMPLE_MAX) };

    if (!s.used)
        abort();
    return s;
}

static inline void sample_free(struct sample *s)
{
    buf_release(&s->b);
    free(s->used);
}

#endif
