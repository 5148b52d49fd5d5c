#include "onenote.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "utf16.h"

enum { GUID = 16, HEAD = GUID + 8 + 4 + 8, ENDING = 32 };

/* MS-ONESTORE 2.6.13: guidHeader of FileDataStoreObject. */
#define MARK "\xe7\x16\xe3\xbd\x65\x26\x11\x45\xa4\xc4\x8d\x4d\x0b\x7a\x9e\xac"

bool onenote_is(struct slice head)
{
    return slice_starts(head, SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3")) ||
           slice_starts(head, SLICE("\xa1\x2f\xff\x43\xd9\xef\x76\x4c\x9e\xe2\x10\xea\x57\x22\x76\x5f"));
}

/*
 * References to files come in the order of the files: "<ifndf>{GUID}" in UTF-16, then the ending with its length in front.
 * Gives ".ending" in UTF-16, or nothing; *rest moves behind it.
 */
static struct slice next_ending(struct slice *rest)
{
    struct slice mark = SLICE("<\0i\0f\0n\0d\0f\0>\0{\0"), s;
    uint32_t n;

    s = slice_drop(*rest, slice_find(*rest, mark));
    s = slice_drop(s, mark.n + (size_t)(36 + 1) * 2);
    *rest = s;
    n = s.n >= 4 ? get_le32(s.p) : 0;
    return n && n <= ENDING ? slice_sub(s, 4, (size_t)n * 2) : slice_of(NULL, 0);
}

static enum cs_status emit_file(struct slice data, struct slice *endings, struct emit *out)
{
    uint8_t room[8 + ENDING * 3];
    struct buf name = buf_over(room, sizeof room);
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "onenote", .size = data.n, .packed = data.n };
    enum cs_status st = buf_puts(&name, "file");

    if (st == CS_OK)
        st = utf16le_put(&name, next_ending(endings));
    c.name = buf_slice(&name);
    return st == CS_OK ? emit_whole(out, &c, data) : st;
}

enum cs_status onenote_decode(struct slice object, struct emit *out)
{
    struct slice mark = SLICE(MARK), rest = object, endings = object;
    uint64_t left = (uint64_t)object.n * ONENOTE_OVERLAP;
    bool is_cut = false;
    enum cs_status st = CS_OK;

    while (st == CS_OK) {
        struct slice data;
        uint64_t n;
        rest = slice_drop(rest, slice_find(rest, mark));
        if (rest.n < HEAD)
            break;
        n = get_le64(rest.p + GUID);
        rest = slice_drop(rest, HEAD);
        is_cut = is_cut || n > rest.n;
        data = slice_take(rest, n <= rest.n ? (size_t)n : slice_find(rest, mark));     /* one that lies ends at the next */
        if (data.n > left)
            return out->note(out, EMIT_LIMITED, "files in OneNote overlap too much");
        left -= data.n;
        if (data.n)
            st = emit_file(data, &endings, out);
    }
    return st == CS_OK && is_cut ? out->note(out, EMIT_DAMAGED, "file embedded in OneNote") : st;
}
