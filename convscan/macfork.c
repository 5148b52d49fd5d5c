#include "macfork.h"

#include "base/bytes.h"

enum { APPLE_HEAD = 26, APPLE_ENTRY = 12, MAC_HEAD = 128, ID_DATA = 1, ID_RESOURCE = 2, ID_NAME = 3 };

static enum cs_status emit_fork(struct slice name, struct slice data, const char *how, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = name, .how = how, .size = data.n, .packed = data.n };

    return data.n ? emit_whole(out, &c, data) : CS_OK;
}

/* AppleSingle and AppleDouble: a table of entries. */
static enum cs_status apple(struct slice object, struct emit *out)
{
    unsigned n = object.n >= APPLE_HEAD ? get_be16(object.p + 24) : 0;
    struct slice name = slice_of(NULL, 0);
    bool is_long = n > MACFORK_ENTRIES && object.n >= APPLE_HEAD + (MACFORK_ENTRIES + 1) * (size_t)APPLE_ENTRY;
    enum cs_status st = CS_OK;

    n = n < MACFORK_ENTRIES ? n : MACFORK_ENTRIES;
    for (int is_named = 0; is_named < 2; is_named++)        /* the name may stand behind its forks */
        for (unsigned i = 0; st == CS_OK && i < n; i++) {
            struct slice e = slice_sub(object, APPLE_HEAD + (size_t)i * APPLE_ENTRY, APPLE_ENTRY), data;
            if (e.n < APPLE_ENTRY)
                break;
            data = slice_sub(object, get_be32(e.p + 4), get_be32(e.p + 8));
            if (!is_named && get_be32(e.p) == ID_NAME)
                name = data;
            else if (is_named && (get_be32(e.p) == ID_DATA || get_be32(e.p) == ID_RESOURCE))
                st = emit_fork(name, data, "apple-fork", out);
        }
    return st == CS_OK && is_long ? out->note(out, EMIT_LIMITED, "forks of one file") : st;
}

/* No mark, but zeros in fixed places, a name, and lengths that fill the file up to 128 bytes. */
static bool is_macbinary(struct slice s)
{
    uint64_t data, resource, whole;

    if (s.n <= MAC_HEAD || s.p[0] || s.p[1] == 0 || s.p[1] > 63 || s.p[74] || s.p[82])
        return false;
    for (unsigned i = 2; i < 2u + s.p[1]; i++)
        if (s.p[i] < 0x20)
            return false;
    data = get_be32(s.p + 83);
    resource = get_be32(s.p + 87);
    whole = MAC_HEAD + (data + 127) / 128 * 128 + (resource + 127) / 128 * 128;
    return (data || resource) && whole <= s.n + 127 && s.n <= whole + 256 + get_be16(s.p + 99) + 128;
}

static enum cs_status macbinary(struct slice s, struct emit *out)
{
    struct slice name = slice_sub(s, 2, s.p[1]);
    uint32_t data = get_be32(s.p + 83), resource = get_be32(s.p + 87);
    enum cs_status st = emit_fork(name, slice_sub(s, MAC_HEAD, data), "macbinary", out);

    s = slice_drop(slice_drop(s, MAC_HEAD), ((size_t)data + 127) / 128 * 128);
    return st == CS_OK ? emit_fork(name, slice_take(s, resource), "macbinary", out) : st;
}

enum cs_status macfork_decode(struct slice object, struct emit *out)
{
    if (slice_starts(object, SLICE("\0\5\x16\0")) || slice_starts(object, SLICE("\0\5\x16\7")))
        return apple(object, out);
    return is_macbinary(object) ? macbinary(object, out) : CS_OK;
}
