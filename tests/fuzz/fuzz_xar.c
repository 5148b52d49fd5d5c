#include "convscan/xar.h"
#include "decoder.h"

FUZZ_DECODER(xar_decode)
