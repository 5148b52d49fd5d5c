/*
 * signin.h - the way in: the page, the check, the session.
 */
#ifndef CONSOLE_SIGNIN_H
#define CONSOLE_SIGNIN_H

#include "app.h"

handler_fn show_sign_in, do_sign_in;
void ask_to_sign_in(struct ask *q, struct reply *r, unsigned status, const char *complaint);

/* of app.c */
bool app_find_user(struct app *a, const char *name, struct user *out);
const char *cookie_name(const struct app *a);
/* Holds what the sign-in form must bring along; lasts as long as the browser's window. */
const char *form_cookie_name(const struct app *a);

#endif
