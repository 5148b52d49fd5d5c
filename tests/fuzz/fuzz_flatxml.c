#include "convscan/flatxml.h"
#include "convscan/macfork.h"
#include "decoder.h"

/* The decoders that are tried on XML and on bytes without a type. */
static enum cs_status decode(struct slice in, struct emit *out)
{
    enum cs_status st = flatxml_decode(in, out);

    if (st == CS_OK)
        st = activemime_decode(in, out);
    return st == CS_OK ? macfork_decode(in, out) : st;
}

FUZZ_DECODER(decode)
