#include "chm.h"

static bool is_szdd(struct slice s)
{
    return slice_starts(s, SLICE("SZDD\x88\xf0\x27\x33")) || slice_starts(s, SLICE("SZ \x88\xf0\x27\x33\xd1"));
}

static bool is_kwaj(struct slice s)
{
    return slice_starts(s, SLICE("KWAJ\x88\xf0\x27\xd1"));
}

#if __has_include(<mspack.h>)

#include <mspack.h>

/* What one decoder works with. */
struct unpacking {
    struct mspack_system calls;
    struct slice object;
    struct emit *out;
    enum cs_status st;          /* of the emit: once not CS_OK, every write fails */
    size_t memory_left;
    uint64_t made;              /* bytes written so far */
    bool is_limited;
};

/* An open file: the object, or the child that is being emitted. Names are only passed through by the library, so ours are none. */
struct stream {
    struct unpacking *u;
    bool is_output;
    size_t at;
};

struct block {                  /* in front of every piece of memory */
    struct unpacking *owner;
    size_t n;
};

/*
 * The one whose turn it is. The library hands its callbacks a copy of the system that it made for itself, without what stands behind it
 * here: what is to be known of an unpacking cannot be found through that pointer.
 */
static _Thread_local struct unpacking *in_charge;

static struct unpacking *take_charge(struct unpacking *u)
{
    struct unpacking *before = in_charge;

    in_charge = u;
    return before;
}

static void *get(struct mspack_system *self, size_t n)
{
    struct unpacking *u = in_charge;
    struct block *b;

    (void)self;
    if (n > u->memory_left) {
        u->is_limited = true;
        return NULL;
    }
    b = calloc(1, n + sizeof *b);                   /* zeroed: the library gives back pointers of heads that it never filled */
    if (!b)
        return NULL;
    *b = (struct block){ u, n };
    u->memory_left -= n;
    return b + 1;
}

static void give_back(void *p)
{
    struct block *b = p;

    if (!b)
        return;
    b--;
    b->owner->memory_left += b->n;
    free(b);
}

static struct mspack_file *file_open(struct mspack_system *self, const char *name, int mode)
{
    struct stream *f = get(self, sizeof *f);

    (void)name;
    if (f)
        *f = (struct stream){ .u = in_charge, .is_output = mode != MSPACK_SYS_OPEN_READ };
    return (struct mspack_file *)(void *)f;
}

static void file_close(struct mspack_file *file)
{
    give_back(file);
}

static int file_read(struct mspack_file *file, void *to, int n)
{
    struct stream *f = (struct stream *)(void *)file;
    struct slice s = slice_sub(f->u->object, f->at, n > 0 ? (size_t)n : 0);

    if (f->is_output)
        return -1;
    if (s.n)
        memcpy(to, s.p, s.n);
    f->at += s.n;
    return (int)s.n;
}

static int file_write(struct mspack_file *file, void *from, int n)
{
    struct stream *f = (struct stream *)(void *)file;
    struct unpacking *u = f->u;

    if (!f->is_output || n < 0)
        return -1;
    if (u->st == CS_OK && n)
        u->st = u->out->put(u->out, slice_of(from, (size_t)n));
    u->made += (uint64_t)n;
    return u->st == CS_OK ? n : -1;
}

static int file_seek(struct mspack_file *file, off_t by, int mode)
{
    struct stream *f = (struct stream *)(void *)file;
    off_t size = (off_t)f->u->object.n, from = mode == MSPACK_SYS_SEEK_START ? 0 : mode == MSPACK_SYS_SEEK_CUR ? (off_t)f->at : size;

    if (by > size || by < -size || from + by < 0 || from + by > size)
        return -1;
    f->at = (size_t)(from + by);
    return 0;
}

static off_t file_tell(struct mspack_file *file)
{
    return (off_t)((struct stream *)(void *)file)->at;
}

static void no_message(struct mspack_file *file, const char *format, ...)
{
    (void)file, (void)format;
}

static void copy(void *from, void *to, size_t n)
{
    memcpy(to, from, n);
}

static struct unpacking unpacking(struct slice object, struct emit *out)
{
    return (struct unpacking){
        .calls = { .open = file_open, .close = file_close, .read = file_read, .write = file_write, .seek = file_seek,
                    .tell = file_tell, .message = no_message, .alloc = get, .free = give_back, .copy = copy },
        .object = object, .out = out, .memory_left = CHM_MEMORY,
    };
}

/* How it went, in the emit's words: its own status first. */
static enum cs_status outcome(struct unpacking *u, int error, const char *what)
{
    if (u->st != CS_OK)
        return u->st;
    if (u->is_limited)
        return u->out->note(u->out, EMIT_LIMITED, "memory for compiled help");
    return error == MSPACK_ERR_OK ? CS_OK : u->out->note(u->out, EMIT_DAMAGED, what);
}

/* ---- CHM ---- */

struct chm {
    struct unpacking u;
    struct mschm_decompressor *with;
    struct mschmd_file **files;     /* in the order of their data, so that nothing is unpacked twice */
    size_t n_files;
    uint64_t reached, skipped;      /* in the packed section */
    int error;
};

