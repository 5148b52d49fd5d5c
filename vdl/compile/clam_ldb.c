#include "clam_ldb.h"

#include <stdlib.h>

#include "parse.h"
#include "sema.h"

/* Logical signatures: NAME;TDB;EXPRESSION;SUBSIG0[;SUBSIG1…] */

/* ---- target description block ---- */

static const struct { struct slice cl, word; } type_words[] = {
    { SLICE("MSEXE"), SLICE("PE") }, { SLICE("ELF"), SLICE("ELF") }, { SLICE("MACHO"), SLICE("Mach-O") }, { SLICE("MACHO_UNIBIN"), SLICE("Mach-O") },
    { SLICE("POSIX_TAR"), SLICE("tar") }, { SLICE("OLD_TAR"), SLICE("tar") }, { SLICE("CPIO_OLD"), SLICE("cpio") }, { SLICE("CPIO_ODC"), SLICE("cpio") },
    { SLICE("CPIO_NEWC"), SLICE("cpio") }, { SLICE("CPIO_CRC"), SLICE("cpio") }, { SLICE("GZ"), SLICE("gzip") }, { SLICE("ZIP"), SLICE("ZIP") },
    { SLICE("BZ"), SLICE("bzip2") }, { SLICE("RAR"), SLICE("RAR") }, { SLICE("ARJ"), SLICE("ARJ") }, { SLICE("MSOLE2"), SLICE("OLE2") },
    { SLICE("MSCAB"), SLICE("CAB") }, { SLICE("MSCHM"), SLICE("CHM") }, { SLICE("GRAPHICS"), SLICE("graphics") }, { SLICE("GIF"), SLICE("GIF") },
    { SLICE("PNG"), SLICE("PNG") }, { SLICE("JPEG"), SLICE("JPEG") }, { SLICE("TIFF"), SLICE("TIFF") }, { SLICE("TNEF"), SLICE("TNEF") },
    { SLICE("PDF"), SLICE("PDF") }, { SLICE("SCRIPT"), SLICE("script") }, { SLICE("RTF"), SLICE("RTF") }, { SLICE("HTML"), SLICE("HTML") },
    { SLICE("MAIL"), SLICE("mail") }, { SLICE("7Z"), SLICE("7z") }, { SLICE("SWF"), SLICE("SWF") }, { SLICE("ISO9660"), SLICE("ISO9660") },
    { SLICE("JAVA"), SLICE("Java") }, { SLICE("DMG"), SLICE("DMG") }, { SLICE("XAR"), SLICE("XAR") }, { SLICE("XZ"), SLICE("xz") },
    { SLICE("OOXML_WORD"), SLICE("OOXML") }, { SLICE("OOXML_PPT"), SLICE("OOXML") }, { SLICE("OOXML_XL"), SLICE("OOXML") }, { SLICE("LNK"), SLICE("LNK") },
    { SLICE("EGG"), SLICE("EGG") }, { SLICE("ALZ"), SLICE("ALZ") }, { SLICE("ONENOTE"), SLICE("OneNote") }, { SLICE("LHA_LZH"), SLICE("LHA") },
    { SLICE("ZSTD"), SLICE("zstd") }, { SLICE("TEXT_ASCII"), SLICE("text") }, { SLICE("TEXT_UTF8"), SLICE("text") }, { SLICE("ANY"), SLICE("*") },
};

struct slice clam_type_word(struct slice cl_type)
{
    if (!slice_starts(cl_type, SLICE("CL_TYPE_")))
        return slice_of(NULL, 0);
    for (size_t i = 0; i < sizeof type_words / sizeof *type_words; i++)
        if (slice_eq(slice_drop(cl_type, 8), type_words[i].cl))
            return type_words[i].word;
    return slice_of(NULL, 0);
}

static bool add_condition(struct ldb *l, struct vdl_node *n)
{
    if (!n || l->n_conditions == CLAM_CONDITIONS)
        return false;
    l->conditions[l->n_conditions++] = n;
    return true;
}

static enum clam_fate tdb_size(struct ldb *l, struct slice value)
{
    struct slice two[2];
    struct vdl_node *n = node_new(l->r, VN_SIZE, 0, 0);

    if (!n)
        return CLAM_MALFORMED;
    if (clam_split(value, '-', two, 2) != 2 || !number_of(two[0], &n->lo) || !number_of(two[1], &n->hi))
        return clam_malformed(l->why, value.p, "expected FileSize:min-max");
    if (n->hi < n->lo)              /* never true; the peer loads it so */
        n->kind = VN_FALSE;
    add_condition(l, n);
    return CLAM_OK;
}

static enum clam_fate tdb_container(struct ldb *l, struct slice value)
{
    struct vdl_node *n = node_new(l->r, VN_CONTAINER, 0, 0);
    struct slice word = clam_type_word(value);

