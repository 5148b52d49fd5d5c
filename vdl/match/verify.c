#include <stdarg.h>
#include <stdlib.h>

#include "db.h"
#include "hash.h"

static enum cs_status wrong(char why[256], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static enum cs_status wrong(char why[256], const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, 256, fmt, ap);
    va_end(ap);
    return CS_CORRUPT;
}

static enum cs_status check_rules(const struct vdl_db *db, char why[256])
{
    uint32_t classes[VDL_CLASSES] = { 0 };
    struct slice name;

    for (uint32_t i = 0; i < db->rules; i++) {
        uint32_t what = get_le32(db->sec[VDB_RULES].p + (size_t)i * VDB_RULE + VDB_R_WHAT), index = what >> VDB_W_SHIFT;

        if (!db_rule_name(db, i, &name))
            return wrong(why, "rule %u: its name is outside of the names", i);
        if ((what & VDB_W_CLASS) >= VDL_CLASSES)
            return wrong(why, "rule %u: no such class", i);
        if (what & VDB_W_PLAN ? index >= db->plans : index > db->types)
            return wrong(why, "rule %u: no such plan or type restriction", i);
        classes[what & VDB_W_CLASS]++;
    }
    for (unsigned i = 0; i < VDL_CLASSES; i++)
        if (classes[i] != get_le32(db->sec[VDB_INFO].p + VDB_I_CLASSES + (size_t)4 * i))
            return wrong(why, "the numbers of rules by class do not agree");
    return CS_OK;
}

static enum cs_status check_types(const struct vdl_db *db, char why[256])
{
    for (uint32_t i = 0; i < db->types; i++) {
        const uint8_t *slot = db_at(db, VDB_TYPES, (uint64_t)i * 4, 4);
        const uint8_t *t = slot ? db_at(db, VDB_TYPES, get_le32(slot), 8) : NULL;
        const uint8_t *w = t ? db_at(db, VDB_TYPES, (uint64_t)get_le32(slot) + 8, (uint64_t)get_le32(t + 4) * 4) : NULL;
        struct slice word;

        for (uint32_t k = 0; w && k < get_le32(t + 4); k++)
            if (!db_string(db, get_le32(w + 4 * (size_t)k), &word))
                w = NULL;
        if (!w)
            return wrong(why, "type restriction %u is damaged", i + 1);
    }
    return CS_OK;
}

/* Every instruction: a known operator, targets inside, the last one ends the program. */
static bool program_ok(const struct vdl_db *db, uint32_t first, uint32_t n)
{
    const uint8_t *p = n && n <= VDB_THREADS_MAX ? db_at(db, VDB_PROGRAMS, (uint64_t)first * VDB_OP, (uint64_t)n * VDB_OP) : NULL;

    for (uint32_t i = 0; p && i < n; i++) {
        const uint8_t *op = p + (size_t)i * VDB_OP;
        uint32_t to = get_le32(op + VDB_OP_TO);
        bool goes_on = op[VDB_OP_CODE] != VDB_O_MATCH && op[VDB_OP_CODE] != VDB_O_JUMP;

        if (op[VDB_OP_CODE] >= VDB_O_END || (goes_on && i + 1 >= n))
            return false;
        if ((op[VDB_OP_CODE] == VDB_O_SPLIT || op[VDB_OP_CODE] == VDB_O_JUMP) && to >= n)
            return false;
        if (op[VDB_OP_CODE] == VDB_O_SET && !db_row(db, VDB_SETS, to, 32))
            return false;
        if (op[VDB_OP_CODE] == VDB_O_EDGE && op[VDB_OP_BYTE] > VDB_EDGE_ALNUM_FREE)
            return false;
    }
    return p != NULL;
}

static bool owner_ok(const struct vdl_db *db, uint32_t owner)
{
    return owner & VDB_OWNER_STAGE ? (owner & ~VDB_OWNER_STAGE) < db->stages : owner < db->rules;
}

