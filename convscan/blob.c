#include "blob.h"

#include "magic.h"
#include "unbase.h"
#include "unform.h"

enum { MIN_64 = 40, MIN_HEX = 64, HEX_BYTES = 48, TURNED = 88, MIN_PERCENTS = 8, SCRIPT_HEAD = 1024, LAYERS = 4 };

static enum cs_status member(struct emit *out, struct slice bytes, const char *how, const char *type)
{
    struct emit_child c = { .kind = EMIT_MEMBER, .how = how, .type = type, .size = bytes.n, .packed = UINT64_MAX,
                            .name = slice_take(bytes, 0) };

    return emit_whole(out, &c, bytes);
}

/* Plain characters, with calls and with strings or statements: perhaps the next layer of a script. */
bool blob_is_script(struct slice s)
{
    static const char marks[] = "\"';=";
    bool has_mark = false;

    s = slice_take(s, SCRIPT_HEAD);
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' && !ascii_is_space(s.p[i]))
            return false;
    for (size_t i = 0; i + 1 < sizeof marks; i++)
        has_mark = has_mark || slice_chr(s, (uint8_t)marks[i]) < s.n;
    return has_mark && slice_chr(s, '(') < s.n;
}

static unform *form_of(struct slice text, size_t *min);

struct blobs blobs_of(struct emit *out)
{
    return (struct blobs){ .out = out, .left = BLOB_UNKNOWN, .rest = buf_init(BLOB_MAX) };
}

enum cs_status blobs_end(struct blobs *b, enum cs_status st)
{
    struct emit_child c = { .kind = EMIT_VIEW, .how = "decoded", .size = b->rest.n, .packed = UINT64_MAX, .name = SLICE("") };

    if (st == CS_OK && b->rest.n)
        st = emit_whole(b->out, &c, buf_slice(&b->rest));
    buf_release(&b->rest);
    return st;
}

/* Once more something written as text? Then this is no more than a layer, and what is below is wanted. */
static bool is_layer(struct blobs *b, struct slice bytes)
{
    size_t min;

    return b->layers < LAYERS && bytes.n >= MIN_64 && form_of(slice_trim(bytes), &min);
}

static enum cs_status below(struct blobs *b, struct slice bytes, const char *how)
{
    enum cs_status st;

    b->layers++;
    st = blob_text(b, bytes, how);
    b->layers--;
    return st;
}

enum cs_status blob_bytes(struct blobs *b, struct slice bytes, const char *how)
{
    bool is_binary = magic_is_binary(slice_take(bytes, MAGIC_HEAD));
    enum cs_status st = CS_OK;

    if (bytes.n == 0 || (bytes.n < BLOB_MIN && !is_binary))
        return CS_OK;
    if (!is_binary && is_layer(b, bytes))
        st = below(b, bytes, how);
    if (st != CS_OK)
        return st;
    if (!is_binary && b->left == 0) {
        st = buf_put(&b->rest, bytes);
        return st == CS_OK ? buf_putc(&b->rest, '\n') : st;
    }
    b->left -= !is_binary;
    return member(b->out, bytes, how, !is_binary && blob_is_script(bytes) ? "script" : NULL);
}

/* Decoded, and taken when there are min bytes of it, or when it is known. */
static enum cs_status undone(struct blobs *b, struct slice text, const char *how, unform *how_to, size_t min)
{
    struct buf bytes = buf_init(BLOB_MAX);
    enum cs_status st = how_to(text, &bytes);

    if (st == CS_TOOBIG)
        st = b->out->note(b->out, EMIT_LIMITED, "a large file in a page");
    else if (st == CS_OK && (bytes.n >= min || magic_is_object(slice_take(buf_slice(&bytes), MAGIC_HEAD))))
        st = blob_bytes(b, buf_slice(&bytes), how);
    buf_release(&bytes);
    return st;
}

enum cs_status blob_64(struct blobs *b, struct slice text, const char *how)
{
    return undone(b, text, how, unbase64, 1);
}

/* A trick of long standing: base64 turned around. */
static enum cs_status turned(struct slice in, struct buf *out)
{
    struct buf back = buf_init(in.n);
    enum cs_status st = CS_OK;

    for (size_t i = in.n; i && st == CS_OK; i--)
        st = buf_putc(&back, in.p[i - 1]);
    if (st == CS_OK)
        st = unbase64(buf_slice(&back), out);
    buf_release(&back);
    return st;
}

/* Padding in front, or something known that begins at the end. */
static bool is_turned(struct slice text)
{
    uint8_t room[TURNED];
    struct buf head = buf_over(room, sizeof room);
    struct slice tail = slice_drop(text, text.n > TURNED ? text.n - TURNED : 0);

    return text.p[0] == '=' || (turned(tail, &head) == CS_OK && magic_is_object(buf_slice(&head)));
}

