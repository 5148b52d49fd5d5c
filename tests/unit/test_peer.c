/*
 * The same signatures and files through clamscan, where it is installed, and through convscan: for each signature of the collection's sets files that
 * satisfy it, and near misses; both must report the same names. Some dozen signatures of each set by default; test_peer COUNT for more. A signature
 * for which no file was found that satisfies it is named.
 */
#include <archive.h>
#include <archive_entry.h>
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/buf.h"
#include "compiling.h"
#include "corpus.h"
#include "mkcfb.h"
#include "sigsample.h"
#include "vdl/compile/clam.h"
#include "vdl/compile/emit.h"
#include "vdl/vdl.h"

enum { FORMS = 6 /* every second one a near miss */, TRIES = 60, NAMES = 64 };

static const char *const sets[] = { "sigs/twinclams/twinclams-part1.ldb", "sigs/ditekshen/clamav.ldb", "sigs/ditekshen/indicator_rmm.ldb",
                                    "sigs/mandiant/red_team_tool_countermeasures.ldb", "sigs/mandiant/sunburst_countermeasures.ldb",
                                    "sigs/rfxn/rfxn.ndb.gz", "sigs/eicar.ndb", "sigs/witness/witness.ldb", "sigs/witness/witness.ndb", "sigs/witness/grammar.ldb",
                                    "sigs/witness/grammar.ndb" };
static unsigned wanted = 12;

/* ---- both scanners ---- */

struct names { char *all[NAMES]; size_t n; };
struct file {
    const char *type;
    size_t size;
    struct names ours, theirs, without_html;
    bool is_limited;                /* a regular expression came to an end of its own; the part would not pass */
};

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

static bool has_all(const struct names *a, const struct names *of)
{
    for (size_t i = 0; i < of->n; i++) {
        size_t k = 0;
        while (k < a->n && strcmp(of->all[i], a->all[k]) != 0)
            k++;
        if (k == a->n)
            return false;
    }
    return true;
}

/*
 * Where clamscan takes bytes for HTML it never looks at them as they stand, but at its own lower-cased copies; it does when told to leave HTML alone.
 * So there are two answers of it; ours is one of them, or both together.
 */
static bool agrees(const struct file *f)
{
    const struct names *a = &f->theirs, *b = &f->without_html;
    bool is_known = true;

    for (size_t i = 0; i < f->ours.n; i++) {
        struct names one = { .all = { f->ours.all[i] }, .n = 1 };
        is_known = is_known && (has_all(a, &one) || has_all(b, &one));
    }
    return is_known && (f->is_limited || has_all(&f->ours, a) || has_all(&f->ours, b));
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
static void read_theirs(const char *out, struct file *files, size_t n, bool without_html)
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
        add_name(without_html ? &files[number].without_html : &files[number].theirs, (const char *)line.p + colon + 2, line.n - colon - 2 - 17);
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

/* ---- files ---- */

struct making {
    const struct vdl_program *p;
    struct vdl_db *db;
    struct sample s;
    struct file *files;
    size_t n, tried, unproved;
    const char *ours, *theirs;      /* folders: a macro's source is in a document for ours, and by itself for clamscan */
};

/* What the matcher alone says; the scanner proper comes later. */
static bool satisfies(struct making *m, const struct vdl_rule *r)
{
    struct names found = { .n = 0 };
    struct vdl_scan *scan = vdl_scan_new(&m->db, 1, on_hit, &found);
    char parent[32];
    const char *ancestors[1] = { parent };
    struct vdl_object o = { .types = { r->types ? (const char *)r->types->words[0].p : "unknown" }, .size = m->s.b.n };
    bool is_found = false;

    snprintf(parent, sizeof parent, "%.*s", (int)m->s.container.n, (const char *)m->s.container.p);
    if (m->s.container.n)
        o = (struct vdl_object){ .types = { o.types[0] }, .size = o.size, .parent = slice_str(parent), .ancestors = ancestors, .n_ancestors = 1, .depth = 1 };
    if (!scan || vdl_scan_bytes(scan, &o, buf_slice(&m->s.b)) == CS_NOMEM)
        abort();
    vdl_scan_free(scan);
    for (size_t i = 0; i < found.n; i++) {
        is_found = is_found || slice_eq(slice_str(found.all[i]), r->name);
        free(found.all[i]);
    }
    return is_found;
}

static void add_member(struct archive *a, const char *name, struct slice bytes)
{
    struct archive_entry *e = archive_entry_new();

    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)bytes.n);
    ck_assert(archive_write_header(a, e) == ARCHIVE_OK && archive_write_data(a, bytes.p, bytes.n) == (la_ssize_t)bytes.n);
    archive_entry_free(e);
}

