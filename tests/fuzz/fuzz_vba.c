#include "convscan/vba.h"
#include "decoder.h"

/* A module stream beside a dir stream that is the same bytes. */
static enum cs_status decode(struct slice in, struct emit *out)
{
    struct vba_project project;
    size_t n_views;
    enum cs_status st = vba_open(&project, in);

    if (st != CS_OK)
        return st;
    st = vba_stream(&project, true, slice_take(in, 4), SLICE("m"), in, out, &n_views);
    vba_close(&project);
    return st;
}

FUZZ_DECODER(decode)
