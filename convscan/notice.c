#include "notice.h"

#include <limits.h>

#include "base/mapfile.h"
#include "notice_lang.h"
#include "base/safe.h"

struct placeholder {
    const char *name;
    const char *value;
};

static enum cs_status put_value(const struct notice_facts *f, const struct notice_lang *l, struct slice name, struct buf *out)
{
    const char *reason = l->reasons[f->cls < CLS_N ? f->cls : CLS_ERROR];
    const struct placeholder all[] = {
        { "virus", f->virus },     { "file", f->file }, { "type", f->type },     { "size", f->size },
        { "sender", f->sender },   { "date", f->date }, { "host", f->host },     { "action", f->action },
        { "subject", f->subject }, { "id", f->id },     { "contact", f->contact ? f->contact : l->contact },
        { "reason", reason },
    };
    char text[512];

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (slice_eq(name, slice_str(all[i].name)))
            return buf_put(out, slice_of(text, safe_text(text, sizeof text, slice_str(all[i].value))));
    return CS_OK;
}

/* {name} becomes the value; a name that is none stands for nothing. */
static enum cs_status fill(struct slice form, const struct notice_facts *f, const struct notice_lang *l, struct buf *out)
{
    enum cs_status st = CS_OK;

    while (form.n && st == CS_OK) {
        size_t open = slice_chr(form, '{');
        struct slice rest = slice_drop(form, open + 1);
        size_t close = slice_chr(rest, '}');

        st = buf_put(out, slice_take(form, open));
        if (st == CS_OK && open < form.n && close < rest.n)
            st = put_value(f, l, slice_take(rest, close), out);
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

static bool open_template(const struct conf *c, const char *language, struct mapfile *m)
{
    char path[PATH_MAX];
    int n = c->notice.folder ? snprintf(path, sizeof path, "%s/%s.txt", c->notice.folder, language) : -1;

    return n > 0 && (size_t)n < sizeof path && mapfile_open(m, path, MAPFILE_COPY, NOTICE_MAX / 2) == CS_OK;
}

/* A template of the site, else the built-in text, for the first language that has either. */
static bool find_text(const struct conf *c, struct slice languages, struct mapfile *m, const struct notice_lang **l)
{
    char code[3] = "";

    languages = slice_take(languages, 200);
    while (next_language(&languages, code)) {
        *l = notice_lang_find(code);
        if (open_template(c, code, m))
            return true;
        if (*l)
            return false;
    }
    return false;
}

enum cs_status notice_text(const struct conf *c, const struct notice_facts *f, struct slice languages, struct buf *out)
{
    const struct notice_lang *l = NULL;
    struct mapfile m;
    bool has_file = find_text(c, languages, &m, &l) || (!l && find_text(c, slice_str(c->notice.language), &m, &l));
    enum cs_status st;

    if (!l)
        l = notice_lang_default();
    if (!has_file)
        return fill(slice_str(l->text), f, l, out);
    st = fill(m.data, f, l, out);
    mapfile_close(&m);
    return st;
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

enum cs_status notice_headers(struct slice name, struct buf *out)
{
    char file[256];
    size_t n;
    enum cs_status st;

    while (name.n && memchr("/\\", name.p[0], 2))
        name = slice_drop(name, 1);
    n = safe_text(file, sizeof file - sizeof ".removed.txt", name.n ? slice_take(name, 200) : SLICE("attachment"));
    memcpy(file + n, ".removed.txt", sizeof ".removed.txt");
    st = buf_puts(out, "Content-Type: text/plain; charset=utf-8");
    if (st == CS_OK)
        st = put_parameter("name", file, out);
    if (st == CS_OK)
        st = buf_puts(out, "\nContent-Disposition: attachment");
    if (st == CS_OK)
        st = put_parameter("filename", file, out);
    return st == CS_OK ? buf_puts(out, "\n") : st;
}