/* The object as a member of a zip file, or of a spreadsheet. */
static void write_inside(const char *path, struct slice container, struct slice bytes)
{
    struct archive *a = archive_write_new();

    ck_assert(archive_write_set_format_zip(a) == ARCHIVE_OK && archive_write_open_filename(a, path) == ARCHIVE_OK);
    if (slice_eq(container, SLICE("OOXML"))) {
        add_member(a, "[Content_Types].xml", SLICE("<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>"));
        add_member(a, "xl/workbook.xml", SLICE("<?xml version=\"1.0\"?><workbook/>"));
    }
    add_member(a, slice_eq(container, SLICE("OOXML")) ? "xl/member.bin" : "member.bin", bytes);
    ck_assert_int_eq(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
}

/* The object as the source of a macro. */
static void write_macro(const char *dir, const char *name, struct slice source)
{
    struct buf list = buf_init(4096), packed = buf_init(4096), module = buf_init(1 << 16), file;
    struct mkcfb_entry e[] = {
        { "Root Entry", -1, true, { 0 } }, { "Macros", 0, true, { 0 } }, { "VBA", 1, true, { 0 } }, { "dir", 2, false, { 0 } },
        { "Module1", 2, false, { 0 } },
    };

    mkcfb_put(&list, "\x1a\0\7\0\0\0Module1\x31\0\4\0\0\0\7\0\0\0", 23);
    mkcfb_vba(&packed, buf_slice(&list));
    mkcfb_put(&module, "\1p-code", 7);
    mkcfb_vba(&module, source);
    e[3].bytes = buf_slice(&packed);
    e[4].bytes = buf_slice(&module);
    file = mkcfb(e, sizeof e / sizeof *e);
    write_file(dir, name, buf_slice(&file));
    buf_release(&file);
    buf_release(&module);
    buf_release(&packed);
    buf_release(&list);
}

static void write_sample(struct making *m, const struct vdl_rule *r)
{
    char name[32], path[PATH_MAX], same[PATH_MAX];

    m->files[m->n].type = r->types ? (const char *)r->types->words[0].p : "unknown";
    m->files[m->n].size = m->s.b.n;
    snprintf(name, sizeof name, "%zu", m->n++);
    snprintf(path, sizeof path, "%s/%s", m->ours, name);
    if (slice_eq(m->s.container, SLICE("ZIP")) || slice_eq(m->s.container, SLICE("OOXML")))
        write_inside(path, m->s.container, buf_slice(&m->s.b));
    else if (m->s.is_macro && m->s.b.n <= 3600)
        write_macro(m->ours, name, buf_slice(&m->s.b));
    else
        write_file(m->ours, name, buf_slice(&m->s.b));
    snprintf(same, sizeof same, "%s/%s", m->theirs, name);
    if (m->s.is_macro) {
        ck_assert_int_eq(buf_put(&m->s.b, SLICE("\0\0\0\1")), CS_OK);      /* else it would be searched as text too, in lower case */
        write_file(m->theirs, name, buf_slice(&m->s.b));
    } else
        ck_assert_int_eq(link(path, same), 0);
}

static void make_files_of(struct making *m, const struct vdl_rule *r)
{
    bool is_proved = false;

    for (int form = 0; form < FORMS; form++) {
        bool is_miss = form % 2, is_good = false;
        for (int try = 0; try < (is_miss || (form && !is_proved) ? 3 : TRIES) && !is_good; try++)
            is_good = sample_make(&m->s, r, is_miss) && satisfies(m, r) != is_miss;
        if (!m->s.cannot)
            write_sample(m, r);
        is_proved = is_proved || (is_good && !is_miss);
    }
    m->tried++;
    if (!is_proved) {
        m->unproved++;
        printf("  no file for %.*s: %s\n", (int)r->name.n, (const char *)r->name.p, m->s.cannot ? m->s.cannot : "none of the tries satisfies it");
    }
}

static void make_files(struct making *m, const char *image)
{
    char why[256] = "";
    size_t step = m->p->n_rules / wanted + 1;

    ck_assert_msg(vdl_emit(m->p, image, &(struct vdl_emit_options){ 0 }, why) == CS_OK, "%s", why);
    ck_assert_msg(vdl_open(image, &m->db, why) == CS_OK, "%s", why);
    m->s = sample_new();
    for (size_t i = sample_upto((unsigned)step); i < m->p->n_rules; i += step)
        make_files_of(m, &m->p->rules[i]);
    sample_free(&m->s);
    vdl_close(m->db);
}

/* {"path":"DIR/NUMBER",…,"hits":[{"name":"NAME",…},…]} */
static void read_ours(const char *out, struct file *files, size_t n)
{
    static const struct slice key = SLICE("{\"name\":\"");
    struct mapfile m;
    struct slice rest, line;

    ck_assert_int_eq(mapfile_open(&m, out, MAPFILE_COPY, 1 << 28), CS_OK);
    for (rest = m.data; rest.n; rest = slice_drop(rest, slice_chr(rest, '\n') + 1)) {
        size_t slash;
        uint64_t number;
        line = slice_take(rest, slice_chr(rest, '\n'));
        for (slash = slice_find(line, SLICE("\",")); slash > 0 && slash <= line.n && line.p[slash - 1] != '/'; slash--)
            ;
        if (!number_of(slice_take(slice_drop(line, slash), slice_chr(slice_drop(line, slash), '"')), &number) || number >= n)
            continue;
        for (size_t at; (at = slice_find(line, key)) < line.n;) {
            line = slice_drop(line, at + key.n);
            files[number].is_limited = files[number].is_limited || slice_starts(line, SLICE("Limit matching"));
            if (slice_starts(slice_drop(line, slice_chr(line, '"')), SLICE("\",\"class\":\"virus\"")))      /* not what the scanner says by itself */
                add_name(&files[number].ours, (const char *)line.p, slice_chr(line, '"'));
        }
    }
    mapfile_close(&m);
}

static char *words(const char *s)
{
    return (char *)(uintptr_t)s;
}

static void scan_ours(const char *image, const char *dir, const char *out)
{
    char self[PATH_MAX], program[PATH_MAX + 32];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

    self[n > 0 ? n : 0] = 0;
    snprintf(program, sizeof program, "%.*s/../bin/convscan", (int)(strrchr(self, '/') - self), self);
    ck_assert_int_le(run((char *const[]){ program, words("--all"), words("--json"), words("--db"), words(image), words("-r"), words(dir), NULL }, out), 3);
}

/* what: a folder or a file. Their own limits for regular expressions are below ours. */
static void scan_theirs(const char *db, const char *what, const char *out, bool without_html, bool with_patience)
{
    ck_assert_int_le(run((char *const[]){ words("clamscan"), words("-z"), words("-r"), words("-d"), words(db), words(what),
                                          words(with_patience ? "--pcre-match-limit=20000000" : "--pcre-match-limit=1000000"),
                                          words("--pcre-recmatch-limit=20000000"), words(without_html ? "--scan-html=no" : NULL), NULL }, out), 1);
}

static void free_files(struct file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < files[i].ours.n; k++)
            free(files[i].ours.all[k]);
        for (size_t k = 0; k < files[i].theirs.n; k++)
            free(files[i].theirs.all[k]);
        for (size_t k = 0; k < files[i].without_html.n; k++)
            free(files[i].without_html.all[k]);
    }
    free(files);
}

