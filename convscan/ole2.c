#include "ole2.h"

#include "base/bytes.h"
#include "base/buf.h"
#include "cfb.h"
#include "lzfu.h"
#include "officecrypt.h"
#include "olepkg.h"
#include "olestream.h"
#include "utf16.h"
#include "vba.h"

enum { PROJECTS = 64, STREAM_NAME = 64 * 3 };

struct ole2 {
    struct cfb file;
    struct emit *out;
    struct buf room, path, text;
    uint32_t *helpers;          /* by storage: the entry that explains the others there (dir, an attachment's name), or CFB_ORPHAN */
    struct vba_project vba;     /* of the storage below */
    uint32_t vba_storage;
    size_t n_projects;
    bool has_macros, is_encrypted;
};

/* A stream's name in ASCII for comparing; other characters come out as UTF-8. */
struct short_name {
    uint8_t room[STREAM_NAME + 4];
    struct buf text;
};

static struct slice short_name(struct short_name *s, struct slice utf16)
{
    s->text = buf_over(s->room, sizeof s->room);
    if (utf16le_put(&s->text, utf16) != CS_OK)
        s->text.n = 0;
    return buf_slice(&s->text);
}

bool ole2_is(struct slice head)
{
    return cfb_is(head);
}

const char *ole2_type(struct slice object)
{
    static const uint8_t msi[] = { 0x10, 0, 0x0c, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46 };
    struct slice clsid;
    uint64_t at;

    if (!cfb_is(object) || object.n < 512)
        return NULL;
    at = ((uint64_t)get_le32(object.p + 48) + 1) << (get_le16(object.p + 30) == 12 ? 12 : 9);
    clsid = at < object.n ? slice_sub(object, (size_t)at + 80, 16) : slice_of(NULL, 0);
    /* 000C1082 (transform), 000C1084 (package), 000C1086 (patch) */
    if (clsid.n == 16 && (clsid.p[0] & 0xf9) == 0x80 && memcmp(clsid.p + 1, msi, sizeof msi) == 0)
        return "MSI";
    return NULL;
}

/* ---- Outlook ---- */

/* "__substg1.0_" and eight hexadecimal digits: property number and type. */
static uint32_t property_of(struct slice name)
{
    struct slice head = SLICE("__substg1.0_");
    uint32_t tag = 0;

    if (!slice_starts(name, head) || name.n != head.n + 8)
        return 0;
    for (size_t i = head.n; i < name.n; i++) {
        int digit = ascii_hex(name.p[i]);
        if (digit < 0)
            return 0;
        tag = tag << 4 | (uint32_t)digit;
    }
    return tag;
}

/* ---- what stands beside what ---- */

static bool is_dir(struct slice name)
{
    return slice_ieq(name, SLICE("dir"));
}

/* How well an entry explains its neighbours; 0 not at all. */
static int helper_rank(struct slice name)
{
    uint32_t property = property_of(name) >> 16;

    if (is_dir(name) || property == 0x3707)         /* module list; long file name */
        return 2;
    return slice_ieq(name, SLICE("_VBA_PROJECT")) || property == 0x3704;
}

static enum cs_status find_helpers(struct ole2 *o)
{
    size_t n = o->file.n_entries;

    o->helpers = malloc((n + 1) * sizeof *o->helpers);
    if (!o->helpers)
        return CS_NOMEM;
    memset(o->helpers, 0xff, (n + 1) * sizeof *o->helpers);
    for (size_t i = 0; i < n; i++) {
        struct cfb_entry e = cfb_at(&o->file, i);
        struct short_name name;
        int rank;
        if (e.kind != CFB_STREAM || e.parent >= n)
            continue;
        rank = helper_rank(short_name(&name, e.name));
        if (rank == 2 || (rank == 1 && o->helpers[e.parent] == CFB_ORPHAN))
            o->helpers[e.parent] = (uint32_t)i;
    }
    return CS_OK;
}

/* The entry that explains this one's storage; false when there is none. */
static bool helper_of(const struct ole2 *o, const struct cfb_entry *e, struct cfb_entry *helper)
{
    if (e->parent >= o->file.n_entries || o->helpers[e->parent] == CFB_ORPHAN)
        return false;
    *helper = cfb_at(&o->file, o->helpers[e->parent]);
    return true;
}

/* ---- one stream ---- */

static enum cs_status note_encrypted(struct ole2 *o)
{
    if (o->is_encrypted)
        return CS_OK;
    o->is_encrypted = true;
    return o->out->note(o->out, EMIT_ENCRYPTED, "Office document");
}

