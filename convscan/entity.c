#include "entity.h"

#include "utf16.h"

enum { NAME_MAX_ENTITY = 12 };

/* Those that hide something when left alone: punctuation that addresses and scripts are made of, and the blanks. */
static const struct named {
    char name[16];              /* no pointers: those cost a start the page they stand in */
    uint32_t c;
} named[] = {
    { "amp", '&' },     { "AMP", '&' },    { "lt", '<' },       { "LT", '<' },       { "gt", '>' },      { "GT", '>' },
    { "quot", '"' },    { "QUOT", '"' },   { "apos", '\'' },    { "nbsp", 0xa0 },    { "Tab", '\t' },    { "NewLine", '\n' },
    { "colon", ':' },   { "semi", ';' },   { "comma", ',' },    { "period", '.' },   { "sol", '/' },     { "bsol", '\\' },
    { "lpar", '(' },    { "rpar", ')' },   { "lsqb", '[' },     { "lbrack", '[' },   { "rsqb", ']' },    { "rbrack", ']' },
    { "lcub", '{' },    { "lbrace", '{' }, { "rcub", '}' },     { "rbrace", '}' },   { "equals", '=' },  { "plus", '+' },
    { "num", '#' },     { "excl", '!' },   { "quest", '?' },    { "percnt", '%' },   { "dollar", '$' },  { "ast", '*' },
    { "midast", '*' },  { "commat", '@' }, { "lowbar", '_' },   { "UnderBar", '_' }, { "grave", '`' },   { "Hat", '^' },
    { "verbar", '|' },  { "vert", '|' },   { "VerticalLine", '|' }, { "hyphen", 0x2010 }, { "dash", 0x2010 },
    { "copy", 0xa9 },   { "reg", 0xae },   { "shy", 0xad },     { "zwnj", 0x200c },  { "zwj", 0x200d },  { "ensp", 0x2002 },
    { "emsp", 0x2003 }, { "ndash", 0x2013 }, { "mdash", 0x2014 }, { "hellip", 0x2026 }, { "auml", 0xe4 }, { "ouml", 0xf6 },
    { "uuml", 0xfc },   { "Auml", 0xc4 },  { "Ouml", 0xd6 },    { "Uuml", 0xdc },    { "szlig", 0xdf },  { "eacute", 0xe9 },
    { "egrave", 0xe8 }, { "agrave", 0xe0 }, { "ccedil", 0xe7 }, { "euro", 0x20ac },
};

/* &#…; behind the number sign; gives how many bytes it took. */
static size_t numbered(struct slice in, uint32_t *c)
{
    bool is_hex = in.n && ascii_lower(in.p[0]) == 'x';
    size_t n = is_hex ? 1 : 0, from = n;

    for (*c = 0; n < in.n; n++) {
        int d = ascii_hex(in.p[n]);
        if (d < 0 || (!is_hex && d > 9))
            break;
        if (*c < 0x200000)
            *c = *c * (is_hex ? 16 : 10) + (uint32_t)d;
    }
    if (n == from)
        return 0;
    return n + (n < in.n && in.p[n] == ';');
}

/* The longest name that fits; old pages leave the semicolon out. */
static size_t by_name(struct slice in, uint32_t *c)
{
    size_t n = 0;

    while (n < in.n && n <= NAME_MAX_ENTITY && ascii_is_alpha(in.p[n]))
        n++;
    for (size_t i = 0; i < sizeof named / sizeof *named; i++)
        if (n && (uint8_t)named[i].name[0] == in.p[0] && slice_eq(slice_take(in, n), slice_str(named[i].name))) {
            *c = named[i].c;
            return n + (n < in.n && in.p[n] == ';');
        }
    return 0;
}

enum cs_status entity_decode(struct slice in, struct buf *out)
{
    enum cs_status st = CS_OK;

    while (in.n && st == CS_OK) {
        size_t n = slice_chr(in, '&'), used;
        uint32_t c = 0;
        st = buf_put(out, slice_take(in, n));
        in = slice_drop(in, n);
        if (in.n == 0 || st != CS_OK)
            break;
        in = slice_drop(in, 1);
        used = in.n && in.p[0] == '#' ? numbered(slice_drop(in, 1), &c) : by_name(in, &c);
        if (used && in.p[0] == '#')
            used++;
        st = used ? utf16_put_char(out, c) : buf_putc(out, '&');
        in = slice_drop(in, used);
    }
    return st;
}
