#include "lz4.h"

#include <stdlib.h>

#include <lz4.h>
#include <lz4frame.h>

#include "base/bytes.h"

enum { PIECE = 65536, MARK = 4, SKIPPED_HEAD = 8 };

bool lz4_is_skipped(struct slice in)
{
    return in.n >= SKIPPED_HEAD && (get_le32(in.p) & 0xfffffff0u) == FRAME_SKIPPED;
}

bool lz4_is(struct slice in)
{
    return in.n >= MARK && (get_le32(in.p) == LZ4_FRAME || get_le32(in.p) == LZ4_LEGACY);
}

static enum cs_status put_all(struct slice made, inflate_put *put, void *to, struct inflate_result *res)
{
    res->made += made.n;
    return made.n ? put(to, made) : CS_OK;
}

static enum cs_status modern(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    LZ4F_decompressionContext_t d = NULL;
    uint8_t *room = malloc(PIECE);
    enum cs_status st = room && !LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)) ? CS_OK : CS_NOMEM;
    size_t left = 1, made = 1;

    while (st == CS_OK && left && (in.n || made == PIECE)) {
        size_t used = in.n;

        made = PIECE;
        left = LZ4F_decompress(d, room, &made, in.p, &used, NULL);
        if (LZ4F_isError(left))
            break;
        res->used += used;
        in = slice_drop(in, used);
        st = put_all(slice_of(room, made), put, to, res);
    }
    res->is_damaged = left != 0;
    LZ4F_freeDecompressionContext(d);
    free(room);
    return st;
}

/* Blocks of 8 MB, each with its packed length in front; what cannot be such a length ends them. */
static enum cs_status legacy(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    uint8_t *room = malloc(LZ4_BLOCK);
    enum cs_status st = room ? CS_OK : CS_NOMEM;

    res->used = MARK;
    in = slice_drop(in, MARK);
    while (st == CS_OK && in.n >= MARK && get_le32(in.p) <= (uint32_t)LZ4_COMPRESSBOUND(LZ4_BLOCK)) {
        struct slice packed = slice_sub(in, MARK, get_le32(in.p));
        int n = LZ4_decompress_safe_partial((const char *)packed.p, (char *)room, (int)packed.n, LZ4_BLOCK, LZ4_BLOCK);

        if (n < 0 || packed.n < get_le32(in.p)) {
            res->is_damaged = true;
            break;
        }
        st = put_all(slice_of(room, (size_t)n), put, to, res);
        res->used += MARK + packed.n;
        in = slice_drop(in, MARK + packed.n);
    }
    free(room);
    return st;
}

enum cs_status lz4_frame(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    *res = (struct inflate_result){ 0 };
    if (lz4_is_skipped(in)) {
        uint64_t n = (uint64_t)SKIPPED_HEAD + get_le32(in.p + MARK);

        res->used = n < in.n ? (size_t)n : in.n;
        return CS_OK;
    }
    if (in.n >= MARK && get_le32(in.p) == LZ4_LEGACY)
        return legacy(in, put, to, res);
    return modern(in, put, to, res);
}
