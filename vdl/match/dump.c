#include <stdlib.h>

#include "db.h"
#include "hash.h"

static void put_text(struct slice s, FILE *out)
{
    fputc('"', out);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '"' || s.p[i] == '\\')
            fprintf(out, "\\%c", s.p[i]);
        else if (s.p[i] >= ' ' && s.p[i] < 0x7f)
            fputc(s.p[i], out);
        else
            fprintf(out, "\\x%02x", s.p[i]);
    fputc('"', out);
}

/* Where each plain rule's literal stands. A damaged table ends it early. */
static void find_literals(const struct vdl_db *db, uint32_t *at)
{
    for (uint32_t i = 0; i < db->rules; i++)
        at[i] = VDB_NONE;
    for (uint64_t off = 0; off < db->sec[VDB_RECORDS].n;) {
        const uint8_t *r = db_at(db, VDB_RECORDS, off, VDB_C_BYTES);
        uint32_t len = r ? get_le16(r + VDB_C_LEN) & VDB_C_LEN_MASK : 0, kind = r ? get_le16(r + VDB_C_LEN) >> VDB_C_KIND : 0;

        if (!r)
            return;
        if (get_le32(r + VDB_C_OWNER) < db->rules)
            at[get_le32(r + VDB_C_OWNER)] = (uint32_t)off;
        off += (kind == VDB_K_PROGRAM ? VDB_C_PROGRAM_BYTES : VDB_C_BYTES) + (uint64_t)len * (kind == VDB_K_EXACT ? 1 : 2);
    }
}

static bool put_types(const struct vdl_db *db, uint32_t number, FILE *out)
{
    const uint8_t *slot = number ? db_at(db, VDB_TYPES, (uint64_t)(number - 1) * 4, 4) : NULL;
    const uint8_t *t = slot ? db_at(db, VDB_TYPES, get_le32(slot), 8) : NULL;

    if (number == 0)
        return true;
    for (uint32_t i = 0; t && i < get_le32(t + 4); i++) {
        const uint8_t *w = db_at(db, VDB_TYPES, (uint64_t)get_le32(slot) + 8 + (uint64_t)i * 4, 4);
        struct slice word;

        if (!w || !db_string(db, get_le32(w), &word))
            return false;
        fputs(get_le32(t) & VDB_TF_NOT ? ",!" : ",", out);
        put_text(word, out);
    }
    return t != NULL;
}

static bool put_digest(const struct vdl_db *db, uint32_t rule, FILE *out)
{
    static const char *const of[VDB_OFS] = { [VDB_OF_OBJECT] = "", [VDB_OF_SECTION] = "SECTION ", [VDB_OF_IMPORTS] = "IMPORTS " };
    static const char *const names[VDB_ALGOS] = { [VDB_MD5] = "MD5", [VDB_SHA1] = "SHA1", [VDB_SHA256] = "SHA256" };

    for (size_t i = 0; i + VDB_HASH <= db->sec[VDB_HASHES].n; i += VDB_HASH) {
        const uint8_t *row = db->sec[VDB_HASHES].p + i, *d;
        uint32_t algo = get_le32(row + VDB_HD_ALGO), length = hash_length(algo), first = get_le32(row + VDB_HD_RULE);
        uint32_t kind = get_le32(row + VDB_HD_KIND);
        uint64_t at;

        if (!length || rule < first || rule - first >= get_le32(row + VDB_HD_N))
            continue;
        at = get_le64(row + VDB_HD_DIGESTS);
        d = at <= UINT32_MAX ? db_at(db, VDB_DIGESTS, at + (uint64_t)(rule - first) * (length + 4), length + 4) : NULL;
        if (!d)
            return false;
        fprintf(out, "%s%s(\"", kind < VDB_OFS ? of[kind] : "", names[algo]);
        for (uint32_t k = 0; k < length; k++)
            fprintf(out, "%02x", d[k]);
        fputs("\")", out);
        if (get_le32(d + length) != VDB_MANY)
            fprintf(out, " SIZE %u", get_le32(d + length));
        return true;
    }
    return false;
}

static bool put_expression(const struct vdl_db *db, uint32_t rule, uint32_t what, uint32_t literal, FILE *out)
{
    const uint8_t *plan = what & VDB_W_PLAN ? db_row(db, VDB_PLANS, what >> VDB_W_SHIFT, VDB_PLAN) : NULL, *r;
    struct slice text;

    if (what & VDB_W_PLAN)
        return plan && db_string(db, get_le32(plan + VDB_P_TEXT), &text) && fwrite(text.p, 1, text.n, out) == text.n;
    if (literal == VDB_NONE)
        return put_digest(db, rule, out);
    r = db_at(db, VDB_RECORDS, literal, VDB_C_BYTES);
    text.n = r ? get_le16(r + VDB_C_LEN) & VDB_C_LEN_MASK : 0;
    text.p = r ? db_at(db, VDB_RECORDS, (uint64_t)literal + VDB_C_BYTES, text.n) : NULL;
    if (text.p)
        put_text(text, out);
    return text.p != NULL;
}

static bool put_rule(const struct vdl_db *db, uint32_t rule, uint32_t literal, FILE *out)
{
    const uint8_t *row = db_row(db, VDB_RULES, rule, VDB_RULE), *plan;
    static const char *const cleans[VDL_CLEANS] = VDL_CLEAN_WORDS;
    uint32_t what = row ? get_le32(row + VDB_R_WHAT) : 0, types = what >> VDB_W_SHIFT, clean = VDL_KEEP;
    struct slice name;

    if (!row || !db_rule_name(db, rule, &name) || (what & VDB_W_CLASS) >= VDL_CLASSES)
        return false;
    if (what & VDB_W_PLAN) {
        plan = db_row(db, VDB_PLANS, what >> VDB_W_SHIFT, VDB_PLAN);
        if (!plan)
            return false;
        types = get_le32(plan + VDB_P_TYPES);
        clean = (get_le32(plan + VDB_P_FLAGS) & VDB_PF_CLEAN) >> VDB_PF_CLEAN_SHIFT;
    }
    fprintf(out, ":%.*s, <\"class=%s\"", (int)name.n, (const char *)name.p, vdl_class_name((enum vdl_class)(what & VDB_W_CLASS)));
    if (clean != VDL_KEEP)
        fprintf(out, ",\"clean=%s\"", cleans[clean]);
    if (!put_types(db, types, out))
        return false;
    fputs("> ", out);
    return put_expression(db, rule, what, literal, out) && fputs(" #\n", out) >= 0;
}

enum cs_status vdl_dump(const struct vdl_db *db, FILE *out)
{
    uint32_t *at = malloc(((size_t)db->rules + 1) * sizeof *at);
    bool is_ok = at != NULL;
    struct slice version;

    if (!at)
        return CS_NOMEM;
    find_literals(db, at);
    if (db_string(db, get_le32(db->sec[VDB_INFO].p + VDB_I_VERSION), &version) && version.n)
        fprintf(out, "<\"version=%.*s\">\n", (int)version.n, (const char *)version.p);
    for (uint32_t i = 0; i < db->rules && is_ok; i++)
        is_ok = put_rule(db, i, at[i], out);
    free(at);
    if (ferror(out))
        return CS_IO;
    return is_ok ? CS_OK : CS_CORRUPT;
}
