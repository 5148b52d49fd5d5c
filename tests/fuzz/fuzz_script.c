#include "convscan/script.h"
#include "decoder.h"

FUZZ_DECODER(script_decode)
