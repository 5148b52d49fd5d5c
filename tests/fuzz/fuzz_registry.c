#include "convscan/formats.h"
#include "decoder.h"

FUZZ_DECODER(registry_decode)
