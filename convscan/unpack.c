#include "unpack.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/bytes.h"
#include "cpio.h"
#include "formats.h"
#include "inside.h"
#include "tar.h"

typedef int support_fn(struct archive *a);

struct unpacker {
    struct archive *a;
    struct emit *out;
    const char *how;
    size_t files;               /* regular ones, and their bytes */
    uint64_t bytes;
    uint64_t read;              /* bytes of the archive that are dealt with: the last member, or where there was damage its header's first */
};

/* libarchive tells these apart by its text alone. */
static bool is_locked(struct archive *a)
{
    const char *why = archive_error_string(a);

    return why && (strstr(why, "ncrypt") || strstr(why, "assphrase") || strstr(why, "nsupported") || strstr(why, "not supported"));
}

static enum cs_status remark(struct unpacker *u)
{
    return is_locked(u->a) ? u->out->note(u->out, EMIT_ENCRYPTED, u->how) : u->out->note(u->out, EMIT_DAMAGED, u->how);
}

/* *is_lost: there was something to come, and nothing came. */
static enum cs_status copy_data(struct unpacker *u, int *result, bool *is_lost)
{
    int64_t at = 0;

    for (;;) {
        const void *p = NULL;
        size_t n = 0;
        int64_t offset = at;
        enum cs_status st;

        *result = archive_read_data_block(u->a, &p, &n, &offset);
        if (*result == ARCHIVE_RETRY)
            continue;
        if (*result != ARCHIVE_OK && (*result != ARCHIVE_WARN || n == 0)) {
            *is_lost = *result != ARCHIVE_EOF && at == 0;
            return CS_OK;
        }
        st = offset > at ? emit_zeros(u->out, (uint64_t)(offset - at)) : CS_OK;
        if (st == CS_OK)
            st = u->out->put(u->out, slice_of(p, n));
        if (st != CS_OK)
            return st;
        u->bytes += n;
        at = offset + (int64_t)n;
    }
}

/* What a compressed stream holds is called like the stream, without the last extension. */
static struct slice stream_name(struct slice name)
{
    for (size_t i = name.n; i > 1; i--)
        if (name.p[i - 1] == '.')
            return slice_take(name, i - 1);
    return slice_of(NULL, 0);
}

static struct slice entry_name(const struct unpacker *u, struct archive_entry *entry)
{
    const char *name;

    /* libarchive ends the program when errno says "no memory" here, be it left over from long ago; main.c has an answer for that. */
    errno = 0;
    name = archive_entry_pathname_utf8(entry);

    if (archive_format(u->a) == ARCHIVE_FORMAT_RAW)
        return stream_name(u->out->name);
    errno = 0;
    return slice_str(name ? name : archive_entry_pathname(entry));
}

/* One entry; *goes_on says whether the archive can be read further. */
static enum cs_status unpack_entry(struct unpacker *u, struct archive_entry *entry, bool *goes_on)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = u->how, .packed = UINT64_MAX, .size = UINT64_MAX };
    bool is_encrypted = archive_entry_is_encrypted(entry) != 0, is_lost = false;
    enum cs_status st;
    int r = ARCHIVE_OK;

    if (archive_entry_filetype(entry) == AE_IFDIR)
        return CS_OK;
    u->files += archive_entry_filetype(entry) == AE_IFREG;
    c.name = entry_name(u, entry);
    if (archive_entry_size_is_set(entry))
        c.size = (uint64_t)archive_entry_size(entry);
    st = u->out->open(u->out, &c);
    if (st == CS_OK)
        st = copy_data(u, &r, &is_lost);
    if (st == CS_OK)
        st = u->out->close(u->out);
    if (st != CS_OK)
        return st;
    *goes_on = r != ARCHIVE_FATAL;
    if (r == ARCHIVE_EOF) {
        u->read = (uint64_t)archive_filter_bytes(u->a, 0);
        return CS_OK;
    }
    /* Not one byte of it: a method that is not known here, whatever the library calls it. */
    return is_encrypted || is_lost ? u->out->note(u->out, EMIT_ENCRYPTED, u->how) : remark(u);
}

static enum cs_status unpack_all(struct unpacker *u)
{
    bool goes_on = true;
    uint64_t header = 0;
    enum cs_status st = CS_OK;

