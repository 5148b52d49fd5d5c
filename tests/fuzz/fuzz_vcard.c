#include "convscan/formats.h"
#include "decoder.h"

FUZZ_DECODER(vcard_decode)
