/*
 * The same signatures and files through clamscan, where it is installed: for each signature of the collection's sets a file that satisfies it, and
 * near misses; both must report the same names. Some dozen signatures of each set by default; test_peer COUNT for more.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "compiling.h"
#include "corpus.h"
#include "vdl/compile/clam.h"
#include "vdl/compile/emit.h"
#include "vdl/vdl.h"

enum { FORMS = 4, NAMES = 64, FILE_MAX = 1 << 16 };

static const char *const sets[] = { "sigs/twinclams/twinclams-part1.ldb", "sigs/ditekshen/clamav.ldb", "sigs/ditekshen/indicator_rmm.ldb",
                                    "sigs/mandiant/red_team_tool_countermeasures.ldb", "sigs/mandiant/sunburst_countermeasures.ldb",
                                    "sigs/rfxn/rfxn.ndb.gz", "sigs/eicar.ndb", "sigs/witness/witness.ldb", "sigs/witness/witness.ndb", "sigs/witness/grammar.ldb",
                                    "sigs/witness/grammar.ndb" };
static unsigned wanted = 24;
static uint64_t state = 42;

static unsigned upto(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

/* ---- files ---- */

static void put(struct buf *b, uint8_t c)
{
    if (b->n < FILE_MAX && buf_putc(b, c) != CS_OK)
        abort();
}

/* Nothing that could be text, or match by accident. */
static void filler(struct buf *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put(b, i % 7 == 3 ? 0x01 : '.');
}

static void low(const struct vdl_node *n, struct buf *b)
{
    uint64_t spread = n->hi - n->lo > 3 ? 3 : n->hi - n->lo;
    unsigned k = upto(256);

    switch (n->kind) {
    case VN_BYTES:
        for (size_t i = 0; i < n->bytes.n; i++)
            put(b, (uint8_t)(n->bytes.p[i] | (n->mask ? upto(256) & (uint8_t)~n->mask[i] : 0)));
        break;
    case VN_SET:
        while (!set_has(n->set, k))
            k = (k + 1) % 256;
        put(b, (uint8_t)k);
        break;
    case VN_GAP: filler(b, n->lo + upto((unsigned)spread + 1)); break;
    case VN_CAT:
        for (uint32_t i = 0; i < n->n_kids; i++)
            low(n->kids[i], b);
        break;
    case VN_ALT: low(n->kids[upto(n->n_kids)], b); break;
    default: break;
    }
}

static void high(const struct vdl_node *n, struct buf *b, bool is_miss)
{
    size_t from;

    switch (n->kind) {
    case VN_SEGMENT:
        if (n->anchor && n->anchor->where == VW_START && b->n < (size_t)n->anchor->lo && n->anchor->lo < FILE_MAX)
            filler(b, (size_t)n->anchor->lo - b->n);
        else if (!n->anchor || n->anchor->where != VW_START)
            filler(b, 9);
        from = b->n;
        low(n->kids[0], b);
        if (is_miss && b->n > from)
            b->p[from + upto((unsigned)(b->n - from))] ^= 0x41;
        if (n->anchor && n->anchor->where == VW_END)
            while (b->n < FILE_MAX && (int64_t)(b->n - from) < n->anchor->lo)
                put(b, '.');
        else
            filler(b, 9);
        break;
    case VN_OR: high(n->kids[upto(n->n_kids)], b, is_miss); break;
    case VN_COUNT:
        for (uint64_t i = 0; i <= n->lo && i < 40; i++)
            high(n->kids[0], b, is_miss && i == 0);
        break;
    case VN_AND:
        for (uint32_t i = 0, miss = upto(n->n_kids); i < n->n_kids; i++)
            high(n->kids[i], b, is_miss && i == miss);
        break;
    default: break;
    }
}

/* The first bytes of the type that the signature asks for. */
static const struct { const char *word; struct slice head; } heads[] = {
    { "OLE2", SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") }, { "PDF", SLICE("%PDF-1.4\n") }, { "SWF", SLICE("FWS\x05") },
    { "PE", SLICE("MZ\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0"
                  "\x90\0\x90\0\x90\0\x90\0\x90\0\x90\0\x40\0\0\0") },
    { "ELF", SLICE("\x7f" "ELF\x01\x01\x01") }, { "GIF", SLICE("GIF89a") },
};

static bool make(const struct vdl_rule *r, struct buf *b, bool is_miss)
{
    b->n = 0;
    if (r->types) {
        size_t i = 0;
        while (i < sizeof heads / sizeof *heads && !slice_eq(r->types->words[0], slice_str(heads[i].word)))
            i++;
        if (i == sizeof heads / sizeof *heads)
            return false;
        if (buf_put(b, heads[i].head) != CS_OK)
            abort();
    }
    high(r->expr, b, is_miss);
    return b->n < FILE_MAX;
}

/* ---- both scanners ---- */

struct names { char *all[NAMES]; size_t n; };
struct file { const char *type; struct slice bytes; struct names ours, theirs; };

static void add_name(struct names *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->all[i]) == n && memcmp(s->all[i], name, n) == 0)
            return;
    if (s->n < NAMES)
        s->all[s->n++] = strndup(name, n);
}

