#include "clam.h"
#include "ignore.h"

/* Hash sets: HASH:SIZE:NAME[:MINFL[:MAXFL]], and SIZE:HASH:NAME… for sections. The algorithm is told by the digest's length. */

enum { STAR_LEVEL = 73 };

struct hash_kind { enum vdl_kind kind; enum vdl_class cls; bool has_class, is_swapped; };

static enum clam_fate digest(struct slice hex, uint8_t out[32], struct vdl_node *n, struct clam_why *why)
{
    n->algo = hex.n == 32 ? VH_MD5 : hex.n == 40 ? VH_SHA1 : VH_SHA256;
    if (hex.n != 32 && hex.n != 40 && hex.n != 64)
        return clam_malformed(why, hex.p, "a hash has 32, 40 or 64 hexadecimal digits, this one %zu", hex.n);
    for (size_t i = 0; i < hex.n; i += 2) {
        int hi = ascii_hex(hex.p[i]), lo = ascii_hex(hex.p[i + 1]);
        if (hi < 0 || lo < 0)
            return clam_malformed(why, hex.p + i, "expected hexadecimal digits");
        out[i / 2] = (uint8_t)(hi * 16 + lo);
    }
    return CLAM_OK;
}

static enum clam_fate one(struct vdl_reader *r, const struct hash_kind *k, struct slice line, uint32_t number, struct slice *name,
                          struct clam_why *why)
{
    struct slice f[6], hex, size;
    size_t n = clam_split(line, ':', f, 6);
    struct vdl_node like = { .lo = VDL_INF }, *node;
    uint8_t bytes[32];
    enum clam_fate fate;

    if (n < 3 || n > 5)
        return clam_malformed(why, NULL, "expected %s:NAME[:MINFL[:MAXFL]], found %zu fields", k->is_swapped ? "SIZE:HASH" : "HASH:SIZE", n);
    hex = f[k->is_swapped];
    size = f[!k->is_swapped];
    *name = clam_name(f[2]);
    if (name->n == 0)
        return clam_malformed(why, f[2].p, "a signature without a name");
    fate = digest(hex, bytes, &like, why);
    if (fate != CLAM_OK)
        return fate;
    if (!slice_eq(size, SLICE("*"))) {
        if (!number_of(size, &like.lo) || like.lo == 0 || like.lo >= UINT32_MAX || ascii_lower(size.p[size.n > 1]) == 'x')
            return clam_malformed(why, size.p, "a size is a positive number, or *");
    } else if (k->kind != VN_IMPORT_HASH) {
        uint64_t min = 0;
        if (n < 4 || !number_of(f[3], &min) || min < STAR_LEVEL)
            return clam_malformed(why, size.p, "size * needs a MINFL of at least 73");
    }
    fate = clam_level(r, f + 3, n - 3, why);
    if (fate != CLAM_OK)
        return fate;
    node = node_new(r, k->kind, 0, 0);
    if (!node)
        return CLAM_MALFORMED;
    node->algo = like.algo;
    node->lo = like.lo;
    node->bytes = reader_bytes(r, (struct slice){ bytes, hex.n / 2 });
    return clam_keep(r, *name, k->has_class ? k->cls : reader_class(r), NULL, node, number, line, why);
}

#define HASH_READER(reader, line_fn, ...)                                                                                           \
    static enum clam_fate line_fn(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why) \
    {                                                                                                                               \
        static const struct hash_kind kind = { __VA_ARGS__ };                                                                       \
        return one(r, &kind, line, number, name, why);                                                                              \
    }                                                                                                                               \
    enum cs_status reader(struct vdl_reader *r, struct slice text)                                                                  \
    {                                                                                                                               \
        return clam_lines(r, text, false, line_fn);                                                                                 \
    }

HASH_READER(clam_read_hash, hash_line, .kind = VN_HASH)
HASH_READER(clam_read_hash_pua, hash_pua_line, .kind = VN_HASH, .cls = VDL_PUA, .has_class = true)
HASH_READER(clam_read_hash_allow, hash_allow_line, .kind = VN_HASH, .cls = VDL_ALLOW, .has_class = true)
HASH_READER(clam_read_section, section_line, .kind = VN_SECTION_HASH, .is_swapped = true)
HASH_READER(clam_read_section_pua, section_pua_line, .kind = VN_SECTION_HASH, .cls = VDL_PUA, .has_class = true, .is_swapped = true)
HASH_READER(clam_read_imp, import_line, .kind = VN_IMPORT_HASH)

/* ---- .ign2 NAME[:MD5], .ign a:b:NAME ---- */

static enum clam_fate ignored(struct vdl_reader *r, struct slice name, struct slice md5)
{
    if (ignore_add(r->ignore, name, md5) != CS_OK)
        r->status = CS_NOMEM;
    r->counts.loaded--;             /* clam_lines counts lines that were read; this is no rule */
    return CLAM_OK;
}

static enum clam_fate ign2_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    struct slice f[3];
    size_t n = clam_split(line, ':', f, 3);
    struct vdl_node unused;
    uint8_t bytes[32];

    (void)number;
    *name = f[0];
    if (n > 2 || f[0].n == 0)
        return clam_malformed(why, NULL, "expected NAME or NAME:MD5");
    if (n == 2 && (f[1].n != 32 || digest(f[1], bytes, &unused, why) != CLAM_OK))
        return clam_malformed(why, f[1].p, "an MD5 has 32 hexadecimal digits");
    return ignored(r, f[0], n == 2 ? f[1] : slice_of(NULL, 0));
}

static enum clam_fate ign_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    struct slice f[4];

    (void)number;
    (void)name;
    if (clam_split(line, ':', f, 4) != 3 || f[2].n == 0)
        return clam_malformed(why, NULL, "expected three fields, the third is the name");
    return ignored(r, f[2], slice_of(NULL, 0));
}

enum cs_status clam_read_ign2(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ign2_line);
}

enum cs_status clam_read_ign(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ign_line);
}

/* ---- what is not read ---- */

static const struct { const char *ending, *what; } unknown[] = {
    { ".ftm", "file type magic (.ftm)" }, { ".pwdb", "archive password (.pwdb): see scan.passwords" },
    { ".idb", "icon (.idb)" }, { ".pdb", "phishing list (.pdb)" }, { ".wdb", "phishing list (.wdb)" }, { ".gdb", "phishing list (.gdb)" },
    { ".crb", "certificate (.crb)" }, { ".cat", "catalogue of certificates (.cat)" },
};

static enum clam_fate unknown_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    const char *ending = strrchr(r->file, '.');

    (void)number;
    *name = slice_take(line, 40);
    for (size_t i = 0; ending && i < sizeof unknown / sizeof *unknown; i++)
        if (strcmp(ending, unknown[i].ending) == 0)
            return clam_unsupported(why, "%s", unknown[i].what);
    return clam_unsupported(why, "format %s", ending ? ending : "");
}

enum cs_status clam_read_unknown(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, unknown_line);
}

/* One program a file. */
enum cs_status clam_read_bytecode(struct vdl_reader *r, struct slice text)
{
    (void)text;
    reader_unsupported(r, 1, slice_str(r->file), "bytecode");
    return r->status;
}
