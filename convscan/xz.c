#include "xz.h"

#include <lzma.h>

#include "base/bytes.h"

/*
 * The check of xz files. liblzma's own asks the processor what it can do before main(), which makes a virtual machine go to its host, for
 * ten microseconds and more, in a program that meets one such file in thousands of parts. A linker takes a member of a library
 * only for a name that is still missing: since this name is here, that member stays out.
 */
enum { CRC_SLICES = 8 };
static uint64_t crc_table[CRC_SLICES][256];

void xz_prepare(void)
{
    static const uint64_t polynomial = 0xc96c5795d7870f42;

    for (unsigned i = 0; i < 256; i++) {
        uint64_t c = i;

        for (int bit = 0; bit < 8; bit++)
            c = c >> 1 ^ (c & 1 ? polynomial : 0);
        crc_table[0][i] = c;
    }
    for (int s = 1; s < CRC_SLICES; s++)
        for (unsigned i = 0; i < 256; i++)
            crc_table[s][i] = crc_table[s - 1][i] >> 8 ^ crc_table[0][crc_table[s - 1][i] & 0xff];
}

uint64_t lzma_crc64(const uint8_t *p, size_t n, uint64_t crc)
{
    if (!crc_table[0][1])
        xz_prepare();
    crc = ~crc;
    for (; n >= CRC_SLICES; n -= CRC_SLICES, p += CRC_SLICES) {
        uint64_t word = crc ^ get_le64(p);

        crc = 0;
        for (int s = 0; s < CRC_SLICES; s++)
            crc ^= crc_table[CRC_SLICES - 1 - s][word >> 8 * s & 0xff];
    }
    for (; n; n--, p++)
        crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xff];
    return ~crc;
}

enum { PIECE = 32768, HEAD = 13, DICTIONARY = 64 << 20 };

struct job {
    lzma_stream z;
    inflate_put *put;
    void *to;
    struct inflate_result *res;
};

/* Feed one run of bytes; *ret is what the library said last. */
static enum cs_status feed(struct job *j, struct slice in, lzma_action action, lzma_ret *ret)
{
    uint8_t out[PIECE];

    j->z.next_in = in.p;
    j->z.avail_in = in.n;
    for (;;) {
        size_t made;
        j->z.next_out = out;
        j->z.avail_out = sizeof out;
        *ret = lzma_code(&j->z, action);
        made = sizeof out - j->z.avail_out;
        if (made) {
            enum cs_status st = j->put(j->to, slice_of(out, made));
            if (st != CS_OK)
                return st;
            j->res->made += made;
        }
        if (*ret != LZMA_OK || (j->z.avail_in == 0 && made < sizeof out))
            return *ret == LZMA_MEM_ERROR ? CS_NOMEM : CS_OK;
    }
}

static enum cs_status run(struct job *j, struct slice head, struct slice in)
{
    lzma_ret ret = LZMA_OK;
    enum cs_status st = CS_OK;

    if (head.n)
        st = feed(j, head, LZMA_RUN, &ret);
    if (st == CS_OK && ret == LZMA_OK) {
        st = feed(j, in, LZMA_FINISH, &ret);
        j->res->used = in.n - j->z.avail_in;
    }
    j->res->is_damaged = ret != LZMA_STREAM_END;
    j->res->is_limited = ret == LZMA_MEMLIMIT_ERROR;
    lzma_end(&j->z);
    return st;
}

enum cs_status xz_lzma(const uint8_t props[5], uint64_t size, struct slice data, inflate_put *put, void *to,
                       struct inflate_result *res)
{
    uint8_t head[HEAD];
    struct job j = { .z = LZMA_STREAM_INIT, .put = put, .to = to, .res = res };

    *res = (struct inflate_result){ 0 };
    memcpy(head, props, 5);
    if (get_le32(head + 1) > DICTIONARY)            /* hardly anything reaches back further */
        put_le32(head + 1, DICTIONARY);
    put_le64(head + 5, size);
    if (lzma_alone_decoder(&j.z, XZ_MEMORY) != LZMA_OK)
        return CS_NOMEM;
    return run(&j, slice_of(head, HEAD), data);
}

static enum cs_status zip_lzma(struct slice in, uint64_t size, inflate_put *put, void *to, struct inflate_result *res)
{
    size_t n_props = in.n >= 4 ? get_le16(in.p + 2) : 0;
    enum cs_status st;

    if (n_props < 5 || in.n - 4 < n_props) {
        *res = (struct inflate_result){ .is_damaged = true };
        return CS_OK;
    }
    st = xz_lzma(in.p + 4, size, slice_drop(in, 4 + n_props), put, to, res);
    res->used += 4 + n_props;
    return st;
}

enum cs_status xz_all(struct slice in, enum xz_kind kind, uint64_t size, inflate_put *put, void *to,
                      struct inflate_result *res)
{
    struct job j = { .z = LZMA_STREAM_INIT, .put = put, .to = to, .res = res };
    lzma_ret ret;

    *res = (struct inflate_result){ 0 };
    if (kind == XZ_ZIP)
        return zip_lzma(in, size, put, to, res);
    ret = kind == XZ_XZ ? lzma_stream_decoder(&j.z, XZ_MEMORY, LZMA_IGNORE_CHECK) : lzma_alone_decoder(&j.z, XZ_MEMORY);
    return ret == LZMA_OK ? run(&j, (struct slice){ in.p, 0 }, in) : CS_NOMEM;
}
