/*
 * image.h - the sections of an image while they grow, and the file they become.
 *
 *   Owns      the sections, until image_release().
 *   Fails     image_put() and friends set is_short when memory ends; image_write() then says CS_NOMEM.
 *   Bounded   4 GB a section, where offsets have 32 bits.
 */
#ifndef VDL_COMPILE_IMAGE_H
#define VDL_COMPILE_IMAGE_H

#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"
#include "vdl/format.h"

struct section { uint8_t *p; size_t n, room; };
struct image {
    struct section sec[VDB_SECTIONS_END];
    bool is_short, is_large;
};

void image_release(struct image *im);
/* Room for n more bytes, zeroed; NULL when memory is short (and is_short is set). */
uint8_t *image_grow(struct image *im, enum vdb_section id, size_t n);
void image_put(struct image *im, enum vdb_section id, struct slice s);
void image_put32(struct image *im, enum vdb_section id, uint32_t v);
/* Offset of the next byte of a section. */
static inline uint32_t image_at(const struct image *im, enum vdb_section id)
{
    return (uint32_t)im->sec[id].n;
}
/* Offset of a string; equal strings in a row are stored once. */
uint32_t image_string(struct image *im, struct slice s);
enum cs_status image_write(struct image *im, const char *path, uint64_t *bytes) MUST_USE;

#endif
