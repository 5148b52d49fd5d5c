/*
 * regexsample.h - a text that a regular expression (PCRE) is likely to match, for tests: alternatives, repetitions and members of classes by chance.
 * Look-arounds make nothing; whoever wants to be sure tries the expression on it, and takes another number when it failed.
 */
#ifndef TESTS_UNIT_REGEXSAMPLE_H
#define TESTS_UNIT_REGEXSAMPLE_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "vdl/compile/ast.h"

enum { RX_GROUPS = 64, RX_DEPTH = 40 };

struct rx {
    const uint8_t *p;
    size_t n;
    uint32_t flags;             /* VR_* */
    struct buf *out;
    unsigned (*upto)(unsigned);
    unsigned depth;
    struct { size_t from, to; } groups[RX_GROUPS];
    struct slice names[RX_GROUPS];
};

static inline void rx_put(struct rx *x, unsigned c)
{
    if (x->out->n < 60000 && buf_putc(x->out, (uint8_t)c) != CS_OK)
        abort();
}

/* Behind one escape, class or character; i < to. */
static inline size_t rx_skip(const struct rx *x, size_t i, size_t to)
{
    if (x->p[i] == '\\') {
        size_t e = i + 2;
        if (e < to && strchr("kgxopP", x->p[i + 1]) && (x->p[e] == '{' || (x->p[i + 1] == 'k' && strchr("<'", x->p[e])))) {
            while (e < to && !strchr("}>'", x->p[e++]))
                ;
            return e;
        }
        if (x->p[i + 1] == 'x')
            while (e < to && e < i + 4 && isxdigit(x->p[e]))
                e++;
        return e < to ? e : to;
    }
    if (x->p[i] == '[') {
        size_t e = i + 1;
        e += e < to && x->p[e] == '^';
        e += e < to && x->p[e] == ']';
        while (e < to && x->p[e] != ']') {
            if (x->p[e] == '[' && e + 1 < to && x->p[e + 1] == ':')
                while (e + 1 < to && !(x->p[e] == ':' && x->p[e + 1] == ']'))
                    e++;
            e += x->p[e] == '\\' ? 2 : 1;
        }
        return e < to ? e + 1 : to;
    }
    return i + 1;
}

/* The ')' of the group whose inside begins at i, or to; n: the '|' at its own level. */
static inline size_t rx_close(const struct rx *x, size_t i, size_t to, size_t *bars, size_t *n)
{
    unsigned depth = 0;

    *n = 0;
    while (i < to) {
        if (x->p[i] == '(')
            depth++;
        else if (x->p[i] == ')' && depth-- == 0)
            return i;
        else if (x->p[i] == '|' && depth == 0 && *n < RX_GROUPS)
            bars[(*n)++] = i;
        i = rx_skip(x, i, to);
    }
    return to;
}

/* One escape outside or inside a class: the set of bytes it may be; false when it is none (an edge, a reference). */
static inline bool rx_escape(const struct rx *x, size_t i, size_t end, bool set[256])
{
    uint8_t c = i + 1 < end ? x->p[i + 1] : '\\';
    bool is_not = isupper(c);

    if (strchr("dDwWsSh", c)) {
        for (unsigned k = 0; k < 256; k++) {
            bool in = tolower(c) == 'd' ? k >= '0' && k <= '9' : tolower(c) == 'w' ? (k < 128 && isalnum((int)k)) || k == '_' : k == ' ' || (k >= 9 && k <= 13);
            set[k] = set[k] || in != is_not;
        }
        return true;
    }
    if (c == 'x') {
        set[strtoul((char[]){ i + 2 < end ? (char)x->p[i + 2] : '0', i + 3 < end ? (char)x->p[i + 3] : 0, 0 }, NULL, 16) & 255] = true;
        return true;
    }
    if (isalnum(c)) {
        static const char from[] = "nrtfve0a", to[] = "\n\r\t\f\v\x1b\0\a";
        const char *at = strchr(from, c);
        if (at)
            set[(uint8_t)to[at - from]] = true;
        return at != NULL;
    }
    set[c] = true;
    return true;
}

