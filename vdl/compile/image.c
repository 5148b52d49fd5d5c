#include "image.h"

#include <stdlib.h>

#include "base/newfile.h"
#include "digest.h"

void image_release(struct image *im)
{
    for (int i = 0; i < VDB_SECTIONS_END; i++)
        free(im->sec[i].p);
    *im = (struct image){ 0 };
}

uint8_t *image_grow(struct image *im, enum vdb_section id, size_t n)
{
    struct section *s = &im->sec[id];

    if (n > UINT32_MAX - s->n) {
        im->is_large = true;
        return NULL;
    }
    if (n > s->room - s->n) {
        size_t room = s->room + s->room / 2 + n + 4096;
        uint8_t *grown = realloc(s->p, room);

        if (!grown) {
            im->is_short = true;
            return NULL;
        }
        s->p = grown;
        s->room = room;
    }
    s->n += n;
    return memset(s->p + s->n - n, 0, n);
}

void image_put(struct image *im, enum vdb_section id, struct slice s)
{
    uint8_t *p = s.n ? image_grow(im, id, s.n) : NULL;

    if (p)
        memcpy(p, s.p, s.n);
}

void image_put32(struct image *im, enum vdb_section id, uint32_t v)
{
    uint8_t *p = image_grow(im, id, 4);

    if (p)
        put_le32(p, v);
}

uint32_t image_string(struct image *im, struct slice s)
{
    uint32_t at;

    if (s.n == 0)
        return 0;
    if (im->sec[VDB_STRINGS].n == 0)
        image_put32(im, VDB_STRINGS, 0);
    at = image_at(im, VDB_STRINGS);
    image_put32(im, VDB_STRINGS, (uint32_t)s.n);
    image_put(im, VDB_STRINGS, s);
    return at;
}

static const uint8_t zeros[VDB_ALIGN];

/*
 * Where the bytes of an image go: into a digest, or into a file. The file is written in whole pieces of the size of a large page:
 * such a piece stays one page of the kernel's cache, and a program that maps the file has it at the price of one page fault.
 */
enum { PIECE = 2 << 20 };
struct sink {
    struct digest *digest;      /* NULL: to the file */
    struct newfile *file;
    uint8_t *piece;             /* PIECE bytes, of which n are taken */
    size_t n;
};

static enum cs_status sink_flush(struct sink *k)
{
    enum cs_status st = newfile_write(k->file, (struct slice){ k->piece, k->n });

    k->n = 0;
    return st;
}

static enum cs_status sink_put(struct sink *k, struct slice s)
{
    enum cs_status st = CS_OK;

    if (k->digest) {
        digest_add(k->digest, s);
        return CS_OK;
    }
    while (s.n && st == CS_OK) {
        size_t n = s.n < PIECE - k->n ? s.n : PIECE - k->n;

        memcpy(k->piece + k->n, s.p, n);
        k->n += n;
        s = slice_drop(s, n);
        if (k->n == PIECE)
            st = sink_flush(k);
    }
    return st;
}

/* Everything in the order of the file. */
static enum cs_status put_all(const struct image *im, struct slice head, struct sink *k)
{
    enum cs_status st = sink_put(k, head);

    for (int i = 1; i < VDB_SECTIONS_END && st == CS_OK; i++) {
        size_t n = im->sec[i].n;

        if (n)
            st = sink_put(k, slice_of(im->sec[i].p, n));
        if (n && st == CS_OK)
            st = sink_put(k, slice_of(zeros, (size_t)-n % VDB_ALIGN));
    }
    return st;
}

static enum cs_status put_file(const struct image *im, struct slice head, struct newfile *f)
{
    struct sink k = { .file = f, .piece = aligned_alloc(4096, PIECE) };
    enum cs_status st = k.piece ? put_all(im, head, &k) : CS_NOMEM;

    if (st == CS_OK)
        st = sink_flush(&k);
    free(k.piece);
    return st;
}

enum { HEAD_MAX = (VDB_HEADER + VDB_SECTIONS_END * VDB_TOC + VDB_ALIGN - 1) / VDB_ALIGN * VDB_ALIGN };

static size_t make_head(const struct image *im, uint8_t *head, uint64_t *bytes)
{
    uint32_t n = 0;
    uint64_t at;
    uint8_t *t = head + VDB_HEADER;

    for (int i = 1; i < VDB_SECTIONS_END; i++)
        n += im->sec[i].n != 0;
    at = (VDB_HEADER + (uint64_t)n * VDB_TOC + VDB_ALIGN - 1) / VDB_ALIGN * VDB_ALIGN;
    *bytes = at;
    memset(head, 0, HEAD_MAX);
    for (uint32_t i = 1; i < VDB_SECTIONS_END; i++) {
        if (im->sec[i].n == 0)
            continue;
        put_le32(t + VDB_T_ID, i);
        put_le64(t + VDB_T_OFFSET, *bytes);
        put_le64(t + VDB_T_LENGTH, im->sec[i].n);
        *bytes += (im->sec[i].n + VDB_ALIGN - 1) / VDB_ALIGN * VDB_ALIGN;
        t += VDB_TOC;
    }
    memcpy(head, VDB_MAGIC, sizeof VDB_MAGIC - 1);
    put_le16(head + VDB_H_MAJOR, VDB_MAJOR);
    put_le16(head + VDB_H_MINOR, VDB_MINOR);
    put_le32(head + VDB_H_SECTIONS, n);
    put_le64(head + VDB_H_BYTES, *bytes);
    return (size_t)at;
}

enum cs_status image_write(struct image *im, const char *path, uint64_t *bytes)
{
    uint8_t head[HEAD_MAX];
    struct newfile f = { .fd = -1 };
    struct digest d;
    enum cs_status st;
    size_t n;

    if (im->is_short || im->is_large)
        return im->is_short ? CS_NOMEM : CS_LIMIT;
    n = make_head(im, head, bytes);
    digest_init(&d);
    st = put_all(im, slice_of(head, n), &(struct sink){ .digest = &d });
    digest_done(&d, head + VDB_H_DIGEST);
    if (st == CS_OK)
        st = newfile_open(&f, path, 0644);
    if (st != CS_OK)
        return st;
    st = put_file(im, slice_of(head, n), &f);
    if (st == CS_OK)
        st = newfile_publish(&f, true);
    if (st != CS_OK)
        newfile_drop(&f);
    return st;
}