/* The written forms that a text may be; NULL when it is none. *min: so many bytes make it a file. */
static unform *form_of(struct slice text, size_t *min)
{
    *min = BLOB_MIN;
    if (unbase_is_hex(text, MIN_HEX)) {
        unform *better = unform_of(text);
        *min = HEX_BYTES;
        return better ? better : unbase_hex;
    }
    if (unbase_is_64(text, MIN_64)) {
        unform *better = slice_chr(text, '-') < text.n ? unform_of(text) : NULL;    /* a dash is a letter, and stands between numbers */
        return better ? better : is_turned(text) ? turned : unbase64;
    }
    return unbase_percents(text, MIN_PERCENTS) == MIN_PERCENTS ? unbase_percent : NULL;
}

enum cs_status blob_text(struct blobs *b, struct slice text, const char *how)
{
    size_t min;
    unform *form;

    text = slice_trim(text);
    if (text.n < BLOB_MIN)
        return CS_OK;
    form = form_of(text, &min);
    if (form)
        return undone(b, text, how, form, min);
    form = text.n >= MIN_64 ? unform_of(text) : NULL;
    if (form)
        return undone(b, text, how, form, SIZE_MAX);
    return magic_is_object(slice_take(text, MAGIC_HEAD)) ? blob_bytes(b, text, how) : CS_OK;
}

/* Of text that is no file most likely: do its first characters give something known? What is turned around begins at its end. */
static bool gives_known(unform *form, struct slice text)
{
    uint8_t room[UNFORM_HEAD];
    struct buf head = buf_over(room, sizeof room);

    return form == turned || (form(slice_take(text, UNFORM_HEAD), &head) == CS_OK && magic_is_object(slice_take(buf_slice(&head), MAGIC_HEAD)));
}

enum cs_status blob_known(struct blobs *b, struct slice text, const char *how)
{
    size_t min;
    unform *form;

    text = slice_trim(text);
    form = text.n < MIN_64 ? NULL : form_of(text, &min);
    if (form && !gives_known(form, text))
        form = NULL;
    if (!form && text.n >= MIN_64)
        form = unform_of(text);
    return form ? undone(b, text, how, form, SIZE_MAX) : CS_OK;
}

bool blob_begins(struct slice text)
{
    return unform_begins(text);
}

/* ---- data: addresses ---- */

static bool is_media(uint8_t c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("/+-.;=_*%\t\r\n ", c));
}

static size_t payload_length(struct slice s, bool is_64)
{
    size_t n = 0;

    while (n < s.n && s.p[n] != '"' && s.p[n] != '\'' && s.p[n] != '`' && s.p[n] != '<' && (!is_64 || s.p[n] != ')'))
        n++;
    return n;
}

/* text begins behind "data:"; gives how many bytes were used. */
static enum cs_status address(struct blobs *b, struct slice text, size_t *used)
{
    struct slice media, data;
    struct buf bytes = buf_init(BLOB_MAX), plain = buf_init(BLOB_MAX);
    const char *type;
    bool is_64;
    size_t n = 0;
    enum cs_status st;

    while (n < text.n && n < 256 && is_media(text.p[n]))
        n++;
    *used = n;
    if (n == text.n || text.p[n] != ',')
        return CS_OK;
    media = slice_take(text, n);
    is_64 = slice_ihas(media, SLICE("base64"));
    type = slice_ihas(media, SLICE("html")) ? "HTML" : slice_ihas(media, SLICE("script")) ? "script" : NULL;
    data = slice_drop(text, n + 1);
    data = slice_take(data, payload_length(data, is_64));
    *used = n + 1 + data.n;
    if (data.n == 0)
        return CS_OK;
    st = unbase_percent(data, &plain);
    if (st == CS_OK && is_64)
        st = unbase64(buf_slice(&plain), &bytes);
    if (st == CS_TOOBIG)
        st = b->out->note(b->out, EMIT_LIMITED, "a large file in an address");
    else if (st == CS_OK)
        st = member(b->out, buf_slice(is_64 ? &bytes : &plain), "data-uri", type);
    buf_release(&bytes);
    buf_release(&plain);
    return st;
}

enum cs_status blob_addresses(struct blobs *b, struct slice text)
{
    enum cs_status st = CS_OK;

    while (st == CS_OK) {
        size_t at = slice_chr(text, ':'), used = 0;
        if (at == text.n)
            break;
        if (at >= 4 && slice_ieq(slice_sub(text, at - 4, 4), SLICE("data")))
            st = address(b, slice_drop(text, at + 1), &used);
        text = slice_drop(text, at + 1 + used);
    }
    return st;
}
