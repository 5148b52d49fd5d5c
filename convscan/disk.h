/*
 * disk.h - images of disks as if they were whole: raw ones, and those of virtual machines that leave out what is empty (VHD, VHDX).
 *
 *   Borrows   the file.
 *   Fails     never: bytes that are not there are zeros, or an empty slice behind the end.
 *   Bounded   reading by its caller; opening by a handful of fixed places.
 */
#ifndef CONVSCAN_DISK_H
#define CONVSCAN_DISK_H

#include "emit.h"

enum { DISK_PARTITIONS = 64, DISK_FILES = 200000 };

struct disk {
    struct slice file;
    uint64_t size;               /* of the disk */
    struct slice table;          /* where each block is; empty: the disk lies in the file as it is */
    uint64_t block;              /* bytes of a block */
    uint64_t head;               /* bytes in front of a block's data (VHD) */
    uint64_t chunk;              /* after so many entries of the table one is of no block (VHDX) */
    bool is_vhdx;
};

/* A run of at most n bytes from at on, as long as it lies in one piece; empty at the end. */
struct slice disk_run(const struct disk *d, uint64_t at, uint64_t n);

/* Exactly n bytes, put together in room when they lie in pieces; empty when they are not there. n is at most 64 KB. */
enum { DISK_PIECE = 65536 };
struct slice disk_bytes(const struct disk *d, uint64_t at, size_t n, uint8_t room[DISK_PIECE]);

/* Put n bytes from at on. */
enum cs_status disk_put(const struct disk *d, uint64_t at, uint64_t n, struct emit *out) MUST_USE;

/* Does this begin with a file system, or a table of partitions? */
bool disk_is(struct slice head);
/* With that of Apple's? It stands behind the first two sectors. */
bool hfs_is(struct slice head);

/* Files of the file system that begins at this place. *is_known: there is one that can be read. */
/* The first sector of FAT12, FAT16 or FAT32. */
bool fat_is(struct slice boot);
enum cs_status fat_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known) MUST_USE;
enum cs_status exfat_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known) MUST_USE;
enum cs_status hfs_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known) MUST_USE;
enum cs_status ntfs_files(const struct disk *d, uint64_t at, struct emit *out, bool *is_known) MUST_USE;

#endif