static enum cs_status note_macros(struct ole2 *o)
{
    if (o->has_macros)
        return CS_OK;
    o->has_macros = true;
    return o->out->note(o->out, EMIT_MACROS, "Visual Basic");
}

static enum cs_status native(struct slice path, struct slice stream, struct emit *out)
{
    (void)path;
    return olepkg_native(stream, out);
}

static const struct {
    const char *name;
    enum cs_status (*look)(struct slice path, struct slice stream, struct emit *out);   /* NULL: it is a sign of encryption */
} known[] = {
    { "workbook", olestream_workbook },
    { "book", olestream_workbook },
    { "powerpoint document", olestream_powerpoint },
    { "current user", olestream_current_user },
    { "worddocument", olestream_word },
    { "\1ole10native", native },
    { "encryptedsummary", NULL },
    { "\11drmcontent", NULL },
};

/* The description of the encryption; nothing when there is none. */
static enum cs_status encryption_info(struct ole2 *o, struct buf *room, struct slice *info)
{
    *info = slice_of(NULL, 0);
    for (size_t i = 0; i < o->file.n_entries; i++) {
        struct cfb_entry e = cfb_at(&o->file, i);
        struct short_name name;
        if (e.kind == CFB_STREAM && slice_ieq(short_name(&name, e.name), SLICE("EncryptionInfo")))
            return cfb_read(&o->file, &e, room, info);
    }
    return CS_OK;
}

/* An OOXML document inside: with a password that fits it is a member. Tried once. */
static enum cs_status encrypted_package(struct ole2 *o, struct slice package)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = SLICE("EncryptedPackage"), .how = "office-decrypted",
                            .packed = package.n };
    struct officecrypt_try with = { o->out->passwords, o->out->n_passwords };
    struct buf room = buf_init(o->file.file.n), plain = buf_init(package.n);
    struct slice info;
    bool fits = false;
    enum cs_status st = CS_OK;

    if (o->is_encrypted)
        return CS_OK;
    st = encryption_info(o, &room, &info);
    if (st == CS_OK)
        st = officecrypt_package(info, package, with, &plain, &fits);
    c.size = plain.n;
    if (st == CS_OK && fits)
        st = emit_whole(o->out, &c, buf_slice(&plain));
    else if (st == CS_OK)
        st = note_encrypted(o);
    o->is_encrypted = true;
    buf_release(&room);
    buf_release(&plain);
    return st;
}

static enum cs_status by_name(struct ole2 *o, struct slice name, struct slice stream)
{
    enum cs_status st = CS_OK;

    if (slice_ieq(name, SLICE("EncryptedPackage")))
        return encrypted_package(o, stream);
    for (size_t i = 0; st == CS_OK && i < sizeof known / sizeof known[0]; i++) {
        if (!slice_ieq(name, slice_str(known[i].name)))
            continue;
        st = known[i].look ? known[i].look(buf_slice(&o->path), stream, o->out) : note_encrypted(o);
    }
    return st;
}

/* Make the project of a storage the current one. Changing to and fro is bounded: past PROJECTS changes there is no module list. */
static enum cs_status project_load(struct ole2 *o, uint32_t storage, const struct cfb_entry *dir)
{
    struct slice packed;
    struct buf room = buf_init(o->file.file.n);
    enum cs_status st;

    if (o->vba_storage == storage)
        return CS_OK;
    vba_close(&o->vba);
    o->vba_storage = storage;
    if (o->n_projects++ >= PROJECTS)
        return CS_OK;
    st = cfb_read(&o->file, dir, &room, &packed);
    if (st == CS_OK)
        st = vba_open(&o->vba, packed);
    buf_release(&room);
    return st;
}

static enum cs_status macros(struct ole2 *o, const struct cfb_entry *e, struct slice stream)
{
    struct cfb_entry helper;
    struct short_name name;
    struct vba_sources sources;
    size_t n_views = 0;
    bool has_helper = helper_of(o, e, &helper), in_project;
    enum cs_status st = CS_OK;

    in_project = has_helper && property_of(short_name(&name, helper.name)) == 0;
    if (in_project) {
        st = note_macros(o);
        if (st == CS_OK && is_dir(short_name(&name, helper.name)))
            st = project_load(o, e->parent, &helper);
    }
    if (st == CS_OK)
        st = vba_find(in_project && o->vba_storage == e->parent ? &o->vba : NULL, in_project, e->name, stream, &sources);
    if (st == CS_OK)
        st = vba_emit(&sources, buf_slice(&o->path), stream, o->out, &n_views);
    return st == CS_OK && n_views ? note_macros(o) : st;
}