/* The record at a place; gives its length, or 0. */
static size_t record_length(const struct vdl_db *db, uint64_t at)
{
    const uint8_t *r = db_at(db, VDB_RECORDS, at, VDB_C_BYTES);
    uint32_t len = r ? get_le16(r + VDB_C_LEN) & VDB_C_LEN_MASK : 0, kind = r ? get_le16(r + VDB_C_LEN) >> VDB_C_KIND : 0;
    size_t all = VDB_C_BYTES + (size_t)len * (kind == VDB_K_MASK ? 2 : 1);

    if (!r || !owner_ok(db, get_le32(r + VDB_C_OWNER)))
        return 0;
    if (kind <= VDB_K_MASK)
        return len && len <= db->back && len <= db->ahead && db_at(db, VDB_RECORDS, at, all) ? all : 0;
    r = kind == VDB_K_PROGRAM ? db_at(db, VDB_RECORDS, at, VDB_C_PROGRAM_BYTES) : NULL;
    if (!r || !(get_le32(r + VDB_C_OWNER) & VDB_OWNER_STAGE) || get_le32(r + VDB_C_BACK_MIN) > get_le32(r + VDB_C_BACK_MAX) ||
        get_le32(r + VDB_C_BACK_MAX) > db->back || get_le32(r + VDB_C_MAX) > db->ahead ||
        !program_ok(db, get_le32(r + VDB_C_PROGRAM), get_le32(r + VDB_C_N)))
        return 0;
    all = VDB_C_PROGRAM_BYTES + (size_t)len * 2;
    return db_at(db, VDB_RECORDS, at, all) ? all : 0;
}

/* A bit for each place where a record begins; entries must point to such places. NULL: no memory, or *is_bad. */
static uint8_t *find_records(const struct vdl_db *db, bool *is_bad)
{
    size_t n = db->sec[VDB_RECORDS].n;
    uint8_t *map = calloc(n / 8 + 1, 1);

    *is_bad = false;
    if (!map)
        return NULL;
    for (size_t at = 0, length; at < n; at += length) {
        length = record_length(db, at);
        map[at / 8] |= (uint8_t)(1u << at % 8);
        *is_bad = length == 0;
        if (*is_bad) {
            free(map);
            return NULL;
        }
    }
    return map;
}

static enum cs_status check_groups(const struct vdl_db *db, char why[256])
{
    bool is_bad;
    uint8_t *map = find_records(db, &is_bad);

    if (!map)
        return is_bad ? wrong(why, "a damaged record") : CS_NOMEM;
    for (uint32_t k = 0; k < db->n_groups && !is_bad; k++) {
        const struct group *g = &db->groups[k];

        for (uint32_t i = 0; i < g->n_buckets && !is_bad; i++)
            is_bad = get_le32(g->buckets + 4 * (size_t)i) > get_le32(g->buckets + 4 * (size_t)i + 4);
        is_bad = is_bad || get_le32(g->buckets) != 0 || get_le32(g->buckets + 4 * (size_t)g->n_buckets) != g->n_entries;
        for (uint32_t i = 0; i < g->n_entries && !is_bad; i++) {
            uint32_t at = get_le32(g->entries + (size_t)i * VDB_ENTRY + VDB_E_REF) >> VDB_E_SHIFT;

            is_bad = at >= db->sec[VDB_RECORDS].n || !(map[at / 8] >> (at % 8) & 1);
        }
    }
    free(map);
    return is_bad ? wrong(why, "a search group's buckets or entries are damaged") : CS_OK;
}

static enum cs_status check_stages(const struct vdl_db *db, char why[256])
{
    uint32_t last_plan = 0;

