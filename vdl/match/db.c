#include "db.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const class_names[VDL_CLASSES] = {
    [VDL_VIRUS] = "virus", [VDL_EXT] = "ext", [VDL_SPAM] = "spam", [VDL_PUA] = "pua", [VDL_ALLOW] = "allow",
};

const char *vdl_class_name(enum vdl_class c)
{
    return (unsigned)c < VDL_CLASSES ? class_names[c] : "unknown";
}

bool vdl_class_find(struct slice name, enum vdl_class *out)
{
    for (unsigned i = 0; i < VDL_CLASSES; i++)
        if (slice_eq(name, slice_str(class_names[i]))) {
            *out = (enum vdl_class)i;
            return true;
        }
    return false;
}

static enum cs_status bad(char *why, enum cs_status st, const char *text)
{
    if (why)
        snprintf(why, 256, "%s", text);
    return st;
}

bool db_string(const struct vdl_db *db, uint32_t off, struct slice *out)
{
    const uint8_t *head, *p;

    *out = slice_of(NULL, 0);
    if (off == 0)
        return true;
    head = db_at(db, VDB_STRINGS, off, 4);
    p = head ? db_at(db, VDB_STRINGS, (uint64_t)off + 4, get_le32(head)) : NULL;
    if (p)
        *out = (struct slice){ p, get_le32(head) };
    return p != NULL;
}

bool db_rule_name(const struct vdl_db *db, uint32_t rule, struct slice *out)
{
    const uint8_t *row = db_row(db, VDB_RULES, rule, VDB_RULE), *p;
    uint64_t off = row ? get_le32(row + VDB_R_NAME) : 0;
    size_t n;

    *out = slice_of(NULL, 0);
    p = row ? db_at(db, VDB_NAMES, off, 1) : NULL;
    if (!p)
        return false;
    n = p[0];
    off++;
    if (n == 255) {
        p = db_at(db, VDB_NAMES, off, 2);
        if (!p)
            return false;
        n = get_le16(p);
        off += 2;
    }
    p = db_at(db, VDB_NAMES, off, n);
    if (p)
        *out = (struct slice){ p, n };
    return p != NULL;
}

/* The header and the table of contents: all that opening looks at, whatever the size of the file. */
static enum cs_status read_toc(struct vdl_db *db, char *why)
{
    struct slice f = db->map.data;
    uint32_t n, last = 0;
    uint64_t end;

    if (f.n == 0)
        return bad(why, CS_FOREIGN, "the file is empty");
    if (f.n < sizeof VDB_MAGIC - 1 || memcmp(f.p, VDB_MAGIC, sizeof VDB_MAGIC - 1) != 0)
        return bad(why, CS_FOREIGN, "this is no signature database");
    if (f.n < VDB_HEADER)
        return bad(why, CS_CORRUPT, "cut short inside its header");
    if (get_le16(f.p + VDB_H_MAJOR) != VDB_MAJOR)
        return bad(why, CS_FOREIGN, "made for another version of this program");
    if (get_le64(f.p + VDB_H_BYTES) != f.n)
        return bad(why, CS_CORRUPT, get_le64(f.p + VDB_H_BYTES) > f.n ? "cut short" : "longer than it says");
    n = get_le32(f.p + VDB_H_SECTIONS);
    if (get_le64(f.p + VDB_H_ZERO) || n == 0 || n > 64 || (f.n - VDB_HEADER) / VDB_TOC < n)
        return bad(why, CS_CORRUPT, "damaged header");
    end = VDB_HEADER + (uint64_t)n * VDB_TOC;
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *t = f.p + VDB_HEADER + (size_t)i * VDB_TOC;
        uint32_t id = get_le32(t + VDB_T_ID);
        uint64_t off = get_le64(t + VDB_T_OFFSET), len = get_le64(t + VDB_T_LENGTH);

        if (id <= last || get_le32(t + VDB_T_ZERO) || off < end || off % VDB_ALIGN || off > f.n || len > f.n - off)
            return bad(why, CS_CORRUPT, "damaged table of contents");
        last = id;
        end = off + len;
        if (id < VDB_SECTIONS_END)
            db->sec[id] = (struct slice){ f.p + off, (size_t)len };
    }
    return CS_OK;
}

static enum cs_status read_info(struct vdl_db *db, char *why)
{
    const uint8_t *p = db_at(db, VDB_INFO, 0, VDB_INFO_BYTES);

