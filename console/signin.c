#include "signin.h"

static void set_cookie(const struct app *a, struct reply *r, const char *name, const char *value, bool ends)
{
    snprintf(r->cookie, sizeof r->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s", name, value, a->conf.is_secure ? "; Secure" : "",
             ends ? "; Max-Age=0" : "");
}

static void see_other(struct reply *r, const char *where)
{
    r->status = 303;
    snprintf(r->location, sizeof r->location, "%s", where);
}

void ask_to_sign_in(struct ask *q, struct reply *r, unsigned status, const char *complaint)
{
    struct slice kept = query_cookie(q->call->cookie, form_cookie_name(q->app));
    char secret[TOKEN_HEX], token[TOKEN_HEX];
    struct page *p = &r->page;

    /* One for all pages of a browser: a picture that it looks for must not make the form in front of the user worthless. */
    if (kept.n == TOKEN_HEX - 1) {
        snprintf(secret, sizeof secret, "%.*s", (int)kept.n, (const char *)kept.p);
    } else if (token_make(secret)) {
        set_cookie(q->app, r, form_cookie_name(q->app), secret, false);
    } else {
        reply_text(r, 503, "No entry", "The system has no random numbers.");
        return;
    }
    form_token(&q->app->sessions, slice_str(secret), token);
    r->status = status;
    page(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<title>Sign in - convscan</title>\n<link rel=\"stylesheet\" href=\"/style.css\">\n</head>\n<body>\n<main id=\"main\" class=\"narrow\">\n"
         "<h1>Sign in</h1>\n");
    if (*complaint)
        page(p, "<p class=\"bad\" role=\"alert\">$</p>\n", complaint);
    page(p, "<form method=\"post\" action=\"/sign-in\">\n<input type=\"hidden\" name=\"token\" value=\"$\">\n"
         "<p><label for=\"name\">Name</label><input id=\"name\" name=\"name\" autocomplete=\"username\" autocapitalize=\"none\" required autofocus></p>\n"
         "<p><label for=\"password\">Password</label><input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required></p>\n"
         "<p><button class=\"main\">Sign in</button></p>\n</form>\n</main>\n</body>\n</html>\n", token);
}

void show_sign_in(struct ask *q, struct reply *r)
{
    ask_to_sign_in(q, r, 200, "");
}

static void refuse(struct ask *q, struct reply *r, double wait)
{
    char text[128];

    snprintf(text, sizeof text, "Too many tries. Wait %s, then try again.", AGE(wait));
    ask_to_sign_in(q, r, 429, text);
    r->retry_after = (unsigned)wait;
}

/* The tries are counted before anything is looked at, for names that there are not too. */
void do_sign_in(struct ask *q, struct reply *r)
{
    const char *name = query_get(&q->form, "name"), *password = query_get(&q->form, "password");
    double wait = throttle_take(&q->app->by_address, q->call->address, q->now), other;
    char token[TOKEN_HEX];
    bool is_known;

    other = wait > 0 ? 0 : throttle_take(&q->app->by_user, name, q->now);
    wait = wait > other ? wait : other;
    is_known = strlen(name) < USER_NAME && app_find_user(q->app, name, &q->user);
    snprintf(q->user.name, sizeof q->user.name, "%.*s", USER_NAME - 1, name);
    if (wait > 0) {
        if (note(q, "sign-in", "", "too many tries"))
            refuse(q, r, wait);
        else
            reply_text(r, 503, "No entry", "The audit log cannot be written.");
        return;
    }
    if (strlen(password) >= USER_PASSWORD || !user_check(is_known ? &q->user : NULL, password)) {
        if (!note(q, "sign-in", "", "wrong"))
            reply_text(r, 503, "No entry", "The audit log cannot be written.");
        else
            ask_to_sign_in(q, r, 401, "Name or password is wrong.");
        return;
    }
    throttle_forget(&q->app->by_user, name);
    if (!note(q, "sign-in", "", "done") || !session_start(&q->app->sessions, &q->user, q->now, token)) {
        reply_text(r, 503, "No entry", "No session can be begun; the log of the console says more.");
        return;
    }
    set_cookie(q->app, r, cookie_name(q->app), token, false);
    see_other(r, "/");
}

void do_sign_out(struct ask *q, struct reply *r)
{
    session_end(&q->app->sessions, q->token);
    set_cookie(q->app, r, cookie_name(q->app), "", true);
    (void)!note(q, "sign-out", "", "done");
    see_other(r, "/sign-in");
}
