#include "convscan/lnk.h"
#include "decoder.h"

FUZZ_DECODER(lnk_decode)
