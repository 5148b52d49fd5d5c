#include "sema.h"
#include "yara.h"

/* Strings: hex with jumps and alternatives, text with its modifiers; regular expressions are in yara_regex.c. */

/* ---- { 4D 5A ?? [2-4] ( 01 | ~02 ) } ---- */

struct hexes { struct yara *y; struct slice s; size_t at; };

static void hex_blanks(struct hexes *h)
{
    while (h->at < h->s.n) {
        struct slice rest = slice_drop(h->s, h->at);
        if (ascii_is_space(rest.p[0])) {
            h->at++;
        } else if (slice_starts(rest, SLICE("//"))) {
            h->at += slice_chr(rest, '\n');
        } else if (slice_starts(rest, SLICE("/*"))) {
            h->at += slice_find(slice_drop(rest, 2), SLICE("*/")) + 4;
            h->at = h->at > h->s.n ? h->s.n : h->at;
        } else {
            return;
        }
    }
}

static int hex_peek(struct hexes *h)
{
    hex_blanks(h);
    return h->at < h->s.n ? h->s.p[h->at] : -1;
}

static bool hex_number(struct hexes *h, uint64_t *out)
{
    size_t n = 0;

    hex_blanks(h);
    while (h->at + n < h->s.n && ascii_is_digit(h->s.p[h->at + n]))
        n++;
    if (n == 0 || n > 9 || !number_of(slice_sub(h->s, h->at, n), out))
        return false;
    h->at += n;
    return true;
}

/* [n] [n-m] [n-] [-] */
static struct vdl_node *hex_jump(struct hexes *h)
{
    uint64_t lo = 0, hi;
    bool has_lo;

    h->at++;
    has_lo = hex_number(h, &lo);
    hi = lo;
    if (hex_peek(h) == '-') {
        h->at++;
        if (!hex_number(h, &hi))
            hi = VDL_INF;
    } else if (!has_lo) {
        return yara_wrong(h->y, "a broken jump in a hex string");
    }
    if (hex_peek(h) != ']' || hi < lo)
        return yara_wrong(h->y, "a broken jump in a hex string");
    h->at++;
    return node_gap(h->y->r, lo, hi);
}

/* Two digits, either may be '?'; with '~' before them every other byte. */
static struct vdl_node *hex_byte(struct hexes *h)
{
    struct vdl_reader *r = h->y->r;
    bool is_not = h->s.p[h->at] == '~';
    int hi, lo;
    uint8_t set[32] = { 0 }, byte, mask = 0xff;
    struct vdl_node *n;

    h->at += is_not;
    if (h->s.n - h->at < 2)
        return yara_wrong(h->y, "half a byte in a hex string");
    hi = h->s.p[h->at] == '?' ? -2 : ascii_hex(h->s.p[h->at]);
    lo = h->s.p[h->at + 1] == '?' ? -2 : ascii_hex(h->s.p[h->at + 1]);
    if (hi == -1 || lo == -1)
        return yara_wrong(h->y, "expected hexadecimal digits");
    h->at += 2;
    mask = (uint8_t)((hi < 0 ? 0 : 0xf0) | (lo < 0 ? 0 : 0x0f));
    byte = (uint8_t)((hi < 0 ? 0 : hi << 4) | (lo < 0 ? 0 : lo));
    if (mask == 0)
        return is_not ? yara_wrong(h->y, "~?? matches nothing") : node_gap(r, 1, 1);
    if (is_not) {
        for (unsigned i = 0; i < 256; i++)
            if ((i & mask) != byte)
                set_add(set, i);
        return node_set(r, set);
    }
    n = node_bytes(r, (struct slice){ &byte, 1 }, false);
    if (n && mask != 0xff)
        n->mask = reader_bytes(r, (struct slice){ &mask, 1 }).p;
    return n;
}

static struct vdl_node *hex_run(struct hexes *h, unsigned depth);

static struct vdl_node *hex_group(struct hexes *h, unsigned depth)
{
    size_t mark = h->y->n_kids;
    struct vdl_node *n;

    if (depth > YARA_DEPTH)
        return yara_wrong(h->y, "alternatives nested too deep");
    do {
        h->at++;
        if (!yara_push(h->y, hex_run(h, depth + 1)))
            return NULL;
    } while (hex_peek(h) == '|');
    if (hex_peek(h) != ')')
        return yara_wrong(h->y, "expected ')' in a hex string");
    h->at++;
    n = node_list(h->y->r, VN_ALT, h->y->kids + mark, h->y->n_kids - mark);
    h->y->n_kids = mark;
    return n;
}

/* Up to a '|', a ')' or the end. */
static struct vdl_node *hex_run(struct hexes *h, unsigned depth)
{
    size_t mark = h->y->n_kids;
    struct vdl_node *n;
    int c;

