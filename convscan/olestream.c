#include "olestream.h"

#include "base/bytes.h"
#include "base/buf.h"
#include "inflate.h"
#include "officecrypt.h"
#include "utf16.h"

/* ---- Word ---- */

enum cs_status olestream_word(struct slice path, struct slice stream, struct emit *out)
{
    (void)path;
    if (stream.n >= 12 && get_le16(stream.p + 10) & 0x0100)
        return out->note(out, EMIT_ENCRYPTED, "Word document");
    return CS_OK;
}

/* ---- PowerPoint ---- */

enum {
    PPT_HEAD = 8, PPT_CONTAINER = 0xf, PPT_OLE_OBJECT = 0x1011,
    PPT_PACKED = 0x10                               /* instance 1 */
};

enum cs_status olestream_current_user(struct slice path, struct slice stream, struct emit *out)
{
    (void)path;
    if (stream.n >= 16 && get_le32(stream.p + 12) == 0xf3d1c4df)
        return out->note(out, EMIT_ENCRYPTED, "PowerPoint document");
    return CS_OK;
}

static enum cs_status put_piece(void *to, struct slice bytes)
{
    struct emit *out = to;

    return out->put(out, bytes);
}

static enum cs_status ole_object(struct slice path, struct slice body, bool is_packed, struct emit *out)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .name = path, .how = "ppt-object", .size = body.n, .packed = body.n };
    struct inflate_result res = { 0 };
    enum cs_status st;

    if (!is_packed)
        return emit_whole(out, &c, body);
    if (body.n < 4)
        return CS_OK;
    c.size = get_le32(body.p);
    st = out->open(out, &c);
    if (st == CS_OK)
        st = inflate_all(slice_drop(body, 4), INFLATE_ZLIB, put_piece, out, &res);
    if (st == CS_OK)
        st = out->close(out);
    if (st == CS_OK && res.is_damaged && res.made < c.size)      /* PowerPoint itself leaves out the end mark */
        st = out->note(out, EMIT_DAMAGED, "packed object of a presentation");
    return st;
}

/* Records in one row: a container is entered by stepping over its head alone, so no depth is needed. */
enum cs_status olestream_powerpoint(struct slice path, struct slice stream, struct emit *out)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && stream.n >= PPT_HEAD) {
        unsigned version = get_le16(stream.p), type = get_le16(stream.p + 2);
        uint32_t len = get_le32(stream.p + 4);
        struct slice body = slice_sub(stream, PPT_HEAD, len);
        if (type == PPT_OLE_OBJECT)
            st = ole_object(path, body, version & PPT_PACKED, out);
        stream = slice_drop(stream, PPT_HEAD + ((version & 0xf) == PPT_CONTAINER ? 0 : body.n));
    }
    return st;
}

/* ---- Excel ---- */

enum {
    BIFF_FORMULA = 0x06, BIFF_NAME = 0x18, BIFF_FILEPASS = 0x2f, BIFF_BOUNDSHEET = 0x85, BIFF_THEME = 0x896,
    BIFF_CONTINUE_FRT12 = 0x87f,
    SHEET_MACRO = 1, THEME_HEAD = 16, FRT12_HEAD = 12,
    STRINGS_MOST = 4 << 20
};

struct workbook {
    struct emit *out;
    struct slice path;
    struct buf theme, strings;
    bool is_encrypted, has_macros, in_theme;
};

/* Strings inside a formula: ptgStr is 0x17, a count, a flag for two-byte characters, the text. */
static enum cs_status formula_strings(struct workbook *w, struct slice f)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && f.n >= 3 && w->strings.n < STRINGS_MOST) {
        size_t n = f.p[1];
        bool is_wide = f.p[2] == 1;
        struct slice text = slice_sub(f, 3, is_wide ? n * 2 : n);
        if (f.p[0] != 0x17 || f.p[2] > 1 || n == 0 || text.n < n) {
            f = slice_drop(f, 1);
            continue;
        }
        st = is_wide ? utf16le_put(&w->strings, text) : buf_put(&w->strings, text);
        f = slice_drop(f, 3 + text.n);
    }
    return st == CS_OK ? buf_putc(&w->strings, '\n') : st;
}

