#include "zst.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { PIECE = 32768, WINDOW_LOG = 26 };

static enum cs_status run(ZSTD_DCtx *d, struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    uint8_t room[PIECE];
    ZSTD_inBuffer src = { in.p, in.n, 0 };
    size_t ret = 1;

    while (ret != 0) {
        ZSTD_outBuffer dst = { room, sizeof room, 0 };
        ret = ZSTD_decompressStream(d, &dst, &src);
        if (ZSTD_isError(ret))
            break;
        if (dst.pos) {
            enum cs_status st = put(to, slice_of(room, dst.pos));
            if (st != CS_OK)
                return st;
            res->made += dst.pos;
        } else if (src.pos == src.size) {
            break;                                  /* cut short, or whole */
        }
    }
    res->used = src.pos;
    res->is_damaged = ret != 0;
    res->is_limited = ZSTD_getErrorCode(ret) == ZSTD_error_frameParameter_windowTooLarge;
    return CS_OK;
}

enum cs_status zst_all(struct slice in, inflate_put *put, void *to, struct inflate_result *res)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    enum cs_status st;

    *res = (struct inflate_result){ 0 };
    if (!d)
        return CS_NOMEM;
    (void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG);
    st = run(d, in, put, to, res);
    ZSTD_freeDCtx(d);
    return st;
}