    while ((c = hex_peek(h)) >= 0 && c != '|' && c != ')')
        if (!yara_push(h->y, c == '(' ? hex_group(h, depth) : c == '[' ? hex_jump(h) : hex_byte(h)))
            return NULL;
    if (h->y->n_kids == mark)
        return yara_wrong(h->y, "an empty hex string or alternative");
    n = node_cat(h->y->r, h->y->kids + mark, h->y->n_kids - mark);
    h->y->n_kids = mark;
    return n;
}

/* ---- modifiers ---- */

struct modifiers {
    unsigned mods;              /* YM_* */
    uint64_t keys[2];           /* of xor, the first and the last */
    struct slice digits;        /* of base64; empty: the usual ones */
};

/* base64("…") */
static bool alphabet(struct yara *y, struct slice *digits)
{
    struct slice s;

    yara_next(y);
    s = y->t.bytes;
    if (y->t.kind != YT_TEXT || s.n != 64)
        return yara_wrong(y, "a base64 alphabet has 64 characters");
    if (digits->n && !slice_eq(*digits, s))
        return yara_wrong(y, "two base64 alphabets");
    *digits = s;
    yara_next(y);
    return yara_need(y, ')', "')'");
}

static bool modifiers(struct yara *y, struct modifiers *m)
{
    static const char *const words[] = { "nocase", "wide", "ascii", "xor", "base64", "base64wide", "fullword", "private" };

    *m = (struct modifiers){ .keys = { 0, 255 } };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!yara_take_word(y, words[i]))
            continue;
        m->mods |= 1u << i;
        if (yara_is(y, '(') && 1u << i == YM_XOR) {
            yara_next(y);
            m->keys[0] = m->keys[1] = y->t.value;
            if (y->t.kind != YT_NUMBER)
                return yara_wrong(y, "expected a key behind xor");
            yara_next(y);
            if (yara_take(y, '-')) {
                m->keys[1] = y->t.value;
                yara_next(y);
            }
            if (!yara_need(y, ')', "')'"))
                return false;
        } else if (yara_is(y, '(') && 1u << i & (YM_BASE64 | YM_BASE64WIDE) && !alphabet(y, &m->digits)) {
            return false;
        }
        i = (size_t)-1;                 /* in any order: begin again */
    }
    if (m->keys[1] > 255 || m->keys[0] > m->keys[1])
        return yara_wrong(y, "a key is 0 to 255");
    return true;
}

static struct vdl_node *xored(struct yara *y, struct vdl_node *n, const uint64_t keys[2])
{
    struct slice s = n->bytes;

    for (uint64_t key = keys[0]; key <= keys[1]; key++) {
        uint8_t *to = reader_get(y->r, s.n, 1);
        for (size_t i = 0; to && i < s.n; i++)
            to[i] = s.p[i] ^ (uint8_t)key;
        if (!to || !yara_push(y, node_bytes(y->r, (struct slice){ to, s.n }, false)))
            return NULL;
    }
    return n;
}

/* Neighbours of a wide text: no letter or digit with a zero behind it. */
static struct vdl_node *wide_word(struct yara *y, struct vdl_node *n)
{
    struct vdl_reader *r = y->r;
    uint8_t other[32], zero[32] = { 0 }, alnum[32] = { 0 };
    struct vdl_node *before[4], *after[3], *two[2], *all[3];

    set_add(zero, 0);
    for (unsigned i = 0; i < 256; i++)
        if (ascii_is_alpha((uint8_t)i) || ascii_is_digit((uint8_t)i))
            set_add(alnum, i);
    for (size_t i = 0; i < 32; i++) {
        other[i] = (uint8_t)~alnum[i];
        zero[i] = (uint8_t)~zero[i];
    }
    before[0] = node_edge(r, VE_START, false);
    two[0] = node_edge(r, VE_START, false);
    two[1] = node_gap(r, 1, 1);
    before[1] = node_cat(r, two, 2);
    before[2] = node_set(r, zero);
    two[0] = node_set(r, other);
    two[1] = node_bytes(r, SLICE("\0"), false);
    before[3] = node_cat(r, two, 2);
    after[0] = node_edge(r, VE_END, false);
    after[1] = node_set(r, other);
    two[0] = node_edge(r, VE_END, false);
    two[1] = node_set(r, zero);
    two[1] = node_list(r, VN_ALT, two, 2);
    two[0] = node_set(r, alnum);
    after[2] = node_cat(r, two, 2);
    all[0] = node_list(r, VN_ALT, before, 4);
    all[1] = n;
    all[2] = node_list(r, VN_ALT, after, 3);
    return node_cat(r, all, 3);
}

