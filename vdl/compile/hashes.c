#include <stdlib.h>

#include "lower.h"

static const uint8_t lengths[] = { [VDB_MD5] = 16, [VDB_SHA1] = 20, [VDB_SHA256] = 32 };
static const uint8_t algos[] = { [VH_MD5] = VDB_MD5, [VH_SHA1] = VDB_SHA1, [VH_SHA256] = VDB_SHA256 };

uint32_t hash_kind(const struct vdl_node *n)
{
    return n->kind == VN_HASH ? VDB_OF_OBJECT : n->kind == VN_SECTION_HASH ? VDB_OF_SECTION : VDB_OF_IMPORTS;
}

static int by_digest(const void *pa, const void *pb)
{
    const struct vdl_rule *a = ((const struct hashed *)pa)->rule, *b = ((const struct hashed *)pb)->rule;
    int d;

    if (a->expr->kind != b->expr->kind)
        return a->expr->kind < b->expr->kind ? -1 : 1;
    if (a->expr->algo != b->expr->algo)
        return a->expr->algo < b->expr->algo ? -1 : 1;
    d = memcmp(a->expr->bytes.p, b->expr->bytes.p, a->expr->bytes.n);
    if (d)
        return d;
    if (a->expr->lo != b->expr->lo)
        return a->expr->lo < b->expr->lo ? -1 : 1;
    return a < b ? -1 : a > b;      /* as they came */
}

/* The sizes that any of them asks for: one look says that no digest is needed. */
static void put_sizes(struct emitter *e, const struct hashed *h, size_t n, uint8_t *row)
{
    uint32_t words = 16, any = 0, at = image_at(&e->image, VDB_SIZES);
    uint8_t *filter;

    while (words < 1u << 18 && (uint64_t)words * 64 < n * 16)
        words *= 2;
    filter = image_grow(&e->image, VDB_SIZES, (size_t)words * 8);
    for (size_t i = 0; filter && i < n; i++) {
        uint64_t hash = vdb_hash(h[i].rule->expr->lo);
        uint8_t *w = filter + vdb_word(hash, 64 - (unsigned)__builtin_ctz(words), words) * 8;

        any |= h[i].rule->expr->lo == VDL_INF;
        put_le64(w, get_le64(w) | vdb_bits(hash));
    }
    row = e->image.sec[VDB_HASHES].p + (e->image.sec[VDB_HASHES].n - VDB_HASH);
    put_le64(row + VDB_HD_SIZES, at);
    put_le32(row + VDB_HD_WORDS, words);
    put_le32(row + VDB_HD_ANY, any);
}

/* One algorithm and kind: the digests, sorted, each with its size. */
static enum cs_status put_table(struct emitter *e, const struct hashed *h, size_t n, uint32_t first_rule)
{
    const struct vdl_node *x = h[0].rule->expr;
    uint32_t algo = algos[x->algo], length = lengths[algo];
    uint64_t at = e->image.sec[VDB_DIGESTS].n;
    uint8_t *row = image_grow(&e->image, VDB_HASHES, VDB_HASH), *d = image_grow(&e->image, VDB_DIGESTS, n * (length + 4));

    if (!row || !d)
        return e->image.is_large ? CS_LIMIT : CS_NOMEM;
    put_le32(row + VDB_HD_ALGO, algo);
    put_le32(row + VDB_HD_N, (uint32_t)n);
    put_le64(row + VDB_HD_DIGESTS, at);
    put_le32(row + VDB_HD_RULE, first_rule);
    put_le32(row + VDB_HD_KIND, hash_kind(x));
    for (size_t i = 0; i < n; i++, d += length + 4) {
        uint64_t size = h[i].rule->expr->lo;

        memcpy(d, h[i].rule->expr->bytes.p, length);
        put_le32(d + length, size == VDL_INF ? VDB_MANY : (uint32_t)size);
    }
    put_sizes(e, h, n, row);
    return CS_OK;
}

enum cs_status hashes_put(struct emitter *e, struct hashed *h, size_t n, uint32_t first_rule)
{
    enum cs_status st = CS_OK;

    qsort(h, n, sizeof *h, by_digest);
    for (size_t i = 0, k; i < n && st == CS_OK; i = k) {
        const struct vdl_node *x = h[i].rule->expr;

        for (k = i; k < n && h[k].rule->expr->kind == x->kind && h[k].rule->expr->algo == x->algo; k++)
            ;
        st = put_table(e, h + i, k - i, first_rule + (uint32_t)i);
    }
    if (n)
        e->flags |= VDB_F_WHOLE;
    return st;
}
