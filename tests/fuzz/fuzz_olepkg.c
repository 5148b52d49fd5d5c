#include "convscan/olepkg.h"
#include "decoder.h"

static enum cs_status decode(struct slice in, struct emit *out)
{
    enum cs_status st = olepkg_native(in, out);

    return st == CS_OK ? olepkg_object(in, out) : st;
}

FUZZ_DECODER(decode)