    if (!n)
        return CLAM_MALFORMED;
    if (word.n == 0)
        return clam_unsupported(l->why, "container type %.*s", (int)value.n, (const char *)value.p);
    n->bytes = word;
    if (slice_eq(word, SLICE("*"))) {           /* a root object */
        n->kind = VN_DEPTH;
        n->bytes = slice_of(NULL, 0);
    }
    add_condition(l, n);
    return CLAM_OK;
}

static enum clam_fate tdb_intermediates(struct ldb *l, struct slice value)
{
    struct slice f[17], word;
    size_t n = clam_split(value, '>', f, 17);
    struct buf b = buf_init(4096);
    struct vdl_node *node = node_new(l->r, VN_CONTAINER, 0, 0);
    enum clam_fate fate = CLAM_OK;

    if (n > 16)
        return clam_malformed(l->why, value.p, "more than 16 intermediates");
    for (size_t i = 0; i < n && fate == CLAM_OK; i++) {
        word = clam_type_word(f[i]);
        if (word.n == 0)
            fate = clam_unsupported(l->why, "container type %.*s", (int)f[i].n, (const char *)f[i].p);
        else if ((i && buf_putc(&b, '>') != CS_OK) || buf_put(&b, word) != CS_OK)
            l->r->status = CS_NOMEM;
    }
    if (node)
        node->bytes = reader_bytes(l->r, buf_slice(&b));
    buf_release(&b);
    add_condition(l, node);
    return fate;
}

static enum clam_fate tdb_engine(struct ldb *l, struct slice value)
{
    struct slice two[2];

    if (clam_split(value, '-', two, 2) != 2)
        return clam_malformed(l->why, value.p, "expected Engine:min-max");
    return clam_level(l->r, two, 2, l->why);
}

static enum clam_fate tdb_target(struct ldb *l, struct slice value)
{
    uint64_t n;

    if (!number_of(value, &n))
        return clam_malformed(l->why, value.p, "expected Target:number");
    if (n >= 15)
        return clam_unsupported(l->why, "target of 15 or more");
    l->target = (unsigned)n;
    l->has_target = true;
    return CLAM_OK;
}

static enum clam_fate tdb_pair(struct ldb *l, struct slice pair)
{
    static const struct { struct slice key; enum clam_fate (*fn)(struct ldb *, struct slice); } keys[] = {
        { SLICE("Engine"), tdb_engine }, { SLICE("Target"), tdb_target }, { SLICE("FileSize"), tdb_size },
        { SLICE("Container"), tdb_container }, { SLICE("Intermediates"), tdb_intermediates },
    };
    size_t colon = slice_chr(pair, ':');
    struct slice key = slice_take(pair, colon);

    if (colon == pair.n)
        return clam_malformed(l->why, pair.p, "expected KEY:VALUE");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (slice_eq(key, keys[i].key))
            return keys[i].fn(l, slice_drop(pair, colon + 1));
    return clam_unsupported(l->why, "target description %.*s", (int)(key.n > 40 ? 40 : key.n), (const char *)key.p);
}

/* All pairs are read: what is malformed weighs more than what is skipped or unsupported. */
static enum clam_fate tdb(struct ldb *l, struct slice s)
{
    struct slice f[11];
    size_t n = clam_split(s, ',', f, 11);
    enum clam_fate worst = CLAM_OK;
    struct clam_why first;

    if (n > 10)
        return clam_malformed(l->why, s.p, "more than ten target description entries");
    for (size_t i = 0; i < n; i++) {
        enum clam_fate fate = tdb_pair(l, f[i]);
        if (fate == CLAM_MALFORMED)
            return fate;
        if (fate == CLAM_SKIPPED || (fate == CLAM_UNSUPPORTED && worst == CLAM_OK)) {
            worst = fate;
            first = *l->why;
        }
    }
    if (worst != CLAM_OK) {
        *l->why = first;
        return worst;
    }
    return l->has_target ? CLAM_OK : clam_malformed(l->why, s.p, "Target is missing");
}

/* ---- expression ---- */

static struct expr *expr_new(struct ldb *l, enum expr_kind kind)
{
    struct expr *e = l->n_exprs < CLAM_EXPRS ? &l->exprs[l->n_exprs++] : NULL;

    if (!e) {
        clam_malformed(l->why, l->e.p, "an expression of more than %d parts", CLAM_EXPRS);
        return NULL;
    }
    *e = (struct expr){ .kind = kind };
    return e;
}

