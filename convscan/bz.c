#include "bz.h"

#include <bzlib.h>
#include <limits.h>

enum { PIECE = 32768 };

static enum cs_status run(bz_stream *z, struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    char out[PIECE];
    size_t fed = 0;
    int ret = BZ_OK;

    while (ret == BZ_OK) {
        struct slice piece;
        if (z->avail_in == 0) {
            struct slice more = slice_sub(in, fed, UINT_MAX);
            z->next_in = (char *)(uintptr_t)more.p;
            z->avail_in = (unsigned)more.n;
            fed += more.n;
        }
        z->next_out = out;
        z->avail_out = sizeof out;
        ret = BZ2_bzDecompress(z);
        piece = slice_of(out, sizeof out - z->avail_out);
        if (piece.n == 0 && ret == BZ_OK && z->avail_in == 0 && fed == in.n)
            break;                                  /* cut short */
        if (piece.n) {
            enum cs_status st = put(to, piece);
            if (st != CS_OK)
                return st;
            res->made += piece.n;
        }
    }
    res->used = fed - z->avail_in;
    res->is_damaged = ret != BZ_STREAM_END;
    return ret == BZ_MEM_ERROR ? CS_NOMEM : CS_OK;
}

enum cs_status bz_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    bz_stream z = { 0 };
    enum cs_status st;

    *res = (struct inflate_result){ 0 };
    if (BZ2_bzDecompressInit(&z, 0, 0) != BZ_OK)
        return CS_NOMEM;
    st = run(&z, in, put, to, res);
    BZ2_bzDecompressEnd(&z);
    return st;
}
