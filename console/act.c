/* act.c - release and delete, one or many: what is meant is shown and confirmed first, every act is noted. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/newfile.h"
#include "imta/envelope.h"
#include "view.h"

enum { RELEASE_MAX = 200, DELETE_MAX = INDEX_COUNT_MAX, SHOWN = 10 };

/* ---- one ---- */

static bool is_in_form(const struct query *form, struct slice value)
{
    for (size_t i = 0; i < form->n; i++)
        if (strcmp(form->field[i].name, "to") == 0 && slice_eq(slice_str(form->field[i].value), value))
            return true;
    return false;
}

/* The user's own recipients of the item; where the form names some, only those of them. */
static enum cs_status choose_recipients(const struct ask *q, const struct seen *s, struct buf *out)
{
    struct slice left = slice_str(s->item.r.text[REC_RECIPIENTS]), word;
    bool is_choice = *query_get(&q->form, "to") != '\0';
    enum cs_status st = CS_OK;

    while (st == CS_OK && (word = list_next(&left)).n)
        if (user_owns(&q->user, word) && (!is_choice || is_in_form(&q->form, word)))
            st = buf_printf(out, "%s%.*s", out->n ? "," : "", (int)word.n, (const char *)word.p);
    return st == CS_OK ? buf_putc(out, 0) : st;
}

static enum cs_status release(const struct ask *q, const struct seen *s)
{
    const struct app_conf *c = &q->app->conf;
    bool is_held = s->store.kind != STORE_QUARANTINE, allows = *query_get(&q->form, "allow") && user_has_all(&q->user);
    struct buf to = buf_init(ENVELOPE_BYTES);
    struct letgo how = { .mta = c->mta, .from = c->from, .allow = allows ? c->allow : NULL, .stays = !s->owns_all };
    enum cs_status st;

    if (is_held)
        return !s->owns_all ? CS_ACCESS : s->row.row[0].state != STATE_HELD ? CS_UNSUPPORTED : letgo_release(&s->store, &s->item, &how);
    st = choose_recipients(q, s, &to);
    how.only_to = (const char *)to.p;
    if (st == CS_OK)
        st = letgo_release(&s->store, &s->item, &how);
    buf_release(&to);
    return st;
}

/* A held message has no folder for what was deleted: it gets one. */
static enum cs_status archive_held(const struct ask *q, const struct seen *s)
{
    char path[PATH_MAX];
    enum cs_status st;

    if (!q->app->conf.held_archive)
        return CS_UNSUPPORTED;
    if (snprintf(path, sizeof path, "%s/queue%s", q->app->conf.held_archive, strrchr(s->item.path, '/')) >= (int)sizeof path)
        return CS_TOOBIG;
    st = newfile_store(path, 0600, s->item.file.data, true);
    return st == CS_OK ? letgo_delete(&s->store, &s->item) : st;
}

static enum cs_status delete(const struct ask *q, const struct seen *s)
{
    if (!s->owns_all)
        return CS_ACCESS;
    if (s->row.row[0].state == STATE_DELETED)
        return CS_UNSUPPORTED;
    return s->store.kind == STORE_QUARANTINE ? letgo_delete(&s->store, &s->item) : archive_held(q, s);
}

static const char *reason(enum cs_status st)
{
    return st == CS_OK ? "done"
           : st == CS_NOENT       ? "gone"
           : st == CS_ACCESS      ? "it has recipients outside your domains"
           : st == CS_INVALID     ? "no recipient that can be written to"
           : st == CS_UNSUPPORTED ? "not possible in this queue"
                                  : cs_status_text(st);
}

struct tally {
    double done, failed;
    const char *first_reason;
    bool is_unlogged;
};

static void act_on(const struct ask *q, bool releases, const char *name, struct tally *t)
{
    struct seen *s = calloc(1, sizeof *s);
    enum cs_status st = s ? ask_item(q, name, s) : CS_NOMEM;

    if (st == CS_OK) {
        st = releases ? release(q, s) : delete(q, s);
        (void)!index_recheck(&q->app->index, &s->row.row[0]);       /* the next look at the folders finds it too */
        seen_release(s);
    }
    free(s);
    t->done += st == CS_OK;
    t->failed += st != CS_OK;
    if (st != CS_OK && !t->first_reason)
        t->first_reason = reason(st);
    t->is_unlogged |= !note(q, releases ? "release" : "delete", name, reason(st));
}

/* ---- many ---- */

static void act_on_chosen(const struct ask *q, bool releases, struct tally *t)
{
    for (size_t i = 0; i < q->form.n && !t->is_unlogged; i++)
        if (strcmp(q->form.field[i].name, "item") == 0)
            act_on(q, releases, q->form.field[i].value, t);
}

/* All that fits, from where the list began when it was shown: what came later was not seen by anybody. */
static void filter_of_form(const struct ask *q, struct filter *f)
{
    ask_filter(q, &q->form, f);
    f->after = 0;
    f->before = query_number(&q->form, "top", 0) + 1;
}

static void act_on_all(const struct ask *q, bool releases, struct tally *t)
{
    double most = releases ? RELEASE_MAX : DELETE_MAX;
    struct listing *l = calloc(1, sizeof *l);
    struct filter f;
    bool has_more = l != NULL;

    filter_of_form(q, &f);
    while (has_more && t->done + t->failed < most && !t->is_unlogged) {
        has_more = index_list(&q->app->index, &f, l) == CS_OK && l->n > 0;
        for (size_t i = 0; has_more && i < l->n && t->done + t->failed < most && !t->is_unlogged; i++) {
            char name[INDEX_TEXT + 32];

            snprintf(name, sizeof name, "%d.%s", l->row[i].place, l->row[i].id);
            act_on(q, releases, name, t);
            f.before = l->row[i].key;
        }
        listing_release(l);
    }
    free(l);
}