static bool expr_number(struct ldb *l, uint64_t *out)
{
    size_t n = 0;
    bool ok;

    while (n < l->e.n && ascii_is_digit(l->e.p[n]))
        n++;
    ok = n && n < 10 && number_of(slice_take(l->e, n), out);
    if (!ok)
        clam_malformed(l->why, l->e.p, "expected a number in the expression");
    l->e = slice_drop(l->e, n);
    return ok;
}

static int expr_peek(const struct ldb *l)
{
    return l->e.n ? l->e.p[0] : -1;
}

static struct expr *expr(struct ldb *l, unsigned depth);

static struct expr *expr_modifier(struct ldb *l, struct expr *e)
{
    struct expr *count;
    uint64_t n, distinct = 0;
    int c = expr_peek(l);

    if (c == ',' && e->kind == EX_INDEX)        /* "0,1-4": the peer reads over what follows the index */
        while (expr_peek(l) == ',' || expr_peek(l) == '-' || (expr_peek(l) >= '0' && expr_peek(l) <= '9'))
            l->e = slice_drop(l->e, 1);
    if (c != '=' && c != '>' && c != '<')
        return e;
    l->e = slice_drop(l->e, 1);
    count = expr_new(l, EX_COUNT);
    if (!count || !expr_number(l, &n))
        return NULL;
    if (expr_peek(l) == ',') {
        l->e = slice_drop(l->e, 1);
        if (!expr_number(l, &distinct))
            return NULL;
    }
    count->left = e;
    count->cmp = c == '=' ? VC_EQ : c == '>' ? VC_GT : VC_LT;
    count->n = n;
    count->distinct = e->kind == EX_INDEX ? 0 : (uint32_t)distinct;     /* means nothing for one subsignature */
    l->has_distinct = l->has_distinct || count->distinct > 1;
    return count;
}

static struct expr *expr_term(struct ldb *l, unsigned depth)
{
    struct expr *e;
    uint64_t n;

    if (expr_peek(l) == '(') {
        l->e = slice_drop(l->e, 1);
        e = depth < CLAM_DEPTH ? expr(l, depth + 1) : NULL;
        if (!e || expr_peek(l) != ')') {
            if (e || depth >= CLAM_DEPTH)
                clam_malformed(l->why, l->e.p, e ? "expected ')' in the expression" : "an expression nested too deep");
            return NULL;
        }
        l->e = slice_drop(l->e, 1);
        return expr_modifier(l, e);
    }
    if (!expr_number(l, &n))
        return NULL;
    if (n >= CLAM_SUBSIGS) {
        clam_malformed(l->why, l->e.p, "a subsignature number above 63");
        return NULL;
    }
    e = expr_new(l, EX_INDEX);
    if (!e)
        return NULL;
    e->n = n;
    if (n + 1 > l->highest)
        l->highest = (size_t)n + 1;
    return expr_modifier(l, e);
}

/*
 * No precedence, and two rules, as the peer has them: the leftmost operator splits, everything behind it is its right side; but directly
 * inside parentheses it is the last operator that splits. So a|b&c is a|(b&c), and (a|b&c|d) is (a|(b&c))|d.
 */
static struct expr *expr(struct ldb *l, unsigned depth)
{
    struct expr *e = expr_term(l, depth), *join, *top = NULL, *last = NULL, **at = &top, **before = NULL;
    int c;

    while (e && ((c = expr_peek(l)) == '&' || c == '|')) {
        l->e = slice_drop(l->e, 1);
        join = expr_new(l, c == '&' ? EX_AND : EX_OR);
        if (!join)
            return NULL;
        join->left = e;
        *at = join;
        before = at;
        at = &join->right;
        last = join;
        e = expr_term(l, depth);
    }
    *at = e;
    if (e && depth && last && last != top) {
        *before = last->left;               /* the chain without its last operator … */
        last->left = top;                   /* … is that operator's left side */
        top = last;
    }
    return e ? top : NULL;
}

/* Operands of the same operator, gathered from the right side down. */
static struct vdl_node *expr_join(struct ldb *l, const struct expr *e)
{
    struct vdl_node **kids = reader_get(l->r, CLAM_EXPRS, sizeof *kids);
    size_t n = 0;
    enum expr_kind kind = e->kind;

    if (!kids)
        return NULL;
    for (; e->kind == kind; e = e->right)
        kids[n++] = clam_ldb_tree(l, e->left);
    kids[n++] = clam_ldb_tree(l, e);
    return node_list(l->r, kind == EX_AND ? VN_AND : VN_OR, kids, n);
}

struct vdl_node *clam_ldb_tree(struct ldb *l, const struct expr *e)
{
    struct vdl_node *n, *kid;

