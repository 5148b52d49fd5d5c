/*
 * The console without its HTTP library: a request line, a cookie, a content type and a body, divided by NUL, against an empty quarantine.
 * The first byte chooses: as a stranger; as somebody signed in; or the parsers alone.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/app.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct app app;
static char token[TOKEN_HEX];

static char top[] = "/tmp/fuzz-web-XXXXXX", index_path[64], users_path[64];
static const char *const below[] = { "new", "cur" };

static void tidy(void)
{
    static const char *const ends[] = { "/index-wal", "/index-shm", "/index", "/users", "/new", "/cur", "" };
    char path[64];

    app_close(&app);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (snprintf(path, sizeof path, "%s%s", top, ends[i]) > 0)
            remove(path);
}

static void prepare(void)
{
    static const struct user user = { .name = "u", .hash = "$y$x", .domains = "one.example", .can_write = true };
    char path[64];
    FILE *f;

    if (!mkdtemp(top))
        abort();
    for (size_t i = 0; i < 2; i++)
        if (snprintf(path, sizeof path, "%s/%s", top, below[i]) < 0 || mkdir(path, 0700) != 0)
            abort();
    snprintf(index_path, sizeof index_path, "%s/index", top);
    snprintf(users_path, sizeof users_path, "%s/users", top);
    f = fopen(users_path, "w");
    if (!f || fputs("u:$y$x:rw:one.example\n", f) < 0 || fclose(f) != 0 || chmod(users_path, 0600) != 0)
        abort();
    app.conf = (struct app_conf){ .users = users_path, .index = index_path, .convscan = "/bin/false", .convstat = "/bin/false", .mta = "/bin/false",
                                  .from = "f", .zip_password = "p" };
    app.places[0] = (struct place){ .store = { .kind = STORE_QUARANTINE, .folder = top }, .label = "p" };
    app.n_places = 1;
    if (app_open(&app) != CS_OK || !session_start(&app.sessions, &user, 4e9, token))
        abort();
    atexit(tidy);
    app.sessions.all[0].used = app.sessions.all[0].begun = (double)time(NULL);
}

static struct slice next(struct slice *left)
{
    struct slice part = slice_take(*left, slice_chr(*left, 0));

    *left = slice_drop(*left, part.n + 1);
    return part;
}

/* A page never holds what could act, whatever was asked. */
static void check_page(const struct reply *r)
{
    if (r->status < 200 || r->status > 599 || strpbrk(r->location, "\r\n") || strpbrk(r->cookie, "\r\n") || strpbrk(r->file, "\r\n\""))
        abort();
    if (strcmp(r->type, "text/html; charset=utf-8") == 0 && slice_find(buf_slice(&r->page.out), SLICE("<script>")) < r->page.out.n)
        abort();
}

static void try_request(struct slice left, bool is_in)
{
    char cookie[4096], form[CALL_BODY + 128], key[TOKEN_HEX];
    struct slice method = next(&left), target = next(&left), sent = next(&left), kind = next(&left);
    struct call c = { .method = method, .target = target, .cookie = sent, .content_type = kind, .body = left, .address = "192.0.2.1" };
    struct reply r;

    if (is_in) {
        snprintf(cookie, sizeof cookie, "convweb=%s; %.*s", token, (int)slice_take(sent, 1000).n, (const char *)sent.p);
        form_token(&app.sessions, slice_str(token), key);
        snprintf(form, sizeof form, "token=%s&%.*s", key, (int)slice_take(left, CALL_BODY - 80).n, (const char *)left.p);
        c.cookie = slice_str(cookie);
        c.body = slice_str(form);
        c.content_type = SLICE("application/x-www-form-urlencoded");
    }
    app_answer(&app, &c, &r);
    check_page(&r);
    reply_release(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice left = slice_of(data, size);
    struct users users;
    struct query q;
    size_t line;

    if (!app.conf.users)
        prepare();
    if (size == 0)
        return 0;
    left = slice_drop(left, 1);
    switch (data[0] % 4) {
    case 0:
        try_request(left, false);
        break;
    case 1:
        try_request(left, true);
        break;
    case 2:
        if (query_read(&q, left)) {
            for (size_t i = 0; i < q.n; i++)
                if (strlen(q.field[i].name) + strlen(query_get(&q, q.field[i].name)) > left.n)
                    abort();
            query_release(&q);
        }
        query_cookie(left, "convweb");
        break;
    default:
        if (users_parse(&users, left, &line) == CS_OK)
            users_release(&users);
    }
    return 0;
}
