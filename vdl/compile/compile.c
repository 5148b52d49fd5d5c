#include "vdl/compile.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/mapfile.h"
#include "clam.h"
#include "clam_cvd.h"
#include "emit.h"
#include "ignore.h"
#include "parse.h"
#include "same.h"
#include "yara.h"

enum { SOURCE_MAX_GB = 8, FOLDER_FILES = 1 << 16 };

struct vdl_compiler {
    struct vdl_options options;
    struct vdl_program program;
    struct vdl_reader reader;
};

typedef enum cs_status reader_fn(struct vdl_reader *r, struct slice text);

enum format_flags { F_PUA = 1, F_IGNORE = 2, F_CONTAINER = 4, F_SIGNED = 8, F_SILENT = 16 };

/* By the ending of the name. */
static const struct format { const char *ending; reader_fn *read; unsigned flags; } formats[] = {
    { ".vdl", vdl_parse, 0 }, { ".yar", yara_read, 0 }, { ".yara", yara_read, 0 },
    { ".ndb", clam_read_ndb, 0 }, { ".sdb", clam_read_ndb, 0 }, { ".ndu", clam_read_ndu, F_PUA }, { ".db", clam_read_db, 0 },
    { ".ldb", clam_read_ldb, 0 }, { ".ldu", clam_read_ldu, F_PUA },
    { ".hdb", clam_read_hash, 0 }, { ".hsb", clam_read_hash, 0 }, { ".hdu", clam_read_hash_pua, F_PUA }, { ".hsu", clam_read_hash_pua, F_PUA },
    { ".fp", clam_read_hash_allow, 0 }, { ".sfp", clam_read_hash_allow, 0 },
    { ".mdb", clam_read_section, 0 }, { ".msb", clam_read_section, 0 }, { ".mdu", clam_read_section_pua, F_PUA },
    { ".msu", clam_read_section_pua, F_PUA }, { ".imp", clam_read_imp, 0 }, { ".cdb", clam_read_cdb, 0 },
    { ".ign2", clam_read_ign2, F_IGNORE }, { ".ign", clam_read_ign, F_IGNORE },
    { ".ftm", clam_read_unknown, 0 }, { ".pwdb", clam_read_unknown, 0 }, { ".pdb", clam_read_unknown, 0 }, { ".wdb", clam_read_unknown, 0 },
    { ".gdb", clam_read_unknown, 0 }, { ".idb", clam_read_unknown, 0 }, { ".crb", clam_read_unknown, 0 }, { ".cat", clam_read_unknown, 0 },
    { ".zmd", clam_read_unknown, 0 }, { ".rmd", clam_read_unknown, 0 }, { ".ioc", clam_read_unknown, 0 },
    { ".cbc", clam_read_bytecode, 0 }, { ".cfg", NULL, F_SILENT }, { ".info", NULL, F_SILENT },
    { ".cvd", NULL, F_CONTAINER | F_SIGNED }, { ".cld", NULL, F_CONTAINER }, { ".cud", NULL, F_CONTAINER },
};

struct vdl_compiler *vdl_compiler_new(const struct vdl_options *o)
{
    struct vdl_compiler *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->options = *o;
    if (c->options.clam_level == 0)
        c->options.clam_level = 230;
    if ((o->memory ? vdl_program_init_sized(&c->program, o->memory) : vdl_program_init(&c->program)) != CS_OK) {
        free(c);
        return NULL;
    }
    c->reader.ignore = ignore_new();
    c->reader.same = same_new(&c->program);
    if (!c->reader.ignore || !c->reader.same) {
        vdl_compiler_free(c);
        return NULL;
    }
    c->reader.o = &c->options;
    c->reader.program = &c->program;
    c->reader.complaints.out = o->complaints;
    c->reader.complaints.is_quiet = o->quiet_imports;
    return c;
}

void vdl_compiler_free(struct vdl_compiler *c)
{
    if (!c)
        return;
    ignore_free(c->reader.ignore);
    same_free(c->reader.same);
    vdl_program_release(&c->program);
    free(c);
}

static const struct format *format_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(dot, formats[i].ending) == 0)
            return &formats[i];
    return NULL;
}

static enum cs_status add_container(struct vdl_compiler *c, const char *name, struct slice file, unsigned flags);

enum cs_status vdl_compiler_add_text(struct vdl_compiler *c, const char *name, struct slice text)
{
    struct vdl_reader *r = &c->reader;
    struct vdl_source source = { .name = name, .text = text };
    struct slice kept = arena_copy(&c->program.arena, slice_str(name));
    const struct format *f = format_of(name);
    enum cs_status st;