    switch (e->kind) {
    case EX_INDEX: return l->subs[e->n];
    case EX_AND: case EX_OR: return expr_join(l, e);
    default: break;
    }
    kid = clam_ldb_tree(l, e->left);
    if (!kid)
        return NULL;
    if (e->cmp == VC_EQ && e->n == 0)
        return node_over(l->r, VN_NOT, kid);
    if (e->cmp == VC_GT && e->n == 0 && e->distinct <= 1)
        return kid;
    n = node_over(l->r, VN_COUNT, kid);
    if (n) {
        n->cmp = e->cmp;
        n->lo = e->n;
        n->distinct = e->distinct;
    }
    return n;
}

/* A trigger is an expression of its own, over subsignatures that are already there. */
enum clam_fate clam_ldb_trigger(struct ldb *l, struct slice s, size_t limit, struct vdl_node **out)
{
    struct slice e = l->e;
    size_t highest = l->highest;
    struct expr *tree;

    l->e = s;
    l->highest = 0;
    tree = expr(l, 0);
    if (tree && l->e.n) {
        clam_malformed(l->why, l->e.p, "expected an expression as trigger");
        tree = NULL;
    }
    if (tree && l->highest > limit) {
        clam_malformed(l->why, s.p, "a trigger may use earlier subsignatures only");
        tree = NULL;
    }
    l->e = e;
    l->highest = highest;
    if (!tree)
        return CLAM_MALFORMED;
    for (size_t i = 0; i < limit; i++)
        if (!l->subs[i])
            return CLAM_UNSUPPORTED;    /* an earlier one is; its reason stands */
    *out = clam_ldb_tree(l, tree);
    return *out ? CLAM_OK : CLAM_MALFORMED;
}

/* ---- the line ---- */

/* Cut at ';', but not inside an unescaped /…/ of a subsignature. Gives max + 1 when there are more. */
static size_t split(struct slice s, struct slice *f, size_t max)
{
    size_t n = 0, from = 0;
    bool in_regex = false;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && in_regex) {
            i++;
        } else if (s.p[i] == '/' && n >= 3) {
            in_regex = !in_regex;
        } else if (s.p[i] == ';' && !in_regex) {
            if (n == max)
                return max + 1;
            f[n++] = slice_sub(s, from, i - from);
            from = i + 1;
        }
    }
    if (n == max)
        return max + 1;
    f[n++] = slice_drop(s, from);
    return n;
}

enum clam_fate clam_ldb_line(struct vdl_reader *r, enum vdl_class cls, struct slice line, uint32_t number, struct slice *name,
                             struct clam_why *why)
{
    struct ldb room, *l = &room;
    struct slice f[CLAM_SUBSIGS + 3];
    size_t n = split(line, f, CLAM_SUBSIGS + 3);
    const struct vdl_types *types;
    struct expr *e;
    enum clam_fate fate;

    memset(l, 0, sizeof *l);
    l->r = r;
    l->why = why;
    if (n < 4 || n > CLAM_SUBSIGS + 3)
        return clam_malformed(why, NULL, n < 4 ? "expected NAME;TDB;EXPRESSION;SUBSIG0…" : "more than 64 subsignatures");
    *name = clam_name(f[0]);
    if (name->n == 0)
        return clam_malformed(why, f[0].p, "a signature without a name");
    fate = tdb(l, f[1]);
    if (fate != CLAM_OK)
        return fate;
    l->e = f[2];
    e = expr(l, 0);
    if (!e || l->e.n) {
        if (e)
            clam_malformed(why, l->e.p, "expected '&', '|', '=', '<' or '>' in the expression");
        return CLAM_MALFORMED;
    }
    l->n_subs = n - 3;
    if (l->highest != l->n_subs)
        return clam_malformed(why, f[2].p, "%zu subsignatures, but the expression uses %zu", l->n_subs, l->highest);
    fate = clam_ldb_subs(l, f + 3);
    if (fate == CLAM_OK)
        fate = clam_target(r, l->target, &types, why);
    if (fate != CLAM_OK)
        return fate;
    if (l->has_macro)
        return clam_macro_later(r, line, number, cls);
    add_condition(l, clam_ldb_tree(l, e));
    if (r->status != CS_OK)
        return CLAM_MALFORMED;
    return clam_keep(r, *name, cls, types, node_list(r, VN_AND, l->conditions, l->n_conditions), number, line, why);
}

static enum clam_fate ldb_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    return clam_ldb_line(r, reader_class(r), line, number, name, why);
}

static enum clam_fate ldu_line(struct vdl_reader *r, struct slice line, uint32_t number, struct slice *name, struct clam_why *why)
{
    return clam_ldb_line(r, VDL_PUA, line, number, name, why);
}

enum cs_status clam_read_ldb(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ldb_line);
}

enum cs_status clam_read_ldu(struct vdl_reader *r, struct slice text)
{
    return clam_lines(r, text, false, ldu_line);
}
