#include "convscan/rtf.h"
#include "decoder.h"

FUZZ_DECODER(rtf_decode)
