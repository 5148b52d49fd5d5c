#include "names.h"

#include "conf.h"
#include "ftype.h"
#include "base/safe.h"

enum { KEPT = 512 };

/* One code point of a name: a dot that only looks like one, a letter of another width, or nothing that shows. */
static uint32_t plain_code(uint32_t c)
{
    static const uint32_t dots[] = { 0x2024, 0xff0e, 0xfe52, 0x3002, 0xff61, 0x0701, 0x0702, 0xa4f8, 0xa60e, 0x0660, 0x06d4 };

    for (size_t i = 0; i < sizeof dots / sizeof *dots; i++)
        if (c == dots[i])
            return '.';
    if (c >= 0xff01 && c <= 0xff5e)
        c -= 0xfee0;
    if (c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x3000)
        return ' ';
    if (c < 0x80)
        return ascii_lower((uint8_t)c);
    return is_tricky_code(c) || c == 0xad ? 0 : c;
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
    while (n && (out[n - 1] == '.' || out[n - 1] == ' ' || out[n - 1] == '\t' || out[n - 1] == '\'' || out[n - 1] == '"'))
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

static bool check_flat(const struct conf *c, struct slice flat, const struct ftype *t, char out[32])
{
    struct slice ext = flat;
    size_t dot;

    for (dot = flat.n; dot > 0 && flat.p[dot - 1] != '.'; dot--)
        if (flat.p[dot - 1] == '/' || flat.p[dot - 1] == '\\')
            return false;
    if (dot == 0)
        return false;
    ext = slice_trim(slice_drop(flat, dot));
    if (ext.n == 0 || ext.n >= 32 || !is_listed(slice_str(c->names.block), ext) || is_listed(slice_str(c->names.allow), ext))
        return false;
    if (t && ftype_has(t, "text") && is_listed(slice_str(c->names.unless_text), ext))
        return false;
    memcpy(out, ext.p, ext.n);
    out[ext.n] = '\0';
    return true;
}

/* NTFS opens "evil.exe::$DATA" as evil.exe. */
static struct slice without_stream(struct slice flat)
{
    struct slice cut = slice_take(flat, slice_chr(flat, ':'));

    return cut.n > 2 ? cut : flat;
}

bool name_is_blocked(const struct conf *c, struct slice name, const struct ftype *t, char out[32])
{
    char flat[KEPT];
    struct slice s = { (const uint8_t *)flat, flatten(flat, name) };

    return check_flat(c, s, t, out) || check_flat(c, without_stream(s), t, out);
}

bool name_hides_program(const struct ftype *t, struct slice name)
{
    static const char harmless[] =
        "txt pdf doc docx xls xlsx ppt pptx odt ods odp rtf csv jpg jpeg png gif bmp tif tiff webp svg mp3 mp4 avi mov wav "
        "htm html xml eml msg ics vcf zip rar 7z gz tar log md json";
    struct conf only = { .names.block = (char *)(uintptr_t)harmless };
    char ext[32];

    return ftype_has(t, "executable") && !ftype_has(t, "Java") && name_is_blocked(&only, name, NULL, ext);
}
