#include "notice.h"

#include <limits.h>
#include <unistd.h>

#include "base/mapfile.h"
#include "base/safe.h"
#include "mime/mime.h"
#include "notice_lang.h"

enum { NAME_ROOM = 256 };

struct placeholder {
    const char *name;
    const char *value;
};

static enum cs_status put_escaped(struct slice s, struct buf *out)
{
    static const struct { char c; const char *text; } escapes[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" },
    };
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s.n && st == CS_OK; i++) {
        size_t k = 0;

        while (k < sizeof escapes / sizeof *escapes && escapes[k].c != (char)s.p[i])
            k++;
        st = k < sizeof escapes / sizeof *escapes ? buf_puts(out, escapes[k].text) : buf_putc(out, s.p[i]);
    }
    return st;
}

static enum cs_status put_value(const struct notice_facts *f, const struct notice_lang *l, struct slice name, bool is_page,
                                struct buf *out)
{
    const char *reason = l->reasons[f->cls < CLS_N ? f->cls : CLS_ERROR];
    const struct placeholder all[] = {
        { "virus", f->virus },     { "file", f->file }, { "type", f->type },     { "size", f->size },
        { "sender", f->sender },   { "date", f->date }, { "host", f->host },     { "action", f->action },
        { "subject", f->subject }, { "id", f->id },     { "contact", f->contact ? f->contact : l->contact },
        { "reason", reason },
    };
    char text[512];
    struct slice safe;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (slice_eq(name, slice_str(all[i].name))) {
            safe = slice_of(text, safe_text(text, sizeof text, slice_str(all[i].value)));
            return is_page ? put_escaped(safe, out) : buf_put(out, safe);
        }
    return CS_OK;
}

/* {name} becomes the value; of a page, one that cannot be markup. An unknown name stands for nothing. */
static enum cs_status fill(struct slice form, const struct notice_facts *f, const struct notice_lang *l, bool is_page, struct buf *out)
{
    enum cs_status st = CS_OK;

    while (form.n && st == CS_OK) {
        size_t open = slice_chr(form, '{');
        struct slice rest = slice_drop(form, open + 1);
        size_t close = slice_chr(rest, '}');

        st = buf_put(out, slice_take(form, open));
        if (st == CS_OK && open < form.n && close < rest.n)
            st = put_value(f, l, slice_take(rest, close), is_page, out);
        form = slice_drop(rest, close + 1);
    }
    return st;
}

/* Languages are two letters here: what follows a '-' is ignored. Nothing else of the header reaches the file name. */
static bool next_language(struct slice *list, char out[3])
{
    while (list->n) {
        size_t n = 0;

        while (list->n && !ascii_is_alpha(list->p[0]))
            *list = slice_drop(*list, 1);
        while (n < list->n && ascii_is_alpha(list->p[n]))
            n++;
        if (n == 2) {
            out[0] = (char)ascii_lower(list->p[0]);
            out[1] = (char)ascii_lower(list->p[1]);
            out[2] = '\0';
        }
        *list = slice_drop(*list, slice_chr(*list, ','));
        if (n == 2)
            return true;
    }
    return false;
}

static bool template_path(const char *folder, const char *language, const char *ending, char path[PATH_MAX])
{
    int n = folder && *folder ? snprintf(path, PATH_MAX, "%s/%s.%s", folder, language, ending) : -1;

    return n > 0 && n < PATH_MAX;
}

/* The class's own folder is asked before the common one. */
static bool find_template(const struct conf *c, enum cls cls, const char *language, const char *ending, char path[PATH_MAX])
{
    const char *own = cls < CLS_N ? c->classes[cls].notice : NULL;

    return (template_path(own, language, ending, path) && access(path, R_OK) == 0) ||
           (template_path(c->notice.folder, language, ending, path) && access(path, R_OK) == 0);
}

static bool open_template(const struct conf *c, enum cls cls, const char *language, const char *ending, struct mapfile *m)
{
    char path[PATH_MAX];

    return find_template(c, cls, language, ending, path) && mapfile_open(m, path, MAPFILE_OURS, NOTICE_MAX / 2) == CS_OK;
}

/* A template of the site or a built-in text, for the first language of the list that has either. */
static bool has_language(const struct conf *c, enum cls cls, struct slice languages, char code[3])
{
    char path[PATH_MAX];

    languages = slice_take(languages, 200);
    while (next_language(&languages, code))
        if (notice_lang_find(code) || find_template(c, cls, code, "txt", path))
            return true;
    return false;
}

/* What the first word PATTERN:LANGUAGE says whose pattern fits the domain of a recipient. */
static struct slice language_of_domain(const struct conf *c, const char *recipients)
{
    struct slice words = slice_str(c->notice.domains);

    for (struct slice w = conf_word(&words); w.n; w = conf_word(&words)) {
        struct slice pattern = slice_take(w, slice_chr(w, ':')), list = slice_str(recipients);

        for (struct slice to = conf_word(&list); to.n; to = conf_word(&list))
            if (pattern_matches(pattern, slice_drop(to, slice_chr(to, '@') + 1)))
                return slice_drop(w, pattern.n + 1);
    }
    return slice_of(NULL, 0);
}

