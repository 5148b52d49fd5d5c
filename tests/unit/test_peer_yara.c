/*
 * The same rules and files through yara, where it is installed, and through the matcher: for each rule of a public set files that satisfy it, and near
 * misses; both must report the same names. A rule for which no file was found that satisfies it is named.
 */
#include <check.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "compiling.h"
#include "corpus.h"
#include "sigsample.h"
#include "vdl/compile/emit.h"
#include "vdl/compile/yara.h"
#include "vdl/vdl.h"

enum { FORMS = 8 /* every second one a near miss */, TRIES = 80, LINE = 512 };

static const char set[] = "sigs/yara/mandiant-part.yar.gz";
static char dir[] = "/tmp/peer-yara-XXXXXX";

static void write_file(const char *name, struct slice s)
{
    char path[128];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    f = fopen(path, "wb");
    ck_assert(f && fwrite(s.p, 1, s.n, f) == s.n && fclose(f) == 0);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st, (void)flag, (void)where;
    return remove(path);
}

/* By the shell; its exit status. */
static int run(char *command)
{
    char shell[] = "/bin/sh", how[] = "-c", *argv[] = { shell, how, command, NULL };
    int status = -1;
    pid_t pid;

    fflush(stdout);
    if (posix_spawn(&pid, shell, NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return 127;
    return WEXITSTATUS(status);
}

/* The name of the rule that begins with this line, or empty. */
static struct slice rule_name(struct slice line)
{
    static const struct slice words[] = { SLICE("private "), SLICE("global "), SLICE("rule ") };
    size_t n = 0;

    for (size_t i = 0; i < 3; i++)
        if (slice_starts(line, words[i]))
            line = slice_drop(line, words[i].n);
        else if (i == 2)
            return slice_of(NULL, 0);
    while (n < line.n && (ascii_is_alpha(line.p[n]) || ascii_is_digit(line.p[n]) || line.p[n] == '_'))
        n++;
    return slice_take(line, n);
}

static bool is_loaded(const struct vdl_program *p, struct slice name)
{
    for (size_t i = 0; i < p->n_rules; i++)
        if (slice_eq(p->rules[i].name, name))
            return true;
    return false;
}

/* Rules of one name are a mistake to yara, and those that were left out would be found by it alone. */
static void write_rules(const struct vdl_program *p, struct slice text)
{
    struct buf out = buf_init(1 << 24), names = buf_init(1 << 20);
    bool is_kept = true;

    while (text.n) {
        struct slice line = slice_take(text, slice_chr(text, '\n') + 1), name = rule_name(line);
        char key[300];

        if (name.n) {
            snprintf(key, sizeof key, "|%.*s|", (int)name.n, (const char *)name.p);
            is_kept = is_loaded(p, name) && slice_find(buf_slice(&names), slice_str(key)) == names.n;
            ck_assert_int_eq(buf_puts(&names, key), CS_OK);
        }
        if (is_kept || slice_starts(line, SLICE("import ")))
            ck_assert_int_eq(buf_put(&out, line), CS_OK);
        text = slice_drop(text, line.n);
    }
    write_file("set.yar", buf_slice(&out));
    buf_release(&out);
    buf_release(&names);
}

/* ---- what each finds, as lines "RULE NUMBER" ---- */

struct finding { FILE *to; size_t number; struct slice want; bool is_there; };

static bool on_hit(void *ctx, const struct vdl_hit *h)
{
    struct finding *f = ctx;

    f->is_there = f->is_there || slice_eq(h->name, f->want);
    if (f->to)
        fprintf(f->to, "%.*s %zu\n", (int)h->name.n, (const char *)h->name.p, f->number);
    return true;
}

static void scan(struct vdl_db *db, struct slice bytes, struct finding *f)
{
    struct vdl_scan *s = vdl_scan_new(&db, 1, on_hit, f);
    struct vdl_object o = { .types = { "unknown" }, .size = bytes.n };
    enum cs_status st;

    ck_assert_ptr_nonnull(s);
    st = vdl_scan_bytes(s, &o, bytes);
    ck_assert(st == CS_OK || st == CS_LIMIT);
    vdl_scan_free(s);
}

/* Files for one rule, each scanned as it is made. True when one satisfies it. */
static bool make_files(struct vdl_db *db, struct sample *s, const struct vdl_rule *r, size_t *n, FILE *ours)
{
    bool is_proved = false;

    for (int form = 0; form < FORMS; form++) {
        bool is_miss = form % 2;
        struct finding one = { .want = r->name };
        char name[32];

        for (int try = 0; try < (is_miss ? 3 : TRIES) && !(one.is_there && !is_miss); try++) {
            one.is_there = false;
            if (sample_make(s, r, is_miss))
                scan(db, buf_slice(&s->b), &one);
        }
        is_proved = is_proved || one.is_there;
        if (s->cannot)
            continue;
        snprintf(name, sizeof name, "%zu", *n);
        write_file(name, buf_slice(&s->b));
        scan(db, buf_slice(&s->b), &(struct finding){ .to = ours, .number = (*n)++ });
    }
    if (!is_proved)
        printf("  no file for %.*s: %s\n", (int)r->name.n, (const char *)r->name.p, s->cannot ? s->cannot : "none of the tries satisfies it");
    return is_proved;
}

static size_t lines_of(const char *path)
{
    FILE *f = fopen(path, "r");
    size_t n = 0;

    for (int c; f && (c = fgetc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

START_TEST(yara_agrees)
{
    struct compiling c;
    struct mapfile m;
    struct sample s = sample_new();
    struct vdl_db *db;
    size_t n = 0, proved = 0, hits;
    char command[4 * LINE], path[LINE], why[256] = "";
    FILE *ours;
    int differ;

    ck_assert(mkdtemp(dir));
    snprintf(command, sizeof command, "gzip -dc '%s/%s' >%s/plain 2>/dev/null", corpus_root(), set, dir);
    if (run(command) != 0) {
        nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
        sample_free(&s);
        return;
    }
    snprintf(path, sizeof path, "%s/plain", dir);
    ck_assert_int_eq(mapfile_open(&m, path, MAPFILE_COPY, 1u << 30), CS_OK);
    compiling_start(&c);
    compiling_read(&c, yara_read, m.data);
    write_rules(&c.program, m.data);
    snprintf(path, sizeof path, "%s/set.vdb", dir);
    ck_assert_msg(vdl_emit(&c.program, path, &(struct vdl_emit_options){ 0 }, why) == CS_OK, "%s", why);
    ck_assert_msg(vdl_open(path, &db, why) == CS_OK, "%s", why);
    snprintf(path, sizeof path, "%s/ours", dir);
    ours = fopen(path, "w");
    ck_assert_ptr_nonnull(ours);
    for (size_t i = 0; i < c.program.n_rules; i++)
        proved += make_files(db, &s, &c.program.rules[i], &n, ours);
    fclose(ours);
    snprintf(command, sizeof command,
             "cd %s && LC_ALL=C sort -u ours >a && yara -p 1 -w -r set.yar . 2>/dev/null | sed -n 's|^\\([A-Za-z0-9_]*\\) \\./\\([0-9]*\\)$|\\1 \\2|p' | "
             "LC_ALL=C sort -u >b && diff a b", dir);
    differ = run(command);
    snprintf(path, sizeof path, "%s/b", dir);
    hits = lines_of(path);
    printf("%s: %zu rules, %zu of them with a file that satisfies them; %zu files, %zu hits of yara\n", set, c.program.n_rules, proved, n, hits);
    ck_assert_msg(differ == 0, "ours (<) and yara's (>) differ, see above");
    ck_assert_uint_ge(hits, proved);
    nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    vdl_close(db);
    compiling_end(&c);
    mapfile_close(&m);
    sample_free(&s);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("peer_yara");
    TCase *t = tcase_create("yara");
    SRunner *r;
    char question[] = "yara --version >/dev/null 2>&1";
    int failed;

    if (run(question) != 0) {
        printf("skipped: the comparison with yara, which is not installed\n");
        return 0;
    }
    tcase_set_timeout(t, 600);
    tcase_add_test(t, yara_agrees);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    corpus_report();
    srunner_free(r);
    return failed ? 1 : 0;
}
