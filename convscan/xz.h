/*
 * xz.h - xz and LZMA data in their wrappings; the only user of liblzma in this room.
 *
 *   Borrows, Fails, Threads   as inflate.h.
 *   Bounded   memory by XZ_MEMORY: data that wants a larger dictionary is limited, see the result; the output by put().
 */
#ifndef CONVSCAN_XZ_H
#define CONVSCAN_XZ_H

#include "inflate.h"

enum { XZ_MEMORY = 80 << 20 };

enum xz_kind {
    XZ_XZ,            /* one or more .xz streams */
    XZ_ALONE,         /* .lzma: properties, size, data */
    XZ_ZIP            /* as in a zip: two bytes version, two bytes length, properties, data */
};

/* size: of the unpacked data for XZ_ZIP, or UINT64_MAX when an end mark tells. */
enum cs_status xz_all(struct slice in, enum xz_kind kind, uint64_t size, inflate_put *put, void *to,
                      struct inflate_result *res) MUST_USE;

/* Raw LZMA behind its five bytes of properties (SWF, 7z): as XZ_ALONE with the size given here. */
enum cs_status xz_lzma(const uint8_t props[5], uint64_t size, struct slice data, inflate_put *put, void *to,
                       struct inflate_result *res) MUST_USE;

/* To be called before two threads use these functions at once. */
void xz_prepare(void);

#endif
