#include "convscan/swf.h"
#include "decoder.h"

FUZZ_DECODER(swf_decode)
