#include "convscan/html.h"
#include "decoder.h"

FUZZ_DECODER(html_decode)
