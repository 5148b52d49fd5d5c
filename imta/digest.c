#include "digest.h"

#include <nettle/sha2.h>
#include <stdio.h>

void digest_sha256(struct slice s, char out[DIGEST_HEX])
{
    struct sha256_ctx sha;
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_init(&sha);
    sha256_update(&sha, s.n, s.p);
    sha256_digest(&sha, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}
