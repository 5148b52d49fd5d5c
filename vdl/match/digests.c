#include "exe.h"
#include "hash.h"
#include "scan.h"

/* Does any digest of this table ask for an object of this size? */
static bool size_known(struct lane *l, const uint8_t *row, uint64_t size)
{
    uint32_t words = get_le32(row + VDB_HD_WORDS);
    const uint8_t *filter = db_at(l->db, VDB_SIZES, get_le64(row + VDB_HD_SIZES), (uint64_t)words * 8);
    uint64_t h = vdb_hash(size), bits = vdb_bits(h);

    if (get_le32(row + VDB_HD_ANY))
        return true;
    if (!filter || words < 2 || (words & (words - 1))) {
        l->scan->is_damaged = true;
        return false;
    }
    return (get_le64(filter + vdb_word(h, 64 - (unsigned)__builtin_ctz(words), words) * 8) & bits) == bits;
}

/* Report every rule with this digest and size. */
static enum cs_status look_up(struct lane *l, const uint8_t *row, const uint8_t *digest, uint64_t size)
{
    unsigned length = hash_length(get_le32(row + VDB_HD_ALGO));
    uint32_t n = get_le32(row + VDB_HD_N), from = 0, to = n;
    const uint8_t *d = db_at(l->db, VDB_DIGESTS, get_le64(row + VDB_HD_DIGESTS), (uint64_t)n * (length + 4));
    enum cs_status st = CS_OK;

    if (!d || length == 0)
        return CS_CORRUPT;
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;

        if (memcmp(d + (size_t)mid * (length + 4), digest, length) < 0)
            from = mid + 1;
        else
            to = mid;
    }
    for (; from < n && st == CS_OK && memcmp(d + (size_t)from * (length + 4), digest, length) == 0; from++) {
        uint32_t want = get_le32(d + (size_t)from * (length + 4) + length);

        if (want == VDB_MANY || want == size)
            st = scan_report(l, get_le32(row + VDB_HD_RULE) + from, 0, true);
    }
    return st;
}

static enum cs_status check_sections(struct lane *l, const uint8_t *row)
{
    const struct exe *x = scan_headers(l);
    enum cs_status st = CS_OK;
    uint8_t digest[32];

    for (uint32_t i = 0; x && i < x->n && st == CS_OK; i++) {
        struct slice s = slice_sub((struct slice){ l->view->p, l->view->n }, (size_t)x->sections[i].at, (size_t)x->sections[i].size);

        if (s.n == 0 || s.n != x->sections[i].size || !size_known(l, row, s.n))
            continue;
        hash_of(get_le32(row + VDB_HD_ALGO), s, digest);
        st = look_up(l, row, digest, s.n);
    }
    return st;
}

static enum cs_status check_imports(struct lane *l, const uint8_t *row)
{
    uint8_t digest[32];
    struct slice text;
    enum cs_status st = scan_imports(l, &text);

    if (st != CS_OK || !size_known(l, row, text.n))
        return st == CS_NOENT ? CS_OK : st;
    hash_of(get_le32(row + VDB_HD_ALGO), text, digest);
    return look_up(l, row, digest, text.n);
}

enum cs_status digests_check(struct lane *l)
{
    struct vdl_scan *s = l->scan;
    size_t n = l->db->sec[VDB_HASHES].n / VDB_HASH;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < n && st == CS_OK; i++) {
        const uint8_t *row = l->db->sec[VDB_HASHES].p + i * VDB_HASH;
        uint32_t algo = get_le32(row + VDB_HD_ALGO);

        if (hash_length(algo) == 0)
            return CS_CORRUPT;
        if (get_le32(row + VDB_HD_KIND) != VDB_OF_OBJECT) {
            st = get_le32(row + VDB_HD_KIND) == VDB_OF_SECTION ? check_sections(l, row) : check_imports(l, row);
            continue;
        }
        if (!size_known(l, row, s->size))
            continue;
        if (!s->has_digest[algo])
            hash_of(algo, (struct slice){ l->view->p, l->view->n }, s->digests[algo]);
        s->has_digest[algo] = true;
        st = look_up(l, row, s->digests[algo], s->size);
    }
    return st;
}
