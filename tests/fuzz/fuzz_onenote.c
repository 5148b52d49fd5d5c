#include "convscan/onenote.h"
#include "decoder.h"

FUZZ_DECODER(onenote_decode)