    if (!kept.p)
        return CS_NOMEM;
    if (!f) {
        complain(&r->complaints, &source, COMPLAIN_ERROR, 0, 0, "the ending of the name tells the format: .vdl .ndb .ldb .hdb …", "unknown format");
        return CS_OK;
    }
    if (f->flags & F_SILENT || (f->flags & F_PUA && !c->options.with_pua))
        return CS_OK;
    if (f->flags & F_CONTAINER)
        return add_container(c, name, text, f->flags);
    r->source = &source;
    r->file = (const char *)kept.p;
    st = f->read(r, text);
    complain_rest(&r->complaints, &source);
    r->source = NULL;
    return st;
}

/* ---- ClamAV's containers: first the lists of ignored names, then the rest ---- */

struct container { struct vdl_compiler *c; const char *name; bool is_second; };

static bool want_member(void *ctx, const char *name)
{
    const struct container *k = ctx;
    const struct format *f = format_of(name);

    return f && !(f->flags & F_CONTAINER) && (f->flags & F_IGNORE) == (k->is_second ? 0 : F_IGNORE);
}

static enum cs_status add_member(void *ctx, const char *name, struct slice bytes)
{
    struct container *k = ctx;
    char *path;
    enum cs_status st;

    if (asprintf(&path, "%s/%s", k->name, name) < 0)
        return CS_NOMEM;
    st = vdl_compiler_add_text(k->c, path, bytes);
    free(path);
    return st;
}

static enum cs_status add_container(struct vdl_compiler *c, const char *name, struct slice file, unsigned flags)
{
    struct container k = { .c = c, .name = name };
    struct vdl_source source = { .name = name };
    char why[128];
    enum cs_status st = clam_cvd_check(file, flags & F_SIGNED, why);

    if (st == CS_OK)
        st = clam_cvd_walk(file, want_member, add_member, &k, why);
    k.is_second = true;
    if (st == CS_OK)
        st = clam_cvd_walk(file, want_member, add_member, &k, why);
    if (st == CS_OK || st == CS_NOMEM)
        return st;
    complain(&c->reader.complaints, &source, COMPLAIN_ERROR, 0, 0, NULL, "%s", st == CS_CORRUPT ? why : cs_status_text(st));
    return CS_OK;
}

static enum cs_status add_file(struct vdl_compiler *c, const char *path)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_MAP, at_most((uint64_t)SOURCE_MAX_GB << 30));

    if (st != CS_OK) {
        struct vdl_source none = { .name = path };
        complain(&c->reader.complaints, &none, COMPLAIN_ERROR, 0, 0, NULL, "%s", cs_status_text(st));
        return st == CS_NOMEM ? st : CS_OK;
    }
    st = vdl_compiler_add_text(c, path, m.data);
    mapfile_close(&m);
    return st;
}

static bool is_ignore_list(const char *path)
{
    const struct format *f = format_of(path);

    return f && f->flags & F_IGNORE;
}

/* Lists of ignored names first: an entry with a digest must be known before its signature comes by. */
static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    bool first = is_ignore_list(x);

    return first != is_ignore_list(y) ? (first ? -1 : 1) : strcmp(x, y);
}

static enum cs_status add_folder(struct vdl_compiler *c, const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;
    char **names = NULL, *file;
    size_t n = 0, room = 0;
    enum cs_status st = d ? CS_OK : CS_ACCESS;

    while (st == CS_OK && (e = readdir(d))) {
        if (!format_of(e->d_name) || e->d_name[0] == '.')
            continue;
        if (n == room) {
            char **grown = room < FOLDER_FILES ? reallocarray(names, room = room ? room * 2 : 64, sizeof *names) : NULL;
            if (!grown) {
                st = CS_NOMEM;
                break;
            }
            names = grown;
        }
        if (asprintf(&file, "%s/%s", path, e->d_name) < 0)
            st = CS_NOMEM;
        else
            names[n++] = file;
    }
    if (d)
        closedir(d);
    if (n)
        qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        if (st == CS_OK)
            st = add_file(c, names[i]);
        free(names[i]);
    }
    free(names);
    return st;
}

enum cs_status vdl_compiler_add(struct vdl_compiler *c, const char *path)
{
    struct stat sb;

    if (stat(path, &sb) == 0 && S_ISDIR(sb.st_mode))
        return add_folder(c, path);
    return add_file(c, path);
}

