#include "digest_md5.h"

#include <nettle/md5.h>

void md5_of(struct slice s, uint8_t out[16])
{
    struct md5_ctx ctx;

    md5_init(&ctx);
    md5_update(&ctx, s.n, s.p);
    md5_digest(&ctx, 16, out);
}
