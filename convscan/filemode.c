#include "filemode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/mapfile.h"
#include "base/newfile.h"
#include "cleanup.h"
#include "json.h"
#include "mime/mime.h"
#include "base/safe.h"
#include "scan.h"
#include "watchdog.h"

/* musl and old versions of glibc have no renameat2(), and so no name for its flag. */
enum { NO_REPLACE = 1 };
enum { COPIED = 1 << 20, GRACE = 5, STDIN_MAX = 1 << 30, LINE_MAX_BYTES = 64 << 20 };

struct run {
    const struct options *o;
    const struct conf *conf;
    const struct dbset *dbs;
    struct scan *scan;
    unsigned files, found, troubles, cleaned, clean_failed;
};

/* One file and what came out. */
struct result {
    const char *path;
    struct verdict verdict;
    struct scan_facts facts;
    uint64_t size, us;
};

static void put_out(struct slice s)
{
    (void)!fd_write_all(STDOUT_FILENO, s);
}

/* The path as it is, but for what would end or rewrite the line. */
static void print_line(const struct result *r, const struct options *o)
{
    const struct finding *f = &r->verdict.worst;
    char path[PATH_MAX], line[PATH_MAX + 700];
    int n;

    safe_text(path, sizeof path, slice_str(r->path));
    if (f->cls == CLS_CLEAN) {
        if (o->is_quiet)
            return;
        n = snprintf(line, sizeof line, "%s: OK\n", path);
    } else if (f->cls == CLS_ERROR || f->cls == CLS_LIMIT || f->cls == CLS_ENCRYPTED) {
        n = snprintf(line, sizeof line, "%s: %s ERROR\n", path, f->name);
    } else {
        n = snprintf(line, sizeof line, "%s: %s FOUND\n", path, f->name);
    }
    if (n > 0)
        put_out(slice_of(line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1));
}

static const char *verdict_word(enum cls c)
{
    if (c == CLS_CLEAN)
        return "clean";
    return c == CLS_ERROR || c == CLS_LIMIT || c == CLS_ENCRYPTED ? "error" : "found";
}

