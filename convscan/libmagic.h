/*
 * libmagic.h - what libmagic calls an object; asked only where our own table cannot tell and the answer could change the verdict.
 *
 *   Borrows   the bytes.
 *   Fails     false: no answer (its table of types cannot be opened, or it has no name for this).
 *   Bounded   the first 256 KB. The table of types is opened on the first call, and stays until the process ends.
 */
#ifndef CONVSCAN_LIBMAGIC_H
#define CONVSCAN_LIBMAGIC_H

#include "base/slice.h"

/* A media type such as "application/x-dosexec". */
bool magic_media(struct slice bytes, char out[128]);

#endif
