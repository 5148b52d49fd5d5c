#include "digest.h"

#include <nettle/md5.h>
#include <nettle/sha2.h>

_Static_assert(sizeof(struct sha256_ctx) <= sizeof(struct digest), "the room is too small");

void digest_init(struct digest *d)
{
    sha256_init((struct sha256_ctx *)(void *)d);
}

void digest_add(struct digest *d, struct slice s)
{
    sha256_update((struct sha256_ctx *)(void *)d, s.n, s.p);
}

void digest_done(struct digest *d, uint8_t out[32])
{
    sha256_digest((struct sha256_ctx *)(void *)d, 32, out);
}

void md5_of(struct slice s, uint8_t out[16])
{
    struct md5_ctx ctx;

    md5_init(&ctx);
    md5_update(&ctx, s.n, s.p);
    md5_digest(&ctx, 16, out);
}
