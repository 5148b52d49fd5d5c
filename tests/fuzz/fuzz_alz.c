#include "convscan/alz.h"
#include "decoder.h"

FUZZ_DECODER(alz_decode)
