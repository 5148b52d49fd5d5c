#include "scan.h"

static inline uint64_t load64(const uint8_t *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t v;

    memcpy(&v, p, sizeof v);
    return v;
#else
    return get_le64(p);
#endif
}

#define ALWAYS static inline __attribute__((always_inline))

/* The compiler leaves loops as they are written: these are written out four times, which spares a fifth of their instructions. */
enum { AT_ONCE = 4 };

/* The bit of a word that six bits of a hash choose, lowest. A rotation, for it needs no copy of the hash where a shift does. */
ALWAYS uint64_t bit_of(uint64_t word, uint64_t h, unsigned n)
{
    return word >> ((h >> n | h << (64 - n)) & 63);
}

/* Odd when the word that the window chooses has both bits. */
ALWAYS uint64_t passes(const uint8_t *filter, unsigned shift, uint64_t window)
{
    uint64_t h = vdb_hash(window), w = load64(filter + (h >> shift) * 8);

    return bit_of(w, h, 34) & bit_of(w, h, 40);
}

ALWAYS size_t put(uint32_t *out, size_t n, size_t at, uint64_t is_kept)
{
    out[n] = (uint32_t)at;
    return n + (is_kept & 1);
}

/* Places in [from, to) whose window passes the filter; all have eight readable bytes. Hardly any does, so that four of them share one
 * question. */
ALWAYS size_t probe_every(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *restrict out, size_t stride,
                          uint64_t mask)
{
    const uint8_t *filter = g->filter;
    const unsigned shift = g->shift;
    const size_t fours = from < to ? (to - from + stride - 1) / stride / AT_ONCE * AT_ONCE * stride : 0;
    size_t n = 0, i = from;

    for (const size_t end = from + fours; i != end; i += AT_ONCE * stride) {
        uint64_t a = passes(filter, shift, load64(p + i) & mask);
        uint64_t b = passes(filter, shift, load64(p + i + stride) & mask);
        uint64_t c = passes(filter, shift, load64(p + i + 2 * stride) & mask);
        uint64_t d = passes(filter, shift, load64(p + i + 3 * stride) & mask);

        if ((a | b | c | d) & 1) {
            n = put(out, n, i, a);
            n = put(out, n, i + stride, b);
            n = put(out, n, i + 2 * stride, c);
            n = put(out, n, i + 3 * stride, d);
        }
    }
    for (; i < to; i += stride)
        n = put(out, n, i, passes(filter, shift, load64(p + i) & mask));
    return n;
}

/* Odd when a chosen pair stands at p. */
ALWAYS uint64_t begins(const uint8_t *pairs, const uint8_t *p)
{
    uint32_t pair = get_le16(p);

    return load64(pairs + (pair >> 6) * 8) >> (pair & 63);
}

/* Places in [from, to) where a chosen pair of bytes stands; all have eight readable bytes. */
ALWAYS size_t mark(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *restrict out)
{
    const uint8_t *pairs = g->pairs;
    size_t n = 0, i = from;

    for (; to - i >= AT_ONCE; i += AT_ONCE) {
        n = put(out, n, i, begins(pairs, p + i));
        n = put(out, n, i + 1, begins(pairs, p + i + 1));
        n = put(out, n, i + 2, begins(pairs, p + i + 2));
        n = put(out, n, i + 3, begins(pairs, p + i + 3));
    }
    for (; i < to; i++)
        n = put(out, n, i, begins(pairs, p + i));
    return n;
}

/* Of those places keep the ones that pass the filter. */
ALWAYS size_t probe_marked(const struct group *g, const uint8_t *p, uint32_t *at, size_t n_at)
{
    const uint8_t *filter = g->filter;
    const unsigned shift = g->shift;
    size_t n = 0;

    for (size_t i = 0; i < n_at; i++)
        n = put(at, n, at[i], passes(filter, shift, load64(p + at[i])));
    return n;
}

ALWAYS size_t probe_any(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    if (g->pairs)
        return probe_marked(g, p, out, mark(g, p, from, to, out));
    if (g->window == 8 && g->stride == 5)
        return probe_every(g, p, from, to, out, 5, UINT64_MAX);
    if (g->window == 8 && g->stride == 4)
        return probe_every(g, p, from, to, out, 4, UINT64_MAX);
    return probe_every(g, p, from, to, out, g->stride, g->mask);
}

static size_t probe_plain(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    return probe_any(g, p, from, to, out);
}

#if defined __x86_64__ && defined __GNUC__
#include <immintrin.h>
/* The loader has asked the processor already. To ask again costs an exit to the host on a virtual machine, and the compiler's own
 * table is filled before main(), also in programs that never look at it. */
