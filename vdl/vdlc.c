/*
 * vdlc - signature compiler: sources in, one image out. Also verifies, dumps, tests and explains.
 */
#include <errno.h>
#include <getopt.h>
#include <unistd.h>

#include "base/diag.h"
#include "vdl/compile.h"
#include "vdl/vdl.h"

enum { EXIT_DONE = 0, EXIT_ERRORS = 1, EXIT_USAGE = 2 };

enum mode { MODE_COMPILE, MODE_VERIFY, MODE_DUMP };

struct args {
    enum mode mode;
    struct vdl_options o;
    const char *out, *explain;
    bool test, json, quiet;
    char **sources;
    size_t n;
};

static const char help[] =
    "usage: vdlc -o OUT.vdb [options] SOURCE...   compile sources (files or folders) into one image\n"
    "       vdlc --test [options] SOURCE...       run the samples that the rules carry (with -o: and write the image when all pass)\n"
    "       vdlc --verify IMAGE...                read an image whole: checksum, offsets, references\n"
    "       vdlc --dump IMAGE...                  print an image as readable VDL\n"
    "\n"
    "  -o, --output FILE       the image to write; it appears whole or not at all\n"
    "  -c, --class CLASS       class of rules that name none: virus (default), ext, spam, pua, allow\n"
    "      --exceptions        the same as --class allow: what these rules match is let through, see docs/LANGUAGE.md\n"
    "      --with-pua          also read .ndu .ldu .hdu .hsu .mdu .msu (possibly unwanted programs), as class pua\n"
    "      --level N           ClamAV functionality level that signatures are held against (default 230)\n"
    "      --dialect=cvdl      refuse VDL spellings that are not confirmed for CVDL\n"
    "      --explain RULE      show what the scanner searches for on behalf of a rule, and why\n"
    "      --json              print the counts as one JSON object on standard output\n"
    "  -q, --quiet             no counts, no progress, no complaints about imported signatures\n"
    "      --version, --help\n"
    "\n"
    "A source's format is told by its ending: .vdl; .ndb .ldb .hdb .hsb .fp .sfp .ign2 .cdb .db .mdb .msb .imp .cvd .cld .cud (ClamAV); .yar .yara\n"
    "Exit status: 0 done, 1 errors (nothing is written), 2 wrong usage.\n";

/* ---- counts ---- */

static double seconds_since(const struct timespec *t)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - t->tv_sec) + (double)(now.tv_nsec - t->tv_nsec) / 1e9;
}

static void json_text(const char *s)
{
    putchar('"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if ((unsigned char)*s < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*s);
        else
            putchar(*s);
    }
    putchar('"');
}

#define U(x) ((unsigned long long)(x))

static void print_json(struct vdl_compiler *c, const struct vdl_counts *n, double seconds)
{
    const struct vdl_unsupported *u;
    size_t m = vdl_compiler_unsupported(c, &u);

    printf("{\"loaded\":%llu,\"skipped_level\":%llu,\"unsupported\":%llu,\"unsupported_by_feature\":{", U(n->loaded), U(n->skipped_level), U(n->unsupported));
    for (size_t i = 0; i < m; i++) {
        fputs(i ? "," : "", stdout);
        json_text(u[i].feature);
        printf(":%llu", U(u[i].count));
    }
    printf("},\"malformed\":%llu,\"duplicates\":%llu,\"ignored\":%llu,\"warnings\":%llu,\"errors\":%llu,\"image_bytes\":%llu,\"seconds\":%.3f}\n",
           U(n->malformed), U(n->duplicates), U(n->ignored), U(n->warnings), U(n->errors), U(n->image_bytes), seconds);
}

static void print_table(struct vdl_compiler *c, const struct vdl_counts *n, double seconds)
{
    const struct vdl_unsupported *u;
    size_t m = vdl_compiler_unsupported(c, &u);
    const struct { const char *what; uint64_t count; } rows[] = {
        { "skipped by level", n->skipped_level }, { "ignored by name", n->ignored }, { "duplicates", n->duplicates },
        { "malformed", n->malformed }, { "warnings", n->warnings }, { "errors", n->errors }, { "unsupported", n->unsupported },
    };

    fprintf(stderr, "loaded              %10llu\n", U(n->loaded));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].count)
            fprintf(stderr, "%-20s%10llu\n", rows[i].what, U(rows[i].count));
    for (size_t i = 0; i < m; i++)
        fprintf(stderr, "  %-40s%8llu\n", u[i].feature, U(u[i].count));
    if (n->image_bytes)
        fprintf(stderr, "image               %10llu bytes, %.2f s\n", U(n->image_bytes), seconds);
}

/* ---- progress ---- */