static inline void rx_class(const struct rx *x, size_t i, size_t end, bool set[256])
{
    bool is_not = x->p[i + 1] == '^';

    for (i += 1 + is_not, end--; i < end;) {
        size_t e = x->p[i] == '\\' ? rx_skip(x, i, end) : i + 1;
        bool lo[256] = { 0 };
        if (x->p[i] == '[' && i + 1 < end && x->p[i + 1] == ':') {
            size_t last = i + 2;
            while (last < end && x->p[last] != ']')
                last++;
            for (unsigned k = 0; k < 128; k++)
                set[k] = set[k] || (x->p[i + 2] == 'd' ? isdigit((int)k) : x->p[i + 2] == 's' ? isspace((int)k) : x->p[i + 2] == 'p' ? ispunct((int)k) : isalnum((int)k)) != 0;
            i = last + 1;
            continue;
        }
        if (x->p[i] == '\\')
            rx_escape(x, i, e, lo);
        else
            lo[x->p[i]] = true;
        if (e + 1 < end && x->p[e] == '-' && x->p[e + 1] != ']') {
            bool hi[256] = { 0 };
            unsigned a = 0, b = 255;
            size_t e2 = x->p[e + 1] == '\\' ? rx_skip(x, e + 1, end) : e + 2;
            if (x->p[e + 1] == '\\')
                rx_escape(x, e + 1, e2, hi);
            else
                hi[x->p[e + 1]] = true;
            while (a < 255 && !lo[a])
                a++;
            while (b > 0 && !hi[b])
                b--;
            for (; a <= b; a++)
                set[a] = true;
            e = e2;
        } else
            for (unsigned k = 0; k < 256; k++)
                set[k] = set[k] || lo[k];
        i = e;
    }
    for (unsigned k = 0; k < 256 && is_not; k++)
        set[k] = !set[k];
}

/* A member, printable when there is one. */
static inline void rx_member(struct rx *x, const bool set[256])
{
    unsigned k = x->upto(256), tries = 0;

    while (tries < 512 && !(set[k] && (tries >= 256 || isalnum((int)k) || (tries >= 128 && isprint((int)k))))) {
        k = (k + 1) % 256;
        tries++;
    }
    if (set[k])
        rx_put(x, k);
}

static inline void rx_alternatives(struct rx *x, size_t from, size_t to);

/* How many capturing groups open before i. */
static inline unsigned rx_captures(const struct rx *x, size_t i)
{
    unsigned n = 0;

    for (size_t k = 0; k < i; k = rx_skip(x, k, x->n))
        n += x->p[k] == '(' && k + 1 < x->n && (x->p[k + 1] != '?' || (k + 3 < x->n && ((x->p[k + 2] == '<' && isalpha(x->p[k + 3])) || (x->p[k + 2] == 'P' && x->p[k + 3] == '<') || x->p[k + 2] == '\'')));
    return n;
}

static inline void rx_reference(struct rx *x, unsigned number)
{
    for (size_t k = number < RX_GROUPS ? x->groups[number].from : 0; number < RX_GROUPS && k < x->groups[number].to; k++)
        rx_put(x, x->out->p[k]);
}

static inline void rx_named(struct rx *x, struct slice name)
{
    for (unsigned k = 1; k < RX_GROUPS; k++)
        if (name.n && slice_eq(x->names[k], name))
            rx_reference(x, k);
}

static inline void rx_group(struct rx *x, size_t i, size_t close)
{
    unsigned number = rx_captures(x, i) + 1;
    size_t from = i + 1, start = x->out->n;
    bool is_capture = true;

    if (from < close && x->p[from] == '?') {
        size_t k = from + 1 + (x->p[from + 1] == 'P');
        if (k < close && (x->p[k] == '<' || x->p[k] == '\'') && isalpha(x->p[k + 1])) {
            size_t e = k + 1;
            while (e < close && x->p[e] != '>' && x->p[e] != '\'')
                e++;
            if (number < RX_GROUPS)
                x->names[number] = slice_of(x->p + k + 1, e - k - 1);
            from = e + 1;
        } else if (x->p[from + 1] == 'P' && x->p[k] == '=') {
            rx_named(x, slice_of(x->p + k + 1, close - k - 1));
            return;
        } else if (strchr("=!<#", x->p[k])) {
            return;
        } else {
            is_capture = false;
            while (k < close && x->p[k] != ':' && x->p[k] != '>')
                k++;
            if (k == close)
                return;             /* (?i) */
            from = k + 1;
        }
    }
    rx_alternatives(x, from, close);
    if (is_capture && number < RX_GROUPS) {
        x->groups[number].from = start;
        x->groups[number].to = x->out->n;
    }
}