/* The message's own wish, the recipients' domain, the setting, English. */
static void choose_language(const struct conf *c, const struct notice_facts *f, char code[3])
{
    if (!has_language(c, f->cls, slice_str(f->languages), code) &&
        !has_language(c, f->cls, language_of_domain(c, f->recipients), code) &&
        !has_language(c, f->cls, slice_str(c->notice.language), code))
        memcpy(code, "en", 3);
}

static const struct notice_lang *words_of(const char *code)
{
    const struct notice_lang *l = notice_lang_find(code);

    return l ? l : notice_lang_default();
}

enum cs_status notice_text(const struct conf *c, const struct notice_facts *f, struct buf *out)
{
    const struct notice_lang *l;
    struct mapfile m;
    char code[3];
    enum cs_status st;

    choose_language(c, f, code);
    l = words_of(code);
    if (!open_template(c, f->cls, code, "txt", &m))
        return fill(slice_str(l->text), f, l, false, out);
    st = fill(m.data, f, l, false, out);
    mapfile_close(&m);
    return st;
}

enum cs_status notice_page(const struct conf *c, const struct notice_facts *f, struct slice text, struct buf *out)
{
    struct mapfile m;
    char code[3];
    enum cs_status st;

    choose_language(c, f, code);
    if (open_template(c, f->cls, code, "html", &m)) {
        st = fill(m.data, f, words_of(code), true, out);
        mapfile_close(&m);
        return st;
    }
    st = buf_printf(out, "<!DOCTYPE html>\n<html lang=\"%s\">\n<head><meta charset=\"utf-8\"><title></title></head>\n<body><pre>\n", code);
    if (st == CS_OK)
        st = put_escaped(text, out);
    return st == CS_OK ? buf_puts(out, "</pre></body>\n</html>\n") : st;
}

/* RFC 2231: what is not plain is written as %XX. */
static enum cs_status put_parameter(const char *key, const char *value, struct buf *out)
{
    bool is_plain = true;
    enum cs_status st;

    for (const char *p = value; *p; p++)
        is_plain = is_plain && *p >= ' ' && *p < 0x7f && *p != '\\' && *p != '"';
    if (is_plain)
        return buf_printf(out, ";\n %s=\"%s\"", key, value);
    st = buf_printf(out, ";\n %s*=utf-8''", key);
    for (const char *p = value; *p && st == CS_OK; p++) {
        bool is_safe = ascii_is_digit((uint8_t)*p) || ascii_is_alpha((uint8_t)*p) || *p == '.' || *p == '-' || *p == '_';

        st = is_safe ? buf_putc(out, (uint8_t)*p) : buf_printf(out, "%%%02X", (unsigned)(uint8_t)*p);
    }
    return st;
}

/* What the removed file was called, as a name for the notice. */
static void notice_name(struct slice name, char file[NAME_ROOM])
{
    size_t n;

    while (name.n && memchr("/\\", name.p[0], 2))
        name = slice_drop(name, 1);
    n = safe_text(file, NAME_ROOM - sizeof ".removed.txt", name.n ? slice_take(name, 200) : SLICE("attachment"));
    memcpy(file + n, ".removed.txt", sizeof ".removed.txt");
}

enum cs_status notice_headers(struct slice name, struct buf *out)
{
    char file[NAME_ROOM];
    enum cs_status st;

    notice_name(name, file);
    st = buf_puts(out, "Content-Type: text/plain; charset=utf-8");
    if (st == CS_OK)
        st = put_parameter("name", file, out);
    if (st == CS_OK)
        st = buf_puts(out, "\nContent-Disposition: attachment");
    if (st == CS_OK)
        st = put_parameter("filename", file, out);
    return st == CS_OK ? buf_puts(out, "\n") : st;
}

static enum cs_status put_bytes(void *ctx, struct slice bytes)
{
    return buf_put(ctx, bytes);
}

/* In quoted-printable "=_" cannot occur, so no text holds the boundary. */
static enum cs_status put_child(const char *id, const char *subtype, const char *file, struct slice text, struct buf *out)
{
    enum cs_status st = buf_printf(out, "--=_%s\nContent-Type: text/%s; charset=utf-8", id, subtype);

    if (st == CS_OK && file)
        st = put_parameter("name", file, out);
    if (st == CS_OK)
        st = buf_puts(out, "\nContent-Transfer-Encoding: quoted-printable\n\n");
    if (st == CS_OK)
        st = mime_encode(MIME_ENC_QP, text, "\n", put_bytes, out);
    return st == CS_OK ? buf_putc(out, '\n') : st;
}

enum cs_status notice_alternative(const struct notice_both *b, struct buf *headers, struct buf *body)
{
    char file[NAME_ROOM];
    enum cs_status st = buf_printf(headers, "Content-Type: multipart/alternative;\n boundary=\"=_%s\"\n", b->id);

    notice_name(b->name, file);
    if (st == CS_OK)
        st = put_child(b->id, "plain", file, b->text, body);
    if (st == CS_OK)
        st = put_child(b->id, "html", NULL, b->page, body);
    return st == CS_OK ? buf_printf(body, "--=_%s--\n", b->id) : st;
}
