#include "names.h"

#include "base/arena.h"
#include "base/safe.h"
#include "conf.h"
#include "ftype.h"
#include "mime/mime.h"

enum { KEPT = 512, KEPT_ENCODED = 4096, TIMES_ESCAPED = 3 };

static bool is_among(const uint32_t (*ranges)[2], size_t n, uint32_t c)
{
    for (size_t i = 0; i < n; i++)
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    return false;
}
#define AMONG(table, c) is_among((table), sizeof(table) / sizeof *(table), (c))

/* What systems and mail programs make a dot or a blank of, or what only looks like one; and what does not show at all. */
static const uint32_t dots[][2] = {
    { 0x660, 0x660 }, { 0x6d4, 0x6d4 }, { 0x6f0, 0x6f0 }, { 0x701, 0x702 }, { 0x2024, 0x2026 }, { 0x3002, 0x3002 }, { 0xa4f8, 0xa4f8 },
    { 0xa60e, 0xa60e }, { 0xfe12, 0xfe12 }, { 0xfe52, 0xfe52 }, { 0xff0e, 0xff0e }, { 0xff61, 0xff61 }, { 0x10a50, 0x10a50 }, { 0x1d16d, 0x1d16d },
};
static const uint32_t blanks[][2] = {
    { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x2800, 0x2800 }, { 0x3000, 0x3000 },
};
static const uint32_t unseen[][2] = {
    { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, { 0x180b, 0x180f }, { 0x3164, 0x3164 }, { 0xfe00, 0xfe0f },
    { 0xffa0, 0xffa0 }, { 0xfff9, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
};

/* Letters and digits in other clothes, as compatibility forms unfold them: full width, in circles, mathematical. */
static uint32_t undressed(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        return c - 0xfee0;
    if (c >= 0x24b6 && c <= 0x24e9)
        return 'a' + (c - 0x24b6) % 26;
    if (c >= 0x1d400 && c <= 0x1d6a3)
        return 'a' + (c - 0x1d400) % 26;
    return c >= 0x1d7ce && c <= 0x1d7ff ? '0' + (c - 0x1d7ce) % 10 : c;
}

static uint32_t plain_code(uint32_t c)
{
    if (c < 0x7f)
        return ascii_lower((uint8_t)c);
    if (AMONG(dots, c))
        return '.';
    if (AMONG(blanks, c))
        return ' ';
    if (AMONG(unseen, c) || is_tricky_code(c))
        return 0;
    c = undressed(c);
    return c < 0x80 ? ascii_lower((uint8_t)c) : c;
}

/* The name as plain ASCII, lower case, what does not show left out, anything else as '?'. */
static size_t flatten(char out[KEPT], struct slice name)
{
    size_t n = 0;

    if (name.n > KEPT)
        name = slice_drop(name, name.n - KEPT);
    while (name.n) {
        uint32_t code = '?';
        size_t len = utf8_next(name, &code);

        code = len ? plain_code(code) : '?';
        if (code >= ' ' || code == '\t')
            out[n++] = code < 0x7f ? (char)code : '?';
        name = slice_drop(name, len ? len : 1);
    }
    while (n && (out[n - 1] == '.' || out[n - 1] == ' ' || out[n - 1] == '\t' || out[n - 1] == '\'' || out[n - 1] == '"' || out[n - 1] == '\\'))
        n--;
    return n;
}

static bool is_listed(struct slice list, struct slice word)
{
    for (struct slice w = conf_word(&list); w.n; w = conf_word(&list))
        if (slice_ieq(w, word))
            return true;
    return false;
}

static bool is_blocked_extension(const struct conf *c, struct slice ext, const struct ftype *t, char out[32])
{
    if (ext.n == 0 || ext.n >= 32 || !is_listed(slice_str(c->names.block), ext) || is_listed(slice_str(c->names.allow), ext))
        return false;
    if (t && ftype_has(t, "text") && is_listed(slice_str(c->names.unless_text), ext))
        return false;
    memcpy(out, ext.p, ext.n);
    out[ext.n] = '\0';
    return true;
}

/* From the last one on, to the first where any counts. */
static bool check_flat(const struct conf *c, struct slice flat, const struct ftype *t, char out[32])
{
    size_t dot, end = flat.n;

    for (dot = flat.n; dot > 0 && flat.p[dot - 1] != '/' && flat.p[dot - 1] != '\\'; dot--) {
        if (flat.p[dot - 1] != '.')
            continue;
        if (is_blocked_extension(c, slice_trim(slice_sub(flat, dot, end - dot)), t, out))
            return true;
        if (!c->names.any)
            return false;
        end = dot - 1;
    }
    return false;
}

/* NTFS opens "evil.exe::$DATA" as evil.exe. */
static struct slice without_stream(struct slice flat)
{
    struct slice cut = slice_take(flat, slice_chr(flat, ':'));

    return cut.n > 2 ? cut : flat;
}

static bool check_whole(const struct conf *c, struct slice name, const struct ftype *t, char out[32])
{
    char flat[KEPT];
    struct slice s = { (const uint8_t *)flat, flatten(flat, name) }, cut = without_stream(s);

    return check_flat(c, s, t, out) || (cut.n < s.n && check_flat(c, cut, t, out));
}

/* Also what a program in C would read, to the NUL byte. */
static bool check_reading(const struct conf *c, struct slice name, const struct ftype *t, char out[32])
{
    size_t nul = slice_chr(name, '\0');

    return check_whole(c, name, t, out) || (nul < name.n && check_whole(c, slice_take(name, nul), t, out));
}

/* %2e and the like, as a browser undoes them; false when there is none. */
static bool unescape(uint8_t *p, size_t *n)
{
    size_t to = 0;

    for (size_t i = 0; i < *n; i++, to++) {
        int hi = p[i] == '%' && i + 2 < *n ? ascii_hex(p[i + 1]) : -1, lo = hi >= 0 ? ascii_hex(p[i + 2]) : -1;

        p[to] = lo >= 0 ? (uint8_t)(hi * 16 + lo) : p[i];
        i += lo >= 0 ? 2 : 0;
    }
    if (to == *n)
        return false;
    *n = to;
    return true;
}

/* Encoded words that are left in a name: some programs decode until there are none. */
static bool check_words(const struct conf *c, struct slice name, const struct ftype *t, char out[32])
{
    struct arena a;
    bool is_blocked = false;

    name = name.n > KEPT_ENCODED ? slice_drop(name, name.n - KEPT_ENCODED) : name;
    if (slice_find(name, SLICE("=?")) == name.n || arena_init(&a, 1 << 16) != CS_OK)
        return false;
    for (unsigned i = 0; i < TIMES_ESCAPED && !is_blocked && slice_find(name, SLICE("=?")) < name.n; i++) {
        name = mime_words_decode(name, &a);
        is_blocked = check_reading(c, name, t, out);
    }
    arena_release(&a);
    return is_blocked;
}

bool name_is_blocked(const struct conf *c, struct slice name, const struct ftype *t, char out[32])
{
    uint8_t plain[KEPT];

    if (check_reading(c, name, t, out) || check_words(c, name, t, out))
        return true;
    name = name.n > KEPT ? slice_drop(name, name.n - KEPT) : name;
    memcpy(plain, name.p, name.n);
    for (unsigned i = 0; i < TIMES_ESCAPED && unescape(plain, &name.n); i++)
        if (check_reading(c, slice_of(plain, name.n), t, out))
            return true;
    return false;
}

bool name_hides_program(const struct ftype *t, struct slice name)
{
    static const char harmless[] =
        "txt pdf doc docx docm dot dotx xls xlsx xlsm xlsb ppt pptx pptm pps ppsx odt ods odp odg rtf csv tsv wps pages numbers key epub "
        "jpg jpeg jpe jfif png gif bmp tif tiff webp heic avif svg ico psd mp3 mp4 m4a m4v avi mov mkv mpg mpeg wav ogg flac wmv wma "
        "htm html xhtml mht mhtml xml eml msg ics vcf zip rar 7z gz tar bz2 xz log md json yaml srt";
    struct conf only = { .names.block = (char *)(uintptr_t)harmless };
    char ext[32];

    return ftype_has(t, "executable") && !ftype_has(t, "Java") && name_is_blocked(&only, name, NULL, ext);
}
