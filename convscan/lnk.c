#include "lnk.h"

#include "base/buf.h"
#include "cut.h"
#include "utf16.h"

enum {
    HEAD = 0x4c,
    HAS_ID_LIST = 1, HAS_INFO = 2, HAS_NAME = 4, HAS_ICON = 0x40, IS_UNICODE = 0x80
};

static const uint32_t environment = 0xa0000001;

bool lnk_is(struct slice head)
{
    return slice_starts(head, SLICE("\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"));
}

static enum cs_status line(struct buf *text, struct slice s, bool is_unicode)
{
    enum cs_status st;

    if (s.n == 0)
        return CS_OK;
    st = is_unicode ? utf16le_put(text, s) : buf_put(text, s);
    return st == CS_OK ? buf_putc(text, '\n') : st;
}

/* The target's path on its disk. */
static enum cs_status link_info(struct buf *text, struct slice info)
{
    uint32_t at = info.n >= 20 ? get_le32(info.p + 16) : 0;

    return at ? line(text, until_nul(slice_drop(info, at)), false) : CS_OK;
}

/* Name, relative path, working folder, arguments, icon: those whose flag is set, in this order. */
static enum cs_status strings(struct cut *c, uint32_t flags, struct buf *text)
{
    bool is_unicode = flags & IS_UNICODE;
    enum cs_status st = CS_OK;

    for (uint32_t flag = HAS_NAME; st == CS_OK && flag <= HAS_ICON; flag <<= 1) {
        if (flags & flag) {
            size_t n = cut_le16(c);
            st = line(text, cut_bytes(c, is_unicode ? n * 2 : n), is_unicode);
        }
    }
    return st;
}

/* Blocks with their length in front, until one that is too short. */
static enum cs_status blocks(struct cut *c, struct buf *text)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && c->left.n >= 4) {
        uint32_t n = cut_le32(c);
        struct slice s = slice_take(c->left, n < 4 ? 0 : n - 4);
        if (n < 8)
            break;
        (void)cut_bytes(c, n - 4);
        if (s.n >= 4 && get_le32(s.p) == environment) {
            st = line(text, until_nul(slice_sub(s, 4, 260)), false);
            if (st == CS_OK)
                st = line(text, utf16le_until_nul(slice_sub(s, 4 + 260, 520)), true);
        }
    }
    return st;
}

enum cs_status lnk_decode(struct slice object, struct emit *out)
{
    struct cut c = { slice_drop(object, HEAD), object.n < HEAD };
    uint32_t flags = object.n >= HEAD ? get_le32(object.p + 0x14) : 0;
    struct buf text = buf_init(SIZE_MAX / 2);
    struct emit_child view = { .kind = EMIT_VIEW, .name = SLICE("command"), .how = "lnk", .size = UINT64_MAX,
                               .packed = UINT64_MAX };
    struct emit_child behind = { .kind = EMIT_MEMBER, .name = SLICE("behind"), .how = "lnk-overlay" };
    enum cs_status st = CS_OK;

    if (flags & HAS_ID_LIST)
        (void)cut_bytes(&c, cut_le16(&c));
    if (flags & HAS_INFO) {
        uint32_t n = c.left.n >= 4 ? get_le32(c.left.p) : 0;
        st = link_info(&text, cut_bytes(&c, n));
    }
    if (st == CS_OK)
        st = strings(&c, flags, &text);
    if (st == CS_OK)
        st = blocks(&c, &text);
    if (st == CS_OK && text.n)
        st = emit_whole(out, &view, buf_slice(&text));
    behind.size = behind.packed = c.left.n;
    if (st == CS_OK && c.left.n && !c.is_out)
        st = emit_whole(out, &behind, c.left);
    buf_release(&text);
    return st == CS_OK && c.is_out ? out->note(out, EMIT_DAMAGED, "shortcut") : st;
}
