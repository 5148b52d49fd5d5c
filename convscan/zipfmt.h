/*
 * zipfmt.h - the records of a zip file, as they stand; who uses which to find what is zip.c's affair.
 *
 *   Borrows   the object; names and extra fields point into it.
 *   Fails     false where there is no such record. Lengths that lead past the end are cut.
 */
#ifndef CONVSCAN_ZIPFMT_H
#define CONVSCAN_ZIPFMT_H

#include "base/slice.h"

enum { ZIP_LOCAL = 0x04034b50, ZIP_CENTRAL = 0x02014b50, ZIP_END = 0x06054b50, ZIP_END64 = 0x06064b50,
       ZIP_LOCATOR64 = 0x07064b50, ZIP_DESCRIPTOR = 0x08074b50 };
enum { ZIP_LOCAL_SIZE = 30, ZIP_CENTRAL_SIZE = 46, ZIP_END_SIZE = 22, ZIP_END64_SIZE = 56, ZIP_LOCATOR64_SIZE = 20 };
enum { ZIP_ENCRYPTED = 1, ZIP_STREAMED = 8, ZIP_STRONG = 0x40, ZIP_MASKED = 0x2000 };

/* One member as one of its two headers tells it. */
struct zip_head {
    struct slice name, extra;
    uint16_t flags, method, time;
    uint32_t crc;
    uint64_t packed, size;
    uint64_t offset;             /* central header: where its local header should be */
    size_t length;               /* of this record */
};

bool zip_read_local(struct slice all, uint64_t at, struct zip_head *h);
/* As zip_read_local(), but never mind the signature. */
bool zip_read_unsigned(struct slice all, uint64_t at, struct zip_head *h);
bool zip_read_central(struct slice all, uint64_t at, struct zip_head *h);

/* Where the record at this place says that the central directory is. */
struct zip_end {
    uint64_t at, size, offset;   /* at: of the record itself, the zip64 one when there is one */
};

bool zip_read_end(struct slice all, uint64_t at, struct zip_end *e);

/* The content of an extra field, or an empty slice. */
struct slice zip_extra(struct slice extra, uint16_t id);

/* Position of the next "PK" with this end, from at up to below end; else end. */
uint64_t zip_next(struct slice all, uint64_t at, uint64_t end, uint32_t signature);

#endif