static void put_hits(struct json *j, const struct verdict *v)
{
    json_open(j, "hits", '[');
    for (size_t i = 0; i < v->n_hits; i++) {
        json_open(j, NULL, '{');
        json_text(j, "name", slice_str(v->hits[i].name));
        json_text(j, "class", slice_str(cls_name(v->hits[i].cls)));
        json_text(j, "member", slice_str(v->hits[i].member));
        json_number(j, "offset", v->hits[i].offset);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void print_json(const struct result *r)
{
    const struct finding *f = &r->verdict.worst;
    struct buf b = buf_init(LINE_MAX_BYTES);
    struct json j = { .out = &b };

    json_open(&j, NULL, '{');
    json_text(&j, "path", slice_str(r->path));
    json_text(&j, "verdict", slice_str(verdict_word(f->cls)));
    json_text(&j, "class", slice_str(cls_name(f->cls)));
    json_text(&j, "name", slice_str(f->name));
    json_text(&j, "member", slice_str(f->member));
    json_text(&j, "type", slice_str(r->facts.type));
    json_number(&j, "size", r->size);
    json_number(&j, "objects", r->facts.objects);
    json_number(&j, "us", r->us);
    if (r->verdict.keeps_all)
        put_hits(&j, &r->verdict);
    json_close(&j, '}');
    if (buf_putc(&b, '\n') == CS_OK)
        put_out(buf_slice(&b));
    buf_release(&b);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool move_file(const char *path, const char *dir)
{
    char target[PATH_MAX];

    for (int i = 0; i < 1000; i++) {
        int n = snprintf(target, sizeof target, i ? "%s/%s.%d" : "%s/%s", dir, base_name(path), i);

        if (n < 0 || (size_t)n >= sizeof target)
            return false;
        if (syscall(SYS_renameat2, AT_FDCWD, path, AT_FDCWD, target, NO_REPLACE) == 0)
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

/* The file is replaced whole, or stays as it was. */
static bool clean_file(struct run *run, const char *path)
{
    const struct scan_setup setup = { .conf = run->conf, .dbs = run->dbs->dbs, .n_dbs = run->dbs->n };
    struct mapfile m;
    struct scan_part part = { .names = { slice_str(base_name(path)) }, .n_names = 1, .names_inside = run->conf->names.files };
    struct buf cleaned;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_COPY, (size_t)run->conf->limit.object_bytes);

    if (st != CS_OK)
        return false;
    part.bytes = m.data;
    st = cleanup_part(&setup, &part, &cleaned);
    if (st == CS_OK) {
        st = newfile_store(path, m.st.st_mode & 0777, buf_slice(&cleaned), true);
        buf_release(&cleaned);
    }
    mapfile_close(&m);
    return st == CS_OK;
}

static void act_on(struct run *run, const struct result *r)
{
    enum cls c = r->verdict.worst.cls;

    if (run->o->is_clean && c != CLS_CLEAN && strcmp(verdict_word(c), "found") == 0 && clean_file(run, r->path)) {
        run->cleaned++;
        return;
    }
    if (strcmp(verdict_word(c), "found") != 0 || strcmp(r->path, "-") == 0)
        return;
    if (run->o->is_clean)
        run->clean_failed++;
    if (run->o->move && !move_file(r->path, run->o->move)) {
        diag_warn("%s: cannot be moved to %s", r->path, run->o->move);
        run->troubles++;
    } else if (!run->o->move && run->o->is_delete && unlink(r->path) != 0) {
        diag_warn("%s: cannot be deleted", r->path);
        run->troubles++;
    }
}

static void count(struct run *run, const struct result *r)
{
    const char *word = verdict_word(r->verdict.worst.cls);

    run->files++;
    run->found += word[0] == 'f';
    run->troubles += word[0] == 'e';
}

static void report(struct run *run, const struct result *r)
{
    if (run->o->is_json)
        print_json(r);
    else
        print_line(r, run->o);
    if (run->o->is_explain)
        scan_explain(run->scan, &r->verdict, stderr);
    count(run, r);
    act_on(run, r);
}

static void report_trouble(struct run *run, const char *path, const char *reason)
{
    struct result r = { .path = path, .facts.type = "unknown" };

    verdict_add(&r.verdict, CLS_ERROR, slice_str(reason), slice_of(NULL, 0), 0);
    if (run->o->is_json)
        print_json(&r);
    else
        print_line(&r, run->o);
    count(run, &r);
}

/* What stands on standard output when a decoder crashes or hangs: the run ends there, as trouble. */
static void arm(const struct run *run, const char *path)
{
    static char before[PATH_MAX + 200];
    static struct watchdog_answer a;
    char safe[PATH_MAX];
    struct buf b = buf_over(before, sizeof before);
    struct json j = { .out = &b };

    safe_text(safe, sizeof safe, slice_str(path));
    if (run->o->is_json) {
        json_open(&j, NULL, '{');
        json_text(&j, "path", slice_str(safe));
        (void)!buf_puts(&b, ",\"verdict\":\"error\",\"class\":\"error\",\"member\":\"\",\"type\":\"unknown\",\"size\":0,"
                            "\"objects\":0,\"us\":0,\"name\":\"");
    } else {
        (void)!buf_printf(&b, "%s: ", safe);
    }
    a = (struct watchdog_answer){ .line = { .fd = STDOUT_FILENO, .before = buf_slice(&b),
                                            .after = run->o->is_json ? SLICE("\"}\n") : SLICE(" ERROR\n") },
                                  .status = run->o->is_uvscan ? 6 : 2, .status_failed = 2 };
    watchdog_arm(&a, (unsigned)(run->conf->limit.time + GRACE) * 1000);
}

static void scan_bytes(struct run *run, const char *path, struct slice bytes)
{
    struct result r = { .path = path, .size = bytes.n, .verdict.keeps_all = run->o->wants_all || run->o->is_explain };
    struct scan_part part = { .bytes = bytes, .names = { slice_str(base_name(path)) }, .n_names = 1,
                              .names_inside = run->conf->names.files };
    struct timespec a, b;

    arm(run, path);
    clock_gettime(CLOCK_MONOTONIC, &a);
    scan_run(run->scan, &part, &r.verdict);
    clock_gettime(CLOCK_MONOTONIC, &b);
    r.facts = scan_facts(run->scan);
    r.us = (uint64_t)((b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000);
    report(run, &r);
    verdict_release(&r.verdict);
}

static void scan_stdin(struct run *run)
{
    uint8_t *p = NULL;
    size_t n = 0;
    enum cs_status st = fd_read_all(STDIN_FILENO, STDIN_MAX, &p, &n);

    if (st == CS_OK)
        scan_bytes(run, "-", slice_of(p, n));
    else
        report_trouble(run, "-", cs_status_text(st));
    free(p);
}

static void scan_file(struct run *run, const char *path)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_COPY, COPIED);

    if (st == CS_TOOBIG)
        st = mapfile_open(&m, path, MAPFILE_MAP, SIZE_MAX / 2);
    if (st != CS_OK) {
        report_trouble(run, path, cs_status_text(st));
        return;
    }
    scan_bytes(run, path, m.data);
    mapfile_close(&m);
}

static void scan_path(struct run *run, const char *path, unsigned depth, bool is_operand);

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int no_dots(const struct dirent *d)
{
    return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

static void scan_folder(struct run *run, const char *path, unsigned depth)
{
    struct dirent **list = NULL;
    char child[PATH_MAX];
    int n = depth < FILEMODE_DEPTH ? scandir(path, &list, no_dots, by_name) : -1;

    if (n < 0)
        report_trouble(run, path, depth < FILEMODE_DEPTH ? cs_status_text(cs_status_errno(errno)) : "too deep");
    for (int i = 0; i < n; i++) {
        int len = snprintf(child, sizeof child, "%s/%s", path, list[i]->d_name);

        if (len > 0 && (size_t)len < sizeof child)
            scan_path(run, child, depth + 1, false);
        else
            report_trouble(run, path, "path too long");
        free(list[i]);
    }
    free(list);
}

/* Links are followed when named, never when met. */
static void scan_path(struct run *run, const char *path, unsigned depth, bool is_operand)
{
    struct stat st;

    if (is_operand && strcmp(path, "-") == 0)
        scan_stdin(run);
    else if (!is_operand && lstat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return;
    else if (run->o->is_recursive && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        scan_folder(run, path, depth);
    else
        scan_file(run, path);
}

/* uvscan's exit codes, worst first. */
static int uvscan_status(const struct run *run)
{
    if (run->found && run->o->is_clean)
        return run->clean_failed ? 12 : 19;
    return run->found ? 13 : run->troubles ? 6 : 0;
}

static void print_summary(const struct run *run)
{
    char line[200];
    int n = snprintf(line, sizeof line, "\nSummary\n  Total files: ... %u\n  Clean: ......... %u\n  Possibly infected: %u\n",
                     run->files, run->files - run->found, run->found);

    if (n > 0)
        put_out(slice_of(line, (size_t)n));
}

int filemode_run(const struct options *o, const struct conf *c, const struct dbset *dbs)
{
    struct run run = { .o = o, .conf = c, .dbs = dbs };
    const struct scan_setup setup = { .conf = c, .dbs = dbs->dbs, .n_dbs = dbs->n, .is_raw = o->is_raw,
                                      .wants_all = o->wants_all || o->is_explain, .wants_tree = o->is_explain };

    run.scan = scan_new(&setup);
    if (!run.scan) {
        diag_warn("out of memory");
        return o->is_uvscan ? 6 : 2;
    }
    for (size_t i = 0; i < o->n_paths; i++)
        scan_path(&run, o->paths[i], 0, true);
    scan_free(run.scan);
    if (o->wants_summary)
        print_summary(&run);
    if (o->is_uvscan)
        return uvscan_status(&run);
    return run.troubles ? 2 : run.found ? 1 : 0;
}

/* Stored turned round: the string itself in the program would alarm every scanner that looks at it. */
int filemode_selftest(const struct conf *c, const struct dbset *dbs)
{
    static const char turned[] = "*H+H$!ELIF-TSET-SURIVITNA-DRADNATS-RACIE$}7)CC7)^P(45XZP\\4[PA@%P!O5X";
    char text[sizeof turned] = "";
    const struct scan_setup setup = { .conf = c, .dbs = dbs->dbs, .n_dbs = dbs->n };
    struct scan_part part = { .bytes = slice_of(text, sizeof turned - 1) };
    struct verdict v = { .keeps_all = false };
    struct scan *s = scan_new(&setup);
    bool is_found;

    for (size_t i = 0; i < sizeof turned - 1; i++)
        text[i] = turned[sizeof turned - 2 - i];
    if (s)
        scan_run(s, &part, &v);
    is_found = v.worst.cls == CLS_VIRUS;
    diag_warn("selftest: %s", is_found ? v.worst.name : "the EICAR test file is NOT found");
    scan_free(s);
    verdict_release(&v);
    return is_found ? 0 : 2;
}
