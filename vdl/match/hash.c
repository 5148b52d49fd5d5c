#include "hash.h"

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>

#include "vdl/format.h"

unsigned hash_length(unsigned algo)
{
    static const uint8_t lengths[VDB_ALGOS] = { [VDB_MD5] = 16, [VDB_SHA1] = 20, [VDB_SHA256] = 32 };

    return algo < VDB_ALGOS ? lengths[algo] : 0;
}

void hash_of(unsigned algo, struct slice s, uint8_t out[32])
{
    union { struct md5_ctx md5; struct sha1_ctx sha1; struct sha256_ctx sha256; } c;

    switch (algo) {
    case VDB_MD5:
        md5_init(&c.md5);
        md5_update(&c.md5, s.n, s.p);
        md5_digest(&c.md5, 16, out);
        break;
    case VDB_SHA1:
        sha1_init(&c.sha1);
        sha1_update(&c.sha1, s.n, s.p);
        sha1_digest(&c.sha1, 20, out);
        break;
    default:
        sha256_init(&c.sha256);
        sha256_update(&c.sha256, s.n, s.p);
        sha256_digest(&c.sha256, 32, out);
    }
}

void hash_file(struct slice s, size_t from, size_t to, uint8_t out[32])
{
    static const uint8_t zeros[64];
    struct sha256_ctx c;

    sha256_init(&c);
    sha256_update(&c, from, s.p);
    sha256_update(&c, (to - from) & 63, zeros);
    sha256_update(&c, s.n - to, s.p + to);
    sha256_digest(&c, 32, out);
}
