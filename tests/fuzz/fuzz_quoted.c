#include "convscan/formats.h"
#include "decoder.h"

FUZZ_DECODER(quoted_decode)
