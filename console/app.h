/*
 * app.h - the console without its HTTP library: a request comes in, a reply goes out.
 *
 *   Borrows   struct call during app_answer(); the texts of struct app_conf as long as the app lives.
 *   Owns      the page of a reply, until reply_release().
 *   Fails     app_open(): statuses, with a line on standard error. app_answer() never: what fails is a reply that says so.
 *   Bounded   CALL_BODY bytes a body, CALL_TARGET an address; whoever reads the request refuses more.
 *   Threads   any number in app_answer(); app_tick() in one.
 *
 * Who may do what is decided here and in no handler: the table of routes says which right a route needs; ask_item() is the one way
 * from an id to an item, and ask_filter() the one way to a list, and both know the user's domains.
 */
#ifndef CONSOLE_APP_H
#define CONSOLE_APP_H

#include "imta/letgo.h"
#include "imta/snapshot.h"
#include "index.h"
#include "page.h"
#include "query.h"
#include "rates.h"
#include "session.h"
#include "throttle.h"

enum { CALL_BODY = QUERY_BYTES, CALL_TARGET = 8 << 10 };

struct app_conf {
    const char *users, *audit, *index, *mta, *from, *allow, *convscan, *convstat, *conf_file, *reports, *zip_password, *held_archive;
    struct sources sources;             /* of the overview */
    bool is_secure;                     /* browsers reach us through TLS only */
};

struct app {
    struct app_conf conf;
    struct place places[INDEX_PLACES];
    size_t n_places;
    struct index index;
    struct sessions sessions;
    struct throttle by_user, by_address;
    struct rates rates;
    int audit_fd;
    pthread_rwlock_t users_lock;
    struct users users;
    struct timespec users_time;
    pthread_mutex_t snap_lock;
    struct snapshot snap;
};

/* As it came from the network. */
struct call {
    struct slice method, target, cookie, content_type, fetch_site, body;
    const char *address;
};

struct reply {
    unsigned status;
    struct page page;
    const char *type, *policy;          /* Content-Type, Content-Security-Policy */
    char location[256], cookie[256], file[128];     /* "" : none */
    unsigned retry_after;               /* seconds; 0: none */
};

/* One request of somebody who may make it. */
struct ask {
    struct app *app;
    const struct call *call;
    struct user user;
    struct slice token;                 /* the session's */
    struct query query, form;
    char form_token[TOKEN_HEX];
    double now;
};

enum cs_status app_open(struct app *a) MUST_USE;
void app_close(struct app *a);
/* Once in a while: users file, log, status; the index. */
void app_tick(struct app *a);
void app_tick_index(struct app *a);

void app_answer(struct app *a, const struct call *c, struct reply *r);
void reply_release(struct reply *r);

/* ---- for handlers ---- */

typedef void handler_fn(struct ask *q, struct reply *r);
handler_fn show_overview, show_live, show_list, show_item, show_download, show_settings, show_help, show_stats, show_report, do_act, do_sign_out;

extern const char policy_page[], policy_report[];

/* An item that this user may see; CS_NOENT for all others. A store that can be acted upon, under the user's name. */
struct seen {
    struct listing row;
    struct item item;
    struct store store;
    const struct place *place;
    bool owns_all;                      /* every recipient is in the user's domains */
};

enum cs_status ask_item(const struct ask *q, const char *name, struct seen *out) MUST_USE;
void seen_release(struct seen *s);
/* What the fields of a query or form choose, within the user's domains. */
void ask_filter(const struct ask *q, const struct query *from, struct filter *out);
/* The recipients that this user may know of; is_cut: there are others. out is at least ENVELOPE_BYTES. */
void own_recipients(const struct user *u, const char *list, struct buf *out, bool *is_cut);

void reply_text(struct reply *r, unsigned status, const char *title, const char *text);
/* Head and navigation of a page, and its end. */
void page_begin(struct ask *q, struct reply *r, const char *title, const char *here);
void page_end(struct reply *r);
bool note(const struct ask *q, const char *act, const char *item, const char *result) MUST_USE;
/* 0 (place) . id */
void page_item_name(struct page *p, const struct row *row);

#endif
