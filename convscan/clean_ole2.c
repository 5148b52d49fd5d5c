#include "clean.h"

#include "base/bytes.h"
#include "cfb.h"
#include "olepkg.h"
#include "utf16.h"
#include "vba.h"
#include "vbapack.h"

enum { NAME = 64 * 3 + 4, PROJECTS = 64 };

struct cleaner {
    struct cfb file;            /* over the input, which stays as it is */
    uint8_t *copy;
    uint32_t *dirs;             /* by storage: its dir stream, or CFB_ORPHAN */
    struct buf room;            /* the stream being changed, as it shall be */
    struct vba_project vba;
    uint32_t vba_storage;
    size_t n_projects;
    bool is_changed, is_locked;
};

static bool is_named(const struct cfb_entry *e, struct slice want)
{
    uint8_t at[NAME];
    struct buf name = buf_over(at, sizeof at);

    return utf16le_put(&name, e->name) == CS_OK && slice_istarts(buf_slice(&name), want) &&
           (name.n == want.n || want.p[want.n - 1] == '_');             /* "__SRP_": any number may follow */
}

static enum cs_status find_dirs(struct cleaner *c)
{
    size_t n = c->file.n_entries;

    c->dirs = malloc((n + 1) * sizeof *c->dirs);
    if (!c->dirs)
        return CS_NOMEM;
    memset(c->dirs, 0xff, (n + 1) * sizeof *c->dirs);
    for (size_t i = 0; i < n; i++) {
        struct cfb_entry e = cfb_at(&c->file, i);
        if (e.kind == CFB_STREAM && e.parent < n && is_named(&e, SLICE("dir")))
            c->dirs[e.parent] = (uint32_t)i;
        if (e.kind == CFB_STREAM && (is_named(&e, SLICE("EncryptedPackage")) || is_named(&e, SLICE("EncryptedSummary"))))
            c->is_locked = true;
    }
    return CS_OK;
}

static enum cs_status load_project(struct cleaner *c, uint32_t storage)
{
    struct cfb_entry dir = cfb_at(&c->file, c->dirs[storage]);
    struct buf room = buf_init(c->file.file.n);
    struct slice packed;
    enum cs_status st;

    if (c->vba_storage == storage)
        return CS_OK;
    vba_close(&c->vba);
    c->vba_storage = storage;
    if (c->n_projects++ == PROJECTS)
        return CS_UNSUPPORTED;
    st = cfb_read(&c->file, &dir, &room, &packed);
    if (st == CS_OK)
        st = vba_open(&c->vba, packed);
    buf_release(&room);
    return st;
}

/* The lines that say what a module is; a macro begins behind them. */
static struct slice attributes(struct slice text)
{
    size_t n = 0;

    while (slice_istarts(slice_drop(text, n), SLICE("Attribute "))) {
        struct slice rest = slice_drop(text, n);
        size_t line = slice_chr(rest, '\n') + 1;
        if (line > rest.n || n + line > VBAPACK_TEXT)
            break;
        n += line;
    }
    return slice_take(text, n);
}

static bool is_blank(struct slice text)
{
    return slice_trim(text).n == 0;
}

/* Compiled code becomes zeros, the source its attributes and empty lines. Modules without source become zeros. */
static enum cs_status empty_module(struct cleaner *c, const struct cfb_entry *e, struct slice stream)
{
    struct vba_sources sources;
    struct buf text = buf_init(VBA_MOST);
    struct slice head;
    size_t at;
    bool is_whole;
    enum cs_status st = vba_find(&c->vba, true, e->name, stream, &sources);

    at = st == CS_OK && sources.n ? sources.at[0] : stream.n;
    if (st == CS_OK)
        st = vba_unpack(slice_drop(stream, at), &text, &is_whole);
    head = attributes(buf_slice(&text));
    if (st == CS_OK && !is_blank(slice_drop(buf_slice(&text), head.n))) {
        memset(c->room.p, 0, stream.n);
        if (!vbapack_fill(head, c->room.p + at, stream.n - at))
            (void)vbapack_fill(slice_of(NULL, 0), c->room.p + at, stream.n - at);
        c->is_changed = true;
    } else if (st == CS_OK && at) {                 /* nothing to run but what is compiled */
        memset(c->room.p, 0, at);
        c->is_changed = true;
    }
    buf_release(&text);
    return st;
}

