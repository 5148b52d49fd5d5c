/*
 * Which bytes are surely in every match of a regular expression. Careful rather than clever: what is not understood ends the run.
 */
#include "sema.h"

struct run { uint8_t bytes[256]; size_t n; };
struct scan { struct slice s; size_t at; bool extended; struct run now, best; };

static void cut(struct scan *c)
{
    if (c->now.n > c->best.n)
        c->best = c->now;
    c->now.n = 0;
}

static void add(struct scan *c, uint8_t b)
{
    if (c->now.n == sizeof c->now.bytes)
        cut(c);
    c->now.bytes[c->now.n++] = b;
}

/* Behind a class's '[': to behind its ']'. */
static void skip_class(struct scan *c)
{
    if (c->at < c->s.n && c->s.p[c->at] == '^')
        c->at++;
    if (c->at < c->s.n && c->s.p[c->at] == ']')
        c->at++;
    while (c->at < c->s.n && c->s.p[c->at] != ']') {
        if (c->s.p[c->at] == '[' && c->at + 1 < c->s.n && c->s.p[c->at + 1] == ':') {
            struct slice rest = slice_drop(c->s, c->at);
            size_t end = slice_find(rest, SLICE(":]"));
            if (end < rest.n)
                c->at += end + 1;
        }
        c->at += c->s.p[c->at] == '\\' ? 2 : 1;
    }
    c->at++;
}

/* Behind a group's '(': to behind its ')'. */
static void skip_group(struct scan *c)
{
    for (size_t depth = 1; c->at < c->s.n && depth;) {
        uint8_t b = c->s.p[c->at++];
        if (b == '\\')
            c->at++;
        else if (b == '[')
            skip_class(c);
        else if (b == '(')
            depth++;
        else if (b == ')')
            depth--;
    }
}

/* An escape that is one certain byte; -1: some class, reference or assertion. */
static int one_byte(struct scan *c)
{
    uint8_t b = c->at < c->s.n ? c->s.p[c->at++] : 0;

    if (b == 'x' && c->at + 2 <= c->s.n && ascii_hex(c->s.p[c->at]) >= 0 && ascii_hex(c->s.p[c->at + 1]) >= 0) {
        c->at += 2;
        return ascii_hex(c->s.p[c->at - 2]) * 16 + ascii_hex(c->s.p[c->at - 1]);
    }
    if (b == 'n')
        return '\n';
    if (b == 'r')
        return '\r';
    if (b == 't')
        return '\t';
    if (!ascii_is_alpha(b) && !ascii_is_digit(b) && b)
        return b;
    return -1;
}

/* {n…}: the least count and where it ends; false when it is no quantifier. */
static bool brace(struct slice s, size_t at, size_t *end, bool *is_zero)
{
    size_t i = at + 1, from = i;

    *is_zero = true;
    for (; i < s.n && ascii_is_digit(s.p[i]); i++)
        if (s.p[i] != '0')
            *is_zero = false;
    if (i == from)
        return false;
    if (i < s.n && s.p[i] == ',')
        for (i++; i < s.n && ascii_is_digit(s.p[i]); i++)
            ;
    *end = i + 1;
    return i < s.n && s.p[i] == '}';
}

/* Behind an atom: a quantifier takes the last byte out of the run, or ends the run behind it. */
static void quantifier(struct scan *c, bool was_byte)
{
    uint8_t b = c->at < c->s.n ? c->s.p[c->at] : 0;
    bool is_zero = b == '*' || b == '?';
    size_t end = c->at + 1;

    if (b == '{') {
        if (!brace(c->s, c->at, &end, &is_zero))
            return;
    } else if (!is_zero && b != '+') {
        return;
    }
    if (is_zero && was_byte && c->now.n)
        c->now.n--;
    cut(c);
    c->at = end;
    if (c->at < c->s.n && (c->s.p[c->at] == '?' || c->s.p[c->at] == '+'))
        c->at++;
}

/* One atom with its quantifier. False: an alternative at the top, or something that changes the meaning of the rest. */
static bool atom(struct scan *c)
{
    uint8_t b = c->s.p[c->at++];
    int byte = -1;

    if (b == '|')
        return false;
    if (c->extended && (ascii_is_space(b) || b == '#'))
        return ascii_is_space(b);
    if (b == '\\') {
        if (c->at < c->s.n && (c->s.p[c->at] == 'Q' || c->s.p[c->at] == 'E' || c->s.p[c->at] == 'K'))
            return false;
        byte = one_byte(c);
    } else if (b == '(') {
        if (c->at < c->s.n && (c->s.p[c->at] == '*' || (c->s.p[c->at] == '?' && c->at + 1 < c->s.n && c->s.p[c->at + 1] != ':' &&
                c->s.p[c->at + 1] != 'P' && c->s.p[c->at + 1] != '<' && c->s.p[c->at + 1] != '=' && c->s.p[c->at + 1] != '!')))
            return false;           /* (?i) and the like */
        skip_group(c);
    } else if (b == '[') {
        skip_class(c);
    } else if (b == '^' || b == '$') {
        cut(c);
        return true;
    } else if (b != '.') {
        byte = b;
    }
    if (byte < 0)
        cut(c);
    else
        add(c, (uint8_t)byte);
    quantifier(c, byte >= 0);
    return true;
}

struct vdl_node *vdl_regex_trigger(struct vdl_reader *r, struct slice pattern, unsigned flags, size_t min)
{
    struct scan c = { .s = pattern, .extended = flags & VR_EXTENDED };

    while (c.at < pattern.n)
        if (!atom(&c))
            return NULL;
    cut(&c);
    if (c.best.n < min)
        return NULL;
    return node_over(r, VN_SEGMENT, node_bytes(r, (struct slice){ c.best.bytes, c.best.n }, flags & VR_ICASE));
}