    if (!p || db->sec[VDB_INFO].n != VDB_INFO_BYTES)
        return bad(why, CS_CORRUPT, "damaged section of numbers");
    db->rules = get_le32(p + VDB_I_RULES);
    db->plans = get_le32(p + VDB_I_PLANS);
    db->types = get_le32(p + VDB_I_TYPES);
    db->segments = get_le32(p + VDB_I_SEGMENTS);
    db->stages = get_le32(p + VDB_I_STAGES);
    db->back = get_le32(p + VDB_I_BACK);
    db->ahead = get_le32(p + VDB_I_AHEAD);
    db->state = get_le64(p + VDB_I_STATE);
    db->threads = get_le32(p + VDB_I_THREADS);
    db->flags = get_le32(p + VDB_I_FLAGS);
    db->hash_rules = get_le32(p + VDB_I_HASH_RULES);
    db->always = (uint32_t)(db->sec[VDB_ALWAYS].n / 4);
    if (db->sec[VDB_RULES].n != (uint64_t)db->rules * VDB_RULE || db->sec[VDB_PLANS].n != (uint64_t)db->plans * VDB_PLAN)
        return bad(why, CS_CORRUPT, "its tables of rules have wrong sizes");
    if (db->sec[VDB_SEGMENTS].n != (uint64_t)db->segments * VDB_SEGMENT || db->sec[VDB_STAGES].n != (uint64_t)db->stages * VDB_STAGE)
        return bad(why, CS_CORRUPT, "its tables of segments have wrong sizes");
    if (db->back > VDB_REACH_MAX || db->ahead > VDB_REACH_MAX || db->threads > VDB_THREADS_MAX ||
        db->state > VDB_STATE_MAX || db->types > VDB_TYPES_MAX || db->hash_rules > db->rules)
        return bad(why, CS_CORRUPT, "its numbers are out of bounds");
    return CS_OK;
}

/* Two at least: a shift by 64 has no meaning. */
static bool power_of_two(uint32_t n)
{
    return n >= 2 && (n & (n - 1)) == 0;
}

static bool read_group(struct vdl_db *db, const uint8_t *p, struct group *g)
{
    uint64_t pairs = get_le32(p + VDB_G_PAIRS);

    *g = (struct group){
        .window = get_le32(p + VDB_G_WINDOW), .stride = get_le32(p + VDB_G_STRIDE), .words = get_le32(p + VDB_G_WORDS),
        .n_buckets = get_le32(p + VDB_G_N_BUCKETS), .n_entries = get_le32(p + VDB_G_N_ENTRIES),
        .filter = db_at(db, VDB_FILTER, get_le32(p + VDB_G_FILTER), (uint64_t)get_le32(p + VDB_G_WORDS) * 8),
        .buckets = db_at(db, VDB_BUCKETS, (uint64_t)get_le32(p + VDB_G_BUCKETS) * 4,
                         ((uint64_t)get_le32(p + VDB_G_N_BUCKETS) + 1) * 4),
        .entries = db_at(db, VDB_ENTRIES, (uint64_t)get_le32(p + VDB_G_ENTRIES) * VDB_ENTRY,
                         (uint64_t)get_le32(p + VDB_G_N_ENTRIES) * VDB_ENTRY),
    };
    if (pairs)
        g->pairs = db_at(db, VDB_FILTER, pairs - 1, 65536 / 8);
    g->checks = get_le32(p + VDB_G_CHECKS);
    g->second_words = get_le32(p + VDB_G_SECOND_WORDS);
    g->second = g->second_words ? db_at(db, VDB_FILTER, get_le32(p + VDB_G_SECOND), (uint64_t)g->second_words * 8) : NULL;
    if (!power_of_two(g->words) || (g->second_words && (!g->second || g->second_words < 8 || !power_of_two(g->second_words))))
        return false;
    g->shift = 64 - (unsigned)__builtin_ctz(g->words);
    g->second_shift = g->second_words ? 64 - (unsigned)__builtin_ctz(g->second_words) : 0;
    if (g->window < 1 || g->window > 8 || g->stride < 1 || g->stride > 8 || !g->words || !g->n_buckets)
        return false;
    g->mask = g->window == 8 ? UINT64_MAX : ((uint64_t)1 << g->window * 8) - 1;
    return g->filter && g->buckets && g->entries && (!pairs || (g->pairs && g->window == 8 && g->stride == 1));
}