static bool on_hit(void *ctx, const struct vdl_hit *h)
{
    add_name(ctx, (const char *)h->name.p, h->name.n);
    return true;
}

static bool same_names(const struct names *a, const struct names *b)
{
    for (size_t i = 0; i < a->n; i++) {
        size_t k = 0;
        while (k < b->n && strcmp(a->all[i], b->all[k]) != 0)
            k++;
        if (k == b->n)
            return false;
    }
    return a->n == b->n;
}

static void print_names(const char *who, const struct names *s)
{
    printf("  %s:", who);
    for (size_t i = 0; i < s->n; i++)
        printf(" %s", s->all[i]);
    printf("\n");
}

static int run(char *const *argv, const char *out)
{
    posix_spawn_file_actions_t a;
    pid_t pid;
    int status = -1;

    posix_spawn_file_actions_init(&a);
    posix_spawn_file_actions_addopen(&a, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&a, 2, "/dev/null", O_WRONLY, 0);
    if (posix_spawnp(&pid, argv[0], &a, NULL, argv, environ) == 0)
        waitpid(pid, &status, 0);
    posix_spawn_file_actions_destroy(&a);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* "DIR/NUMBER: NAME.UNOFFICIAL FOUND" */
static void read_theirs(const char *out, struct file *files, size_t n)
{
    struct mapfile m;
    struct slice rest, line;

    ck_assert_int_eq(mapfile_open(&m, out, MAPFILE_COPY, 1 << 28), CS_OK);
    for (rest = m.data; rest.n; rest = slice_drop(rest, slice_chr(rest, '\n') + 1)) {
        size_t colon, slash;
        uint64_t number;
        line = slice_take(rest, slice_chr(rest, '\n'));
        colon = slice_find(line, SLICE(": "));
        for (slash = colon; slash > 0 && slash <= line.n && line.p[slash - 1] != '/'; slash--)
            ;
        if (!slice_ends(line, SLICE(".UNOFFICIAL FOUND")) || !number_of(slice_sub(line, slash, colon - slash), &number) || number >= n)
            continue;
        add_name(&files[number].theirs, (const char *)line.p + colon + 2, line.n - colon - 2 - 17);
    }
    mapfile_close(&m);
}

static void write_file(const char *dir, const char *name, struct slice s)
{
    char path[PATH_MAX];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "w");
    ck_assert(f && fwrite(s.p, 1, s.n, f) == s.n && fclose(f) == 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st;
    (void)flag;
    (void)where;
    return remove(path);
}

/* *tried: how many signatures there are files for. */
static size_t make_files(const struct vdl_program *p, struct file *files, const char *dir, size_t *tried)
{
    struct buf b = buf_init(FILE_MAX + 1);
    size_t n = 0, step = p->n_rules / wanted + 1;
    char name[32];

    for (size_t i = upto((unsigned)step); i < p->n_rules; i += step)
        for (int form = 0; form < FORMS; form++) {
            uint8_t *copy;
            if (!make(&p->rules[i], &b, form % 2))
                break;
            copy = malloc(b.n + 1);
            memcpy(copy, b.p, b.n);
            files[n].type = p->rules[i].types ? (const char *)p->rules[i].types->words[0].p : "unknown";
            files[n].bytes = slice_of(copy, b.n);
            snprintf(name, sizeof name, "%zu", n);
            write_file(dir, name, files[n++].bytes);
            *tried += form == 0;
        }
    buf_release(&b);
    return n;
}

static void scan_ours(const struct vdl_program *p, struct file *files, size_t n, const char *image)
{
    char why[256] = "";
    struct vdl_db *db;

    ck_assert_msg(vdl_emit(p, image, &(struct vdl_emit_options){ 0 }, why) == CS_OK, "%s", why);
    ck_assert_msg(vdl_open(image, &db, why) == CS_OK, "%s", why);
    for (size_t i = 0; i < n; i++) {
        struct vdl_scan *s = vdl_scan_new(&db, 1, on_hit, &files[i].ours);
        struct vdl_object o = { .types = { files[i].type, slice_eq(slice_str(files[i].type), SLICE("GIF")) ? "graphics" : NULL }, .size = files[i].bytes.n };
        enum cs_status st = s ? vdl_scan_bytes(s, &o, files[i].bytes) : CS_NOMEM;
        ck_assert_msg(st == CS_OK || st == CS_LIMIT /* of a regular expression's steps; the peer has one too */, "file %zu: %s", i, cs_status_text(st));
        vdl_scan_free(s);
    }
    vdl_close(db);
}

static void free_files(struct file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < files[i].ours.n; k++)
            free(files[i].ours.all[k]);
        for (size_t k = 0; k < files[i].theirs.n; k++)
            free(files[i].theirs.all[k]);
        free((void *)(uintptr_t)files[i].bytes.p);
    }
    free(files);
}

