/*
 * web.h - the HTTP side, through libmicrohttpd; its only user.
 *
 *   Borrows   the app and the texts of struct web_conf until web_stop().
 *   Fails     web_start(): CS_INVALID for an address that is none, CS_IO when the port is taken or the certificate is not good; a line on
 *             standard error says which.
 *   Bounded   WEB_CONNECTIONS at a time, WEB_PER_ADDRESS of one address (not behind a proxy), WEB_IDLE seconds of silence, WEB_HEADER
 *             bytes of header and CALL_BODY of body a request.
 *   Threads   one a connection: who is slow keeps nobody else waiting.
 */
#ifndef CONSOLE_WEB_H
#define CONSOLE_WEB_H

#include "app.h"

enum { WEB_CONNECTIONS = 300, WEB_PER_ADDRESS = 60, WEB_IDLE = 20, WEB_HEADER = 96 << 10 };

struct web_conf {
    const char *listen;                 /* ADDRESS:PORT or [ADDRESS]:PORT */
    const char *cert, *key;             /* PEM files; NULL: no TLS of our own */
    bool behind_proxy;                  /* the last address of X-Forwarded-For is the client's */
};

struct web;

enum cs_status web_start(struct web **w, struct app *a, const struct web_conf *c) MUST_USE;
unsigned web_port(const struct web *w);
void web_stop(struct web *w);

#endif