    for (uint32_t i = 0; i < db->segments; i++) {
        const uint8_t *s = db->sec[VDB_SEGMENTS].p + (size_t)i * VDB_SEGMENT;
        uint32_t first = get_le32(s + VDB_S_FIRST), n = get_le32(s + VDB_S_STAGES), bits = get_le32(s + VDB_S_RING_BITS);

        if (get_le32(s + VDB_S_PLAN) >= db->plans || first > db->stages || n == 0 || n > db->stages - first ||
            get_le32(s + VDB_S_WHERE) > VDB_WH_VERSION_INFO || bits > 22)
            return wrong(why, "segment %u is damaged", i);
        if (get_le32(s + VDB_S_PLAN) < last_plan)
            return wrong(why, "segment %u stands behind those of a later plan", i);
        last_plan = get_le32(s + VDB_S_PLAN);
        if (get_le64(s + VDB_S_RING) > db->state || (bits && ((uint64_t)1 << bits) / 8 > db->state - get_le64(s + VDB_S_RING)))
            return wrong(why, "segment %u has no room for its state", i);
        for (uint32_t k = first; k < first + n; k++) {
            const uint8_t *t = db->sec[VDB_STAGES].p + (size_t)k * VDB_STAGE;
            uint32_t n_tail = get_le32(t + VDB_ST_TAIL_N), ring = get_le32(t + VDB_ST_RING_BITS);
            uint64_t at = get_le64(t + VDB_ST_STATE), need = ((uint64_t)n_tail + 63) / 64 * 8 + (ring ? ((uint64_t)1 << (ring & 31)) / 8 : 0);

            if (get_le32(t + VDB_ST_SEGMENT) != i || ring > 22 || (n_tail && !program_ok(db, get_le32(t + VDB_ST_TAIL), n_tail)) ||
                (get_le32(t + VDB_ST_FLAGS) & VDB_SF_SEEDED && !n_tail) ||
                !(get_le32(t + VDB_ST_FLAGS) & VDB_SF_LAST) != (k + 1 < first + n) || at % 8 || at > db->state || need > db->state - at)
                return wrong(why, "stage %u is damaged", k);
        }
    }
    for (size_t i = 0; i + 4 <= db->sec[VDB_SEEDED].n; i += 4)
        if (get_le32(db->sec[VDB_SEEDED].p + i) >= db->stages)
            return wrong(why, "the list of seeded stages is damaged");
    return CS_OK;
}

/* Operands and stack of one expression. */
static bool code_ok(const struct vdl_db *db, const uint8_t *p, uint32_t n)
{
    static const uint8_t operands[VDB_X_END] = {
        [VDB_X_SEGMENT] = 1, [VDB_X_AND] = 1, [VDB_X_OR] = 1, [VDB_X_XOR] = 1, [VDB_X_OF] = 2, [VDB_X_COUNT] = 4, [VDB_X_SIZE] = 4,
        [VDB_X_DEPTH] = 4, [VDB_X_NAME] = 2, [VDB_X_PARENT] = 1, [VDB_X_SENDER] = 2, [VDB_X_CONTAINER] = 1, [VDB_X_HASH] = 5,
        [VDB_X_REGEX] = 1, [VDB_X_INTEGER] = 2, [VDB_X_ORDER] = 5,
    };
    uint32_t depth = 0;
    struct slice text;

    for (uint32_t i = 0; i < n;) {
        uint32_t op = get_le32(p + 4 * (size_t)i), a = i + 1 < n ? get_le32(p + 4 * (size_t)i + 4) : 0, takes = 0, k;

        if (op >= VDB_X_END || n - i - 1 < operands[op])
            return false;
        switch ((enum vdb_code)op) {
        case VDB_X_AND:
        case VDB_X_OR:
        case VDB_X_XOR: takes = a; break;
        case VDB_X_OF: takes = get_le32(p + 4 * (size_t)i + 8); break;
        case VDB_X_NOT: takes = 1; break;
        case VDB_X_COUNT:
            takes = 1;
            k = get_le32(p + 4 * (size_t)i + 16);
            if (k > n - i - 5)
                return false;
            for (uint32_t s = 0; s < k; s++)
                if (get_le32(p + 4 * ((size_t)i + 5 + s)) >= db->segments)
                    return false;
            i += k;
            break;
        case VDB_X_SEGMENT:
            if (a >= db->segments)
                return false;
            break;
        case VDB_X_ORDER:
            k = get_le32(p + 4 * (size_t)i + 12);
            if (a >= db->segments || (k >= db->segments && k != VDB_NONE))
                return false;
            break;
        case VDB_X_NAME:
        case VDB_X_PARENT:
        case VDB_X_SENDER:
        case VDB_X_CONTAINER:
            if (!db_string(db, a, &text))
                return false;
            break;
        case VDB_X_HASH:
            if (!db_string(db, get_le32(p + 4 * (size_t)i + 16), &text) || hash_length(a) != text.n)
                return false;
            break;
        case VDB_X_REGEX:
        case VDB_X_INTEGER:
            takes = op == VDB_X_REGEX;
            if (!db_row(db, VDB_TESTS, a, VDB_TEST))
                return false;
            break;
        default: break;
        }
        if ((takes == 0 && operands[op] == 1 && op <= VDB_X_XOR && op >= VDB_X_AND) || takes > depth)
            return false;
        depth = depth - takes + 1;
        if (depth > VDB_STACK)
            return false;
        i += 1 + operands[op];
    }
    return depth == 1;
}

