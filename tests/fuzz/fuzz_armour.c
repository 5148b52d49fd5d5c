#include "convscan/formats.h"
#include "decoder.h"

FUZZ_DECODER(armour_decode)