static enum cs_status bound_sheet(struct workbook *w, struct slice body)
{
    if (body.n < 6 || body.p[5] != SHEET_MACRO || w->has_macros)
        return CS_OK;
    w->has_macros = true;
    return w->out->note(w->out, EMIT_MACROS, "Excel 4 macro sheet");
}

static enum cs_status record(struct workbook *w, unsigned type, struct slice body)
{
    bool goes_on = type == BIFF_CONTINUE_FRT12 && w->in_theme;

    w->in_theme = type == BIFF_THEME || goes_on;
    if (w->in_theme)
        return buf_put(&w->theme, slice_drop(body, goes_on ? FRT12_HEAD : THEME_HEAD));
    switch (type) {
    case BIFF_FILEPASS:
        w->is_encrypted = true;
        return CS_OK;
    case BIFF_BOUNDSHEET:
        return bound_sheet(w, body);
    case BIFF_FORMULA:
        return w->has_macros ? formula_strings(w, slice_drop(body, 22)) : CS_OK;
    case BIFF_NAME:
        return w->has_macros ? formula_strings(w, slice_drop(body, 14)) : CS_OK;
    default:
        return CS_OK;
    }
}

/* The records of a stream, up to an encryption that is still in force. */
static enum cs_status records(struct workbook *w, struct slice stream, bool is_decrypted)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK && stream.n >= 4 && !w->is_encrypted) {
        struct slice body = slice_sub(stream, 4, get_le16(stream.p + 2));
        st = record(w, get_le16(stream.p), body);
        w->is_encrypted = w->is_encrypted && !is_decrypted;
        stream = slice_drop(stream, 4 + body.n);
    }
    return st;
}

/* With a password that fits, the readable stream is a view, and its records are looked at. */
static enum cs_status decrypted(struct workbook *w, struct slice stream)
{
    struct emit_child c = { .kind = EMIT_VIEW, .name = w->path, .how = "xls-decrypted", .size = stream.n, .packed = stream.n };
    struct officecrypt_try with = { w->out->passwords, w->out->n_passwords };
    struct buf plain = buf_init(stream.n);
    bool fits;
    enum cs_status st = officecrypt_workbook(stream, with, &plain, &fits);

    if (st == CS_OK && !fits) {
        st = w->out->note(w->out, EMIT_ENCRYPTED, "Excel workbook");
    } else if (st == CS_OK) {
        st = emit_whole(w->out, &c, buf_slice(&plain));
        w->is_encrypted = false;
        if (st == CS_OK)
            st = records(w, buf_slice(&plain), true);
    }
    buf_release(&plain);
    return st;
}

enum cs_status olestream_workbook(struct slice path, struct slice stream, struct emit *out)
{
    struct workbook w = { .out = out, .path = path, .theme = buf_init(stream.n * 2 + 1),
                          .strings = buf_init(stream.n * 3 + STRINGS_MOST) };
    struct emit_child theme = { .kind = EMIT_MEMBER, .name = SLICE("theme.zip"), .how = "xls-theme" };
    struct emit_child strings = { .kind = EMIT_VIEW, .name = path, .how = "xlm-strings", .size = UINT64_MAX,
                                  .packed = UINT64_MAX };
    enum cs_status st = records(&w, stream, false);

    if (st == CS_OK && w.is_encrypted)
        st = decrypted(&w, stream);
    theme.size = theme.packed = w.theme.n;
    if (st == CS_OK && w.theme.n)
        st = emit_whole(out, &theme, buf_slice(&w.theme));
    if (st == CS_OK && w.strings.n)
        st = emit_whole(out, &strings, buf_slice(&w.strings));
    if (st == CS_OK && w.strings.n >= STRINGS_MOST)
        st = out->note(out, EMIT_LIMITED, "strings of a macro sheet");
    buf_release(&w.theme);
    buf_release(&w.strings);
    return st;
}