static size_t differences(const struct file *files, size_t n)
{
    size_t wrong = 0;

    for (size_t i = 0; i < n; i++)
        wrong += !agrees(&files[i]);
    return wrong;
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

/* A signature for the source of macros is for every type there, see struct making. */
static void put_line(struct buf *b, struct slice line)
{
    static const struct slice target = SLICE("Target:2;");
    size_t at = slice_find(line, target);
    bool is_macro = at < line.n && (slice_find(line, SLICE(";0:")) < line.n || slice_find(line, SLICE(";0,")) < line.n);

    if (is_macro && buf_put(b, slice_take(line, at)) == CS_OK && buf_puts(b, "Target:0;") == CS_OK)
        line = slice_drop(line, at + target.n);
    if (buf_put(b, line) != CS_OK || buf_putc(b, '\n') != CS_OK)
        abort();
}

/* Lines that we load, and no others, so that both know the same. */
static void compare_set(const char *set)
{
    bool is_ldb = slice_ends(slice_str(set), SLICE(".ldb"));
    struct compiling c;
    struct mapfile m;
    char dir[] = "/tmp/peer-XXXXXX", plain[64], ours[64], theirs[64], db[64], out[64], image[64];
    struct file *files;
    struct making making;
    size_t n, wrong, hits = 0, limited = 0;
    struct buf lines = buf_init(1 << 28);

    ck_assert(mkdtemp(dir));
    snprintf(plain, sizeof plain, "%s/plain", dir);
    if (!open_set(&m, set, plain)) {
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        return;
    }
    snprintf(ours, sizeof ours, "%s/ours", dir);
    snprintf(theirs, sizeof theirs, "%s/theirs", dir);
    snprintf(db, sizeof db, is_ldb ? "%s/set.ldb" : "%s/set.ndb", dir);
    snprintf(out, sizeof out, "%s/out", dir);
    snprintf(image, sizeof image, "%s/set.vdb", dir);
    ck_assert(mkdir(ours, 0700) == 0 && mkdir(theirs, 0700) == 0);
    compiling_start(&c);
    compiling_read(&c, is_ldb ? clam_read_ldb : clam_read_ndb, m.data);
    for (size_t i = 0, line = 1; i < c.program.n_rules; line++) {
        struct slice one = slice_take(m.data, slice_chr(m.data, '\n'));
        if (c.program.rules[i].line == line) {
            put_line(&lines, one);
            i++;
        }
        m.data = slice_drop(m.data, one.n + 1);
    }
    write_file(dir, is_ldb ? "set.ldb" : "set.ndb", buf_slice(&lines));
    files = calloc((size_t)(wanted + 2) * FORMS * 2, sizeof *files);
    making = (struct making){ .p = &c.program, .files = files, .ours = ours, .theirs = theirs };
    make_files(&making, image);
    n = making.n;
    scan_ours(image, ours, out);
    read_ours(out, files, n);
    for (int without = 0; without < 2; without++) {
        scan_theirs(db, theirs, out, without, false);
        read_theirs(out, files, n, without);
    }
    for (size_t i = 0, asked = 0; i < n && asked < 20; i++)
        if (!agrees(&files[i])) {
            char one[96];
            snprintf(one, sizeof one, "%s/%zu", theirs, i);
            scan_theirs(db, one, out, false, true);
            read_theirs(out, files, n, false);
            asked++;
        }
    wrong = differences(files, n);
    for (size_t i = 0, shown = 0; i < n; i++) {
        hits += files[i].theirs.n;
        limited += files[i].is_limited;
        if (agrees(&files[i]) || shown++ >= 20)
            continue;
        printf("%s: file %zu of %s (%s, %zu bytes)\n", set, i, ours, files[i].type, files[i].size);
        print_names("ours", &files[i].ours);
        print_names("theirs", &files[i].theirs);
        print_names("theirs without HTML", &files[i].without_html);
    }
    printf("%s: %zu signatures, %zu tried, %zu of them with a file that satisfies them; %zu files, %zu hits, %zu at a limit, %zu differ\n", set, c.program.n_rules, making.tried,
           making.tried - making.unproved, n, hits, limited, wrong);
    fflush(stdout);
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
#ifdef __SANITIZE_ADDRESS__
    printf("skipped: the scanner limits its memory, and the sanitizer needs more\n");
    return 0;
#endif
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
    tcase_set_timeout(t, argc > 1 ? 0 : 600);
    tcase_add_loop_test(t, clamscan_agrees, 0, (int)(sizeof sets / sizeof *sets));
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    corpus_report();
    srunner_free(r);
    return failed ? 1 : 0;
}
