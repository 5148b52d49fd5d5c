/* view_list.c - what lies in the queues: a page of it, and the form that narrows it down. */
#include <stdlib.h>
#include <time.h>

#include "base/safe.h"
#include "view.h"

/* ---- the filter ---- */

/* Midnight, local time, of YYYY-MM-DD; -1 when it is none. */
static long long read_day(const char *text, int days_on)
{
    struct tm tm = { .tm_isdst = -1 };
    int n = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &n) != 3 || text[n] || tm.tm_year < 1970)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    tm.tm_mday += days_on;
    return (long long)mktime(&tm);
}

static long long read_kilobytes(const struct query *q, const char *name)
{
    long long v = query_number(q, name, -1);

    return v < 0 || v > 1 << 30 ? -1 : v * 1024;
}

void ask_filter(const struct ask *q, const struct query *from, struct filter *f)
{
    static const char *const texts[INDEX_TEXTS] = { "from", "to", "subject", "signature", "file" };
    const char *queue = query_get(from, "queue");

    *f = (struct filter){ .domains = q->user.domains, .place = (int)query_number(from, "period", -1), .class = query_get(from, "class"),
                          .since = read_day(query_get(from, "since"), 0), .until = read_day(query_get(from, "until"), 1),
                          .least = read_kilobytes(from, "min"), .most = read_kilobytes(from, "max"),
                          .before = query_number(from, "before", 0), .after = query_number(from, "after", 0) };
    for (size_t i = 0; i < VIEW_QUEUES; i++)
        if (queue[0] == view_queues[i].state && !queue[1])
            f->state = queue[0];
    for (size_t i = 0; i < INDEX_TEXTS; i++)
        safe_text(f->text[i], sizeof f->text[i], slice_trim(slice_str(query_get(from, texts[i]))));
    if (f->before)
        f->after = 0;
}

/* ---- the page ---- */

static void put_tabs(struct ask *q, struct page *p, const struct filter *f, const struct counts *c)
{
    static const char *const without[] = { "queue", "class", NULL };

    page(p, "<nav aria-label=\"Queues\" class=\"tabs\"><ul>\n");
    for (size_t i = 0; i < VIEW_QUEUES; i++) {
        char state[2] = { view_queues[i].state, 0 };

        page(p, "<li><a href=\"/list?queue=$", state);
        view_fields_url(p, &q->query, without);
        page(p, "\"");
        if (f->state == state[0])
            page(p, " aria-current=\"page\"");
        page(p, ">$ <span class=\"count\">$</span></a></li>\n", view_queues[i].name, NUMBER(counts_of(c, state[0], "")));
    }
    page(p, "<li><a href=\"/list?");
    view_fields_url(p, &q->query, without);
    if (f->state)
        page(p, "\">All</a></li>\n</ul></nav>\n");
    else
        page(p, "\" aria-current=\"page\">All</a></li>\n</ul></nav>\n");
}

static void put_classes(struct ask *q, struct page *p, const struct filter *f, const struct counts *c)
{
    static const char *const without[] = { "class", NULL };
    size_t n = 0;

    for (size_t i = 0; i < c->n; i++)
        n += c->of[i].state == f->state;
    if (n < 2)
        return;
    page(p, "<nav aria-label=\"Classes\" class=\"tabs small\"><ul>\n<li><a href=\"/list?");
    view_fields_url(p, &q->query, without);
    page(p, "\"");
    if (!*f->class)
        page(p, " aria-current=\"page\"");
    page(p, ">every class</a></li>\n");
    for (size_t i = 0; i < c->n; i++) {
        if (c->of[i].state != f->state)
            continue;
        page(p, "<li><a href=\"/list?class=");
        page_url(p, c->of[i].class);
        view_fields_url(p, &q->query, without);
        page(p, "\"");
        if (strcmp(f->class, c->of[i].class) == 0)
            page(p, " aria-current=\"page\"");
        page(p, ">$ <span class=\"count\">$</span></a></li>\n", c->of[i].class, NUMBER(c->of[i].n));
    }
    page(p, "</ul></nav>\n");
}

static void put_periods(struct ask *q, struct page *p, const struct filter *f)
{
    if (q->app->n_places < 2)
        return;
    page(p, "<p><label for=\"period\">Place</label><select id=\"period\" name=\"period\"><option value=\"\">all</option>");
    for (size_t i = 0; i < q->app->n_places; i++)
        if (f->place == (int)i)
            page(p, "<option value=\"$\" selected>$</option>", INT(i), q->app->places[i].label);
        else
            page(p, "<option value=\"$\">$</option>", INT(i), q->app->places[i].label);
    page(p, "</select></p>\n");
}

static void put_search(struct ask *q, struct page *p, const struct filter *f)
{
    static const struct { const char *name, *label, *type; } rows[] = {
        { "from", "Sender", "search" },     { "to", "Recipient", "search" }, { "subject", "Subject", "search" }, { "signature", "Signature", "search" },
        { "file", "File name", "search" },  { "since", "From day", "date" }, { "until", "To day", "date" },      { "min", "At least KB", "number" },
        { "max", "At most KB", "number" },
    };

    page(p, "<form method=\"get\" action=\"/list\" role=\"search\" class=\"search\">\n");
    if (f->state)
        page(p, "<input type=\"hidden\" name=\"queue\" value=\"$\">", query_get(&q->query, "queue"));
    if (*f->class)
        page(p, "<input type=\"hidden\" name=\"class\" value=\"$\">", f->class);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        page(p, "<p><label for=\"f-$\">$</label><input id=\"f-$\" name=\"$\" type=\"$\" value=\"$\"></p>\n", rows[i].name, rows[i].label, rows[i].name,
             rows[i].name, rows[i].type, query_get(&q->query, rows[i].name));
    put_periods(q, p, f);
    page(p, "<p class=\"go\"><button class=\"main\">Find</button> <a href=\"/list?queue=$\">Clear</a></p>\n</form>\n", query_get(&q->query, "queue"));
}

