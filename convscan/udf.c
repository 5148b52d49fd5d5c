#include "udf.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "utf16.h"

enum {
    TAG = 16, RECOGNITION = 32768, RECOGNITION_STEP = 2048, ANCHOR_BLOCK = 256,
    TAG_ANCHOR = 2, TAG_PARTITION = 5, TAG_NAME = 257, TAG_MORE_EXTENTS = 258, TAG_FILE = 261, TAG_FILE_EXTENDED = 266,
    TYPE_DIRECTORY = 4, DIRECTORY_MOST = 8 << 20, NAME_HEAD = 38
};

struct name {
    uint32_t block;             /* of the file entry, in its partition */
    struct slice text;          /* OSTA compressed Unicode: 8 or 16 in front */
};

struct udf {
    struct slice image;
    size_t block_size;
    uint64_t partition;         /* its first block */
    struct emit *out;
    struct name *names;
    size_t n_names;
    struct buf *rooms;          /* directories: the names are slices of them */
    size_t n_rooms, room_left;
    bool is_damaged;
};

bool udf_is(struct slice object)
{
    for (size_t i = 0; i < 16; i++) {
        struct slice s = slice_sub(object, RECOGNITION + i * RECOGNITION_STEP + 1, 5);
        if (slice_eq(s, SLICE("NSR02")) || slice_eq(s, SLICE("NSR03")))
            return true;
    }
    return false;
}

static struct slice block(const struct udf *u, uint64_t number)
{
    return number < u->image.n / u->block_size + 1 ? slice_sub(u->image, (size_t)number * u->block_size, u->block_size)
                                                   : slice_of(NULL, 0);
}

/* The tag of a block, or 0 when there is none: its own checksum tells. */
static unsigned tag_of(struct slice s)
{
    unsigned sum = 0;

    if (s.n < 512)
        return 0;
    for (size_t i = 0; i < TAG; i++)
        sum += i == 4 ? 0 : s.p[i];
    return (sum & 0xff) == s.p[4] ? get_le16(s.p) : 0;
}

/* ---- a file ---- */

struct file {
    unsigned type, how;         /* how its extents are written: 0 short, 1 long, 3 the data stand there */
    uint64_t size;
    uint64_t base;              /* first block of the partition it lies in */
    uint32_t number;            /* its own block there */
    struct slice extents;
};

static bool file_read(const struct udf *u, uint64_t at, struct file *f)
{
    struct slice s = block(u, at);
    unsigned tag = tag_of(s);
    size_t head = tag == TAG_FILE ? 176 : 216;

    if (tag != TAG_FILE && tag != TAG_FILE_EXTENDED)
        return false;
    f->number = get_le32(s.p + 12);
    if (f->number > at)
        return false;
    f->base = at - f->number;
    f->type = s.p[27];
    f->how = s.p[34] & 7;
    f->size = get_le64(s.p + 56);
    f->extents = slice_sub(slice_drop(s, head), get_le32(s.p + head - 8), get_le32(s.p + head - 4));
    return true;
}

/* The bytes of one extent, and whether it only says where more extents are. */
static struct slice extent(struct udf *u, const struct file *f, struct slice e, bool *is_more)
{
    uint32_t len = get_le32(e.p), place = get_le32(e.p + 4), kind = len >> 30;
    bool is_long = f->how == 1;
    uint64_t base = is_long && get_le16(e.p + 8) == 0 ? u->partition : f->base, at;
    struct slice s;

    len &= 0x3fffffff;
    *is_more = kind == 3;
    at = base + place;
    if (kind == 1 || kind == 2)                     /* not recorded: zeros */
        return slice_of(NULL, 0);
    s = at <= u->image.n / u->block_size ? slice_sub(u->image, (size_t)at * u->block_size, len) : slice_of(NULL, 0);
    u->is_damaged = u->is_damaged || s.n < len;
    return s;
}

typedef enum cs_status piece_fn(void *to, struct slice bytes);

/* All the bytes of a file, extent by extent. */
static enum cs_status file_bytes(struct udf *u, const struct file *f, piece_fn *put, void *to)
{
    struct slice list = f->extents;
    size_t each = f->how == 1 ? 16 : 8;
    uint64_t left = f->size;
    enum cs_status st = CS_OK;

    if (f->how == 3)
        return put(to, slice_take(list, left < list.n ? (size_t)left : list.n));
    for (size_t n = 0; st == CS_OK && left && list.n >= each; n++) {
        bool is_more;
        struct slice s = extent(u, f, list, &is_more);
        if (n == UDF_EXTENTS)
            return u->out->note(u->out, EMIT_LIMITED, "extents of a file in a UDF image");
        list = slice_drop(list, each);
        if (is_more) {
            list = tag_of(s) == TAG_MORE_EXTENTS ? slice_sub(s, 24, get_le32(s.p + 20)) : slice_of(NULL, 0);
            continue;
        }
        s = slice_take(s, left < s.n ? (size_t)left : s.n);
        left -= s.n;
        st = s.n ? put(to, s) : CS_OK;
    }
    return st;
}

/* ---- names ---- */

static enum cs_status directory_piece(void *to, struct slice bytes)
{
    return buf_put(to, bytes);
}

