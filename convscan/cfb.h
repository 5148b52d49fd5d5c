/*
 * cfb.h - compound files (OLE2): storages and streams inside one file.
 *
 *   Borrows   the file, until cfb_close(). Streams that lie in one piece are slices of it.
 *   Owns      the lists of sectors and the directory, on the heap; a stream in pieces is put together in the caller's buf.
 *   Fails     CS_NOMEM; CS_FOREIGN when there is no compound file; CS_TOOBIG when streams that share sectors would make reading
 *             them all cost more than CFB_WORK times the file. Damage is no failure: is_damaged, and what can be read.
 *   Bounded   memory by a tenth of the file and one stream; each walk by the number of sectors.
 */
#ifndef CONVSCAN_CFB_H
#define CONVSCAN_CFB_H

#include "base/buf.h"

enum { CFB_WORK = 4 };

enum cfb_kind { CFB_EMPTY = 0, CFB_STORAGE = 1, CFB_STREAM = 2, CFB_ROOT = 5 };

struct cfb_entry {
    struct slice name;          /* UTF-16LE, without the NUL */
    enum cfb_kind kind;
    uint32_t parent;            /* index of the storage; CFB_ORPHAN when no storage leads here */
    uint32_t start;
    uint64_t size;
    struct slice clsid;
};

#define CFB_ORPHAN UINT32_MAX

struct cfb_list {               /* of sector numbers */
    uint32_t *at;
    size_t n;
};

struct cfb {
    struct slice file;
    unsigned shift, mini_shift; /* of sector sizes */
    uint32_t mini_cutoff;
    struct cfb_list fat, minifat, ministream, dir;
    uint32_t *parents;
    size_t n_entries;
    uint64_t work_left;
    bool has_head;              /* not its first bytes alone are those of such a file */
    bool is_damaged;
};

bool cfb_is(struct slice head);
enum cs_status cfb_open(struct cfb *c, struct slice file) MUST_USE;
void cfb_close(struct cfb *c);

/* Does the directory begin with the root, as it has to? */
bool cfb_has_root(const struct cfb *c);

/* Entry i of n_entries. */
struct cfb_entry cfb_at(const struct cfb *c, size_t i);

/* The bytes of a stream: a slice of the file, or of room, which is emptied first. */
enum cs_status cfb_read(struct cfb *c, const struct cfb_entry *e, struct buf *room, struct slice *out) MUST_USE;

/* Write bytes over the beginning of a stream in copy, which is as long as the file; what the chain has no room for is left out. */
void cfb_overwrite(const struct cfb *c, const struct cfb_entry *e, struct slice bytes, uint8_t *copy);

/* Append the path of entry i, UTF-8, storages joined by '/', without the root. Names mangled by Windows Installer come out plain. */
enum cs_status cfb_path(const struct cfb *c, size_t i, struct buf *out) MUST_USE;

#endif
