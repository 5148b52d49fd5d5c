#include "clam.h"

enum { TARGETS_END = 15, OFFSET_MAX = 64 };

/* ---- targets ---- */

static const struct slice target_words[] = {
    [1] = SLICE("PE"), [2] = SLICE("OLE2"), [3] = SLICE("normalised-html"), [4] = SLICE("mail"), [5] = SLICE("graphics"), [6] = SLICE("ELF"),
    [7] = SLICE("normalised-text"), [9] = SLICE("Mach-O"), [10] = SLICE("PDF"), [11] = SLICE("SWF"), [12] = SLICE("Java"),
};
enum { TARGET_WORDS = sizeof target_words / sizeof *target_words };

enum clam_fate clam_target(struct vdl_reader *r, unsigned target, const struct vdl_types **out, struct clam_why *why)
{
    struct vdl_types *t;

    *out = NULL;
    if (target == 0)
        return CLAM_OK;
    if (target >= TARGET_WORDS || target_words[target].n == 0)
        return clam_unsupported(why, "target %u", target);
    if (!r->targets[target]) {
        t = reader_get(r, 1, sizeof *t);
        if (!t)
            return CLAM_MALFORMED;
        t->words = reader_get(r, 1, sizeof *t->words);
        if (!t->words)
            return CLAM_MALFORMED;
        t->words[0] = target_words[target];
        t->n = 1;
        t->is_exact = true;
        r->targets[target] = t;
    }
    *out = r->targets[target];
    return CLAM_OK;
}

/* ---- offsets ---- */

static bool is_executable(unsigned target)
{
    return target == 1 || target == 6 || target == 9;
}

/* SE3, S0+10, SL+5 … behind the 'S'; false when it is none of them. */
static bool section_place(struct slice s, struct vdl_anchor *a, struct slice *number)
{
    size_t sign = slice_chr(s, '+');
    struct slice which = slice_take(s, sign);
    uint64_t n = 0;

    *number = slice_drop(s, sign + 1);
    if (slice_starts(s, SLICE("E"))) {
        a->where = VW_IN_SECTION;
        which = slice_drop(s, 1);
        *number = SLICE("0");
    } else if (slice_eq(which, SLICE("L")) && sign < s.n) {
        a->where = VW_LAST_SECTION;
        return true;
    } else if (sign == s.n) {
        return false;
    } else {
        a->where = VW_SECTION;
    }
    if (which.n > 5 || (which.n > 1 && which.p[1] == 'x') || !number_of(which, &n))
        return false;
    a->section = (unsigned)n;
    return true;
}

/* What stands before the comma: the kind of place, and the number that goes with it. */
static bool place(struct slice s, struct vdl_anchor *a, struct slice *number, bool *is_minus)
{
    *is_minus = false;
    *number = s;
    a->where = VW_START;
    if (slice_starts(s, SLICE("EOF-"))) {
        a->where = VW_END;
        *number = slice_drop(s, 4);
    } else if (slice_starts(s, SLICE("EP+")) || slice_starts(s, SLICE("EP-"))) {
        a->where = VW_ENTRY;
        *is_minus = s.p[2] == '-';
        *number = slice_drop(s, 3);
    } else if (slice_eq(s, SLICE("VI"))) {
        a->where = VW_VERSION_INFO;
        *number = SLICE("0");
    } else if (slice_starts(s, SLICE("S"))) {
        return section_place(slice_drop(s, 1), a, number);
    }
    return true;
}

enum clam_fate clam_offset(struct vdl_reader *r, struct slice s, unsigned target, const struct vdl_anchor **out, struct clam_why *why)
{
    struct vdl_anchor a = { 0 }, *kept;
    struct slice two[2], number;
    uint64_t n, shift = 0;
    bool is_minus;