/* A set of the collection, unpacked to path when it is a gzip file. */
static bool open_set(struct mapfile *m, const char *set, const char *path)
{
    char from[PATH_MAX];

    if (!slice_ends(slice_str(set), SLICE(".gz")))
        return corpus_open(m, set);
    snprintf(from, sizeof from, "%s/%s", corpus_root(), set);
    if (access(from, R_OK) != 0 || run((char *const[]){ (char *)(uintptr_t)"gzip", (char *)(uintptr_t)"-dc", from, NULL }, path) != 0)
        return false;
    return mapfile_open(m, path, MAPFILE_COPY, 1u << 30) == CS_OK;
}

/* Lines that we load, and no others, so that both know the same. */
static void compare_set(const char *set)
{
    bool is_ldb = slice_ends(slice_str(set), SLICE(".ldb"));
    struct compiling c;
    struct mapfile m;
    char dir[] = "/tmp/peer-XXXXXX", plain[64], sub[64], db[64], out[64], image[64];
    struct file *files;
    size_t n, wrong = 0, hits = 0, tried = 0;
    struct buf lines = buf_init(1 << 28);

    ck_assert(mkdtemp(dir));
    snprintf(plain, sizeof plain, "%s/plain", dir);
    if (!open_set(&m, set, plain)) {
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return;
    }
    snprintf(sub, sizeof sub, "%s/files", dir);
    snprintf(db, sizeof db, is_ldb ? "%s/set.ldb" : "%s/set.ndb", dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(image, sizeof image, "%s/set.vdb", dir);
    ck_assert(mkdir(sub, 0700) == 0);
    compiling_start(&c);
    compiling_read(&c, is_ldb ? clam_read_ldb : clam_read_ndb, m.data);
    for (size_t i = 0, line = 1; i < c.program.n_rules; line++) {
        struct slice one = slice_take(m.data, slice_chr(m.data, '\n'));
        if (c.program.rules[i].line == line && buf_put(&lines, one) == CS_OK && buf_putc(&lines, '\n') == CS_OK)
            i++;
        m.data = slice_drop(m.data, one.n + 1);
    }
    write_file(dir, is_ldb ? "set.ldb" : "set.ndb", buf_slice(&lines));
    files = calloc((size_t)(wanted + 2) * FORMS * 2, sizeof *files);
    n = make_files(&c.program, files, sub, &tried);
    scan_ours(&c.program, files, n, image);
    /* Where it takes bytes for HTML it never looks at them as they stand, but at its own copies; it does when told to leave HTML alone. */
    for (int without = 0; without < 2; without++) {
        ck_assert_int_le(run((char *const[]){ (char *)(uintptr_t)"clamscan", (char *)(uintptr_t)"-z", (char *)(uintptr_t)"-r", (char *)(uintptr_t)"-d", db, sub,
                                              without ? (char *)(uintptr_t)"--scan-html=no" : NULL, NULL }, out), 1);
        read_theirs(out, files, n);
    }
    for (size_t i = 0; i < n; i++) {
        hits += files[i].theirs.n;
        if (same_names(&files[i].ours, &files[i].theirs) || wrong++ >= 20)
            continue;
        printf("%s: file %zu of %s (%s, %zu bytes)\n", set, i, sub, files[i].type, files[i].bytes.n);
        print_names("ours", &files[i].ours);
        print_names("theirs", &files[i].theirs);
    }
    printf("%s: %zu signatures, %zu of them tried in %zu files, %zu hits, %zu differ\n", set, c.program.n_rules, tried, n, hits, wrong);
    if (!wrong)
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    ck_assert_uint_eq(wrong, 0);
    free_files(files, n);
    buf_release(&lines);
    mapfile_close(&m);
    compiling_end(&c);
}

START_TEST(clamscan_agrees)
{
    compare_set(sets[_i]);
}
END_TEST

int main(int argc, char **argv)
{
    Suite *s = suite_create("peer");
    TCase *t = tcase_create("clamscan");
    SRunner *r;
    int failed;

    if (argc > 1)
        wanted = (unsigned)strtoul(argv[1], NULL, 10);
    if (run((char *const[]){ (char *)(uintptr_t)"clamscan", (char *)(uintptr_t)"--version", NULL }, "/dev/null") != 0) {
        printf("skipped: the comparison with clamscan, which is not installed\n");
        return 0;
    }
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, clamscan_agrees, 0, (int)(sizeof sets / sizeof *sets));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    corpus_report();
    srunner_free(r);
    return failed ? 1 : 0;
}