    for (unsigned n = 0; goes_on && st == CS_OK; n++) {
        struct archive_entry *entry = NULL;
        int r = archive_read_next_header(u->a, &entry);

        if (r == ARCHIVE_EOF)
            break;
        if (n == UNPACK_ENTRIES)
            return u->out->note(u->out, EMIT_LIMITED, "objects");
        if (r == ARCHIVE_RETRY || r == ARCHIVE_FAILED)
            continue;
        if (r == ARCHIVE_FATAL) {
            u->read = header;
            return archive_read_has_encrypted_entries(u->a) > 0 ? u->out->note(u->out, EMIT_ENCRYPTED, u->how) : remark(u);
        }
        header = u->read = (uint64_t)archive_read_header_position(u->a) + 1;
        st = unpack_entry(u, entry, &goes_on);
    }
    return st;
}

static void add_passwords(struct archive *a, const struct emit *e)
{
    char word[128];

    for (size_t i = 0; i < e->n_passwords; i++)
        if (e->passwords[i].n < sizeof word) {
            memcpy(word, e->passwords[i].p, e->passwords[i].n);
            word[e->passwords[i].n] = '\0';
            archive_read_add_passphrase(a, word);
        }
}

/* libarchive turns names over through the locale, and takes names that it cannot turn for the end of the archive. */
static locale_t use_utf8(locale_t *before)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

    *before = utf8 ? uselocale(utf8) : (locale_t)0;
    return utf8;
}

static void leave_utf8(locale_t utf8, locale_t before)
{
    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
}

/* Where an archive ends: as its head says, or where reading did. */
static uint64_t end_of(struct archive *a, struct slice object)
{
    if (slice_starts(object, SLICE("7z\xbc\xaf\x27\x1c")) && object.n >= 32)
        return 32 + get_le64(object.p + 12) + get_le64(object.p + 20);
    if (slice_starts(object, SLICE("MSCF")) && object.n >= 12)
        return get_le32(object.p + 8);
    return (uint64_t)archive_filter_bytes(a, 0);
}

/* Formats whose readers go on behind damage. */
static enum cs_status further(const struct unpacker *u, struct slice object)
{
    if (strcmp(u->how, "tar") == 0)
        return tar_again(object, u->read, u->out);
    return strcmp(u->how, "cpio") == 0 ? cpio_again(object, u->files, u->bytes, u->out) : CS_OK;
}

/* without: of an ISO 9660 image, which names to leave aside; NULL else. */
static enum cs_status unpack(struct slice object, struct emit *out, const char *how, support_fn *const *fns, size_t n, const char *without)
{
    locale_t before, utf8 = use_utf8(&before);
    struct unpacker u = { .a = archive_read_new(), .out = out, .how = how };
    enum cs_status st = u.a ? CS_OK : CS_NOMEM;

    for (size_t i = 0; i < n && u.a; i++)
        if (fns[i](u.a) != ARCHIVE_OK)
            st = CS_UNSUPPORTED;        /* a warning means: only with the help of an outside program */
    if (st == CS_OK) {
        add_passwords(u.a, out);
        (void)archive_read_set_option(u.a, "tar", "read_concatenated_archives", "1");
        if (without)
            (void)archive_read_set_option(u.a, "iso9660", without, NULL);
        if (archive_read_open_memory(u.a, object.p, object.n) == ARCHIVE_OK)
            st = unpack_all(&u);
        else
            st = remark(&u);
        if (st == CS_OK)
            st = further(&u, object);
        if (st == CS_OK)
            st = inside_behind(object, end_of(u.a, object), out);
    }
    archive_read_free(u.a);
    leave_utf8(utf8, before);
    return st;
}

/* libarchive wants to see a zip: this is the smallest one that holds the member. */
static void put_zip_head(uint8_t head[31], size_t packed, uint64_t size)
{
    memset(head, 0, 31);
    put_le32(head, 0x04034b50);
    put_le16(head + 4, 63);
    put_le16(head + 8, 98);
    put_le32(head + 18, (uint32_t)packed);
    put_le32(head + 22, (uint32_t)size);
    put_le16(head + 26, 1);
    head[30] = 'x';
}

enum cs_status unpack_ppmd(struct slice packed, uint64_t size, struct emit *out, bool *is_damaged)
{
    struct unpacker u = { .a = archive_read_new(), .out = out, .how = "zip" };
    struct archive_entry *entry;
    uint8_t *zip = malloc(packed.n + 31);
    enum cs_status st = u.a && zip ? CS_OK : CS_NOMEM;
    bool is_lost;
    int r = ARCHIVE_FATAL;

