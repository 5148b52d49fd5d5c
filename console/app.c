#include "app.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "asset.h"
#include "audit.h"
#include "base/diag.h"
#include "imta/digest.h"
#include "signin.h"

const char policy_page[] = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
                           "frame-ancestors 'none'; base-uri 'none'";
/* Reports bring their own style, and nothing else. */
const char policy_report[] = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/* ---- all addresses, and who may ask for them ---- */

enum right { ANYBODY, SIGNED_IN, MAY_WRITE, SEES_ALL };

static const struct route {
    const char *method, *path;
    enum right right;
    handler_fn *handler;
    bool is_background;                 /* asked by the page itself: does not keep a session alive */
} routes[] = {
    { "GET", "/style.css", ANYBODY, send_style, true },
    { "GET", "/live.js", ANYBODY, send_script, true },
    { "GET", "/sign-in", ANYBODY, show_sign_in, true },
    { "POST", "/sign-in", ANYBODY, do_sign_in, true },
    { "POST", "/sign-out", SIGNED_IN, do_sign_out, false },
    { "GET", "/", SIGNED_IN, show_overview, false },
    { "GET", "/live", SIGNED_IN, show_live, true },
    { "GET", "/list", SIGNED_IN, show_list, false },
    { "GET", "/item", SIGNED_IN, show_item, false },
    { "GET", "/download", MAY_WRITE, show_download, false },
    { "POST", "/act", MAY_WRITE, do_act, false },
    { "GET", "/stats", SEES_ALL, show_stats, false },
    { "GET", "/report", SEES_ALL, show_report, false },
    { "GET", "/settings", SEES_ALL, show_settings, false },
    { "GET", "/help", SIGNED_IN, show_help, false },
};

static const struct route *find_route(struct slice method, struct slice path, bool *is_path)
{
    const struct route *found = NULL;

    if (slice_eq(method, SLICE("HEAD")))
        method = SLICE("GET");
    *is_path = false;
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (slice_eq(path, slice_str(routes[i].path))) {
            *is_path = true;
            if (slice_eq(method, slice_str(routes[i].method)))
                found = &routes[i];
        }
    return found;
}

/* ---- users ---- */

/* A file that cannot be read lets nobody in. */
static void read_users(struct app *a)
{
    struct stat st;
    struct users fresh = { .n = 0 };
    size_t line = 0;
    enum cs_status got;

    if (stat(a->conf.users, &st) != 0)
        st.st_mtim = (struct timespec){ .tv_nsec = -1 };
    if (st.st_mtim.tv_sec == a->users_time.tv_sec && st.st_mtim.tv_nsec == a->users_time.tv_nsec)
        return;
    got = users_read(&fresh, a->conf.users, &line);
    if (got != CS_OK)
        diag_warn("%s: line %zu: %s: nobody can sign in", a->conf.users, line, got == CS_UNSAFE ? "others may read or change it (chmod 600)" : cs_status_text(got));
    pthread_rwlock_wrlock(&a->users_lock);
    users_release(&a->users);
    a->users = fresh;
    a->users_time = st.st_mtim;
    pthread_rwlock_unlock(&a->users_lock);
}

bool app_find_user(struct app *a, const char *name, struct user *out)
{
    const struct user *u;

    pthread_rwlock_rdlock(&a->users_lock);
    u = users_find(&a->users, name);
    if (u)
        *out = *u;
    pthread_rwlock_unlock(&a->users_lock);
    return u != NULL;
}

/* ---- who asks ---- */

const char *cookie_name(const struct app *a)
{
    return a->conf.is_secure ? "__Host-convweb" : "convweb";
}

/* Under this name no neighbouring host can set one, and have somebody sign in by a form that is not his own. */
const char *form_cookie_name(const struct app *a)
{
    return a->conf.is_secure ? "__Host-convweb-form" : "convweb-form";
}

static bool find_session(struct ask *q, bool touches)
{
    char name[USER_NAME], password[TOKEN_HEX], due[TOKEN_HEX];

    q->token = query_cookie(q->call->cookie, cookie_name(q->app));
    if (!session_find(&q->app->sessions, q->token, q->now, touches, name, password) || !app_find_user(q->app, name, &q->user))
        return false;
    digest_sha256(slice_str(q->user.hash), due);
    if (strcmp(due, password) != 0)
        return false;
    form_token(&q->app->sessions, q->token, q->form_token);
    return true;
}

static bool may(const struct ask *q, enum right right)
{
    return right == MAY_WRITE ? q->user.can_write : right != SEES_ALL || user_has_all(&q->user);
}

/* ---- replies ---- */

void reply_release(struct reply *r)
{
    page_release(&r->page);
}

