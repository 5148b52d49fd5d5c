#include "zipmember.h"

#include "base/bytes.h"
#include "bz.h"
#include "crypt.h"
#include "deflate64.h"
#include "inflate.h"
#include "magic.h"
#include "pkold.h"
#include "unpack.h"
#include "xz.h"
#include "zst.h"

enum { STORED = 0, SHRINK = 1, REDUCE_1 = 2, REDUCE_4 = 5, IMPLODE = 6, DEFLATE = 8, DEFLATE64 = 9, DCL = 10, BZIP2 = 12,
       LZMA = 14, TERSE = 18, ZSTD_OLD = 20, ZSTD = 93, MP3 = 94, XZ = 95, PPMD = 98, AES = 99 };
enum { PIECE = 1 << 20, LARGE = 256 << 10, RATIO_COMMON = 32, RATIO_MOST = 1032 };

enum cs_status zip_note(struct zip_job *z, enum emit_remark remark, const char *text)
{
    if (z->is_noted[remark])
        return CS_OK;
    z->is_noted[remark] = true;
    return z->out->note(z->out, remark, text);
}

bool zip_method_is_known(unsigned method)
{
    return method <= TERSE || method == ZSTD_OLD || (method >= ZSTD && method <= AES);
}

static bool has_decoder(unsigned method)
{
    return method <= IMPLODE || method == DEFLATE || method == DEFLATE64 || method == BZIP2 || method == LZMA ||
           method == ZSTD_OLD || method == ZSTD || method == XZ || method == PPMD;
}

bool zip_method_needs_size(unsigned method)
{
    return method <= IMPLODE || method == LZMA || method == PPMD || !has_decoder(method);
}

/* Where unpacked bytes go: on to the child, with a checksum of them when a password has to prove itself. */
struct sink {
    struct emit *out;            /* NULL to only look */
    uint32_t crc;
    uint64_t n, max;             /* max: more are not looked at, or cut off */
    bool is_checked, is_cut;
    bool is_large;               /* the zip: then what is quicker in the long run pays */
};

static enum cs_status sink_put(void *to, struct slice bytes)
{
    struct sink *s = to;

    if (s->is_checked)
        s->crc = inflate_crc32(s->crc, bytes);
    if (s->is_cut)
        bytes = slice_take(bytes, (size_t)(s->max - s->n));
    s->n += bytes.n;
    if (!s->out)
        return s->n > s->max ? CS_STOP : CS_OK;
    return s->out->put(s->out, bytes);
}

static uint8_t *sink_room(void *to, size_t n)
{
    const struct sink *s = to;

    return s->out && s->out->room ? s->out->room(s->out, n) : NULL;
}

static enum cs_status copy(struct slice in, struct sink *s, struct inflate_result *res)
{
    enum cs_status st = CS_OK;

    *res = (struct inflate_result){ .used = in.n, .made = in.n };
    while (in.n && st == CS_OK) {
        st = sink_put(s, slice_take(in, PIECE));
        in = slice_drop(in, PIECE);
    }
    return st;
}

static enum cs_status unpack(unsigned method, unsigned flags, uint64_t size, struct slice in, struct sink *s,
                             struct inflate_result *res)
{
    switch (method) {
    case STORED: return copy(in, s, res);
    case SHRINK: return pkold_shrink(in, size, sink_put, s, res);
    case IMPLODE: return pkold_implode(in, flags, size, sink_put, s, res);
    case DEFLATE: return inflate_sized(in, INFLATE_RAW, size, s->is_large ? sink_room : NULL, sink_put, s, res);
    case DEFLATE64: return deflate64_all(in, sink_put, s, res);
    case BZIP2: return bz_all(in, sink_put, s, res);
    case LZMA: return xz_all(in, XZ_ZIP, flags & 2 ? UINT64_MAX : size, sink_put, s, res);
    case XZ: return xz_all(in, XZ_XZ, size, sink_put, s, res);
    case ZSTD:
    case ZSTD_OLD: return zst_all(in, sink_put, s, res);
    default: return pkold_reduce(in, method - REDUCE_1 + 1, size, sink_put, s, res);
    }
}

static struct emit_child child_of(const struct zip_reading *r)
{
    return (struct emit_child){ .kind = EMIT_MEMBER, .name = r->head.name, .how = "zip",
                                .size = r->is_open_ended ? UINT64_MAX : r->head.size,
                                .packed = r->is_open_ended ? UINT64_MAX : r->head.packed };
}

static enum cs_status ppmd_member(struct zip_job *z, uint64_t size, struct slice in, struct inflate_result *res)
{
    *res = (struct inflate_result){ .used = in.n };
    return unpack_ppmd(in, size, z->out, &res->is_damaged);
}