static enum cs_status add_name(struct udf *u, uint32_t number, struct slice text)
{
    if (u->n_names == UDF_NAMES)
        return CS_OK;
    if ((u->n_names & (u->n_names - 1)) == 0) {
        size_t room = u->n_names ? u->n_names * 2 : 1;
        struct name *to = realloc(u->names, room * sizeof *to);
        if (!to)
            return CS_NOMEM;
        u->names = to;
    }
    u->names[u->n_names++] = (struct name){ number, text };
    return CS_OK;
}

static enum cs_status directory(struct udf *u, const struct file *f)
{
    struct buf *rooms = realloc(u->rooms, (u->n_rooms + 1) * sizeof *rooms);
    struct slice s;
    enum cs_status st;

    if (!rooms)
        return CS_NOMEM;
    u->rooms = rooms;
    rooms[u->n_rooms] = buf_init(u->room_left);
    st = file_bytes(u, f, directory_piece, &rooms[u->n_rooms]);
    s = buf_slice(&rooms[u->n_rooms++]);
    u->room_left -= s.n;
    if (st == CS_TOOBIG)                            /* files without a name come out all the same */
        st = CS_OK;
    while (st == CS_OK && s.n >= NAME_HEAD && get_le16(s.p) == TAG_NAME) {
        size_t n_name = s.p[19], n_use = get_le16(s.p + 36);
        struct slice text = slice_sub(s, NAME_HEAD + n_use, n_name);
        if (text.n)
            st = add_name(u, get_le32(s.p + 24), text);
        s = slice_drop(s, (NAME_HEAD + n_use + n_name + 3) & ~(size_t)3);
    }
    return st;
}

static int by_block(const void *a, const void *b)
{
    const struct name *x = a, *y = b;

    return x->block < y->block ? -1 : x->block > y->block;
}

/* OSTA compressed Unicode: one or two bytes a character, the latter big-endian. */
static enum cs_status name_put(struct buf *out, struct slice text)
{
    bool is_wide = text.n && text.p[0] == 16;
    enum cs_status st = CS_OK;

    for (size_t i = 1; st == CS_OK && i + is_wide < text.n; i += is_wide ? 2 : 1)
        st = utf16_put_char(out, is_wide ? get_be16(text.p + i) : text.p[i]);
    return st;
}

/* ---- the image ---- */

static enum cs_status emit_piece(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

static enum cs_status emit_file(struct udf *u, const struct file *f)
{
    uint8_t room[255 * 3];
    struct buf text = buf_over(room, sizeof room);
    struct name key = { .block = f->number };
    const struct name *name = u->n_names ? bsearch(&key, u->names, u->n_names, sizeof key, by_block) : NULL;
    struct emit_child c = { .kind = EMIT_MEMBER, .how = "udf", .size = f->size, .packed = f->size };
    enum cs_status st = name ? name_put(&text, name->text) : CS_OK;

    c.name = buf_slice(&text);
    if (st == CS_OK)
        st = u->out->open(u->out, &c);
    if (st == CS_OK)
        st = file_bytes(u, f, emit_piece, u->out);
    return st == CS_OK ? u->out->close(u->out) : st;
}

static size_t block_size_of(struct slice image)
{
    static const size_t sizes[] = { 2048, 512, 4096, 1024 };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        if (tag_of(slice_sub(image, ANCHOR_BLOCK * sizes[i], 512)) == TAG_ANCHOR)
            return sizes[i];
    return 2048;
}

static uint64_t partition_of(const struct udf *u)
{
    for (uint64_t at = 0; at < (uint64_t)ANCHOR_BLOCK * 2; at++) {
        struct slice s = block(u, at);
        if (tag_of(s) == TAG_PARTITION)
            return get_le32(s.p + 188);
    }
    return ANCHOR_BLOCK + 1;
}

/* Directories first, so that every file's name is known. */
static enum cs_status pass(struct udf *u, bool is_for_names)
{
    uint64_t n = u->image.n / u->block_size + 1;
    enum cs_status st = CS_OK;

    for (uint64_t at = 0; st == CS_OK && at < n; at++) {
        struct file f;
        if (!file_read(u, at, &f))
            continue;
        if (is_for_names)
            st = f.type == TYPE_DIRECTORY && u->room_left ? directory(u, &f) : CS_OK;
        else if (f.type != TYPE_DIRECTORY && f.size)
            st = emit_file(u, &f);
    }
    return st;
}

enum cs_status udf_decode(struct slice object, struct emit *out)
{
    struct udf u = { .image = object, .out = out, .block_size = block_size_of(object),
                     .room_left = DIRECTORY_MOST };
    enum cs_status st;

    u.partition = partition_of(&u);
    st = pass(&u, true);
    if (u.n_names)
        qsort(u.names, u.n_names, sizeof *u.names, by_block);
    if (st == CS_OK)
        st = pass(&u, false);
    if (st == CS_OK && u.is_damaged)
        st = out->note(out, EMIT_DAMAGED, "UDF image");
    for (size_t i = 0; i < u.n_rooms; i++)
        buf_release(&u.rooms[i]);
    free(u.rooms);
    free(u.names);
    return st;
}