/* Version 0xffff: what is compiled belongs to no version of Office, and each compiles anew. */
static void no_version(struct cleaner *c, struct slice stream)
{
    static const uint8_t head[] = { 0xcc, 0x61, 0xff, 0xff, 0, 0, 0 };

    memset(c->room.p, 0, stream.n);
    memcpy(c->room.p, head, stream.n < sizeof head ? stream.n : sizeof head);
    c->is_changed = true;
}

static enum cs_status macro_stream(struct cleaner *c, const struct cfb_entry *e, struct slice stream)
{
    enum cs_status st = load_project(c, e->parent);

    if (st != CS_OK || is_named(e, SLICE("dir")))
        return st;
    if (is_named(e, SLICE("_VBA_PROJECT"))) {
        no_version(c, stream);
        return CS_OK;
    }
    if (is_named(e, SLICE("__SRP_"))) {
        memset(c->room.p, 0, stream.n);
        c->is_changed = true;
        return CS_OK;
    }
    return empty_module(c, e, stream);
}

/* The file in a package, wherever its data are. */
static void empty_package(struct cleaner *c, struct slice stream)
{
    struct olepkg pkg;
    struct slice data = slice_drop(stream, 4);

    if (olepkg_parse(slice_drop(stream, 4), &pkg) || olepkg_parse(stream, &pkg))
        data = pkg.data;
    memset(c->room.p + (data.p - stream.p), ' ', data.n);
    c->is_changed = true;
}

static enum cs_status clean_stream(struct cleaner *c, const struct cfb_entry *e)
{
    struct slice stream;
    struct buf read = buf_init(c->file.file.n);
    bool is_macro = e->parent < c->file.n_entries && c->dirs[e->parent] != CFB_ORPHAN;
    bool is_package = is_named(e, SLICE("\1Ole10Native"));
    enum cs_status st = CS_OK;

    if (!is_macro && !is_package)
        return CS_OK;
    st = cfb_read(&c->file, e, &read, &stream);
    c->room.n = 0;
    if (st == CS_OK)
        st = buf_put(&c->room, stream);
    if (st == CS_OK && stream.n && is_macro)
        st = macro_stream(c, e, stream);
    else if (st == CS_OK && stream.n)
        empty_package(c, stream);
    if (st == CS_OK)
        cfb_overwrite(&c->file, e, buf_slice(&c->room), c->copy);
    buf_release(&read);
    return st;
}

static enum cs_status clean_streams(struct cleaner *c)
{
    enum cs_status st = find_dirs(c);

    for (size_t i = 0; st == CS_OK && !c->is_locked && i < c->file.n_entries; i++) {
        struct cfb_entry e = cfb_at(&c->file, i);
        if (e.kind == CFB_STREAM && e.size)
            st = clean_stream(c, &e);
    }
    return st == CS_OK && (c->is_locked || c->file.is_damaged) ? CS_UNSUPPORTED : st;
}

enum cs_status clean_ole2(struct slice in, struct buf *out, bool *is_changed)
{
    struct cleaner c = { .vba_storage = CFB_ORPHAN, .room = buf_init(in.n) };
    size_t begin = out->n;
    enum cs_status st;

    *is_changed = false;
    if (!cfb_is(in))
        return CS_UNSUPPORTED;
    st = buf_put(out, in);
    if (st != CS_OK)
        return st;
    st = cfb_open(&c.file, in);
    c.copy = out->p + begin;
    if (st == CS_OK)
        st = clean_streams(&c);
    if (st == CS_OK)
        *is_changed = c.is_changed;
    else
        out->n = begin;
    cfb_close(&c.file);
    vba_close(&c.vba);
    free(c.dirs);
    buf_release(&c.room);
    return st == CS_FOREIGN || st == CS_TOOBIG ? CS_UNSUPPORTED : st;
}