static inline void rx_atom(struct rx *x, size_t i, size_t end)
{
    bool set[256] = { 0 };
    uint8_t c = x->p[i];

    if (c == '(') {
        rx_group(x, i, end - 1);
    } else if (c == '[') {
        rx_class(x, i, end, set);
        rx_member(x, set);
    } else if (c == '.') {
        rx_put(x, x->upto(2) ? 'a' + x->upto(26) : (unsigned)" {-/'"[x->upto(5)]);
    } else if (c == '^' || c == '$') {
        if (x->flags & VR_MULTILINE)
            rx_put(x, '\n');
    } else if (c == '\\' && end - i >= 2) {
        if (x->p[i + 1] == 'b' && x->out->n && isalnum(x->out->p[x->out->n - 1]) && x->upto(2))
            rx_put(x, ' ');
        else if (x->p[i + 1] >= '1' && x->p[i + 1] <= '9')
            rx_reference(x, x->p[i + 1] - '0');
        else if (strchr("kg", x->p[i + 1]))
            rx_named(x, slice_of(x->p + i + 3, end > i + 4 ? end - i - 4 : 0));
        else if (rx_escape(x, i, end, set))
            rx_member(x, set);
    } else if (!(isspace(c) && x->flags & VR_EXTENDED))
        rx_put(x, x->flags & VR_ICASE && isalpha(c) && x->upto(2) ? c ^ 0x20 : c);
}

/* {m,n} ? * + behind an atom; the place behind it. */
static inline size_t rx_repeat(const struct rx *x, size_t i, size_t to, unsigned *lo, unsigned *hi)
{
    *lo = *hi = 1;
    if (i < to && strchr("?*+", x->p[i])) {
        *lo = x->p[i] == '+';
        *hi = x->p[i] == '?' ? 1 : 4;
        i++;
    } else if (i + 1 < to && x->p[i] == '{' && isdigit(x->p[i + 1])) {
        size_t k = i + 1;
        unsigned v[2] = { 0, 0 }, at = 0;
        bool has_second = false;
        for (; k < to && x->p[k] != '}'; k++)
            if (x->p[k] == ',')
                at = 1;
            else {
                v[at] = v[at] * 10 + x->p[k] - '0';
                has_second = has_second || at;
            }
        *lo = v[0];
        *hi = !at ? v[0] : has_second ? v[1] : v[0] + 3;
        i = k + 1;
    } else
        return i;
    if (*hi > *lo + 3)
        *hi = *lo + 3;
    return i < to && (x->p[i] == '?' || x->p[i] == '+') ? i + 1 : i;
}

static inline void rx_sequence(struct rx *x, size_t from, size_t to)
{
    size_t bars[RX_GROUPS], n;

    while (from < to) {
        size_t end = x->p[from] == '(' ? rx_close(x, from + 1, to, bars, &n) + 1 : rx_skip(x, from, to), next;
        unsigned lo, hi;
        if (end > to)
            end = to;
        next = rx_repeat(x, end, to, &lo, &hi);
        for (unsigned k = lo + x->upto(hi - lo + 1); k; k--)
            rx_atom(x, from, end);
        from = next;
    }
}

static inline void rx_alternatives(struct rx *x, size_t from, size_t to)
{
    size_t bars[RX_GROUPS + 1], n, k;

    if (x->depth == RX_DEPTH)
        return;
    x->depth++;
    rx_close(x, from, to, bars, &n);
    bars[n] = to;
    k = x->upto((unsigned)n + 1);
    rx_sequence(x, k ? bars[k - 1] + 1 : from, bars[k]);
    x->depth--;
}

static inline void regex_sample(struct slice pattern, uint32_t flags, struct buf *out, unsigned (*upto)(unsigned))
{
    struct rx x = { .p = pattern.p, .n = pattern.n, .flags = flags, .out = out, .upto = upto };

    rx_alternatives(&x, 0, pattern.n);
}

#endif