#if defined __has_include && __has_include(<sys/platform/x86.h>)
#include <sys/platform/x86.h>
#define cpu_has(feature) CPU_FEATURE_ACTIVE(feature)
#else
#define AVX512_VBMI "avx512vbmi"
#define AVX512DQ "avx512dq"
#define BMI2 "bmi2"
#define cpu_has(feature) __builtin_cpu_supports(feature)
#endif

/* The same code with shifts that need no fixed register. */
__attribute__((target("bmi,bmi2"))) static size_t probe_bmi(const struct group *g, const uint8_t *p, size_t from, size_t to,
                                                            uint32_t *out)
{
    return probe_any(g, p, from, to, out);
}

/* Eight windows at a time, cut out of 64 bytes by one permutation. The same answers as probe_every(). */
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx512vbmi,bmi,bmi2"))) static size_t probe_wide(
    const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    const uint32_t s = g->stride;
    const __m512i mul = _mm512_set1_epi64((long long)0x9E3779B97F4A7C15u), mask = _mm512_set1_epi64((long long)g->mask);
    const __m512i low = _mm512_set1_epi64(63), one = _mm512_set1_epi64(1);
    const __m128i shift = _mm_cvtsi32_si128((int)g->shift);
    const __m256i steps = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32((int)s));
    uint8_t cut[64];
    size_t n = 0, i = from;

    for (unsigned k = 0; k < 64; k++)
        cut[k] = (uint8_t)(k / 8 * s + k % 8);
    const __m512i perm = _mm512_loadu_si512(cut);
    /* Every load stays inside of what probe_every() may read. */
    for (; i + 64 <= to + 7 && i + 8 * (size_t)s <= to; i += 8 * (size_t)s) {
        __m512i w = _mm512_and_si512(_mm512_permutexvar_epi8(perm, _mm512_loadu_si512(p + i)), mask);
        __m512i h = _mm512_mullo_epi64(w, mul);
        __m512i f = _mm512_i64gather_epi64(_mm512_srl_epi64(h, shift), g->filter, 8);
        __m512i a = _mm512_srlv_epi64(f, _mm512_and_si512(_mm512_srli_epi64(h, 34), low));
        __m512i b = _mm512_srlv_epi64(f, _mm512_and_si512(_mm512_srli_epi64(h, 40), low));
        __mmask8 m = _mm512_test_epi64_mask(_mm512_and_si512(a, b), one);

        _mm256_storeu_si256((void *)(out + n),
                            _mm256_maskz_compress_epi32(m, _mm256_add_epi32(steps, _mm256_set1_epi32((int)(uint32_t)i))));
        n += (size_t)__builtin_popcount(m);
    }
    return n + probe_every(g, p, i, to, out + n, s, g->mask);
}

static size_t probe(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    if (!g->pairs && cpu_has(AVX512_VBMI) && cpu_has(AVX512DQ))
        return probe_wide(g, p, from, to, out);
    if (cpu_has(BMI2))
        return probe_bmi(g, p, from, to, out);
    return probe_plain(g, p, from, to, out);
}
#else
static size_t probe(const struct group *g, const uint8_t *p, size_t from, size_t to, uint32_t *out)
{
    return probe_plain(g, p, from, to, out);
}
#endif

/* The window at a place, also where fewer than eight bytes are left. */
static inline uint64_t window_at(const struct view *v, size_t at, uint64_t mask)
{
    uint8_t pad[8] = { 0 };

    if (v->n - at >= 8)
        return get_le64(v->p + at) & mask;
    memcpy(pad, v->p + at, v->n - at);
    return get_le64(pad) & mask;
}

/* The last places of an object, where a window may be shorter than a load. */
static size_t probe_tail(const struct group *g, const struct view *v, size_t from, size_t to, uint32_t *out)
{
    size_t n = 0;

    for (size_t i = from; i < to; i += g->stride) {
        uint64_t h = vdb_hash(window_at(v, i, g->mask)), bits = vdb_bits(h);

        out[n] = (uint32_t)i;
        n += (get_le64(g->filter + vdb_word(h, g->shift, g->words) * 8) & bits) == bits;
    }
    return n;
}

/* Bytes [from, to) of a literal of n. */
static bool literal_ok(const uint8_t *data, const uint8_t *lit, size_t n, size_t from, size_t to, enum vdb_record kind)
{
    if (kind == VDB_K_EXACT)
        return memcmp(data + from, lit + from, to - from) == 0;
    for (size_t i = from; i < to; i++)
        if ((data[i] & lit[n + i]) != lit[i])
            return false;
    return true;
}

