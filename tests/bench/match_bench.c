/*
 * match_bench - how fast an image scans a file.
 *
 *   match_bench IMAGE FILE [RUNS]
 *
 * Scans FILE (mapped, read once before) RUNS times, 5 by default, and prints: hits, the spread, all runs, and last the median in MB/s.
 * With --ndb in place of IMAGE's .vdb ending, that is IMAGE.ndb, lines of NAME:0:*:HEX are compiled first to IMAGE.ndb.vdb
 * and the seconds and bytes are printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mapfile.h"
#include "vdl/compile/emit.h"
#include "vdl/vdl.h"

/* Processor time: another process on the machine must not count. */
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool count_hit(void *ctx, const struct vdl_hit *hit)
{
    (void)hit;
    ++*(uint64_t *)ctx;
    return true;
}

static int by_speed(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* One line of a set made by mksigs: a rule with one literal. */
static bool add_line(struct vdl_program *p, struct slice line)
{
    size_t colon = slice_chr(line, ':');
    struct slice hex = slice_drop(line, colon + 5);
    struct vdl_rule *r = vdl_program_add(p);
    struct vdl_node *seg = vdl_node_new(p, VN_SEGMENT), *lit = vdl_node_new(p, VN_BYTES);
    struct vdl_node **kids = arena_get(&p->arena, 1, sizeof *kids);
    uint8_t *bytes = arena_get(&p->arena, 1, hex.n / 2 + 1);

    if (!r || !seg || !lit || !kids || !bytes)
        return false;
    for (size_t i = 0; i + 1 < hex.n; i += 2)
        bytes[i / 2] = (uint8_t)(ascii_hex(hex.p[i]) << 4 | ascii_hex(hex.p[i + 1]));
    r->name = slice_take(line, colon);
    lit->bytes = (struct slice){ bytes, hex.n / 2 };
    kids[0] = lit;
    seg->kids = kids;
    seg->n_kids = 1;
    r->expr = seg;
    return true;
}

static int compile(const char *path, const char *out)
{
    struct mapfile m;
    struct vdl_program p;
    uint64_t bytes = 0;
    struct vdl_emit_options o = { .image_bytes = &bytes };
    double t = now();
    char why[256];

    if (mapfile_open(&m, path, MAPFILE_MAP, SIZE_MAX / 2) != CS_OK || vdl_program_init(&p) != CS_OK)
        return 1;
    for (struct slice s = m.data; s.n;) {
        size_t n = slice_chr(s, '\n');

        if (!add_line(&p, slice_take(s, n)))
            return 1;
        s = slice_drop(s, n + 1);
    }
    printf("read %zu in %.2f s\n", p.n_rules, now() - t);
    if (vdl_emit(&p, out, &o, why) != CS_OK) {
        printf("%s\n", why);
        return 1;
    }
    printf("compiled in %.2f s to %.1f MB\n", now() - t, (double)bytes / 1e6);
    vdl_program_release(&p);
    mapfile_close(&m);
    return 0;
}

int main(int argc, char **argv)
{
    char out[4096], why[256];
    const char *image = argc > 1 ? argv[1] : "";
    int runs = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 5;
    struct vdl_object o = { .name = { (const uint8_t *)"", 0 }, .size = VDL_SIZE_UNKNOWN };
    double speed[1000];
    struct vdl_db *db;
    struct mapfile m;
    uint64_t hits = 0, sum = 0;

    if (argc < 2 || runs < 1 || runs > 1000) {
        fprintf(stderr, "usage: match_bench IMAGE.vdb|SET.ndb [FILE [RUNS]]\n");
        return 2;
    }
    if (slice_ends(slice_str(image), SLICE(".ndb"))) {
        snprintf(out, sizeof out, "%s.vdb", image);
        if (compile(image, out))
            return 1;
        image = out;
    }
    if (argc < 3)
        return 0;
    if (vdl_open(image, &db, why) != CS_OK) {
        fprintf(stderr, "%s: %s\n", image, why);
        return 1;
    }
    if (mapfile_open(&m, argv[2], MAPFILE_MAP, SIZE_MAX / 2) != CS_OK)
        return 1;
    for (size_t i = 0; i < m.data.n; i += 512)
        sum += m.data.p[i];
    struct vdl_scan *s = vdl_scan_new(&db, 1, count_hit, &hits);
    for (int i = 0; i < runs; i++) {
        double t = now();

        hits = 0;
        if (!s || vdl_scan_bytes(s, &o, m.data) != CS_OK)
            return 1;
        speed[i] = (double)m.data.n / (now() - t) / 1e6;
    }
    qsort(speed, (size_t)runs, sizeof *speed, by_speed);
    printf("hits %llu check %llu spread %.0f-%.0f\nruns", (unsigned long long)hits, (unsigned long long)sum % 10, speed[0],
           speed[runs - 1]);
    for (int i = 0; i < runs; i++)
        printf(" %.1f", speed[i]);
    printf("\n%.0f\n", speed[runs / 2]);
    vdl_scan_free(s);
    vdl_close(db);
    mapfile_close(&m);
    return 0;
}
