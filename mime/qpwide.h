/*
 * qpwide.h - quoted-printable sixteen bytes at a time, where the processor can; private to qp.c.
 *
 *   Borrows   the input, which has n bytes, and room bytes at to, all of which may be written over.
 *   Fails     never.
 *   Bounded   one pass.
 *   Threads   any.
 */
#ifndef MIME_QPWIDE_H
#define MIME_QPWIDE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes, complete escapes and soft line breaks from p on, decoded to to; *made of them. It stops before a '=' that begins none of these,
 * a little before the end of either, or when there was no '=' for a while. Gives the bytes read; 0 where there is no such way.
 */
size_t qp_wide(const uint8_t *p, size_t n, uint8_t *to, size_t room, size_t *made);

#endif
