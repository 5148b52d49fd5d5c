/* view_item.c - one item: what is known, what the scanner says now, its header and the beginning of its content; and a copy of it. */
#include <stdlib.h>

#include "base/safe.h"
#include "child.h"
#include "seal.h"
#include "view.h"

enum { EXPLAIN_BYTES = 256 << 10, EXPLAIN_SECONDS = 20, HEADER_SHOWN = 32 << 10, CONTENT_SHOWN = 16 << 10, DOWNLOAD_MAX = 64 << 20 };

static void put_fact(struct page *p, const char *name, const char *value)
{
    if (*value)
        page(p, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>\n", name, value);
}

static void put_facts(struct ask *q, struct page *p, const struct seen *s)
{
    static const struct { enum record_field field; const char *name; } rows[] = {
        { REC_CLASS, "Class" }, { REC_NAME, "Found" },     { REC_MEMBER, "In" },     { REC_FILE, "File name" }, { REC_TYPE, "Declared type" },
        { REC_SENDER, "Sender" }, { REC_SUBJECT, "Subject" }, { REC_DATE, "Date of the message" }, { REC_ACTION, "What was done" },
    };
    const struct row *row = &s->row.row[0];
    struct buf to = buf_init(1 << 20);
    bool is_cut;

    page(p, "<dl class=\"facts\">\n");
    put_fact(p, "Queue", view_state(row->state));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        put_fact(p, rows[i].name, s->item.r.text[rows[i].field]);
    own_recipients(&q->user, s->item.r.text[REC_RECIPIENTS], &to, &is_cut);
    put_fact(p, is_cut ? "Recipients (and others)" : "Recipients", to.n ? (const char *)to.p : "");
    put_fact(p, "Since", TIME(row->time));
    put_fact(p, "Size", BYTES(s->item.body.n));
    put_fact(p, "Identifier", s->item.r.text[REC_ID]);
    put_fact(p, "Place", s->place->label);
    page(p, "</dl>\n");
    buf_release(&to);
}

/* What the scanner gets: a decoded part; or a message with its header. */
static struct slice scanned(const struct seen *s)
{
    return s->store.kind == STORE_QUARANTINE ? s->item.body
                                             : slice_of(s->item.header.p, (size_t)(s->item.body.p + s->item.body.n - s->item.header.p));
}

static void put_explained(struct ask *q, struct page *p, const struct seen *s)
{
    char *argv[6];
    size_t n = 0;
    struct buf out = buf_init(EXPLAIN_BYTES);
    enum cs_status st;
    int code;

    argv[n++] = (char *)(uintptr_t)q->app->conf.convscan;
    if (q->app->conf.conf_file) {
        argv[n++] = (char *)(uintptr_t) "--config";
        argv[n++] = (char *)(uintptr_t)q->app->conf.conf_file;
    }
    argv[n++] = (char *)(uintptr_t) "--explain";
    argv[n++] = (char *)(uintptr_t) "-";
    argv[n] = NULL;
    page(p, "<section aria-labelledby=\"parts\"><h2 id=\"parts\">Parts, and what the scanner says now</h2>\n");
    st = child_run(argv, scanned(s), EXPLAIN_SECONDS, &out, &code);
    if (out.n) {
        page(p, "<pre tabindex=\"0\" role=\"group\" aria-label=\"The scanner's account\">");
        view_content(p, buf_slice(&out), EXPLAIN_BYTES);
        page(p, "</pre>\n");
    }
    if (st != CS_OK || code < 0 || code > 1)
        page(p, "<p class=\"bad\">The scanner could not tell: $.</p>\n", st != CS_OK ? cs_status_text(st) : "it reports an error");
    page(p, "<p class=\"soft\">Today's signatures; names of files and what mail server and sender said do not count here.</p></section>\n");
    buf_release(&out);
}

static void put_source(struct page *p, const struct seen *s)
{
    page(p, "<section aria-labelledby=\"head\"><h2 id=\"head\">Header</h2>\n<pre tabindex=\"0\" role=\"group\" aria-labelledby=\"head\">");
    view_content(p, s->item.header, HEADER_SHOWN);
    page(p, "</pre></section>\n<section aria-labelledby=\"content\"><h2 id=\"content\">Content$</h2>\n<pre tabindex=\"0\" role=\"group\" aria-labelledby=\"content\">",
         s->item.body.n > CONTENT_SHOWN ? ", its beginning" : "");
    view_content(p, s->item.body, CONTENT_SHOWN);
    page(p, "</pre></section>\n");
}

static void put_form(struct ask *q, struct page *p, const struct seen *s)
{
    page(p, "<form method=\"post\" action=\"/act\" class=\"act\"><input type=\"hidden\" name=\"token\" value=\"$\"><input type=\"hidden\" name=\"sure\" value=\"1\">"
         "<input type=\"hidden\" name=\"item\" value=\"", q->form_token);
    page_item_name(p, &s->row.row[0]);
    page(p, "\">\n");
}

static void put_release(struct ask *q, struct page *p, const struct seen *s)
{
    struct slice left = slice_str(s->item.r.text[REC_RECIPIENTS]), word;
    int n = 0;

    put_form(q, p, s);
    if (s->store.kind == STORE_QUARANTINE) {
        page(p, "<fieldset><legend>Release to</legend>\n");
        while ((word = list_next(&left)).n && n < 100) {
            if (!user_owns(&q->user, word))
                continue;
            page(p, "<p><input type=\"checkbox\" checked id=\"to-$\" name=\"to\" value=\"", INT(n));
            page_text(p, word);
            page(p, "\"><label for=\"to-$\"><bdi>", INT(n));
            page_text(p, word);
            page(p, "</bdi></label></p>\n");
            n++;
        }
        if (!s->owns_all)
            page(p, "<p class=\"soft\">It has recipients outside your domains; for them it stays where it is.</p>\n");
        if (n == 0)
            page(p, "<p class=\"soft\">No recipient is known.</p>\n");
        if (q->app->conf.allow && user_has_all(&q->user))
            page(p, "<p><input type=\"checkbox\" id=\"allow\" name=\"allow\" value=\"1\"><label for=\"allow\">Allow exactly these bytes from now on</label></p>\n");
        page(p, "</fieldset>\n");
    }
    page(p, "<button class=\"main\" name=\"act\" value=\"release\">Release</button></form>\n");
}

static void put_acts(struct ask *q, struct page *p, const struct seen *s)
{
    char state = s->row.row[0].state;
    bool is_held = s->store.kind != STORE_QUARANTINE;

    if (!q->user.can_write)
        return;
    page(p, "<section aria-labelledby=\"acts\"><h2 id=\"acts\">What to do</h2>\n");
    if (is_held && !s->owns_all)
        page(p, "<p>It has recipients outside your domains: an administrator of all domains decides.</p>\n");
    else if (!is_held || state == STATE_HELD)
        put_release(q, p, s);
    if (s->owns_all && state != STATE_DELETED) {
        put_form(q, p, s);
        page(p, "<button name=\"act\" value=\"delete\">Delete</button> <span class=\"soft\">It goes to the archive, from which it can be released.</span></form>\n");
    }
    page(p, "<p><a href=\"/download?id=");
    page_item_name(p, &s->row.row[0]);
    page(p, "\" download>Download</a> <span class=\"soft\">in a zip file encrypted with the password \xe2\x80\x9c$\xe2\x80\x9d</span></p></section>\n", q->app->conf.zip_password);
}

static void not_found(struct ask *q, struct reply *r, enum cs_status st)
{
    (void)q;
    if (st == CS_INVALID)
        reply_text(r, 404, "Not readable", "This file has no record of convscan. Look at it on the host itself.");
    else
        reply_text(r, 404, "Not found", "There is no such item, or it is gone, or it is not yours.");
}

void show_item(struct ask *q, struct reply *r)
{
    struct seen *s = calloc(1, sizeof *s);
    enum cs_status st = s ? ask_item(q, query_get(&q->query, "id"), s) : CS_NOMEM;

    if (st == CS_OK) {
        page_begin(q, r, "Item", "/item");
        page(&r->page, "<p class=\"title\"><bdi>$</bdi></p>\n", *s->item.r.text[REC_SUBJECT] ? s->item.r.text[REC_SUBJECT] : s->item.r.text[REC_FILE]);
        put_facts(q, &r->page, s);
        put_acts(q, &r->page, s);
        put_explained(q, &r->page, s);
        put_source(&r->page, s);
        page_end(r);
        seen_release(s);
    } else {
        not_found(q, r, st);
    }
    free(s);
}

/* Names for a zip and for a header: letters, digits and ._- */
static void plain_name(char *out, size_t room, const char *text)
{
    safe_ascii(out, room, slice_str(*text ? text : "part"));
    for (char *c = out; *c; c++)
        if (!ascii_is_alpha((uint8_t)*c) && !ascii_is_digit((uint8_t)*c) && !strchr("._-", *c))
            *c = '_';
    if (out[0] == '.')
        out[0] = '_';
}

void show_download(struct ask *q, struct reply *r)
{
    const char *id = query_get(&q->query, "id");
    struct seen *s = calloc(1, sizeof *s);
    enum cs_status st = s ? ask_item(q, id, s) : CS_NOMEM;
    char name[100], zip[64];

    if (st != CS_OK) {
        not_found(q, r, st);
        free(s);
        return;
    }
    plain_name(name, sizeof name, *s->item.r.text[REC_FILE] ? s->item.r.text[REC_FILE] : s->store.kind == STORE_QUARANTINE ? "part" : "message.eml");
    plain_name(zip, sizeof zip, s->item.r.text[REC_ID]);
    if (scanned(s).n > DOWNLOAD_MAX)
        st = CS_TOOBIG;
    else if (!note(q, "download", id, "done"))
        st = CS_IO;
    else
        st = seal_zip(name, scanned(s), q->app->conf.zip_password, &r->page.out);
    if (st == CS_OK) {
        r->type = "application/zip";
        snprintf(r->file, sizeof r->file, "%s.zip", zip);
    } else {
        reply_text(r, st == CS_TOOBIG ? 413 : 500, "Not now", st == CS_TOOBIG ? "It is too large to be downloaded here." : "It could not be packed, or the audit log cannot be written.");
    }
    seen_release(s);
    free(s);
}
