/*
 * db.h - a mapped image: sections, and the only way to their bytes.
 *
 *   Borrows   nothing. Owns the mapping.
 *   Fails     an offset that leads out of its section gives NULL, or an empty slice; the scan then reports CS_CORRUPT.
 *   Bounded   by the sections.
 *   Threads   read-only after opening.
 */
#ifndef VDL_MATCH_DB_H
#define VDL_MATCH_DB_H

#include "base/bytes.h"
#include "base/mapfile.h"
#include "vdl/format.h"
#include "vdl/vdl.h"

/* One search group, decoded and checked at opening. */
struct group {
    uint32_t window, stride, words, n_buckets, n_entries;
    uint64_t mask;                  /* of the eight bytes loaded, those that count */
    const uint8_t *filter, *buckets, *entries;
    const uint8_t *pairs;           /* or NULL: every stride-th place */
    const uint8_t *second;          /* second filter, or NULL */
    uint32_t second_words;
    unsigned shift, second_shift;
    const uint8_t *sieve;           /* tables of half bytes, or NULL */
    uint32_t sieve_sets;
    uint32_t checks;                /* bit n: kind n is used */
};

struct vdl_db {
    struct mapfile map;
    char *path;
    struct slice sec[VDB_SECTIONS_END];
    struct group groups[VDB_GROUPS_MAX];
    uint32_t n_groups, rules, plans, types, segments, stages, back, ahead, threads, flags, hash_rules, always;
    uint64_t state;
};

static inline const uint8_t *db_at(const struct vdl_db *db, enum vdb_section id, uint64_t off, uint64_t len)
{
    const struct slice *s = &db->sec[id];

    if (off > s->n || len > s->n - off)
        return NULL;
    return s->p + off;
}

/* Record number i of size bytes each, or NULL. */
static inline const uint8_t *db_row(const struct vdl_db *db, enum vdb_section id, uint32_t i, uint32_t size)
{
    return db_at(db, id, (uint64_t)i * size, size);
}

/* A string by its offset; false when it does not lie inside. */
bool db_string(const struct vdl_db *db, uint32_t off, struct slice *out);
/* The rule's name; false when damaged. */
bool db_rule_name(const struct vdl_db *db, uint32_t rule, struct slice *out);

#endif
