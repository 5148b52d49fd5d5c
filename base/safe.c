#include "safe.h"

size_t utf8_next(struct slice s, uint32_t *code)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t n;
    uint32_t c;

    if (s.n == 0)
        return 0;
    c = s.p[0];
    n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
    if (n == 0 || n > s.n)
        return 0;
    if (n > 1)
        c &= 0x7fu >> n;
    for (size_t i = 1; i < n; i++) {
        if (s.p[i] >> 6 != 2)
            return 0;
        c = c << 6 | (s.p[i] & 0x3fu);
    }
    if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return n;
}

bool is_tricky_code(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
           code >= 0xe0000;
}

static size_t put_char(char *out, size_t at, size_t room, struct slice in, size_t n, uint32_t code)
{
    if (at + n >= room)
        return 0;
    if (is_tricky_code(code))
        out[at] = '?';
    else if (code == '"')
        out[at] = '\'';
    else
        memcpy(out + at, in.p, n);
    return is_tricky_code(code) || code == '"' ? 1 : n;
}

static size_t make_safe(char *out, size_t room, struct slice in, uint32_t last)
{
    size_t at = 0;

    while (in.n && room) {
        uint32_t code = 0;
        size_t n = utf8_next(in, &code), put;

        if (n == 0 || code > last)
            code = 0;
        put = put_char(out, at, room, in, n ? n : 1, code);
        if (put == 0)
            break;
        at += put;
        in = slice_drop(in, n ? n : 1);
    }
    if (room)
        out[at] = '\0';
    return at;
}

size_t safe_text(char *out, size_t room, struct slice in)
{
    return make_safe(out, room, in, 0x10ffff);
}

size_t safe_ascii(char *out, size_t room, struct slice in)
{
    return make_safe(out, room, in, 0x7e);
}
