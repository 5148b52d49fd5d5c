#include "convscan/cms.h"
#include "decoder.h"

FUZZ_DECODER(cms_decode)
