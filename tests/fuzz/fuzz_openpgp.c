#include "convscan/openpgp.h"
#include "decoder.h"

FUZZ_DECODER(openpgp_decode)
