#include "convscan/chm.h"
#include "decoder.h"

static enum cs_status decode(struct slice in, struct emit *out)
{
    enum cs_status st = chm_decode(in, out);

    return st == CS_OK ? szdd_decode(in, out) : st;
}

FUZZ_DECODER(decode)
