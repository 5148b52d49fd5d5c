/* digest.h - SHA-256 of what is written; digest.c is the only file of this half that includes nettle. */
#ifndef VDL_COMPILE_DIGEST_H
#define VDL_COMPILE_DIGEST_H

#include "base/slice.h"

struct digest { uint64_t room[24]; };           /* no type of the library shows here */
void digest_init(struct digest *d);
void digest_add(struct digest *d, struct slice s);
void digest_done(struct digest *d, uint8_t out[32]);

/* MD5, as ClamAV's containers and ignore lists name it. */
void md5_of(struct slice s, uint8_t out[16]);

#endif
