/* Messages, mailboxes and Apple's messages as convscan reads them: every leaf goes out decoded, once for each reading. The first byte picks which. */
#include "convscan/formats.h"
#include "decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return size ? fuzz_decoder(data[0] & 1 ? mbox_decode : data[0] & 2 ? emlx_decode : mail_decode, data + 1, size - 1) : 0;
}