/* ---- pages ---- */

static double count_chosen(const struct ask *q)
{
    double n = 0;

    for (size_t i = 0; i < q->form.n; i++)
        n += strcmp(q->form.field[i].name, "item") == 0;
    return n;
}

static void put_chosen(const struct ask *q, struct page *p)
{
    size_t shown = 0;

    page(p, "<ul class=\"chosen\">\n");
    for (size_t i = 0; i < q->form.n; i++) {
        struct seen *s;

        if (strcmp(q->form.field[i].name, "item") != 0)
            continue;
        page(p, "<li><input type=\"hidden\" name=\"item\" value=\"$\">", q->form.field[i].value);
        s = shown < SHOWN ? calloc(1, sizeof *s) : NULL;
        if (s && ask_item(q, q->form.field[i].value, s) == CS_OK) {
            page(p, "<bdi>$</bdi> <span class=\"soft\"><bdi>$</bdi></span>", *s->item.r.text[REC_SUBJECT] ? s->item.r.text[REC_SUBJECT] : "(no subject)",
                 s->item.r.text[REC_SENDER]);
            seen_release(s);
            shown++;
        }
        free(s);
        page(p, "</li>\n");
    }
    page(p, "</ul>\n");
    if (count_chosen(q) > (double)shown)
        page(p, "<p>and $ more.</p>\n", NUMBER(count_chosen(q) - (double)shown));
}

static void confirm(struct ask *q, struct reply *r, bool releases, bool is_all, double n)
{
    double most = releases ? RELEASE_MAX : DELETE_MAX;
    const char *act = releases ? "Release" : "Delete";
    struct page *p = &r->page;

    page_begin(q, r, releases ? "Release: are you sure?" : "Delete: are you sure?", "/act");
    page(p, "<form method=\"post\" action=\"/act\"><input type=\"hidden\" name=\"token\" value=\"$\"><input type=\"hidden\" name=\"sure\" value=\"1\">\n", q->form_token);
    if (n > most)
        page(p, "<p>More fit than can be done at once: the newest <strong>$</strong> are taken.</p>\n", NUMBER(most));
    else
        page(p, "<p>This is about <strong>$</strong> $.</p>\n", NUMBER(n), n == 1 ? "item" : "items");
    if (is_all) {
        view_fields_hidden(p, &q->form);
        page(p, "<input type=\"hidden\" name=\"top\" value=\"$\">", query_get(&q->form, "top"));
    } else {
        put_chosen(q, p);
    }
    page(p, "<p>$</p>\n", releases ? "Released mail goes to its recipients now, with what was found in it." : "Deleted mail goes to the archive.");
    page(p, "<p class=\"acts\"><button class=\"main\" name=\"act\" value=\"$$\">$ $ $</button> <a href=\"/list?", releases ? "release" : "delete", is_all ? "-all" : "", act,
         NUMBER(n > most ? most : n), n == 1 ? "item" : "items");
    view_fields_url(p, &q->form, (const char *const[]){ NULL });
    page(p, "\">Cancel</a></p></form>\n");
    page_end(r);
}

static void tell(struct ask *q, struct reply *r, bool releases, const struct tally *t)
{
    struct page *p = &r->page;

    page_begin(q, r, releases ? "Released" : "Deleted", "/act");
    page(p, "<p role=\"status\"><strong>$</strong> $.</p>\n", NUMBER(t->done), releases ? "released" : "deleted");
    if (t->failed > 0)
        page(p, "<p class=\"bad\">$ not: $.</p>\n", NUMBER(t->failed), t->first_reason);
    if (t->is_unlogged)
        page(p, "<p class=\"bad\">The audit log cannot be written: nothing more was done.</p>\n");
    page(p, "<p><a href=\"/list?");
    if (*query_get(&q->form, "queue"))
        view_fields_url(p, &q->form, (const char *const[]){ NULL });
    else
        page(p, "queue=q");
    page(p, "\">Back to the list</a></p>\n");
    page_end(r);
    if (t->done == 0 && t->failed > 0)
        r->status = 409;
}

void do_act(struct ask *q, struct reply *r)
{
    const char *act = query_get(&q->form, "act");
    bool releases = strncmp(act, "release", 7) == 0, is_all = strcmp(act, "release-all") == 0 || strcmp(act, "delete-all") == 0;
    struct tally t = { .done = 0 };
    struct filter f;
    double n = count_chosen(q);

    filter_of_form(q, &f);
    if (!is_all && strcmp(act, "release") != 0 && strcmp(act, "delete") != 0) {
        reply_text(r, 400, "Not understood", "Release or delete was expected.");
    } else if ((is_all && index_count(&q->app->index, &f, &n) != CS_OK) || n == 0) {
        reply_text(r, 400, "Nothing chosen", "Choose at least one item, then release or delete.");
    } else if (!*query_get(&q->form, "sure")) {
        confirm(q, r, releases, is_all, n);
    } else if (!note(q, act, NUMBER(n), "begins")) {
        reply_text(r, 503, "Not done", "The audit log cannot be written, so nothing was done.");
    } else {
        if (is_all)
            act_on_all(q, releases, &t);
        else
            act_on_chosen(q, releases, &t);
        tell(q, r, releases, &t);
    }
}
