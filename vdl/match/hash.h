/* hash.h - digests of bytes; hash.c is the only file of this half that includes nettle. */
#ifndef VDL_MATCH_HASH_H
#define VDL_MATCH_HASH_H

#include "base/slice.h"

/* Length of a digest by vdb_algo; 0 for what is none. */
unsigned hash_length(unsigned algo);
void hash_of(unsigned algo, struct slice s, uint8_t out[32]);
/* SHA-256 of a file whose bytes [from, to) count as zero. */
void hash_file(struct slice s, size_t from, size_t to, uint8_t out[32]);

#endif