void reply_text(struct reply *r, unsigned status, const char *title, const char *text)
{
    page_release(&r->page);
    page_init(&r->page);
    r->status = status;
    page(&r->page, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, "
         "initial-scale=1\"><title>$</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><main id=\"main\" class=\"narrow\"><h1>$</h1>"
         "<p>$</p><p><a href=\"/\">To the overview</a></p></main></body></html>\n", title, title, text);
}

/* A form comes from a page of ours, in the shape that our pages send. */
static bool check_form(struct ask *q, struct reply *r)
{
    const struct call *c = q->call;
    struct slice kind = slice_trim(slice_take(c->content_type, slice_chr(c->content_type, ';')));

    if (!slice_ieq(kind, SLICE("application/x-www-form-urlencoded")))
        reply_text(r, 415, "Not a form", "A form of the console was expected.");
    else if (!query_read(&q->form, c->body))
        reply_text(r, 400, "Not understood", "The form cannot be read, or chooses too much at once.");
    else if ((c->fetch_site.n && !slice_eq(c->fetch_site, SLICE("same-origin")) && !slice_eq(c->fetch_site, SLICE("none"))) ||
             !form_token_fits(&q->app->sessions, q->token, query_get(&q->form, "token")))
        reply_text(r, 403, "Refused", "This form does not belong to your session. Go back, load the page again and repeat what you did.");
    else
        return true;
    return false;
}

static void answer(struct ask *q, struct reply *r)
{
    struct slice path = slice_take(q->call->target, slice_chr(q->call->target, '?'));
    bool is_path, is_post = slice_eq(q->call->method, SLICE("POST"));
    const struct route *at = find_route(q->call->method, path, &is_path);
    bool is_open = at && at->right == ANYBODY, is_in = !is_open && find_session(q, !at || !at->is_background);

    if (is_open && is_post)
        q->token = query_cookie(q->call->cookie, form_cookie_name(q->app));
    if (!is_open && !is_in)
        ask_to_sign_in(q, r, is_post ? 403 : 401, "");
    else if (!is_path)
        reply_text(r, 404, "Not found", "There is no such page.");
    else if (!at)
        reply_text(r, 405, "Not this way", "This page is asked for in another way.");
    else if (!query_read(&q->query, slice_drop(q->call->target, path.n + 1)))
        reply_text(r, 400, "Not understood", "The address cannot be read.");
    else if (!is_open && !may(q, at->right))
        reply_text(r, 403, "Not yours", "You do not have the right to see or do this.");
    else if (!is_post || check_form(q, r))
        at->handler(q, r);
}

void app_answer(struct app *a, const struct call *c, struct reply *r)
{
    struct ask *q = calloc(1, sizeof *q);
    struct timespec now;

    *r = (struct reply){ .status = 200, .type = "text/html; charset=utf-8", .policy = policy_page };
    page_init(&r->page);
    clock_gettime(CLOCK_REALTIME, &now);
    if (q && c->body.n <= CALL_BODY && c->target.n <= CALL_TARGET) {
        q->app = a;
        q->call = c;
        q->now = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
        read_users(a);
        answer(q, r);
        query_release(&q->query);
        query_release(&q->form);
    } else {
        reply_text(r, q ? 413 : 503, "Too much", "The request is too large.");
    }
    if (r->page.is_cut)
        reply_text(r, 503, "No room", "There is not enough memory for this page.");
    free(q);
}

/* ---- what handlers have in common ---- */

bool note(const struct ask *q, const char *act, const char *item, const char *result)
{
    return audit_note(q->app->audit_fd, q->user.name, q->call->address, act, item, result);
}

void page_item_name(struct page *p, const struct row *row)
{
    page(p, "$.", INT(row->place));
    page_url(p, row->id);
}

void page_begin(struct ask *q, struct reply *r, const char *title, const char *here)
{
    static const struct { const char *path, *name; enum right right; } links[] = {
        { "/", "Overview", SIGNED_IN },          { "/list?queue=q", "Mail", SIGNED_IN }, { "/stats", "Statistics", SEES_ALL },
        { "/settings", "Settings", SEES_ALL }, { "/help", "Help", SIGNED_IN },
    };
    struct page *p = &r->page;

    page(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<title>$ - convscan</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n<script src=\"/live.js\" defer></script>\n</head>\n<body>\n"
         "<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<p class=\"brand\">convscan</p>\n<nav aria-label=\"Main\"><ul>\n", title);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (may(q, links[i].right)) {
            page(p, "<li><a href=\"$\"", links[i].path);
            if (strncmp(links[i].path, here, strcspn(links[i].path, "?")) == 0 && strlen(here) == strcspn(links[i].path, "?"))
                page(p, " aria-current=\"page\"");
            page(p, ">$</a></li>\n", links[i].name);
        }
    page(p, "</ul></nav>\n<form method=\"post\" action=\"/sign-out\"><input type=\"hidden\" name=\"token\" value=\"$\">"
         "<span class=\"who\">$</span> <button>Sign out</button></form>\n</header>\n<main id=\"main\">\n<h1>$</h1>\n", q->form_token, q->user.name, title);
}