/* A record whose match is decided by a program: from every place where it may have begun. */
static bool verify_program(struct lane *l, const struct view *v, uint64_t at, const uint8_t *r)
{
    uint64_t least = get_le32(r + VDB_C_BACK_MIN), most = get_le32(r + VDB_C_BACK_MAX), place = v->base + at;

    if (least > most || most > VDB_REACH_MAX || get_le32(r + VDB_C_MAX) > VDB_REACH_MAX)
        return false;
    for (uint64_t back = most > place ? place : most; back >= least; back--) {
        if (place - back < v->base && v->base)
            return false;
        if (chain_may_begin(l, get_le32(r + VDB_C_OWNER), place - back) &&
            !nfa_run(l, v, get_le32(r + VDB_C_PROGRAM), get_le32(r + VDB_C_N), place - back, get_le32(r + VDB_C_MAX),
                     get_le32(r + VDB_C_OWNER)))
            return false;
        if (back == 0 || l->is_full)
            break;
    }
    return true;
}

/* So much of a literal is compared before anybody looks whether it matters: nearly always that settles it, and whether a rule was reported
 * already stands in memory that nobody may have touched yet. */
enum { HEAD = 64 };

static bool is_wanted(struct lane *l, uint32_t owner)
{
    return owner & VDB_OWNER_STAGE ? chain_wants(l, owner) : l->done[owner] != l->epoch;
}

/* The whole record behind an entry, at the place of its window. False: the image contradicts itself. */
static bool verify(struct lane *l, const struct view *v, struct place f)
{
    uint64_t at = f.ref >> VDB_E_SHIFT;
    const uint8_t *r = db_at(l->db, VDB_RECORDS, at, VDB_C_BYTES), *lit, *data;
    uint32_t owner, len, before, head;
    enum vdb_record kind;

    if (!r)
        return false;
    owner = get_le32(r + VDB_C_OWNER);
    len = get_le16(r + VDB_C_LEN);
    kind = (enum vdb_record)(len >> VDB_C_KIND);
    len &= VDB_C_LEN_MASK;
    before = (uint32_t)get_le16(r + VDB_C_AT) + (f.ref & ((1u << VDB_E_SHIFT) - 1));
    if (!(owner & VDB_OWNER_STAGE) && owner >= l->db->rules)
        return false;
    if (kind > VDB_K_MASK) {
        r = db_at(l->db, VDB_RECORDS, at, VDB_C_PROGRAM_BYTES);
        if (!r || kind != VDB_K_PROGRAM || !(owner & VDB_OWNER_STAGE))
            return false;
        return !is_wanted(l, owner) || f.at < before || verify_program(l, v, f.at - before, r);
    }
    lit = db_at(l->db, VDB_RECORDS, at + VDB_C_BYTES, kind == VDB_K_MASK ? len * 2 : len);
    if (!lit)
        return false;
    if (f.at < before || v->n - (f.at - before) < len)
        return true;
    data = v->p + f.at - before;
    head = len < HEAD ? len : HEAD;
    if (literal_ok(data, lit, len, 0, head, kind) && is_wanted(l, owner) && literal_ok(data, lit, len, head, len, kind))
        event_add(l, v->base + f.at - before, v->base + f.at - before + len, owner);
    return true;
}

/* What an entry's check of this kind must be at this place. Bytes that are not there cannot be part of a literal. */
static inline bool check_at(const struct group *g, const struct view *v, size_t at, unsigned kind, uint32_t *check)
{
    unsigned n;
    size_t q = at + (size_t)(ptrdiff_t)vdb_check_at(kind, g->window, &n);

    /* Before the first byte q wraps to a large number. */
    if (q >= v->n || v->n - q < n)
        return false;
    *check = vdb_check(kind, n == 8 ? load64(v->p + q) : v->p[q] | (uint32_t)v->p[q + 1] << 8 | (uint32_t)v->p[q + 2] << 16);
    return true;
}

/* line: of the window, in the second filter. */
static inline uint64_t in_second(const uint8_t *line, uint64_t s)
{
    uint64_t w = load64(line + (s >> 61) * 8);

    return bit_of(w, s, 34) & bit_of(w, s, 40) & bit_of(w, s, 46) & bit_of(w, s, 52) & 1;
}

static inline const uint8_t *second_line(const struct group *g, uint64_t h)
{
    return g->second + vdb_line(h, g->second_shift) * 8;
}

/* So far ahead are lines of cache asked for. */
enum { SOON = 12 };

