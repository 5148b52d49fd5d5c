#include "convscan/vba.h"
#include "decoder.h"

/* A module stream beside a dir stream that is the same bytes. */
static enum cs_status decode(struct slice in, struct emit *out)
{
    struct vba_project project;
    struct vba_sources sources;
    size_t n_views;
    enum cs_status st = vba_open(&project, in);

    if (st != CS_OK)
        return st;
    st = vba_find(&project, true, slice_take(in, 4), in, &sources);
    if (st == CS_OK)
        st = vba_emit(&sources, SLICE("m"), in, out, &n_views);
    vba_close(&project);
    return st;
}

FUZZ_DECODER(decode)