static bool read_sieve(struct vdl_db *db, const uint8_t *p)
{
    uint32_t group = get_le32(p + VDB_V_GROUP), sets = get_le32(p + VDB_V_SETS);
    struct group *g = group < db->n_groups ? &db->groups[group] : NULL;

    if (!g || g->stride != 1 || g->window < VDB_SIEVE_PLACES || sets < 1 || sets > VDB_SIEVE_SETS)
        return false;
    g->sieve = db_at(db, VDB_FILTER, get_le32(p + VDB_V_TABLES), (uint64_t)sets * VDB_SIEVE_SET);
    g->sieve_sets = sets;
    return g->sieve != NULL;
}

static enum cs_status read_groups(struct vdl_db *db, char *why)
{
    size_t n = db->sec[VDB_GROUPS].n / VDB_GROUP;

    if (db->sec[VDB_GROUPS].n % VDB_GROUP || n > VDB_GROUPS_MAX)
        return bad(why, CS_CORRUPT, "damaged table of search groups");
    for (uint32_t i = 0; i < n; i++)
        if (!read_group(db, db->sec[VDB_GROUPS].p + (size_t)i * VDB_GROUP, &db->groups[i]))
            return bad(why, CS_CORRUPT, "damaged search group");
    db->n_groups = (uint32_t)n;
    n = db->sec[VDB_SIEVES].n / VDB_SIEVE;
    if (db->sec[VDB_SIEVES].n % VDB_SIEVE || n > VDB_GROUPS_MAX)
        return bad(why, CS_CORRUPT, "damaged table of sieves");
    for (uint32_t i = 0; i < n; i++)
        if (!read_sieve(db, db->sec[VDB_SIEVES].p + (size_t)i * VDB_SIEVE))
            return bad(why, CS_CORRUPT, "damaged sieve");
    return CS_OK;
}

static const char *open_text(enum cs_status st)
{
    switch (st) {
    case CS_NOENT: return "there is no such file";
    case CS_UNSAFE: return "group or others may write to it, so it is not trusted (chmod go-w)";
    case CS_NOTREG: return "not a regular file";
    default: return cs_status_text(st);
    }
}

enum cs_status vdl_open(const char *path, struct vdl_db **out, char why[256])
{
    struct vdl_db *db = calloc(1, sizeof *db);
    enum cs_status st;

    *out = NULL;
    if (why)
        why[0] = '\0';
    if (!db)
        return bad(why, CS_NOMEM, "out of memory");
    for (int i = 0; i < VDB_SECTIONS_END; i++)
        db->sec[i] = slice_of(NULL, 0);
    db->path = strdup(path);
    if (!db->path) {
        st = bad(why, CS_NOMEM, "out of memory");
        goto free_db;
    }
    st = mapfile_open(&db->map, path, MAPFILE_TRUSTED, at_most((uint64_t)1 << 40));
    if (st != CS_OK) {
        bad(why, st, open_text(st));
        goto free_db;
    }
    st = read_toc(db, why);
    if (st == CS_OK)
        st = read_info(db, why);
    if (st == CS_OK)
        st = read_groups(db, why);
    if (st == CS_OK) {
        *out = db;
        return CS_OK;
    }
    mapfile_close(&db->map);
free_db:
    free(db->path);
    free(db);
    return st;
}

void vdl_close(struct vdl_db *db)
{
    if (!db)
        return;
    mapfile_close(&db->map);
    free(db->path);
    free(db);
}

void vdl_info(const struct vdl_db *db, struct vdl_info *out)
{
    const uint8_t *p = db->sec[VDB_INFO].p;

    *out = (struct vdl_info){
        .path = db->path, .rules = db->rules, .bytes = db->map.data.n, .digest = get_le64(db->map.data.p + VDB_H_DIGEST),
        .wants_normalised_text = db->flags & VDB_F_NORMALISED,
        .cleans = db->flags & VDB_F_CLEANS,
    };
    for (unsigned i = 0; i < VDL_CLASSES; i++)
        out->classes[i] = get_le32(p + VDB_I_CLASSES + (size_t)4 * i);
    if (!db_string(db, get_le32(p + VDB_I_VERSION), &out->version))
        out->version = slice_of(NULL, 0);
}
