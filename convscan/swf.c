#include "swf.h"

#include "base/bytes.h"
#include "inflate.h"
#include "xz.h"

enum { HEAD = 8, LZMA_HEAD = 17, BINARY_DATA = 87, BINARY_HEAD = 6 };

/* The same film uncompressed, which then comes back here. */
static enum cs_status uncompressed(struct slice in, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "swf", .size = get_le32(in.p + 4), .packed = in.n, .name = slice_take(in, 0) };
    struct inflate_result res = { 0 };
    uint8_t head[HEAD];
    enum cs_status st = out->open(out, &c);

    memcpy(head, in.p, HEAD);
    head[0] = 'F';
    if (st == CS_OK)
        st = out->put(out, slice_of(head, HEAD));
    if (st == CS_OK && in.p[0] == 'C')
        st = inflate_all(slice_drop(in, HEAD), INFLATE_ZLIB, emit_put, out, &res);
    else if (st == CS_OK && in.n >= LZMA_HEAD)
        st = xz_lzma(in.p + 12, UINT64_MAX, slice_drop(in, LZMA_HEAD), emit_put, out, &res);
    if (st == CS_OK)
        st = out->close(out);
    if (st == CS_OK && res.is_limited)
        st = out->note(out, EMIT_LIMITED, "a Flash film wants a large window");
    return st == CS_OK && res.made == 0 ? out->note(out, EMIT_DAMAGED, "damaged Flash film") : st;
}

static enum cs_status binary_data(struct slice body, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "swf-data", .size = body.n, .packed = body.n, .name = slice_take(body, 0) };

    return body.n ? emit_whole(out, &c, body) : CS_OK;
}

static enum cs_status tags(struct slice in, struct emit *out)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && in.n >= 2) {
        unsigned word = get_le16(in.p), code = word >> 6;
        size_t n = word & 63, head = 2;
        if (n == 63 && in.n >= 6) {
            n = get_le32(in.p + 2);
            head = 6;
        }
        if (code == BINARY_DATA)
            st = binary_data(slice_drop(slice_sub(in, head, n), BINARY_HEAD), out);
        if (code == 0)
            break;
        in = slice_drop(slice_drop(in, head), n);
    }
    return st;
}

enum cs_status swf_decode(struct slice object, struct emit *out)
{
    size_t rect;

    if (object.n < HEAD + 1 || object.p[1] != 'W' || object.p[2] != 'S')
        return CS_OK;
    if (object.p[0] != 'F')
        return uncompressed(object, out);
    rect = (5 + 4 * (size_t)(object.p[HEAD] >> 3) + 7) / 8;     /* the frame's size, five bits telling how wide a number is */
    return tags(slice_drop(object, HEAD + rect + 4), out);
}
