/*
 * digest_md5.h - MD5, the only thing the compiler needs of the hash library.
 *
 *   Fails     never.
 *   Threads   no state.
 */
#ifndef VDL_COMPILE_DIGEST_MD5_H
#define VDL_COMPILE_DIGEST_MD5_H

#include "base/slice.h"

void md5_of(struct slice s, uint8_t out[16]);

#endif
