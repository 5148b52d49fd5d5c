/*
 * screnc.h - scripts in Microsoft's encoded form, "#@~^", as Windows runs them (.jse, .vbe, JScript.Encode in pages).
 *
 *   Borrows   the input.
 *   Fails     as buf_put().
 *   Bounded   the output is never longer than the input.
 */
#ifndef CONVSCAN_SCRENC_H
#define CONVSCAN_SCRENC_H

#include "base/buf.h"

/* All of in, with every encoded piece in it decoded. */
enum cs_status screnc_decode(struct slice in, struct buf *out) MUST_USE;

/* Is there an encoded piece? */
bool screnc_has(struct slice in);

#endif
