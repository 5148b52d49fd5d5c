#include "vbapack.h"

#include "base/bytes.h"

enum { CHUNK = 4096, CHUNK_PACKED = CHUNK + 2, HEAD = 2, LEAST_CHUNK = 3, TRIES = 64 };

/* One chunk being written; full when there is no room or 4096 bytes are in it. */
struct packer {
    uint8_t *out;
    size_t n, size;             /* packed, its head included */
    uint8_t text[CHUNK];
    size_t done;                /* unpacked */
    size_t flags_at;
    unsigned bit;
};

static struct packer packer(uint8_t *out, size_t size)
{
    return (struct packer){ .out = out, .n = HEAD, .size = size, .bit = 8 };
}

/* Room for a token of n bytes, with the flag byte where one is due. */
static bool token(struct packer *p, size_t n, bool is_copy)
{
    bool starts = p->bit == 8;

    if (p->size - p->n < n + starts)
        return false;
    if (starts) {
        p->flags_at = p->n;
        p->out[p->n++] = 0;
        p->bit = 0;
    }
    p->out[p->flags_at] |= (uint8_t)(is_copy << p->bit++);
    return true;
}

static bool literal(struct packer *p, uint8_t c)
{
    if (p->done == CHUNK || !token(p, 1, false))
        return false;
    p->out[p->n++] = c;
    p->text[p->done++] = c;
    return true;
}

static unsigned offset_bits(size_t done)
{
    unsigned bits = 4;

    while (bits < 12 && (size_t)1 << bits < done)
        bits++;
    return bits;
}

static bool copy(struct packer *p, size_t back, size_t len)
{
    unsigned bits = offset_bits(p->done);

    if (!token(p, 2, true))
        return false;
    put_le16(p->out + p->n, (uint16_t)((back - 1) << (16 - bits) | (len - 3)));
    p->n += 2;
    for (; len; len--, p->done++)
        p->text[p->done] = p->text[p->done - back];
    return true;
}

static size_t most_copied(const struct packer *p)
{
    size_t most = (0xffffu >> offset_bits(p->done)) + 3u;

    return most < CHUNK - p->done ? most : CHUNK - p->done;
}

/* The longest piece of what is there that the rest of the text begins with. */
static size_t longest(const struct packer *p, struct slice text, size_t *back)
{
    size_t most = most_copied(p), best = 0;

    most = most < text.n ? most : text.n;
    for (size_t from = p->done; from-- > 0; ) {
        size_t n = 0;
        while (n < most && p->text[from + n % (p->done - from)] == text.p[n])
            n++;
        if (n > best) {
            best = n;
            *back = p->done - from;
        }
    }
    return best;
}

static bool put_text(struct packer *p, struct slice text, bool is_packed)
{
    while (text.n) {
        size_t back = 0, n = is_packed ? longest(p, text, &back) : 0;
        if (n >= 3 ? !copy(p, back, n) : !literal(p, text.p[0]))
            return false;
        text = slice_drop(text, n >= 3 ? n : 1);
    }
    return true;
}

static uint8_t filler(const struct packer *p)
{
    return p->done % 2 ? '\n' : '\r';
}

/* Empty lines up to the packed size. The last byte may be a flag byte that flags nothing. */
static void fill(struct packer *p)
{
    while (literal(p, filler(p)))
        ;
    while (p->n < p->size)
        p->out[p->n++] = 0;
}

/* Empty lines until 4096 bytes are in, few of them literally. */
static bool complete(struct packer *p, size_t literals)
{
    for (size_t i = 0; i < literals + 2 && p->done < CHUNK; i++)
        if (!literal(p, filler(p)))
            return false;
    while (p->done < CHUNK) {
        size_t n = most_copied(p);
        if (n >= 3 ? !copy(p, 2, n) : !literal(p, filler(p)))
            return false;
    }
    return true;
}

static void finish(struct packer *p)
{
    put_le16(p->out, (uint16_t)(0xb000 | (p->n - 3)));
}

static void stored(uint8_t *out)
{
    put_le16(out, 0x3000 | (CHUNK_PACKED - 3));
    for (size_t i = 0; i < CHUNK; i++)
        out[HEAD + i] = i % 2 ? '\n' : '\r';
}

/* Literals first: packed text and literal lines together could unpack to more than a chunk holds. */
static bool one_chunk(struct slice text, uint8_t *out, size_t size)
{
    struct packer p = packer(out, size);

    if (!put_text(&p, text, false)) {
        p = packer(out, size);
        if (!put_text(&p, text, true))
            return false;
    }
    fill(&p);
    finish(&p);
    return true;
}

/* A first chunk with the text, stored ones, and a last one; the first is made longer until the last one fits. */
static bool many_chunks(struct slice text, uint8_t *out, size_t size)
{
    for (size_t literals = 0; literals < TRIES; literals++) {
        struct packer p = packer(out, size < CHUNK_PACKED ? size : CHUNK_PACKED);
        size_t left, at;
        if (!put_text(&p, text, true) || !complete(&p, literals))
            return false;
        left = size - p.n;
        if (left < LEAST_CHUNK)
            continue;
        if ((left - LEAST_CHUNK) % CHUNK_PACKED + LEAST_CHUNK > CHUNK_PACKED)
            continue;
        finish(&p);
        for (at = p.n; size - at >= CHUNK_PACKED + LEAST_CHUNK; at += CHUNK_PACKED)
            stored(out + at);
        return one_chunk(slice_of(NULL, 0), out + at, size - at);
    }
    return false;
}

bool vbapack_fill(struct slice text, uint8_t *out, size_t size)
{
    text = slice_take(text, VBAPACK_TEXT);
    if (size < VBAPACK_LEAST)
        return false;
    out[0] = 1;
    return size - 1 <= CHUNK_PACKED ? one_chunk(text, out + 1, size - 1) : many_chunks(text, out + 1, size - 1);
}