static void progress(void *ctx, const char *step, uint64_t done, uint64_t all)
{
    (void)ctx;
    if (all)
        fprintf(stderr, "\r%-24s %3llu%%\033[K", step, U(done > all ? 100 : done * 100 / all));
    else
        fprintf(stderr, "\r%-24s %llu\033[K", step, U(done));
}

static void progress_end(const struct args *a)
{
    if (a->o.progress)
        fputs("\r\033[K", stderr);
}

/* ---- the rules' own tests ---- */

struct test_run {
    struct vdl_db *db;
    struct vdl_scan *scan;
    struct slice want;
    bool found;
    uint64_t n, failed;
};

static bool on_hit(void *ctx, const struct vdl_hit *hit)
{
    struct test_run *t = ctx;

    if (slice_eq(hit->name, t->want))
        t->found = true;
    return true;
}

static bool run_test(void *ctx, const struct vdl_test *test)
{
    struct test_run *t = ctx;
    struct vdl_object o = { .name = test->name, .sender = test->sender, .ancestors = test->inside, .size = test->bytes.n };
    enum cs_status st;

    memcpy(o.types, test->types, sizeof o.types);
    while (o.n_ancestors < sizeof test->inside / sizeof *test->inside && test->inside[o.n_ancestors])
        o.parent = slice_str(test->inside[o.n_ancestors++]);
    o.depth = test->depth ? test->depth : (unsigned)o.n_ancestors;
    t->want = test->rule;
    t->found = false;
    t->n++;
    st = vdl_scan_bytes(t->scan, &o, test->bytes);
    if (st == CS_OK && t->found == test->must_match)
        return true;
    t->failed++;
    fprintf(stderr, "%s:%u:1: error: %.*s %s\n", test->source, test->line, (int)test->rule.n, (const char *)test->rule.p,
            st != CS_OK ? cs_status_text(st) : test->must_match ? "does not find this sample" : "finds this sample");
    return true;
}

static bool run_tests(struct vdl_compiler *c, const char *image, const struct args *a)
{
    struct test_run t = { 0 };
    char why[256] = "";
    enum cs_status st = vdl_open(image, &t.db, why);

    if (st != CS_OK) {
        diag_warn("%s: %s: %s", image, cs_status_text(st), why);
        return false;
    }
    t.scan = vdl_scan_new(&t.db, 1, on_hit, &t);
    if (t.scan)
        st = vdl_compiler_tests(c, run_test, &t);
    else
        st = CS_NOMEM;
    vdl_scan_free(t.scan);
    vdl_close(t.db);
    if (!a->quiet)
        fprintf(stderr, "samples             %10llu, %llu failed\n", U(t.n), U(t.failed));
    return st == CS_OK && t.failed == 0;
}

/* ---- modes ---- */

/* An image to be tested only: beside nothing, in the temporary folder. */
static char *temporary(void)
{
    const char *dir = getenv("TMPDIR");
    char *path;
    int fd;

    if (asprintf(&path, "%s/vdlc-XXXXXX", dir && *dir ? dir : "/tmp") < 0)
        return NULL;
    fd = mkstemp(path);
    if (fd < 0) {
        diag_warn("%s: %s", path, cs_status_text(cs_status_errno(errno)));
        free(path);
        return NULL;
    }
    close(fd);
    return path;
}

static bool add_all(struct vdl_compiler *c, const struct args *a)
{
    for (size_t i = 0; i < a->n; i++) {
        enum cs_status st = vdl_compiler_add(c, a->sources[i]);
        if (st != CS_OK) {
            progress_end(a);
            diag_warn("%s: %s", a->sources[i], cs_status_text(st));
            return false;
        }
    }
    return vdl_compiler_finish(c) == CS_OK;
}

/* With --test the image is written elsewhere first: what fails its own samples never reaches OUT. */
static bool write_and_test(struct vdl_compiler *c, const struct args *a)
{
    char *temp = NULL;
    bool ok = true;

    if (a->test) {
        temp = temporary();
        ok = temp && vdl_compiler_write(c, temp) == CS_OK;
        progress_end(a);
        ok = ok && run_tests(c, temp, a);
        if (temp)
            unlink(temp);
        free(temp);
    }
    if (ok && a->out)
        ok = vdl_compiler_write(c, a->out) == CS_OK;
    progress_end(a);
    return ok;
}

static int compile(const struct args *a)
{
    struct vdl_compiler *c = vdl_compiler_new(&a->o);
    struct vdl_counts n;
    struct timespec from;
    bool ok;

    clock_gettime(CLOCK_MONOTONIC, &from);
    if (!c) {
        diag_warn("%s", cs_status_text(CS_NOMEM));
        return EXIT_ERRORS;
    }
    ok = add_all(c, a);
    progress_end(a);
    if (ok && (a->out || a->test))
        ok = write_and_test(c, a);
    vdl_compiler_counts(c, &n);
    ok = ok && n.errors == 0;
    if (a->explain && vdl_compiler_explain(c, slice_str(a->explain), stdout) != CS_OK) {
        diag_warn("no rule is named %s", a->explain);
        ok = false;
    }
    if (a->json)
        print_json(c, &n, seconds_since(&from));
    else if (!a->quiet)
        print_table(c, &n, seconds_since(&from));
    if (!ok && a->out && !a->quiet)
        diag_warn("%s is not written", a->out);
    vdl_compiler_free(c);
    return ok ? EXIT_DONE : EXIT_ERRORS;
}

