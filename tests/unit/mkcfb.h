/*
 * mkcfb.h - makes small compound files for tests: 512-byte sectors, small streams in the mini stream.
 */
#ifndef TESTS_MKCFB_H
#define TESTS_MKCFB_H

#include <assert.h>

#include "base/buf.h"
#include "base/bytes.h"

enum { MKCFB_SECTOR = 512, MKCFB_ENTRIES = 64 };

struct mkcfb_entry {
    const char *name;           /* ASCII; entry 0 is the root */
    int parent;                 /* index; -1 for the root */
    bool is_storage;
    struct slice bytes;
};

static inline void mkcfb_put(struct buf *b, const void *p, size_t n)
{
    assert(buf_put(b, slice_of(p, n)) == CS_OK);
}

static inline void mkcfb_pad(struct buf *b, size_t to)
{
    while (b->n % to)
        assert(buf_putc(b, 0) == CS_OK);
}

static inline void mkcfb_le(struct buf *b, uint32_t v, size_t n)
{
    uint8_t at[4];

    put_le32(at, v);
    mkcfb_put(b, at, n);
}

/* Append the sectors of a stream to body, its chain to fat; gives the first sector. */
static inline uint32_t mkcfb_chain(struct buf *body, struct buf *fat, struct slice bytes)
{
    uint32_t first = (uint32_t)(body->n / MKCFB_SECTOR), n = (uint32_t)((bytes.n + MKCFB_SECTOR - 1) / MKCFB_SECTOR);

    for (uint32_t i = 0; i < n; i++)
        mkcfb_le(fat, i + 1 < n ? first + i + 1 : 0xfffffffe, 4);
    mkcfb_put(body, bytes.p, bytes.n);
    mkcfb_pad(body, MKCFB_SECTOR);
    return n ? first : 0xfffffffe;
}

/* Siblings hang in a row by their right links. */
static inline void mkcfb_links(const struct mkcfb_entry *e, size_t n, size_t i, uint32_t *right, uint32_t *child)
{
    *right = *child = UINT32_MAX;
    for (size_t k = n; k-- > 1; ) {
        if (k > i && i && e[k].parent == e[i].parent)
            *right = (uint32_t)k;
        if (e[k].parent == (int)i)
            *child = (uint32_t)k;
    }
}

static inline void mkcfb_entry(struct buf *dir, const struct mkcfb_entry *e, size_t n, size_t i, uint32_t start, size_t size)
{
    uint8_t at[128] = { 0 };
    uint32_t right, child;
    size_t len = strlen(e[i].name);

    assert(len < 32);
    for (size_t k = 0; k < len; k++)
        at[k * 2] = (uint8_t)e[i].name[k];
    put_le16(at + 64, (uint16_t)(len * 2 + 2));
    at[66] = i == 0 ? 5 : e[i].is_storage ? 1 : 2;
    at[67] = 1;
    mkcfb_links(e, n, i, &right, &child);
    put_le32(at + 68, UINT32_MAX);
    put_le32(at + 72, right);
    put_le32(at + 76, child);
    put_le32(at + 116, start);
    put_le32(at + 120, (uint32_t)size);
    mkcfb_put(dir, at, sizeof at);
}

/* The whole file; release it with buf_release(). */
static inline struct buf mkcfb(const struct mkcfb_entry *e, size_t n)
{
    struct buf body = buf_init(64 << 20), fat = buf_init(1 << 20), minifat = buf_init(1 << 20), mini = buf_init(1 << 20);
    struct buf dir = buf_init(1 << 20), out = buf_init(64 << 20);
    uint32_t start[MKCFB_ENTRIES] = { 0 }, dir_at, minifat_at, fat_at, n_fat = 1;

    assert(n <= MKCFB_ENTRIES);
    for (size_t i = 1; i < n; i++) {
        if (e[i].bytes.n >= 4096) {
            start[i] = mkcfb_chain(&body, &fat, e[i].bytes);
        } else if (e[i].bytes.n) {
            uint32_t count = (uint32_t)(e[i].bytes.n + 63) / 64;
            start[i] = (uint32_t)(mini.n / 64);
            for (uint32_t k = 0; k < count; k++)
                mkcfb_le(&minifat, k + 1 < count ? start[i] + k + 1 : 0xfffffffe, 4);
            mkcfb_put(&mini, e[i].bytes.p, e[i].bytes.n);
            mkcfb_pad(&mini, 64);
        }
    }
    start[0] = mkcfb_chain(&body, &fat, buf_slice(&mini));
    minifat_at = mkcfb_chain(&body, &fat, buf_slice(&minifat));
    for (size_t i = 0; i < n; i++)
        mkcfb_entry(&dir, e, n, i, start[i], i ? e[i].bytes.n : mini.n);
    dir_at = mkcfb_chain(&body, &fat, buf_slice(&dir));
    fat_at = (uint32_t)(body.n / MKCFB_SECTOR);
    while ((fat.n + n_fat * 4 + MKCFB_SECTOR - 1) / MKCFB_SECTOR > n_fat)
        n_fat++;
    for (uint32_t i = 0; i < n_fat; i++)
        mkcfb_le(&fat, 0xfffffffd, 4);
    while (fat.n % MKCFB_SECTOR)
        mkcfb_le(&fat, UINT32_MAX, 4);
    mkcfb_put(&body, fat.p, fat.n);

    mkcfb_put(&out, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x3e\0\3\0\xfe\xff\x09\0\6\0\0\0\0\0\0\0", 40);
    mkcfb_le(&out, 0, 4);
    mkcfb_le(&out, n_fat, 4);
    mkcfb_le(&out, dir_at, 4);
    mkcfb_le(&out, 0, 4);
    mkcfb_le(&out, 4096, 4);
    mkcfb_le(&out, minifat_at, 4);
    mkcfb_le(&out, 1, 4);
    mkcfb_le(&out, 0xfffffffe, 4);
    mkcfb_le(&out, 0, 4);
    for (uint32_t i = 0; i < 109; i++)
        mkcfb_le(&out, i < n_fat ? fat_at + i : UINT32_MAX, 4);
    mkcfb_put(&out, body.p, body.n);
    buf_release(&body);
    buf_release(&fat);
    buf_release(&minifat);
    buf_release(&mini);
    buf_release(&dir);
    return out;
}

/* Packed as MS-OVBA has it, all literal: text of one chunk, at most 3600 bytes. */
static inline void mkcfb_vba(struct buf *out, struct slice text)
{
    size_t head_at = out->n + 1, n = text.n + (text.n + 7) / 8;

    assert(text.n && text.n <= 3600);
    mkcfb_put(out, "\1\0", 3);
    put_le16(out->p + head_at, (uint16_t)(0xb000 | (n - 1)));
    for (size_t i = 0; i < text.n; i++) {
        if (i % 8 == 0)
            mkcfb_put(out, "", 1);
        mkcfb_put(out, text.p + i, 1);
    }
}

#endif