/* Keep those places whose window and neighbours pass the second filter. */
static size_t probe_second(const struct group *g, const struct view *v, uint32_t *at, size_t n)
{
    size_t out = 0;

    for (size_t i = 0; i < n; i++) {
        uint64_t h = vdb_hash(window_at(v, at[i], g->mask)), pass = 0;
        const uint8_t *line = second_line(g, h);

        if (i + SOON < n)
            __builtin_prefetch(second_line(g, vdb_hash(window_at(v, at[i + SOON], g->mask))));

        for (uint32_t left = g->checks; left; left &= left - 1) {
            unsigned kind = (unsigned)__builtin_ctz(left);
            uint32_t check = 0;

            if (kind == VDB_CHECK_NONE || check_at(g, v, at[i], kind, &check))
                pass |= in_second(line, vdb_second(h, check));
        }
        at[out] = at[i];
        out += pass;
    }
    return out;
}

static enum cs_status verify_all(struct lane *l, const struct view *v, size_t n)
{
    const struct slice records = l->db->sec[VDB_RECORDS];

    for (size_t k = 0; k < n; k++) {
        if (k + SOON < n && l->scan->places[k + SOON].ref >> VDB_E_SHIFT < records.n)
            __builtin_prefetch(records.p + (l->scan->places[k + SOON].ref >> VDB_E_SHIFT));
        if (!verify(l, v, l->scan->places[k]))
            return CS_CORRUPT;
    }
    return CS_OK;
}

/* Entries with this window and this check go to the list; it is worked off when it is full. */
static enum cs_status look_in(struct lane *l, const struct view *v, const struct group *g, size_t at, uint64_t s, uint32_t check,
                              size_t *n)
{
    const uint8_t *slot = g->buckets + (size_t)vdb_bucket(s, g->n_buckets) * 4;
    uint32_t from = get_le32(slot), to = get_le32(slot + 4);
    enum cs_status st = CS_OK;

    if (from > to || to > g->n_entries)
        return CS_CORRUPT;
    l->steps += to - from;
    if (l->steps > l->steps_most) {
        l->scan->is_limited = true;
        return CS_OK;
    }
    for (; from < to && st == CS_OK; from++) {
        const uint8_t *e = g->entries + (size_t)from * VDB_ENTRY;

        if (get_le32(e + VDB_E_CHECK) != check)
            continue;
        l->scan->places[(*n)++] = (struct place){ (uint32_t)at, get_le32(e + VDB_E_REF) };
        if (*n == BLOCK) {
            st = verify_all(l, v, *n);
            *n = 0;
        }
    }
    return st;
}

static enum cs_status look_up(struct lane *l, const struct view *v, const struct group *g, const uint32_t *at, size_t n_at)
{
    enum cs_status st = CS_OK;
    size_t n = 0;

    for (size_t i = 0; i < n_at && st == CS_OK; i++) {
        uint64_t h = vdb_hash(window_at(v, at[i], g->mask));

        for (uint32_t left = g->checks; left && st == CS_OK; left &= left - 1) {
            unsigned kind = (unsigned)__builtin_ctz(left);
            uint32_t check = 0;
            uint64_t s;

            if (kind >= VDB_CHECKS || (kind != VDB_CHECK_NONE && !check_at(g, v, at[i], kind, &check)))
                continue;
            s = vdb_second(h, check);
            if (!g->second || in_second(second_line(g, h), s))
                st = look_in(l, v, g, at[i], s, check, &n);
        }
    }
    return st == CS_OK ? verify_all(l, v, n) : st;
}

enum cs_status run_block(struct lane *l, const struct view *v, uint64_t from, uint64_t to)
{
    for (uint32_t k = 0; k < l->db->n_groups; k++) {
        const struct group *g = &l->db->groups[k];
        uint64_t first = (from + g->stride - 1) / g->stride * g->stride;
        size_t at = (size_t)(first - v->base), end = (size_t)(to - v->base), n;
        size_t fast = v->n >= 8 ? v->n - 7 : 0, last = v->n >= g->window ? v->n - g->window + 1 : 0;
        enum cs_status st;

        end = end < last ? end : last;
        if (at >= end)
            continue;
        fast = fast < end ? fast : end;
        n = at < fast ? probe(g, v->p, at, fast, l->scan->found) : 0;
        if (at < fast)
            at += (fast - at + g->stride - 1) / g->stride * g->stride;
        n += probe_tail(g, v, at, end, l->scan->found + n);
        if (g->second)
            n = probe_second(g, v, l->scan->found, n);
        st = look_up(l, v, g, l->scan->found, n);
        if (st != CS_OK)
            return st;
    }
    return CS_OK;
}