/* Names that were ignored only after their signatures had been read. */
static void drop_ignored(struct vdl_compiler *c)
{
    struct vdl_program *p = &c->program;
    size_t n = 0;

    for (size_t i = 0; i < p->n_rules; i++)
        if (!ignore_has(c->reader.ignore, p->rules[i].name, slice_of(NULL, 0)))
            p->rules[n++] = p->rules[i];
    c->reader.counts.loaded -= p->n_rules - n;
    c->reader.counts.ignored += p->n_rules - n;
    p->n_rules = n;
}

enum cs_status vdl_compiler_finish(struct vdl_compiler *c)
{
    return clam_macros_finish(&c->reader);
}

enum cs_status vdl_compiler_write(struct vdl_compiler *c, const char *path)
{
    struct vdl_source out = { .name = path };
    struct vdl_emit_options o = { .progress = c->options.progress, .progress_ctx = c->options.progress_ctx,
                                  .image_bytes = &c->reader.counts.image_bytes };
    char why[256] = "";
    enum cs_status st = vdl_compiler_finish(c);

    if (st != CS_OK)
        return st;
    if (c->reader.complaints.n[COMPLAIN_ERROR] || c->options.trees_only)
        return CS_INVALID;
    drop_ignored(c);
    st = vdl_emit(&c->program, path, &o, why);
    if (st != CS_OK)
        complain(&c->reader.complaints, &out, COMPLAIN_ERROR, 0, 0, NULL, "%s%s%s", cs_status_text(st), *why ? ": " : "", why);
    return st;
}

void vdl_compiler_counts(const struct vdl_compiler *c, struct vdl_counts *out)
{
    *out = c->reader.counts;
    out->errors = c->reader.complaints.n[COMPLAIN_ERROR];
    out->warnings = c->reader.complaints.n[COMPLAIN_WARNING];
    out->malformed = c->reader.complaints.n[COMPLAIN_MALFORMED];
}

size_t vdl_compiler_unsupported(const struct vdl_compiler *c, const struct vdl_unsupported **out)
{
    *out = c->reader.features;
    return c->reader.n_features;
}

enum cs_status vdl_compiler_explain(struct vdl_compiler *c, struct slice rule, FILE *out)
{
    enum cs_status st = CS_NOENT;

    for (size_t i = 0; i < c->program.n_rules; i++)
        if (slice_eq(c->program.rules[i].name, rule)) {
            vdl_emit_explain(&c->program.rules[i], out);
            st = CS_OK;
        }
    return st;
}

/* A sample's file is named relative to the folder of its source. */
static enum cs_status sample_file(const struct vdl_sample *s, struct mapfile *m)
{
    const char *slash = strrchr(s->source, '/');
    int folder = slash ? (int)(slash - s->source) + 1 : 0;
    char *path;
    enum cs_status st;

    if (asprintf(&path, "%.*s%.*s", s->file.n && s->file.p[0] == '/' ? 0 : folder, s->source, (int)s->file.n, (const char *)s->file.p) < 0)
        return CS_NOMEM;
    st = mapfile_open(m, path, MAPFILE_COPY, (size_t)64 << 20);
    free(path);
    return st;
}

enum cs_status vdl_compiler_tests(struct vdl_compiler *c, bool (*fn)(void *ctx, const struct vdl_test *t), void *ctx)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < c->program.n_samples; i++) {
        const struct vdl_sample *s = &c->program.samples[i];
        struct vdl_test t = { .rule = s->rule, .name = s->name, .sender = s->sender, .bytes = s->bytes, .depth = s->depth,
                              .must_match = s->must_match, .source = s->source, .line = s->line };
        struct mapfile m = { 0 };
        bool go_on;

        for (size_t k = 0; k < s->n_types; k++)
            t.types[k] = (const char *)s->types[k].p;
        for (size_t k = 0; k < s->n_inside; k++)
            t.inside[k] = (const char *)s->inside[k].p;
        if (s->file.n) {
            enum cs_status got = sample_file(s, &m);
            if (got != CS_OK) {
                struct vdl_source source = { .name = s->source };
                complain(&c->reader.complaints, &source, COMPLAIN_ERROR, s->line, 0, NULL, "sample file %.*s: %s", (int)s->file.n,
                         (const char *)s->file.p, cs_status_text(got));
                st = CS_INVALID;
                continue;
            }
            t.bytes = m.data;
        }
        go_on = fn(ctx, &t);
        mapfile_close(&m);
        if (!go_on)
            return CS_STOP;
    }
    return st;
}
