#include "convscan/tnef.h"
#include "decoder.h"

FUZZ_DECODER(tnef_decode)
