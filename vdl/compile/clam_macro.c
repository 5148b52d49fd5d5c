#include "clam_ldb.h"

/*
 * Macros: "${min-max}g$" in a logical signature is one of the patterns of group g, "$g$" in place of an offset puts a pattern into its group.
 * The member begins min to max bytes behind the start of the subsignature before, so the two are one pattern with a gap. The groups may stand in
 * files that are read later: such lines wait until all sources are in.
 */
enum { GROUPS = 32, MEMBERS_MAX = 1024 };

struct member { struct vdl_node *body; struct member *next; };
struct later {
    struct slice line;
    const char *file;
    uint32_t number;
    enum vdl_class cls;
    struct later *next;
};
struct clam_macros {
    struct member *first[GROUPS], **end[GROUPS];
    size_t n[GROUPS];
    struct later *later, **later_end;
    bool is_complete;
};

static struct clam_macros *macros(struct vdl_reader *r)
{
    if (!r->macros) {
        r->macros = reader_get(r, 1, sizeof *r->macros);
        if (!r->macros)
            return NULL;
        *r->macros = (struct clam_macros){ .later_end = &r->macros->later };
        for (size_t i = 0; i < GROUPS; i++)
            r->macros->end[i] = &r->macros->first[i];
    }
    return r->macros;
}

/* A group's number in front of '$', or at the end of s as the peer takes it, too. */
static bool group_number(struct slice s, uint64_t *out)
{
    if (slice_ends(s, SLICE("$")))
        s.n--;
    return s.n && ascii_is_digit(s.p[s.n - 1]) && slice_chr(s, 'x') == s.n && number_of(s, out) && *out < GROUPS;
}

enum clam_fate clam_macro_member(struct vdl_reader *r, struct slice offset, struct vdl_node *body, struct clam_why *why)
{
    struct clam_macros *m = macros(r);
    struct member *one = reader_get(r, 1, sizeof *one);
    uint64_t group;

    if (!m || !one)
        return CLAM_MALFORMED;
    if (!group_number(slice_drop(offset, 1), &group))
        return clam_malformed(why, offset.p, "a macro group is $0$ to $31$");
    if (m->n[group] == MEMBERS_MAX)
        return clam_unsupported(why, "a macro group of more than 1024 patterns");
    *one = (struct member){ .body = body };
    *m->end[group] = one;
    m->end[group] = &one->next;
    m->n[group]++;
    return CLAM_OK;
}

/* A pattern that always takes as many bytes. */
static bool fixed_length(const struct vdl_node *n, uint64_t *out)
{
    uint64_t one;

    *out = 0;
    switch (n->kind) {
    case VN_BYTES: *out = n->bytes.n; return true;
    case VN_SET: *out = 1; return true;
    case VN_GAP: *out = n->lo; return n->lo == n->hi;
    case VN_EDGE: return true;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++, *out += one)
            if (!fixed_length(n->kids[i], &one))
                return false;
        return true;
    case VN_ALT:
        for (uint32_t i = 0; i < n->n_kids; i++) {
            if (!fixed_length(n->kids[i], &one) || (i && one != *out))
                return false;
            *out = one;
        }
        return true;
    default: return false;
    }
}

static enum clam_fate join(struct ldb *l, const struct vdl_node *before, uint64_t lo, uint64_t hi, uint64_t group, struct vdl_node **out)
{
    struct clam_macros *m = l->r->macros;
    struct vdl_node **members = reader_get(l->r, m->n[group], sizeof *members), *three[3];
    uint64_t length;
    size_t n = 0;

    if (before->kind != VN_SEGMENT)
        return clam_unsupported(l->why, "macro behind no plain subsignature");
    if (!fixed_length(before->kids[0], &length))
        return clam_unsupported(l->why, "macro behind a subsignature of no fixed length");
    if (lo < length)
        return clam_unsupported(l->why, "macro that begins inside the subsignature");
    for (struct member *k = m->first[group]; members && k; k = k->next)
        members[n++] = k->body;
    if (n == 0) {                   /* nothing can match */
        *out = node_new(l->r, VN_FALSE, 0, 0);
        return *out ? CLAM_OK : CLAM_MALFORMED;
    }
    three[0] = before->kids[0];
    three[1] = node_gap(l->r, lo - length, hi - length);
    three[2] = node_list(l->r, VN_ALT, members, n);
    *out = node_over(l->r, VN_SEGMENT, node_cat(l->r, three, 3));
    if (!*out)
        return CLAM_MALFORMED;
    (*out)->anchor = before->anchor;
    return CLAM_OK;
}

enum clam_fate clam_macro_sub(struct ldb *l, struct slice s, size_t number, struct vdl_node **out)
{
    size_t close = slice_chr(s, '}');
    struct slice two[2];
    uint64_t lo, hi, group;

    if (!slice_starts(s, SLICE("${")) || clam_split(slice_sub(s, 2, close - 2), '-', two, 2) != 2 || !number_of(two[0], &lo) ||
        !number_of(two[1], &hi) || !slice_ends(s, SLICE("$")) || !group_number(slice_drop(s, close + 1), &group))
        return clam_malformed(l->why, s.p, "expected ${min-max}group$, groups are 0 to 31");
    if (lo > hi || hi > UINT32_MAX)
        return clam_unsupported(l->why, "macro at no possible distance");
    if (number == 0)
        return clam_unsupported(l->why, "macro with no subsignature before it");
    if (!macros(l->r))
        return CLAM_MALFORMED;
    if (l->r->macros->is_complete)
        return l->subs[number - 1] ? join(l, l->subs[number - 1], lo, hi, group, out) : CLAM_UNSUPPORTED;
    l->has_macro = true;
    *out = node_new(l->r, VN_FALSE, 0, 0);
    return *out ? CLAM_OK : CLAM_MALFORMED;
}

enum clam_fate clam_macro_later(struct vdl_reader *r, struct slice line, uint32_t number, enum vdl_class cls)
{
    struct clam_macros *m = macros(r);
    struct later *one = reader_get(r, 1, sizeof *one);
    struct slice kept = reader_bytes(r, line);

    if (!m || !one || !kept.p)
        return CLAM_MALFORMED;
    *one = (struct later){ .line = kept, .file = r->file, .number = number, .cls = cls };
    *m->later_end = one;
    m->later_end = &one->next;
    return CLAM_LATER;
}

enum cs_status clam_macros_finish(struct vdl_reader *r)
{
    struct later *k = r->macros ? r->macros->later : NULL;

    if (!k)
        return r->status;
    r->macros->later = NULL;
    r->macros->later_end = &r->macros->later;
    r->macros->is_complete = true;
    for (; k && r->status == CS_OK; k = k->next) {
        struct vdl_source source = { .name = k->file, .text = k->line, .known_line = k->number };
        struct slice name = slice_of(NULL, 0);
        struct clam_why why = { .at = NULL };
        enum clam_fate fate;

        r->source = &source;
        r->file = k->file;
        fate = clam_ldb_line(r, k->cls, k->line, k->number, &name, &why);
        clam_count(r, fate, k->line, k->number, name, &why);
    }
    r->macros->is_complete = false;
    r->source = NULL;
    return r->status;
}