    if (st == CS_OK) {
        put_zip_head(zip, packed.n, size);
        memcpy(zip + 31, packed.p, packed.n);
        if (archive_read_support_format_zip_streamable(u.a) == ARCHIVE_OK &&
            archive_read_open_memory(u.a, zip, packed.n + 31) == ARCHIVE_OK &&
            archive_read_next_header(u.a, &entry) == ARCHIVE_OK)
            st = copy_data(&u, &r, &is_lost);
    }
    *is_damaged = r != ARCHIVE_EOF;
    archive_read_free(u.a);
    free(zip);
    return st;
}

/* ---- the way back: an archive without some of its members -------------------------------------------------------- */

static la_ssize_t write_to_buf(struct archive *a, void *to, const void *p, size_t n)
{
    if (buf_put(to, slice_of(p, n)) == CS_OK)
        return (la_ssize_t)n;
    archive_set_error(a, ENOSPC, "too large");
    return -1;
}

/* In the format that was read, as the reader names it. */
static bool set_same_format(struct archive *to, struct archive *from)
{
    switch (archive_format(from) & ARCHIVE_FORMAT_BASE_MASK) {
    case ARCHIVE_FORMAT_TAR: return archive_write_set_format_pax_restricted(to) == ARCHIVE_OK;
    case ARCHIVE_FORMAT_CPIO: return archive_write_set_format_cpio_newc(to) == ARCHIVE_OK;
    case ARCHIVE_FORMAT_7ZIP: return archive_write_set_format_7zip(to) == ARCHIVE_OK;
    default: return false;
    }
}

static bool copy_entry(struct archive *from, struct archive *to, struct archive_entry *entry)
{
    const void *p;
    size_t n;
    int64_t offset;
    int r;

    if (archive_write_header(to, entry) != ARCHIVE_OK)
        return false;
    if (archive_entry_size(entry) == 0)
        return true;
    while ((r = archive_read_data_block(from, &p, &n, &offset)) == ARCHIVE_OK)
        if (archive_write_data(to, p, n) != (la_ssize_t)n)
            return false;
    return r == ARCHIVE_EOF;
}

static bool replace_entry(struct archive *to, struct archive_entry *entry, struct slice name, struct slice text)
{
    struct archive_entry *e = archive_entry_new();
    char path[4096];
    bool is_done;

    if (!e)
        return false;
    snprintf(path, sizeof path, "%.*s.removed.txt", (int)(name.n < 4000 ? name.n : 4000), (const char *)name.p);
    archive_entry_set_pathname(e, path);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)text.n);
    archive_entry_set_mtime(e, archive_entry_mtime(entry), 0);
    is_done = archive_write_header(to, e) == ARCHIVE_OK && archive_write_data(to, text.p, text.n) == (la_ssize_t)text.n;
    archive_entry_free(e);
    return is_done;
}

static bool repack_entries(struct unpacker *u, struct archive *to, struct buf *out, clean_pick *pick, void *ctx, bool *is_changed)
{
    struct archive_entry *entry;
    bool is_open = false, is_good = true;
    int r;

    while (is_good && (r = archive_read_next_header(u->a, &entry)) == ARCHIVE_OK) {
        struct buf text = buf_init(65536);
        struct slice name = entry_name(u, entry);

        if (!is_open)
            is_open = set_same_format(to, u->a) && archive_write_open(to, out, NULL, write_to_buf, NULL) == ARCHIVE_OK;
        if (!is_open)
            is_good = false;
        else if (archive_entry_filetype(entry) == AE_IFREG && pick(ctx, name, &text)) {
            *is_changed = true;
            is_good = replace_entry(to, entry, name, buf_slice(&text));
        } else {
            is_good = copy_entry(u->a, to, entry);
        }
        buf_release(&text);
    }
    return is_good && is_open && r == ARCHIVE_EOF;
}

enum cs_status unpack_repack(struct slice in, clean_pick *pick, void *ctx, struct buf *out, bool *is_changed)
{
    locale_t before, utf8 = use_utf8(&before);
    struct emit nothing = { .n_passwords = 0 };
    struct unpacker u = { .a = archive_read_new(), .out = &nothing, .how = "repack" };
    struct archive *to = archive_write_new();
    enum cs_status st = u.a && to ? CS_UNSUPPORTED : CS_NOMEM;

