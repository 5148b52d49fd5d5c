/*
 * cutsigs_bench COUNT SEED DATA… -- SOURCE…: cut COUNT signatures out of the SOURCE files, none of which begins like any place
 * in the DATA files, and print them as extended signatures, one a line. The same arguments give the same set.
 *
 * A stand-in for the reference sets where the bench material is not beside the tree.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/mapfile.h"

enum { HEAD = 12, LONGEST = 64, DISTINCT = 6, SOURCES_MAX = 20000, COUNT_MAX = 10000000, SPARE = 4 };

struct piece {
    const uint8_t *p;
    uint8_t n;
    bool is_seen;
};

struct sources {
    struct mapfile map[SOURCES_MAX];
    size_t n;
};

static uint64_t state;

/* xorshift64*: any even spread will do here. */
static uint64_t draw(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1Du;
}

static uint64_t head_hash(const uint8_t *p)
{
    return (get_le64(p) ^ ((uint64_t)get_le32(p + 8) << 29)) * 0x9E3779B97F4A7C15u >> 20;
}

static bool is_varied(const uint8_t *p, size_t n)
{
    bool has[256] = { false };
    unsigned kinds = 0;

    for (size_t i = 0; i < n; i++) {
        kinds += !has[p[i]];
        has[p[i]] = true;
    }
    return kinds >= DISTINCT;
}

static size_t cut(const struct sources *s, struct piece *out, size_t want)
{
    size_t n = 0;

    for (size_t tries = 0; n < want && tries < want * 20; tries++) {
        struct slice from = s->map[draw() % s->n].data;
        size_t len = HEAD + draw() % (LONGEST - HEAD + 1);
        const uint8_t *p = from.p + draw() % (from.n - len);

        if (is_varied(p, len))
            out[n++] = (struct piece){ p, (uint8_t)len, false };
    }
    return n;
}

/* Mark every piece whose head stands somewhere in data. table holds numbers + 1; its size is a power of two. */
static void mark_seen(struct slice data, struct piece *pieces, const uint32_t *table, size_t mask)
{
    for (size_t at = 0; at + HEAD <= data.n; at++)
        for (size_t slot = head_hash(data.p + at) & mask; table[slot]; slot = (slot + 1) & mask) {
            struct piece *x = &pieces[table[slot] - 1];
            if (!memcmp(x->p, data.p + at, HEAD))
                x->is_seen = true;
        }
}

static void print_piece(size_t number, const struct piece *x)
{
    printf("S.%zu:0:*:", number);
    for (size_t i = 0; i < x->n; i++)
        printf("%02x", x->p[i]);
    putchar('\n');
}

int main(int argc, char **argv)
{
    static struct sources sources, data;
    size_t want = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;
    size_t n, made = 0, size = 1;
    struct sources *to = &data;
    struct piece *pieces;
    uint32_t *table;

    if (want == 0 || want > COUNT_MAX) {
        fprintf(stderr, "usage: cutsigs_bench COUNT SEED DATA... -- SOURCE...\n");
        return 64;
    }
    state = strtoull(argv[2], NULL, 10) | 1;
    for (int i = 3; i < argc; i++) {
        if (!strcmp(argv[i], "--"))
            to = &sources;
        else if (to->n < SOURCES_MAX && mapfile_open(&to->map[to->n], argv[i], MAPFILE_MAP, SIZE_MAX) == CS_OK) {
            if (to->map[to->n].data.n > 4096)
                to->n++;
            else
                mapfile_close(&to->map[to->n]);
        }
    }
    while (size < want * 4)
        size *= 2;
    pieces = calloc(want + want / SPARE, sizeof *pieces);
    table = calloc(size, sizeof *table);
    if (!pieces || !table || sources.n == 0)
        return 2;
    n = cut(&sources, pieces, want + want / SPARE);
    for (size_t i = 0; i < n; i++) {
        size_t slot = head_hash(pieces[i].p) & (size - 1);
        while (table[slot] && !pieces[i].is_seen) {
            pieces[i].is_seen = !memcmp(pieces[table[slot] - 1].p, pieces[i].p, HEAD);
            slot = (slot + 1) & (size - 1);
        }
        if (!pieces[i].is_seen)
            table[slot] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < data.n; i++)
        mark_seen(data.map[i].data, pieces, table, size - 1);
    for (size_t i = 0; i < n && made < want; i++)
        if (!pieces[i].is_seen)
            print_piece(made++, &pieces[i]);
    free(table);
    free(pieces);
    return made < want;
}
