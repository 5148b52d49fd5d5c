#include "utf16.h"

#include "base/bytes.h"

enum cs_status utf16_put_char(struct buf *out, uint32_t c)
{
    uint8_t u[4];
    size_t n = 0;

    if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        c = 0xfffd;
    if (c < 0x80) {
        u[n++] = (uint8_t)c;
    } else if (c < 0x800) {
        u[n++] = (uint8_t)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        u[n++] = (uint8_t)(0xe0 | c >> 12);
        u[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    } else {
        u[n++] = (uint8_t)(0xf0 | c >> 18);
        u[n++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
        u[n++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
    }
    if (c >= 0x80)
        u[n++] = (uint8_t)(0x80 | (c & 0x3f));
    return buf_put(out, slice_of(u, n));
}

enum cs_status utf16le_put(struct buf *out, struct slice in)
{
    enum cs_status st = CS_OK;

    for (size_t at = 0; st == CS_OK && in.n - at >= 2; at += 2) {
        uint32_t c = get_le16(in.p + at);
        if (c >= 0xd800 && c < 0xdc00 && in.n - at >= 4) {
            uint32_t low = get_le16(in.p + at + 2);
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            }
        }
        st = utf16_put_char(out, c);
    }
    return st;
}

struct slice utf16le_until_nul(struct slice in)
{
    for (size_t at = 0; in.n - at >= 2; at += 2)
        if (in.p[at] == 0 && in.p[at + 1] == 0)
            return slice_take(in, at);
    return in;
}

struct slice until_nul(struct slice in)
{
    return slice_take(in, slice_chr(in, 0));
}