    *is_changed = false;
    if (st == CS_UNSUPPORTED && archive_read_support_format_tar(u.a) == ARCHIVE_OK &&
        archive_read_support_format_cpio(u.a) == ARCHIVE_OK && archive_read_support_format_7zip(u.a) == ARCHIVE_OK &&
        archive_write_set_bytes_in_last_block(to, 1) == ARCHIVE_OK &&
        archive_read_open_memory(u.a, in.p, in.n) == ARCHIVE_OK &&
        repack_entries(&u, to, out, pick, ctx, is_changed) && archive_write_close(to) == ARCHIVE_OK)
        st = CS_OK;
    archive_write_free(to);
    archive_read_free(u.a);
    leave_utf8(utf8, before);
    return st;
}

enum cs_status unpack_compress_again(struct slice in, const char *type, struct buf *out)
{
    struct archive *to = archive_write_new();
    struct archive_entry *e = archive_entry_new();
    enum cs_status st = to && e ? CS_UNSUPPORTED : CS_NOMEM;
    int r = ARCHIVE_FATAL;

    if (st == CS_UNSUPPORTED && strcmp(type, "gzip") == 0)
        r = archive_write_add_filter_gzip(to);
    else if (st == CS_UNSUPPORTED && strcmp(type, "bzip2") == 0)
        r = archive_write_add_filter_bzip2(to);
    else if (st == CS_UNSUPPORTED && strcmp(type, "xz") == 0)
        r = archive_write_add_filter_xz(to);
    if (r == ARCHIVE_OK) {
        archive_entry_set_filetype(e, AE_IFREG);
        if (archive_write_set_format_raw(to) == ARCHIVE_OK && archive_write_set_bytes_in_last_block(to, 1) == ARCHIVE_OK &&
            archive_write_open(to, out, NULL, write_to_buf, NULL) == ARCHIVE_OK &&
            archive_write_header(to, e) == ARCHIVE_OK && archive_write_data(to, in.p, in.n) == (la_ssize_t)in.n &&
            archive_write_close(to) == ARCHIVE_OK)
            st = CS_OK;
    }
    archive_entry_free(e);
    archive_write_free(to);
    return st;
}

#define UNPACK(name, how, ...)                                             \
    enum cs_status unpack_##name(struct slice object, struct emit *out)    \
    {                                                                      \
        static support_fn *const fns[] = { __VA_ARGS__ };                  \
        return unpack(object, out, how, fns, sizeof fns / sizeof *fns, NULL); \
    }

UNPACK(rar, "rar", archive_read_support_format_rar, archive_read_support_format_rar5)
UNPACK(7z, "7z", archive_read_support_format_7zip)
UNPACK(tar, "tar", archive_read_support_format_tar)
UNPACK(cpio, "cpio", archive_read_support_format_cpio)
UNPACK(ar, "ar", archive_read_support_format_ar)
UNPACK(cab, "cab", archive_read_support_format_cab)
UNPACK(lzip, "lzip", archive_read_support_filter_lzip, archive_read_support_format_raw)
UNPACK(rpm, "rpm", archive_read_support_filter_rpm, archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
       archive_read_support_filter_xz, archive_read_support_filter_lzma, archive_read_support_filter_zstd,
       archive_read_support_format_cpio, archive_read_support_format_tar)
UNPACK(compress, "compress", archive_read_support_filter_compress, archive_read_support_format_raw)

/* A volume descriptor of Joliet: files have a second tree of folders, which need not show the same. */
static bool has_joliet(struct slice image)
{
    enum { SECTOR = 2048, FIRST = 16, LAST = 32, ESCAPES = 88 };

    for (size_t i = FIRST; i < LAST; i++) {
        struct slice d = slice_sub(image, i * SECTOR, SECTOR);

        if (slice_starts(d, SLICE("\2CD001")) && slice_starts(slice_drop(d, ESCAPES), SLICE("%/")))
            return true;
    }
    return false;
}

enum cs_status unpack_iso(struct slice object, struct emit *out)
{
    static support_fn *const fns[] = { archive_read_support_format_iso9660 };
    enum cs_status st = unpack(object, out, "iso9660", fns, 1, "joliet");

    return st == CS_OK && has_joliet(object) ? unpack(object, out, "joliet", fns, 1, "rockridge") : st;
}
