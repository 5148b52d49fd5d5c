/* Apple's images of disks: a list in XML, pieces packed in several ways. */
#include "convscan/dmg.h"
#include "decoder.h"

FUZZ_DECODER(dmg_decode)
