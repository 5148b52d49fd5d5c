/* tree.h - trees as short text, for tests: (and (seg "ab") (not (seg (fold "cd")))) */
#ifndef TESTS_UNIT_TREE_H
#define TESTS_UNIT_TREE_H

#include <inttypes.h>
#include <stdio.h>

#include "vdl/compile/ast.h"

static inline void tree_string(FILE *f, struct slice s)
{
    fputc('"', f);
    for (size_t i = 0; i < s.n; i++)
        fprintf(f, s.p[i] >= 0x20 && s.p[i] < 0x7f && s.p[i] != '"' && s.p[i] != '\\' ? "%c" : "\\x%02x", s.p[i]);
    fputc('"', f);
}

static inline void tree_set(FILE *f, const uint8_t *set)
{
    fputs("[", f);
    for (unsigned i = 0; i < 256; i++) {
        unsigned from = i;
        if (!(set[i / 8] >> i % 8 & 1))
            continue;
        while (i < 255 && set[(i + 1) / 8] >> (i + 1) % 8 & 1)
            i++;
        fprintf(f, from == i ? "%02x " : "%02x-%02x ", from, i);
    }
    fseek(f, -1, SEEK_CUR);
    fputs("]", f);
}

static inline void tree_range(FILE *f, uint64_t lo, uint64_t hi)
{
    if (hi == VDL_INF)
        fprintf(f, " %" PRIu64 "-", lo);
    else if (lo == hi)
        fprintf(f, " %" PRIu64, lo);
    else
        fprintf(f, " %" PRIu64 "-%" PRIu64, lo, hi);
}

static inline void tree_anchor(FILE *f, const struct vdl_anchor *a)
{
    static const char *const where[] = { "any", "start", "end", "EP", "S", "SL", "SE", "VI" };

    if (a)
        fprintf(f, " @%s%.0u:%" PRId64 ":%" PRId64, where[a->where], a->section, a->lo, a->hi);
}

static inline void tree_integer(FILE *f, const struct vdl_integer *i)
{
    static const char *const cmps[] = { "=", ">", "<", ">=", "<=", "!=" };

    fprintf(f, " %s%d%s%s%s@%" PRId64, !i->is_text ? "raw" : i->is_auto ? "auto" : i->is_hex ? "hex" : "dec", i->bytes, i->is_big ? "be" : "le",
            i->is_exact ? "!" : "", i->and_mask == UINT64_MAX ? "" : "&", i->offset);
    if (i->from_bytes)
        fprintf(f, "*%d%s%u", i->from_bytes, i->from_big ? "be" : "le", i->from);
    for (unsigned k = 0; k < i->n_cmp; k++)
        fprintf(f, "%s%" PRIu64, cmps[i->cmp[k]], i->value[k]);
}

static inline void tree_print(FILE *f, const struct vdl_node *n)
{
    static const char *const words[] = { "", "", "gap", "cat", "alt", "rep", "loose", "digits", "edge", "seg", "and", "or", "xor", "not", "count", "order", "of",
        "size", "depth", "name", "parent", "hash", "section", "imports", "regex", "int", "sender", "inside", "true", "false" };
    static const char *const edges[] = { "b", "start", "end", "B", "L", "W" };
    static const char *const cmps[] = { "=", ">", "<", ">=", "<=", "!=" };

    if (n->kind == VN_BYTES && !n->mask && !n->fold) {
        tree_string(f, n->bytes);
        return;
    }
    if (n->kind == VN_SET) {
        tree_set(f, n->set);
        return;
    }
    fprintf(f, "(%s", n->kind == VN_BYTES ? n->mask ? "mask" : "fold" : words[n->kind]);
    if (n->bytes.n) {
        fputc(' ', f);
        tree_string(f, n->bytes);
    }
    if (n->mask) {
        fputc(' ', f);
        tree_string(f, (struct slice){ n->mask, n->bytes.n });
    }
    if (n->kind == VN_EDGE)
        fprintf(f, " %s%s%s", n->edge_not ? "!" : "", edges[n->edge], n->is_after ? ">" : "");
    if (n->kind == VN_COUNT)
        fprintf(f, " %s%" PRIu64 "%s%.0u", cmps[n->cmp], n->lo, n->distinct ? "/" : "", n->distinct);
    if (n->kind == VN_ORDER)
        fprintf(f, " %s%+" PRId64, cmps[n->cmp], (int64_t)n->lo);
    if (n->kind == VN_GAP || n->kind == VN_REP || n->kind == VN_SIZE || n->kind == VN_DEPTH)
        tree_range(f, n->lo, n->hi);
    if (n->kind == VN_OF || (node_is_hash(n) && n->lo != VDL_INF))
        fprintf(f, " %" PRIu64, n->lo);
    if (n->kind == VN_REGEX)
        fprintf(f, " %u", n->regex);
    tree_anchor(f, n->anchor);
    if (n->integer)
        tree_integer(f, n->integer);
    for (uint32_t i = 0; i < n->n_kids; i++) {
        fputc(' ', f);
        tree_print(f, n->kids[i]);
    }
    fputc(')', f);
}

/* In a buffer that the next call uses again. */
static inline const char *tree_text(const struct vdl_node *n)
{
    static char text[1 << 16];
    FILE *f = fmemopen(text, sizeof text, "w");

    tree_print(f, n);
    fclose(f);
    return text;
}

#endif