static enum cs_status check_plans(const struct vdl_db *db, char why[256])
{
    for (uint32_t i = 0; i < db->plans; i++) {
        const uint8_t *p = db->sec[VDB_PLANS].p + (size_t)i * VDB_PLAN;
        uint32_t n = get_le32(p + VDB_P_WORDS);
        const uint8_t *code = db_at(db, VDB_CODE, (uint64_t)get_le32(p + VDB_P_CODE) * 4, (uint64_t)n * 4);
        struct slice text;

        if (!code || !code_ok(db, code, n) || get_le32(p + VDB_P_RULE) >= db->rules || get_le32(p + VDB_P_TYPES) > db->types ||
            !db_string(db, get_le32(p + VDB_P_TEXT), &text))
            return wrong(why, "plan %u is damaged", i);
    }
    for (size_t i = 0; i + 4 <= db->sec[VDB_ALWAYS].n; i += 4)
        if (get_le32(db->sec[VDB_ALWAYS].p + i) >= db->plans)
            return wrong(why, "the list of rules without segments is damaged");
    return CS_OK;
}

static enum cs_status check_hashes(const struct vdl_db *db, char why[256])
{
    uint64_t sum = 0;

    for (size_t i = 0; i + VDB_HASH <= db->sec[VDB_HASHES].n; i += VDB_HASH) {
        const uint8_t *row = db->sec[VDB_HASHES].p + i;
        unsigned length = hash_length(get_le32(row + VDB_HD_ALGO));
        uint32_t n = get_le32(row + VDB_HD_N), words = get_le32(row + VDB_HD_WORDS), first = get_le32(row + VDB_HD_RULE);
        const uint8_t *d = db_at(db, VDB_DIGESTS, get_le64(row + VDB_HD_DIGESTS), (uint64_t)n * (length + 4));

        if (!length || !d || words < 2 || (words & (words - 1)) || first > db->rules || n > db->rules - first ||
            !db_at(db, VDB_SIZES, get_le64(row + VDB_HD_SIZES), (uint64_t)words * 8))
            return wrong(why, "a table of digests is damaged");
        for (uint32_t k = 1; k < n; k++)
            if (memcmp(d + (size_t)(k - 1) * (length + 4), d + (size_t)k * (length + 4), length) > 0)
                return wrong(why, "a table of digests is out of order");
        sum += n;
    }
    return sum == db->hash_rules ? CS_OK : wrong(why, "the numbers of digests do not agree");
}

enum cs_status vdl_verify(const struct vdl_db *db, char why[256])
{
    static enum cs_status (*const checks[])(const struct vdl_db *, char *) = {
        check_rules, check_types, check_groups, check_stages, check_plans, check_hashes,
    };
    uint8_t digest[32];
    enum cs_status st = CS_OK;

    why[0] = '\0';
    hash_file(db->map.data, VDB_H_DIGEST, VDB_H_DIGEST + VDB_DIGEST, digest);
    if (memcmp(digest, db->map.data.p + VDB_H_DIGEST, VDB_DIGEST) != 0)
        return wrong(why, "the digest does not agree with the content");
    for (size_t i = 0; i < sizeof checks / sizeof *checks && st == CS_OK; i++)
        st = checks[i](db, why);
    return st;
}
