#include "vdl/compile.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mapfile.h"
#include "clam.h"
#include "emit.h"
#include "ignore.h"
#include "parse.h"
#include "same.h"
#include "sema.h"

enum { SOURCE_MAX_GB = 8, FOLDER_FILES = 1 << 16 };

struct vdl_compiler {
    struct vdl_options options;
    struct vdl_program program;
    struct vdl_reader reader;
};

typedef enum cs_status reader_fn(struct vdl_reader *r, struct slice text);

/* By the ending of the name. */
static const struct { const char *ending; reader_fn *read; } formats[] = {
    { ".vdl", vdl_parse }, { ".ndb", clam_read_ndb }, { ".sdb", clam_read_ndb }, { ".ndu", clam_read_ndu }, { ".db", clam_read_db },
    { ".ldb", clam_read_ldb }, { ".ldu", clam_read_ldu }, { ".hdb", clam_read_hash }, { ".hsb", clam_read_hash },
    { ".hdu", clam_read_hash_pua }, { ".hsu", clam_read_hash_pua }, { ".fp", clam_read_hash_allow }, { ".sfp", clam_read_hash_allow },
    { ".mdb", clam_read_section }, { ".msb", clam_read_section }, { ".mdu", clam_read_section_pua }, { ".msu", clam_read_section_pua },
    { ".imp", clam_read_imp }, { ".ign2", clam_read_ign2 }, { ".ign", clam_read_ign },
};

struct vdl_compiler *vdl_compiler_new(const struct vdl_options *o)
{
    struct vdl_compiler *c = calloc(1, sizeof *c);

    if (!c)
        return NULL;
    c->options = *o;
    if (c->options.clam_level == 0)
        c->options.clam_level = 230;
    if (vdl_program_init(&c->program) != CS_OK) {
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
    free(c->program.samples);
    vdl_program_release(&c->program);
    free(c);
}

static reader_fn *format_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && i < sizeof formats / sizeof *formats; i++)
        if (strcasecmp(dot, formats[i].ending) == 0)
            return formats[i].read;
    return NULL;
}

enum cs_status vdl_compiler_add_text(struct vdl_compiler *c, const char *name, struct slice text)
{
    struct vdl_reader *r = &c->reader;
    struct vdl_source source = { .name = name, .text = text };
    struct slice kept = arena_copy(&c->program.arena, slice_str(name));
    reader_fn *read = format_of(name);
    enum cs_status st;

    r->source = &source;
    r->file = (const char *)kept.p;
    if (!kept.p)
        return CS_NOMEM;
    if (!read) {
        complain(&r->complaints, &source, COMPLAIN_ERROR, 0, 0, "the ending of the name tells the format: .vdl .ndb .ldb .hdb …", "unknown format");
        return CS_OK;
    }
    st = read(r, text);
    complain_rest(&r->complaints, &source);
    r->source = NULL;
    return st;
}

static enum cs_status add_file(struct vdl_compiler *c, const char *path)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_MAP, (size_t)SOURCE_MAX_GB << 30);

    if (st != CS_OK) {
        struct vdl_source none = { .name = path };
        complain(&c->reader.complaints, &none, COMPLAIN_ERROR, 0, 0, NULL, "%s", cs_status_text(st));
        return st == CS_NOMEM ? st : CS_OK;
    }
    st = vdl_compiler_add_text(c, path, m.data);
    mapfile_close(&m);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
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

enum cs_status vdl_compiler_write(struct vdl_compiler *c, const char *path)
{
    struct vdl_source out = { .name = path };
    struct vdl_emit_options o = { .progress = c->options.progress, .progress_ctx = c->options.progress_ctx,
                                  .image_bytes = &c->reader.counts.image_bytes };
    char why[256] = "";
    enum cs_status st;

    if (c->reader.complaints.n[COMPLAIN_ERROR])
        return CS_INVALID;
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
        struct vdl_test t = { .rule = s->rule, .name = s->name, .parent = s->parent, .bytes = s->bytes, .depth = s->depth,
                              .must_match = s->must_match, .source = s->source, .line = s->line };
        struct mapfile m = { 0 };
        bool go_on;

        for (size_t k = 0; k < s->n_types; k++)
            t.types[k] = (const char *)s->types[k].p;
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
