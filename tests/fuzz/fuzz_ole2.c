#include "convscan/ole2.h"
#include "decoder.h"

FUZZ_DECODER(ole2_decode)