/* A member that stays shut has a name all the same; bytes: what may be seen of it, as it stands. */
static enum cs_status shut_member(struct zip_job *z, const struct zip_reading *r, struct slice bytes, const char *why)
{
    struct emit_child c = child_of(r);
    enum cs_status st = emit_whole(z->out, &c, bytes);

    return st == CS_OK ? zip_note(z, EMIT_ENCRYPTED, why) : st;
}

/* Unpack this as a child. */
static enum cs_status emit_reading(struct zip_job *z, const struct zip_reading *r, unsigned method, struct slice in,
                                  struct sink *s, struct inflate_result *res)
{
    struct emit_child c = child_of(r);
    uint64_t size = r->is_open_ended ? UINT64_MAX : r->head.size;
    enum cs_status st = z->out->open(z->out, &c);

    if (st == CS_OK)
        st = method == PPMD ? ppmd_member(z, size, in, res) : unpack(method, r->head.flags, size, in, s, res);
    if (st == CS_OK)
        st = z->out->close(z->out);
    if (st == CS_OK && res->is_limited)
        st = zip_note(z, EMIT_LIMITED, "a zip member wants a large window");
    return st;
}

/*
 * The oldest methods end in the middle of a match or string. Info-ZIP writes it whole, 7-Zip up to the size: then the member is two
 * children, the second cut there.
 */
static enum cs_status emit_member(struct zip_job *z, const struct zip_reading *r, unsigned method, struct slice in,
                                  struct sink *s, struct inflate_result *res)
{
    struct sink cut = { .out = s->out, .is_cut = true, .max = r->head.size };
    struct inflate_result again;
    enum cs_status st = emit_reading(z, r, method, in, s, res);

    if (st != CS_OK || method < SHRINK || method > IMPLODE || r->is_open_ended || res->made <= r->head.size)
        return st;
    return emit_reading(z, r, method, in, &cut, &again);
}

/* ---- encrypted members ---- */

/* What a password has to open. */
struct lock {
    const struct zip_reading *r;
    struct slice data;
    unsigned method, strength;   /* strength: of WinZip's AES, or 0 for the old cipher */
    uint8_t *plain;              /* room for the data */
};

/* Decrypts to l->plain; false when the password is surely wrong. */
static bool decrypt(struct lock *l, struct slice password, struct slice *plain)
{
    size_t n_head = l->strength ? winzip_head(l->strength) : ZIPCRYPTO_HEAD;
    struct slice body = slice_drop(l->data, n_head);
    struct zipcrypto c;
    uint8_t head[ZIPCRYPTO_HEAD], check;

    if (l->data.n < n_head)
        return false;
    if (l->strength) {
        body.n -= body.n < WINZIP_TAIL ? body.n : WINZIP_TAIL;
        *plain = slice_of(l->plain, body.n);
        return winzip_decrypt(l->strength, l->data, password, body, l->plain);
    }
    zipcrypto_init(&c, password);
    zipcrypto_decrypt(&c, slice_take(l->data, ZIPCRYPTO_HEAD), head);
    check = head[ZIPCRYPTO_HEAD - 1];
    if (check != l->r->head.crc >> 24 && check != l->r->head.time >> 8)
        return false;
    zipcrypto_decrypt(&c, body, l->plain);
    *plain = slice_of(l->plain, body.n);
    return true;
}

/* The old cipher lets one wrong password in 256 through: only the checksum tells. Such a child is emitted all the same. */
static enum cs_status try_password(struct zip_job *z, struct lock *l, size_t i, bool *is_open)
{
    struct sink s = { .out = z->out, .is_checked = true };
    struct inflate_result res;
    struct slice plain;
    enum cs_status st;

    if (l->strength && z->trials++ >= ZIP_TRIALS)
        return CS_OK;
    if (!decrypt(l, z->out->passwords[i], &plain))
        return CS_OK;
    st = emit_member(z, l->r, l->method, plain, &s, &res);
    if (st == CS_OK && (l->strength ? !res.is_damaged : s.crc == l->r->head.crc)) {
        *is_open = true;
        z->password = i;
    }
    return st;
}

static enum cs_status try_passwords(struct zip_job *z, struct lock *l, bool *is_open)
{
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < z->out->n_passwords && st == CS_OK && !*is_open; i++) {
        size_t turn = i == 0 ? z->password : i == z->password ? 0 : i;
        st = try_password(z, l, turn, is_open);
    }
    return st;
}