void page_end(struct reply *r)
{
    page(&r->page, "</main>\n</body>\n</html>\n");
}

/* ---- what a user may see ---- */

void own_recipients(const struct user *u, const char *list, struct buf *out, bool *is_cut)
{
    struct slice left = slice_str(list), word;

    *is_cut = false;
    while ((word = list_next(&left)).n)
        if (!user_owns(u, word))
            *is_cut = true;
        else if ((out->n && buf_puts(out, ", ") != CS_OK) || buf_put(out, word) != CS_OK)
            *is_cut = true;
    if (buf_reserve(out, 1) == CS_OK)
        out->p[out->n] = '\0';
}

/* Its recipients decide; those of a server's queue are not known for certain. */
static bool may_see(const struct user *u, const struct place *place, const char *recipients, bool *owns_all)
{
    struct slice left = slice_str(recipients), word;
    bool sees = false;

    *owns_all = true;
    if (user_has_all(u))
        return true;
    while ((word = list_next(&left)).n) {
        bool owns = user_owns(u, word);

        sees |= owns;
        *owns_all &= owns;
    }
    return sees && place->store.kind != STORE_SERVER;
}

enum cs_status ask_item(const struct ask *q, const char *name, struct seen *out)
{
    char path[PATH_MAX], *end;
    long place = ascii_is_digit((uint8_t)*name) ? strtol(name, &end, 10) : -1;
    enum cs_status st;

    if (place < 0 || (size_t)place >= q->app->n_places || *end != '.' || strlen(end) > INDEX_TEXT)
        return CS_NOENT;
    *out = (struct seen){ .place = &q->app->places[place] };
    st = index_find(&q->app->index, (int)place, end + 1, &out->row);
    if (st == CS_OK && snprintf(path, sizeof path, "%s/%s", out->place->store.folder, out->row.row[0].name) >= (int)sizeof path)
        st = CS_TOOBIG;
    if (st == CS_OK)
        st = item_load(&out->place->store, path, &out->item);
    if (st != CS_OK) {
        listing_release(&out->row);
        return st == CS_INVALID && user_has_all(&q->user) ? CS_INVALID : CS_NOENT;
    }
    if (!may_see(&q->user, out->place, out->item.r.text[REC_RECIPIENTS], &out->owns_all)) {
        seen_release(out);
        return CS_NOENT;
    }
    out->store = out->place->store;
    out->store.by = q->user.name;
    return CS_OK;
}

void seen_release(struct seen *s)
{
    item_release(&s->item);
    listing_release(&s->row);
}

/* ---- opening, and what is done once in a while ---- */

enum cs_status app_open(struct app *a)
{
    enum cs_status st = CS_OK;

    a->audit_fd = -1;
    pthread_rwlock_init(&a->users_lock, NULL);
    pthread_mutex_init(&a->snap_lock, NULL);
    rates_init(&a->rates);
    if (!sessions_init(&a->sessions) || !throttle_init(&a->by_user, 5, 60) || !throttle_init(&a->by_address, 20, 10))
        return CS_IO;
    if (a->conf.audit)
        st = audit_open(&a->audit_fd, a->conf.audit);
    if (st != CS_OK) {
        diag_warn("%s: %s", a->conf.audit, cs_status_text(st));
        return st;
    }
    st = index_open(&a->index, a->conf.index, a->places, a->n_places);
    if (st != CS_OK)
        diag_warn("%s: %s", a->conf.index, cs_status_text(st));
    read_users(a);
    return st;
}

void app_close(struct app *a)
{
    index_close(&a->index);
    users_release(&a->users);
    if (a->audit_fd >= 0)
        close(a->audit_fd);
}

void app_tick(struct app *a)
{
    struct snapshot *s = calloc(1, sizeof *s);

    if (a->conf.sources.log)
        rates_read(&a->rates, a->conf.sources.log);
    if (s) {
        snapshot_take(s, &a->conf.sources);
        pthread_mutex_lock(&a->snap_lock);
        a->snap = *s;
        pthread_mutex_unlock(&a->snap_lock);
    }
    free(s);
}

void app_tick_index(struct app *a)
{
    size_t n;
    enum cs_status st = index_refresh(&a->index, &n);

    if (st != CS_OK)
        diag_warn("index: %s", cs_status_text(st));
}