static int each_image(const struct args *a)
{
    int status = EXIT_DONE;

    for (size_t i = 0; i < a->n; i++) {
        struct vdl_db *db;
        char why[256] = "";
        enum cs_status st = vdl_open(a->sources[i], &db, why);

        if (st == CS_OK) {
            st = a->mode == MODE_VERIFY ? vdl_verify(db, why) : vdl_dump(db, stdout);
            vdl_close(db);
        }
        if (st != CS_OK) {
            diag_warn("%s: %s%s%s", a->sources[i], cs_status_text(st), *why ? ": " : "", why);
            status = EXIT_ERRORS;
        } else if (a->mode == MODE_VERIFY && !a->quiet) {
            printf("%s: OK\n", a->sources[i]);
        }
    }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        diag_warn("standard output: %s", cs_status_text(CS_IO));
        status = EXIT_ERRORS;
    }
    return status;
}

/* ---- the command line ---- */

static bool number(const char *s, unsigned *out)
{
    char *end;
    unsigned long v;

    errno = 0;
    v = strtoul(s, &end, 10);
    *out = (unsigned)v;
    return *s >= '0' && *s <= '9' && !*end && errno == 0 && v > 0 && v <= 100000;
}

static bool option(struct args *a, int c)
{
    switch (c) {
    case 'o': a->out = optarg; return true;
    case 'c':
        a->o.has_class = vdl_class_find(slice_str(optarg), &a->o.cls);
        if (!a->o.has_class)
            diag_warn("--class %s: expected virus, ext, spam, pua or allow", optarg);
        return a->o.has_class;
    case 'X': a->o.has_class = true; a->o.cls = VDL_ALLOW; return true;
    case 'V': a->mode = MODE_VERIFY; return true;
    case 'D': a->mode = MODE_DUMP; return true;
    case 'T': a->test = true; return true;
    case 'E': a->explain = optarg; return true;
    case 'J': a->json = true; return true;
    case 'P': a->o.with_pua = true; return true;
    case 'q': a->quiet = true; return true;
    case 'L':
        if (!number(optarg, &a->o.clam_level))
            diag_warn("--level %s: expected a number", optarg);
        return a->o.clam_level != 0;
    case 'd':
        a->o.confirmed_only = strcmp(optarg, "cvdl") == 0;
        if (!a->o.confirmed_only && strcmp(optarg, "vdl") != 0) {
            diag_warn("--dialect=%s: expected vdl or cvdl", optarg);
            return false;
        }
        return true;
    default: return false;
    }
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        { "output", required_argument, NULL, 'o' }, { "class", required_argument, NULL, 'c' }, { "verify", no_argument, NULL, 'V' },
        { "dump", no_argument, NULL, 'D' }, { "test", no_argument, NULL, 'T' }, { "explain", required_argument, NULL, 'E' },
        { "json", no_argument, NULL, 'J' }, { "exceptions", no_argument, NULL, 'X' }, { "with-pua", no_argument, NULL, 'P' }, { "level", required_argument, NULL, 'L' },
        { "dialect", required_argument, NULL, 'd' }, { "quiet", no_argument, NULL, 'q' }, { "version", no_argument, NULL, 'v' },
        { "help", no_argument, NULL, 'h' }, { 0 },
    };
    struct args a = { .o = { .complaints = stderr } };
    int c;

    diag_program("vdlc");
    while ((c = getopt_long(argc, argv, "o:c:qh", longs, NULL)) != -1) {
        if (c == 'h' || c == 'v') {
            fputs(c == 'h' ? help : "vdlc " CONVSCAN_VERSION "\n", stdout);
            return fflush(stdout) == 0 ? EXIT_DONE : EXIT_ERRORS;
        }
        if (!option(&a, c))
            return EXIT_USAGE;
    }
    a.sources = argv + optind;
    a.n = (size_t)(argc - optind);
    a.o.quiet_imports = a.quiet;
    if (a.n == 0 || (a.mode == MODE_COMPILE && !a.out && !a.test && !a.explain)) {
        fputs("vdlc: nothing to do; vdlc --help shows how\n", stderr);
        return EXIT_USAGE;
    }
    if (!a.quiet && isatty(STDERR_FILENO))
        a.o.progress = progress;
    return a.mode == MODE_COMPILE ? compile(&a) : each_image(&a);
}
