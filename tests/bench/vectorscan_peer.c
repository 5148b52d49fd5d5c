/*
 * vectorscan_peer RUNS SET.ndb DATA…: the peer for throughput. Compiles the set's literals in block mode, scans each DATA file
 * RUNS times with one scratch, and prints one JSON object a line: first the compile time and size, then one for each file.
 *
 * Built by bench.py where the library is installed: cc -O2 vectorscan_peer.c -lhs
 */
#include <hs/hs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 4096, RUNS_MAX = 101 };

struct set {
    const char **literals;
    size_t *lengths;
    unsigned *flags, *ids;
    unsigned n, room;
};

/* Processor time, as in match_bench. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int nibble(char c)
{
    return c <= '9' ? c - '0' : (c | 32) - 'a' + 10;
}

static void grow(struct set *s)
{
    s->room = s->room ? s->room * 2 : 4096;
    s->literals = realloc(s->literals, s->room * sizeof *s->literals);
    s->lengths = realloc(s->lengths, s->room * sizeof *s->lengths);
    s->flags = realloc(s->flags, s->room * sizeof *s->flags);
    s->ids = realloc(s->ids, s->room * sizeof *s->ids);
    if (!s->literals || !s->lengths || !s->flags || !s->ids)
        exit(2);
}

/* The hex after the last colon of a line. */
static void add_line(struct set *s, const char *line)
{
    const char *hex = strrchr(line, ':');
    size_t n;
    char *bytes;

    if (!hex)
        return;
    n = strcspn(++hex, "\r\n") / 2;
    if (n == 0 || !strncmp(hex, "00", 2))       /* the library takes a literal that begins with NUL for an empty one */
        return;
    bytes = malloc(n + 1);
    if (!bytes)
        exit(2);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
    if (s->n == s->room)
        grow(s);
    s->literals[s->n] = bytes;
    s->lengths[s->n] = n;
    s->flags[s->n] = 0;
    s->ids[s->n] = s->n;
    s->n++;
}

static int on_hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *hits)
{
    (void)id, (void)from, (void)to, (void)flags;
    ++*(unsigned long *)hits;
    return 0;
}

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    char *bytes;
    long size;

    if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0)
        exit(2);
    rewind(f);
    bytes = malloc((size_t)size + 1);
    if (!bytes)
        exit(2);
    *n = fread(bytes, 1, (size_t)size, f);
    fclose(f);
    return bytes;
}

int main(int argc, char **argv)
{
    unsigned long runs = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
    struct set set = { .n = 0 };
    hs_database_t *db = NULL;
    hs_compile_error_t *error = NULL;
    hs_scratch_t *scratch = NULL;
    char line[LINE];
    size_t bytes = 0;
    double begin;
    FILE *f;

    if (runs == 0 || runs > RUNS_MAX || !(f = fopen(argv[2], "r"))) {
        fprintf(stderr, "usage: vectorscan_peer RUNS SET.ndb DATA...\n");
        return 64;
    }
    while (fgets(line, sizeof line, f))
        add_line(&set, line);
    fclose(f);
    begin = now();
    if (hs_compile_lit_multi(set.literals, set.flags, set.ids, set.lengths, set.n, HS_MODE_BLOCK, NULL, &db, &error)) {
        fprintf(stderr, "vectorscan_peer: %s\n", error->message);
        return 1;
    }
    begin = now() - begin;
    hs_database_size(db, &bytes);
    printf("{\"signatures\": %u, \"seconds\": %.3f, \"bytes\": %zu}\n", set.n, begin, bytes);
    hs_alloc_scratch(db, &scratch);
    for (int i = 3; i < argc; i++) {
        char *data = slurp(argv[i], &bytes);
        unsigned long hits = 0;

        printf("{\"file\": \"%s\", \"mb_s\": [", argv[i]);
        for (unsigned long k = 0; k < runs; k++) {
            hits = 0;
            begin = now();
            hs_scan(db, data, (unsigned)bytes, 0, scratch, on_hit, &hits);
            printf("%s%.1f", k ? ", " : "", (double)bytes / (now() - begin) / 1e6);
        }
        printf("], \"hits\": %lu}\n", hits);
        fflush(stdout);
        free(data);
    }
    return 0;
}