/* Outlook's properties: text as UTF-8, the packed RTF body. */
static enum cs_status property(struct ole2 *o, uint32_t tag, struct slice stream)
{
    struct emit_child c = { .kind = EMIT_VIEW, .name = buf_slice(&o->path), .how = "msg-text", .size = UINT64_MAX,
                            .packed = stream.n };
    enum cs_status st = CS_OK;

    o->text.n = 0;
    if ((tag & 0xffff) == 0x001f) {
        st = utf16le_put(&o->text, stream);
    } else if (tag == 0x10090102) {
        c = (struct emit_child){ .kind = EMIT_MEMBER, .name = SLICE("body.rtf"), .how = "msg-rtf", .type = "RTF",
                                 .size = UINT64_MAX, .packed = stream.n };
        st = lzfu_unpack(stream, &o->text);
    }
    if (st == CS_OK && o->text.n)
        st = emit_whole(o->out, &c, buf_slice(&o->text));
    return st == CS_OK && tag == 0x10090102 && o->text.n >= LZFU_MOST ? o->out->note(o->out, EMIT_LIMITED, "packed RTF") : st;
}

/* What the stream is called: an attachment by the name beside it, anything else by its path. */
static enum cs_status child_name(struct ole2 *o, const struct cfb_entry *e, uint32_t tag, struct emit_child *c)
{
    struct buf room = buf_init(o->file.file.n);
    struct cfb_entry helper;
    struct short_name name;
    struct slice text;
    enum cs_status st;

    c->name = buf_slice(&o->path);
    if (tag != 0x37010102 || !helper_of(o, e, &helper) || helper.size > 4096)
        return CS_OK;
    st = cfb_read(&o->file, &helper, &room, &text);
    o->text.n = 0;
    if (st == CS_OK)
        st = (property_of(short_name(&name, helper.name)) & 0xffff) == 0x1f ? utf16le_put(&o->text, text) : buf_put(&o->text, text);
    if (st == CS_OK && o->text.n) {
        c->name = buf_slice(&o->text);
        c->how = "msg-attachment";
    }
    buf_release(&room);
    return st;
}

static enum cs_status stream(struct ole2 *o, size_t i, const struct cfb_entry *e)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "ole2", .size = e->size, .packed = e->size };
    struct short_name name;
    struct slice bytes, plain = short_name(&name, e->name);
    uint32_t tag = property_of(plain);
    enum cs_status st;

    o->path.n = 0;
    st = cfb_path(&o->file, i, &o->path);
    if (st == CS_OK)
        st = child_name(o, e, tag, &c);
    if (st == CS_OK)
        st = cfb_read(&o->file, e, &o->room, &bytes);
    if (st == CS_OK)
        st = emit_whole(o->out, &c, bytes);
    if (st == CS_OK)
        st = by_name(o, plain, bytes);
    if (st == CS_OK && tag)
        st = property(o, tag, bytes);
    return st == CS_OK && !tag ? macros(o, e, bytes) : st;
}

static enum cs_status streams(struct ole2 *o)
{
    enum cs_status st = find_helpers(o);
    bool has_any = false;

    for (size_t i = 0; st == CS_OK && i < o->file.n_entries; i++) {
        struct cfb_entry e = cfb_at(&o->file, i);
        if (e.kind == CFB_STREAM && e.size) {
            st = stream(o, i, &e);
            has_any = true;
        }
    }
    if (st == CS_OK && !has_any && o->file.has_head && !cfb_has_root(&o->file))     /* a few bytes that begin like one are none */
        return o->out->note(o->out, EMIT_ENCRYPTED, "compound file without a directory");
    if (st == CS_TOOBIG)
        st = o->out->note(o->out, EMIT_LIMITED, "streams of a compound file overlap too much");
    if (st == CS_OK && o->file.is_damaged)
        st = o->out->note(o->out, EMIT_DAMAGED, "compound file");
    return st;
}

enum cs_status ole2_decode(struct slice object, struct emit *out)
{
    struct ole2 o = { .out = out, .vba_storage = CFB_ORPHAN, .room = buf_init(object.n), .path = buf_init(SIZE_MAX / 2),
                      .text = buf_init(SIZE_MAX / 2) };
    enum cs_status st = cfb_open(&o.file, object);

    if (st == CS_FOREIGN)
        return out->note(out, EMIT_DAMAGED, "compound file");       /* shorter than its head */
    if (st == CS_OK)
        st = streams(&o);
    cfb_close(&o.file);
    vba_close(&o.vba);
    free(o.helpers);
    buf_release(&o.room);
    buf_release(&o.path);
    buf_release(&o.text);
    return st;
}