/* Marked as encrypted, but not: readers that ignore the mark run what is inside. */
static bool is_plain(const struct lock *l)
{
    struct sink s = { .is_checked = true, .max = l->r->head.size };
    struct inflate_result res;

    if (l->r->head.method == AES || l->r->head.size == 0 || zip_method_needs_size(l->method) != (l->method == STORED))
        return false;
    return unpack(l->method, l->r->head.flags, l->r->head.size, l->data, &s, &res) == CS_OK &&
           s.n == l->r->head.size && s.crc == l->r->head.crc;
}

static enum cs_status locked_member(struct zip_job *z, const struct zip_reading *r, struct slice data)
{
    struct lock l = { .r = r, .data = data, .method = r->head.method };
    struct slice aes = zip_extra(r->head.extra, 0x9901);
    struct sink s = { .out = z->out };
    struct inflate_result res;
    enum cs_status st = CS_OK;
    bool is_open = false;

    if (l.method == AES && aes.n >= 7) {
        l.strength = aes.p[4];
        l.method = get_le16(aes.p + 5);
    }
    if (!has_decoder(l.method) || l.method == PPMD || r->head.flags & ZIP_STRONG)
        return shut_member(z, r, slice_of(NULL, 0), "encrypted zip member");
    if (is_plain(&l))
        return emit_member(z, r, l.method, data, &s, &res);
    if (z->out->n_passwords && (l.method != AES || l.strength)) {
        l.plain = malloc(data.n + 1);
        if (!l.plain)
            return CS_NOMEM;
        st = try_passwords(z, &l, &is_open);
        free(l.plain);
    }
    if (st != CS_OK || is_open)
        return st;
    return shut_member(z, r, slice_of(NULL, 0), "encrypted zip member");
}

/* ---- any member ---- */

/*
 * Loaders of malware write "stored" over deflated data, so that nobody else looks inside: the checksum, which is of the file, tells. Files
 * that say what they are by their first bytes are no such thing.
 */
static bool is_hidden_deflate(const struct zip_reading *r, struct slice data)
{
    struct sink s = { .is_checked = true, .max = UINT64_MAX };
    struct inflate_result res;

    if (data.n == 0 || r->head.crc == 0 || magic_is_object(slice_take(data, MAGIC_HEAD)) || inflate_crc32(0, data) == r->head.crc)
        return false;
    s.max = (uint64_t)data.n * RATIO_MOST;
    return inflate_all(data, INFLATE_RAW, sink_put, &s, &res) == CS_OK && s.n && s.crc == r->head.crc;
}

static enum cs_status plain_member(struct zip_job *z, const struct zip_reading *r, struct slice packed, uint64_t *end)
{
    struct sink s = { .out = z->out, .is_large = z->all.n >= LARGE && r->head.size / RATIO_COMMON <= r->head.packed };
    struct inflate_result res;
    /* What ends by itself is read to its end, whatever the header says. */
    struct slice in = zip_method_needs_size(r->head.method) && r->head.method != LZMA ? packed : slice_drop(z->all, r->data);
    enum cs_status st = emit_member(z, r, r->head.method, in, &s, &res);

    if (st == CS_OK && r->head.method == STORED && is_hidden_deflate(r, packed))
        st = emit_member(z, r, DEFLATE, packed, &s, &res);
    if (st != CS_OK)
        return st;
    if (res.is_damaged && res.made == 0 && packed.n && r->head.method != STORED)   /* it may be what it does not say */
        return shut_member(z, r, packed, "unreadable zip member");
    *end = res.is_damaged ? r->data : r->data + res.used;       /* what is damaged may be a lie about where others are */
    z->work -= res.used < z->work ? res.used : z->work;
    if (z->work == 0)
        st = zip_note(z, EMIT_LIMITED, "zip members overlap too often");
    else if (res.is_damaged)
        st = zip_note(z, EMIT_DAMAGED, "damaged zip member");
    return st;
}

enum cs_status zip_member(struct zip_job *z, const struct zip_reading *r, uint64_t *end)
{
    uint64_t room = z->all.n - r->data;
    uint64_t n = r->is_open_ended ? 0 : r->head.packed < room ? r->head.packed : room;
    struct slice packed = slice_sub(z->all, r->data, n);
    enum cs_status st = CS_OK;

    *end = r->data + n;
    if (z->work == 0)
        return CS_OK;
    if (r->head.packed > room && !r->is_open_ended)
        st = z->is_split ? zip_note(z, EMIT_ENCRYPTED, "part of a split zip") : zip_note(z, EMIT_DAMAGED, "zip member is cut short");
    if (st != CS_OK)
        return st;
    if (r->head.flags & ZIP_ENCRYPTED)
        return locked_member(z, r, packed);
    if (!has_decoder(r->head.method))
        return shut_member(z, r, packed, "zip method without a decoder");
    return plain_member(z, r, packed, end);
}
