#include "rtflex.h"

static const int32_t most = 1 << 30;

static struct slice rest(const struct rtf_lex *l)
{
    return slice_drop(l->all, l->at);
}

static uint8_t here(const struct rtf_lex *l)
{
    return l->at < l->all.n ? l->all.p[l->at] : 0;
}

/* The number behind a name, and the one space that ends both. */
static void number(struct rtf_lex *l, struct rtf_token *t)
{
    size_t start = l->at;
    bool is_negative = here(l) == '-';

    if (is_negative)
        l->at++;
    for (; ascii_is_digit(here(l)); l->at++) {
        t->has_number = true;
        if (t->number < most / 10)
            t->number = t->number * 10 + (here(l) - '0');
        else
            t->number = most;
    }
    if (!t->has_number)
        l->at = start;
    if (is_negative)
        t->number = -t->number;
    if (here(l) == ' ')
        l->at++;
}

static struct rtf_token word(struct rtf_lex *l)
{
    struct rtf_token t = { .kind = RTF_WORD };
    size_t start = l->at;

    while (ascii_is_alpha(here(l)))
        l->at++;
    t.bytes = slice_sub(l->all, start, l->at - start);
    number(l, &t);
    /* A number that fits no file is none: Word's wraps around. */
    if (slice_ieq(t.bytes, SLICE("bin")) && t.number > 0 && t.number < most && !l->ignores_bin) {
        t.kind = RTF_BIN;
        t.bytes = slice_take(rest(l), (size_t)t.number);
        l->at += t.bytes.n;
    }
    return t;
}

static struct rtf_token control(struct rtf_lex *l)
{
    struct rtf_token t = { .kind = RTF_SYMBOL };

    if (ascii_is_alpha(here(l)))
        return word(l);
    t.bytes = slice_take(rest(l), 1);
    l->at += t.bytes.n;
    if (t.bytes.n && t.bytes.p[0] == '\'') {
        size_t n = 0;
        while (n < 2 && n < rest(l).n && ascii_hex(rest(l).p[n]) >= 0)
            n++;
        t.kind = RTF_QUOTE;
        t.bytes = slice_take(rest(l), n);
        l->at += n;
    }
    return t;
}

static bool is_special(uint8_t c)
{
    return c == '{' || c == '}' || c == '\\';
}

struct rtf_token rtf_next(struct rtf_lex *l)
{
    struct rtf_token t = { .kind = RTF_END, .bytes = slice_of(NULL, 0) };
    size_t start = l->at;

    if (l->at >= l->all.n)
        return t;
    if (l->all.p[l->at] == '\\') {
        l->at++;
        return control(l);
    }
    t.kind = l->all.p[l->at] == '{' ? RTF_OPEN : l->all.p[l->at] == '}' ? RTF_CLOSE : RTF_TEXT;
    l->at++;
    while (t.kind == RTF_TEXT && l->at < l->all.n && !is_special(l->all.p[l->at]))
        l->at++;
    t.bytes = slice_sub(l->all, start, l->at - start);
    return t;
}