static struct vdl_node *plain_word(struct yara *y, struct vdl_node *n)
{
    struct vdl_node *all[3] = { node_edge(y->r, VE_ALNUM_FREE, false), n, node_edge(y->r, VE_ALNUM_FREE, true) };

    return node_cat(y->r, all, 3);
}

static bool base64_forms(struct yara *y, struct slice s, const struct modifiers *m)
{
    for (size_t k = 0; k < 3; k++) {
        struct vdl_node *n = node_base64(y->r, s, k, m->digits.n ? m->digits.p : NULL);
        if (!n)
            return yara_unsupported(y, "base64 of a short text");
        if ((m->mods & YM_BASE64 && !yara_push(y, n)) || (m->mods & YM_BASE64WIDE && !yara_push(y, node_wide(y->r, n))))
            return false;
    }
    return true;
}

/* All forms of a text as alternatives. */
static struct vdl_node *text_node(struct yara *y, struct slice s, const struct modifiers *m, bool *is_fixed)
{
    unsigned mods = m->mods;
    size_t mark = y->n_kids;
    struct vdl_node *n = node_bytes(y->r, s, mods & YM_NOCASE), *form;

    if (s.n == 0)
        return yara_wrong(y, "an empty text");
    if (mods & (YM_BASE64 | YM_BASE64WIDE)) {
        if (!base64_forms(y, s, m))
            return NULL;
    } else if (mods & YM_XOR && mods & YM_FULLWORD) {
        return yara_unsupported(y, "xor with fullword");
    } else {
        for (int wide = 0; wide < 2; wide++) {
            if (!(wide ? mods & YM_WIDE : !(mods & YM_WIDE) || mods & YM_ASCII))
                continue;
            form = wide && n ? node_wide(y->r, n) : n;
            if (!form)
                return NULL;
            if (mods & YM_FULLWORD)
                form = wide ? wide_word(y, form) : plain_word(y, form);
            *is_fixed = *is_fixed || (wide && mods & YM_FULLWORD);
            if (mods & YM_XOR ? !xored(y, form, m->keys) : !yara_push(y, form))
                return NULL;
        }
    }
    n = node_list(y->r, VN_ALT, y->kids + mark, y->n_kids - mark);
    y->n_kids = mark;
    return n;
}

/* What YARA refuses is refused: none of two modifiers is passed over. */
static bool modifiers_fit(enum yara_kind kind, unsigned mods)
{
    const unsigned base64 = YM_BASE64 | YM_BASE64WIDE;

    if (kind == YT_HEX)
        return !(mods & (YM_NOCASE | YM_WIDE | YM_ASCII | YM_FULLWORD | YM_XOR | base64));
    if (kind == YT_REGEX)
        return !(mods & (YM_XOR | base64));
    return !(mods & YM_XOR && mods & (YM_NOCASE | base64)) && !(mods & base64 && mods & (YM_NOCASE | YM_FULLWORD));
}

static bool is_taken(const struct yara *y, struct slice id)
{
    for (size_t i = 0; id.n && i < y->n_strings; i++)
        if (slice_eq(y->strings[i].id, id))
            return true;
    return false;
}

bool yara_string_read(struct yara *y, struct slice id)
{
    struct yara_token t = y->t;
    struct yara_string *s = &y->strings[y->n_strings];
    struct hexes h = { .y = y, .s = t.bytes };
    struct modifiers m;

    if (y->n_strings == YARA_STRINGS)
        return yara_unsupported(y, "more than 1,024 strings");
    if (is_taken(y, id))
        return yara_wrong(y, "two strings of one name");
    *s = (struct yara_string){ .id = id, .is_regex = t.kind == YT_REGEX };
    if (t.kind != YT_TEXT && t.kind != YT_REGEX && t.kind != YT_HEX)
        return yara_wrong(y, "expected a text, a regular expression or a hex string");
    y->n_strings++;
    yara_next(y);
    if (!modifiers(y, &m))
        return false;
    if (!modifiers_fit(t.kind, m.mods))
        return yara_wrong(y, "modifiers that do not go together");
    if (t.kind == YT_TEXT) {
        s->node = text_node(y, t.bytes, &m, &s->is_fixed);
    } else if (t.kind == YT_REGEX) {
        s->node = yara_regex(y, t.bytes, t.flags, m.mods);
    } else {
        s->node = hex_run(&h, 0);
        if (s->node && hex_peek(&h) >= 0)
            return yara_wrong(y, "a ')' too many in a hex string");
    }
    if (s->node && t.kind != YT_REGEX && vdl_sema_width(s->node).lo == 0)
        return yara_wrong(y, "a string that may be empty");
    return s->node && !y->has_failed;
}