    *out = NULL;
    if (slice_eq(s, SLICE("*")))
        return CLAM_OK;
    if (s.n > OFFSET_MAX)
        return clam_malformed(why, s.p, "an offset longer than 64 characters");
    if (s.n && s.p[0] == '$')
        return clam_unsupported(why, "macro group");
    if (clam_split(s, ',', two, 2) == 2 && (!number_of(two[1], &shift) || shift > UINT32_MAX))
        return clam_malformed(why, two[1].p, "a shift is a number");
    if (!place(two[0], &a, &number, &is_minus) || !number_of(number, &n) || n > UINT32_MAX)
        return clam_malformed(why, s.p, "expected an offset: *, n, EOF-n, EP+n, Sx+n, SEx, SL+n or VI");
    if (a.where > VW_END && !is_executable(target))
        return clam_malformed(why, s.p, "this offset goes with executables only (targets 1, 6, 9)");
    a.lo = is_minus ? -(int64_t)n : (int64_t)n;
    a.hi = a.lo + (int64_t)shift;
    if (a.where == VW_END) {
        a.hi = a.lo;
        a.lo = shift > n ? 0 : (int64_t)(n - shift);
    }
    kept = reader_get(r, 1, sizeof *kept);
    if (!kept)
        return CLAM_MALFORMED;
    *kept = a;
    *out = kept;
    return CLAM_OK;
}

/* ---- NAME:TARGET:OFFSET:HEX[:MINFL[:MAXFL]] ---- */

static enum clam_fate one(struct vdl_reader *r, enum vdl_class cls, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    struct slice f[7];
    size_t n = clam_split(line, ':', f, 7);
    uint64_t target = 0;
    const struct vdl_types *types;
    const struct vdl_anchor *anchor;
    struct vdl_node *body;
    enum clam_fate fate;

    if (n < 4 || n > 6)
        return clam_malformed(why, NULL, "expected NAME:TARGET:OFFSET:HEX[:MINFL[:MAXFL]], found %zu fields", n);
    *name = clam_name(f[0]);
    if (name->n == 0)
        return clam_malformed(why, f[0].p, "a signature without a name");
    if (!slice_eq(f[1], SLICE("*")) && !number_of(f[1], &target))
        return clam_malformed(why, f[1].p, "expected a target type: a number or *");
    fate = clam_level(r, f + 4, n - 4, why);
    if (fate != CLAM_OK)
        return fate;
    if (target >= TARGETS_END)
        return clam_unsupported(why, "target of 15 or more");
    if (slice_starts(f[2], SLICE("$"))) {
        fate = clam_body(r, f[3], 0, &body, why);
        return fate == CLAM_OK ? clam_macro_member(r, f[2], body, why) : fate;
    }
    fate = clam_offset(r, f[2], (unsigned)target, &anchor, why);
    if (fate == CLAM_OK)
        fate = clam_body(r, f[3], 0, &body, why);
    if (fate == CLAM_OK)
        fate = clam_target(r, (unsigned)target, &types, why);
    if (fate != CLAM_OK)
        return fate;
    body = node_over(r, VN_SEGMENT, body);
    if (body)
        body->anchor = anchor;
    return clam_keep(r, *name, cls, types, body, number, line, why);
}

static enum clam_fate ndb_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    return one(r, reader_class(r), line, number, name, why);
}

static enum clam_fate ndu_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    return one(r, VDL_PUA, line, number, name, why);
}

enum cs_status clam_read_ndb(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ndb_line);
}

enum cs_status clam_read_ndu(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ndu_line);
}

/* ---- NAME=HEX ---- */

static enum clam_fate db_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    size_t at = slice_chr(line, '=');
    struct slice hex = slice_drop(line, at + 1);
    struct vdl_node *body;
    enum clam_fate fate;

    *name = clam_name(slice_take(line, at));
    if (at == line.n || name->n == 0)
        return clam_malformed(why, NULL, "expected NAME=HEX");
    if (hex.n && hex.p[0] == '=')
        return clam_unsupported(why, "NAME==");
    fate = clam_body(r, hex, 0, &body, why);
    return fate == CLAM_OK ? clam_keep(r, *name, reader_class(r), NULL, node_over(r, VN_SEGMENT, body), number, line, why) : fate;
}

enum cs_status clam_read_db(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, db_line);
}
