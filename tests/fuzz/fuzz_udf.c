#include "convscan/udf.h"
#include "decoder.h"

FUZZ_DECODER(udf_decode)