static void put_row(struct ask *q, struct page *p, const struct row *r, bool acts)
{
    const char *title = *r->subject ? r->subject : *r->file ? r->file : "(no subject)";
    struct buf to = buf_init(INDEX_TO + 64);
    bool is_cut;

    own_recipients(&q->user, r->to, &to, &is_cut);
    page(p, "<tr>");
    if (acts) {
        page(p, "<td class=\"pick\"><input type=\"checkbox\" name=\"item\" value=\"");
        page_item_name(p, r);
        page(p, "\" aria-label=\"Choose $\"></td>", title);
    }
    page(p, "<td data-label=\"Since\"><time>$</time></td><th scope=\"row\" data-label=\"Subject\"><a href=\"/item?id=", TIME(r->time));
    page_item_name(p, r);
    page(p, "\"><bdi>$</bdi></a>", title);
    if (*r->subject && *r->file)
        page(p, "<br><span class=\"soft\"><bdi>$</bdi></span>", r->file);
    page(p, "</th><td data-label=\"Sender\"><bdi>$</bdi></td><td data-label=\"Recipients\"><bdi>", *r->sender ? r->sender : "-");
    page_text(p, slice_take(buf_slice(&to), 200));
    page(p, "</bdi>$</td><td data-label=\"Class\"><span class=\"class\">$</span></td><td data-label=\"Signature\"><bdi>$</bdi></td>"
         "<td data-label=\"Size\" class=\"number\">$</td></tr>\n", is_cut ? " and others" : to.n > 200 ? " …" : "", r->class, *r->sig ? r->sig : "-", BYTES(r->size));
    buf_release(&to);
}

static void put_pages(struct ask *q, struct page *p, const struct listing *l)
{
    static const char *const none[] = { NULL };

    if (!l->has_newer && !l->has_older)
        return;
    page(p, "<nav aria-label=\"Pages\" class=\"pages\">");
    if (l->has_newer) {
        page(p, "<a href=\"/list?");
        view_fields_url(p, &q->query, none);
        page(p, "\">Newest</a> ");
    }
    if (l->has_newer && l->n) {
        page(p, "<a rel=\"prev\" href=\"/list?after=$", INT(l->row[0].key));
        view_fields_url(p, &q->query, none);
        page(p, "\">Newer</a> ");
    }
    if (l->has_older && l->n) {
        page(p, "<a rel=\"next\" href=\"/list?before=$", INT(l->row[l->n - 1].key));
        view_fields_url(p, &q->query, none);
        page(p, "\">Older</a>");
    }
    page(p, "</nav>\n");
}

static void put_acts(struct page *p, const struct listing *l)
{
    page(p, "<input type=\"hidden\" name=\"top\" value=\"$\">\n<p class=\"acts\"><button name=\"act\" value=\"release\">Release chosen</button> "
         "<button name=\"act\" value=\"delete\">Delete chosen</button> <button name=\"act\" value=\"release-all\">Release all that fit</button> "
         "<button name=\"act\" value=\"delete-all\">Delete all that fit</button></p>\n<p class=\"soft\">You are asked before anything is done.</p>\n",
         INT(l->row[0].key));
}

static void put_table(struct ask *q, struct page *p, const struct listing *l)
{
    bool acts = q->user.can_write;

    if (l->n == 0) {
        page(p, "<p>Nothing fits.</p>\n");
        return;
    }
    if (acts) {
        page(p, "<form method=\"post\" action=\"/act\"><input type=\"hidden\" name=\"token\" value=\"$\">", q->form_token);
        view_fields_hidden(p, &q->query);
    }
    page(p, "<table class=\"list\"><caption class=\"hidden\">What was found, newest first</caption>\n<thead><tr>");
    if (acts)
        page(p, "<td></td>");
    page(p, "<th scope=\"col\">Since</th><th scope=\"col\">Subject, file</th><th scope=\"col\">Sender</th><th scope=\"col\">Recipients</th>"
         "<th scope=\"col\">Class</th><th scope=\"col\">Signature</th><th scope=\"col\" class=\"number\">Size</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < l->n; i++)
        put_row(q, p, &l->row[i], acts);
    page(p, "</tbody></table>\n");
    if (acts) {
        put_acts(p, l);
        page(p, "</form>\n");
    }
}

void show_list(struct ask *q, struct reply *r)
{
    struct listing *l = calloc(1, sizeof *l);
    struct counts *c = calloc(1, sizeof *c);
    struct filter f;
    enum cs_status st;

    ask_filter(q, &q->query, &f);
    st = l && c ? index_list(&q->app->index, &f, l) : CS_NOMEM;
    if (st == CS_OK)
        st = index_counts(&q->app->index, f.domains, c);
    if (st == CS_OK) {
        page_begin(q, r, view_state(f.state), "/list");
        put_tabs(q, &r->page, &f, c);
        put_classes(q, &r->page, &f, c);
        put_search(q, &r->page, &f);
        put_table(q, &r->page, l);
        put_pages(q, &r->page, l);
        page_end(r);
    } else {
        reply_text(r, 500, "Not now", "The index cannot be read; the log of the console says why.");
    }
    if (l)
        listing_release(l);
    free(l);
    free(c);
}