static int by_place(const void *a, const void *b)
{
    const struct mschmd_file *x = *(struct mschmd_file *const *)a, *y = *(struct mschmd_file *const *)b;

    if (x->section->id != y->section->id)
        return x->section->id < y->section->id ? -1 : 1;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static enum cs_status sort_files(struct chm *c, struct mschmd_header *head)
{
    for (struct mschmd_file *f = head->files; f; f = f->next)
        c->n_files++;
    c->files = calloc(c->n_files + 1, sizeof *c->files);
    if (!c->files)
        return CS_NOMEM;
    c->n_files = 0;
    for (struct mschmd_file *f = head->files; f; f = f->next)
        if (f->length > 0 && f->offset >= 0 && f->section)
            c->files[c->n_files++] = f;
    qsort(c->files, c->n_files, sizeof *c->files, by_place);
    return CS_OK;
}

/* Files that overlap make the library unpack what lies before them again and again. */
static bool is_too_far(struct chm *c, const struct mschmd_file *f)
{
    uint64_t at = (uint64_t)f->offset;

    if (f->section->id == 0)
        return false;
    c->skipped += at >= c->reached ? at - c->reached : at;
    c->reached = at + (uint64_t)f->length;
    return c->skipped > CHM_SKIPPED;
}

static enum cs_status one_file(struct chm *c, struct mschmd_file *f)
{
    struct emit *out = c->u.out;
    struct emit_child child = { .kind = EMIT_MEMBER, .name = slice_str(f->filename), .how = "chm", .size = (uint64_t)f->length,
                                .packed = UINT64_MAX };
    uint64_t before = c->u.made;
    int error;
    enum cs_status st;

    if (is_too_far(c, f))
        return CS_TOOBIG;
    st = out->open(out, &child);
    if (st != CS_OK)
        return st;
    take_charge(&c->u);                             /* what came out before may have been compiled help as well */
    error = c->with->extract(c->with, f, "out");
    c->error = c->error == MSPACK_ERR_OK ? error : c->error;
    st = c->u.st == CS_OK ? out->close(out) : c->u.st;
    if (st == CS_OK && error != MSPACK_ERR_OK && c->u.made == before)
        return out->note(out, EMIT_ENCRYPTED, "unreadable file of compiled help");
    return st;
}

enum cs_status chm_decode(struct slice object, struct emit *out)
{
    struct chm c = { .u = unpacking(object, out) };
    struct unpacking *before = take_charge(&c.u);
    struct mschmd_header *head;
    enum cs_status st = CS_OK;

    c.with = mspack_create_chm_decompressor(&c.u.calls);
    if (!c.with) {
        take_charge(before);
        return CS_NOMEM;
    }
    head = c.with->open(c.with, "in");
    if (head) {
        st = sort_files(&c, head);
        for (size_t i = 0; st == CS_OK && i < c.n_files; i++)
            st = one_file(&c, c.files[i]);
        if (st == CS_TOOBIG)
            st = out->note(out, EMIT_LIMITED, "files of compiled help overlap too much");
        c.with->close(c.with, head);
    } else {
        c.error = c.with->last_error(c.with);
    }
    free(c.files);
    mspack_destroy_chm_decompressor(c.with);
    take_charge(before);
    return st == CS_OK ? outcome(&c.u, c.error, "compiled help") : st;
}

/* ---- SZDD, KWAJ ---- */

static int extract_szdd(struct unpacking *u)
{
    struct msszdd_decompressor *with = mspack_create_szdd_decompressor(&u->calls);
    int error;

    if (!with)
        return MSPACK_ERR_NOMEMORY;
    error = with->decompress(with, "in", "out");
    mspack_destroy_szdd_decompressor(with);
    return error;
}

static int extract_kwaj(struct unpacking *u)
{
    struct mskwaj_decompressor *with = mspack_create_kwaj_decompressor(&u->calls);
    int error;

    if (!with)
        return MSPACK_ERR_NOMEMORY;
    error = with->decompress(with, "in", "out");
    mspack_destroy_kwaj_decompressor(with);
    return error;
}

enum cs_status szdd_decode(struct slice object, struct emit *out)
{
    struct unpacking u = unpacking(object, out);
    struct emit_child child = { .kind = EMIT_MEMBER, .how = "szdd", .size = UINT64_MAX, .packed = object.n };
    struct unpacking *before;
    int error;
    enum cs_status st;

    if (!is_szdd(object) && !is_kwaj(object))
        return CS_OK;
    st = out->open(out, &child);
    if (st != CS_OK)
        return st;
    before = take_charge(&u);
    error = is_szdd(object) ? extract_szdd(&u) : extract_kwaj(&u);
    take_charge(before);
    if (u.st == CS_OK)
        st = out->close(out);
    return st == CS_OK ? outcome(&u, error, "packed file") : st;
}

#else

enum cs_status chm_decode(struct slice object, struct emit *out)
{
    (void)object;
    return out->note(out, EMIT_ENCRYPTED, "compiled help, which this build cannot open");
}

enum cs_status szdd_decode(struct slice object, struct emit *out)
{
    return is_szdd(object) || is_kwaj(object) ? out->note(out, EMIT_ENCRYPTED, "SZDD, which this build cannot open") : CS_OK;
}

#endif
