#include "convscan/officecrypt.h"
#include "decoder.h"

/* The first two bytes say where the description ends and the data begin. */
static enum cs_status decode(struct slice in, struct emit *out)
{
    struct slice password = SLICE("x");
    struct officecrypt_try with = { &password, 1 };
    struct buf plain = buf_init(1 << 20);
    size_t cut = in.n > 2 ? (size_t)in.p[0] << 8 | in.p[1] : 0;
    bool fits;
    enum cs_status st;

    (void)out;
    st = officecrypt_workbook(in, with, &plain, &fits);
    in = slice_drop(in, 2);
    if (st == CS_OK && slice_find(slice_take(in, cut), SLICE("spinCount=\"1")) < cut)     /* few rounds, or none is quick */
        st = officecrypt_package(slice_take(in, cut), slice_drop(in, cut), with, &plain, &fits);
    buf_release(&plain);
    return st;
}

FUZZ_DECODER(decode)
