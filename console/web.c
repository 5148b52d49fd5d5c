#include "web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mapfile.h"

enum { PEM_MAX = 1 << 20, STACK = 512 << 10 };

struct web {
    struct MHD_Daemon *daemon;
    struct app *app;
    struct web_conf conf;
    struct mapfile cert, key;
};

/* A request while it comes in. */
struct incoming {
    char *target;                       /* as it was sent */
    struct buf body;
    bool is_begun, is_too_big;
};

static void *begin_request(void *ctx, const char *uri, struct MHD_Connection *c)
{
    struct incoming *in = calloc(1, sizeof *in);

    (void)ctx;
    (void)c;
    if (in) {
        in->body = buf_init(CALL_BODY);
        in->target = strdup(uri);
    }
    return in;
}

static void end_request(void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
    struct incoming *in = *state;

    (void)ctx;
    (void)c;
    (void)how;
    if (in) {
        buf_release(&in->body);
        free(in->target);
        free(in);
    }
    *state = NULL;
}

/* ---- what a request says ---- */

static struct slice header(struct MHD_Connection *c, const char *name)
{
    return slice_str(MHD_lookup_connection_value(c, MHD_HEADER_KIND, name));
}

static void peer_address(const struct web *w, struct MHD_Connection *c, char out[INET6_ADDRSTRLEN])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    struct slice said = w->conf.behind_proxy ? header(c, "X-Forwarded-For") : slice_of(NULL, 0);
    struct in6_addr any;

    snprintf(out, INET6_ADDRSTRLEN, "-");
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, out, INET6_ADDRSTRLEN);
    else if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, out, INET6_ADDRSTRLEN);
    while (slice_chr(said, ',') < said.n)
        said = slice_drop(said, slice_chr(said, ',') + 1);
    said = slice_trim(said);
    if (said.n && said.n < INET6_ADDRSTRLEN) {
        char text[INET6_ADDRSTRLEN];

        snprintf(text, sizeof text, "%.*s", (int)said.n, (const char *)said.p);
        if (inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1)
            memcpy(out, text, sizeof text);
    }
}

/* ---- replies ---- */

static bool add(struct MHD_Response *m, const char *name, const char *value)
{
    return MHD_add_response_header(m, name, value) == MHD_YES;
}

static bool add_headers(const struct web *w, struct MHD_Response *m, const struct reply *r)
{
    static const char *const always[][2] = {
        { "X-Content-Type-Options", "nosniff" },         { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "same-origin" },            { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Resource-Policy", "same-origin" }, { "Permissions-Policy", "camera=(), microphone=(), geolocation=()" },
        { "Cache-Control", "no-store" },
    };
    char text[256];
    bool is_good = add(m, "Content-Type", r->type) && add(m, "Content-Security-Policy", r->policy);

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        is_good = is_good && add(m, always[i][0], always[i][1]);
    if (w->app->conf.is_secure)
        is_good = is_good && add(m, "Strict-Transport-Security", "max-age=31536000");
    if (*r->cookie)
        is_good = is_good && add(m, "Set-Cookie", r->cookie);
    if (*r->location)
        is_good = is_good && add(m, "Location", r->location);
    if (*r->file) {
        snprintf(text, sizeof text, "attachment; filename=\"%s\"", r->file);
        is_good = is_good && add(m, "Content-Disposition", text);
    }
    if (r->retry_after) {
        snprintf(text, sizeof text, "%u", r->retry_after);
        is_good = is_good && add(m, "Retry-After", text);
    }
    return is_good;
}

/* The page's bytes go along with the response. */
static enum MHD_Result send_reply(const struct web *w, struct MHD_Connection *c, struct reply *r)
{
    struct MHD_Response *m = r->page.out.n ? MHD_create_response_from_buffer(r->page.out.n, r->page.out.p, MHD_RESPMEM_MUST_FREE)
                                           : MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_NO;

    if (!m) {
        reply_release(r);
        return MHD_NO;
    }
    if (r->page.out.n)
        r->page.out = buf_init(0);
    if (add_headers(w, m, r))
        result = MHD_queue_response(c, r->status, m);
    MHD_destroy_response(m);
    reply_release(r);
    return result;
}

static enum MHD_Result refuse(const struct web *w, struct MHD_Connection *c, unsigned status)
{
    struct reply r = { .type = "text/plain; charset=utf-8", .policy = policy_page };

    page_init(&r.page);
    r.status = status;
    page(&r.page, "$\n", status == 413 ? "The request is too large." : "The request is not understood.");
    return send_reply(w, c, &r);
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *c, const char *url, const char *method, const char *version, const char *upload,
                              size_t *n_upload, void **state)
{
    const struct web *w = ctx;
    struct incoming *in = *state;
    char address[INET6_ADDRSTRLEN];
    struct reply r;

    (void)url;
    (void)version;
    if (!in || !in->target)
        return MHD_NO;
    if (!in->is_begun) {                /* the header alone so far */
        struct slice length = header(c, "Content-Length");

        in->is_begun = true;
        if (strlen(in->target) > CALL_TARGET)
            return refuse(w, c, 414);
        if (length.n > 9 || (length.n && strtol((const char *)length.p, NULL, 10) > CALL_BODY))
            return refuse(w, c, 413);
        return MHD_YES;
    }
    if (*n_upload) {
        in->is_too_big |= buf_put(&in->body, slice_of(upload, *n_upload)) != CS_OK;
        *n_upload = 0;
        return MHD_YES;
    }
    if (in->is_too_big)
        return refuse(w, c, 413);
    peer_address(w, c, address);
    app_answer(w->app, &(struct call){ .method = slice_str(method), .target = slice_str(in->target), .cookie = header(c, "Cookie"),
                                       .content_type = header(c, "Content-Type"), .fetch_site = header(c, "Sec-Fetch-Site"),
                                       .body = buf_slice(&in->body), .address = address }, &r);
    return send_reply(w, c, &r);
}

/* ---- beginning and end ---- */

static bool read_address(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;
    const char *colon = strrchr(text, ':');
    char host[INET6_ADDRSTRLEN + 2], *end;
    size_t n = colon ? (size_t)(colon - text) : 0;
    unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;

    memset(out, 0, sizeof *out);
    if (!colon || !ascii_is_digit((uint8_t)colon[1]) || *end || port > 65535 || n >= sizeof host)
        return false;
    snprintf(host, sizeof host, "%.*s", (int)n, text);
    if (host[0] == '[' && n > 2 && host[n - 1] == ']') {
        host[n - 1] = '\0';
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static bool is_loopback(const struct sockaddr_storage *a)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)a;

    return a->ss_family == AF_INET ? ntohl(v4->sin_addr.s_addr) >> 24 == 127 : IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) != 0;
}

static enum cs_status read_pem(const char *path, struct mapfile *m, char **text)
{
    enum cs_status st = mapfile_open(m, path, MAPFILE_COPY, PEM_MAX);

    *text = NULL;
    if (st != CS_OK) {
        diag_warn("%s: %s", path, cs_status_text(st));
        return st;
    }
    *text = strndup((const char *)m->data.p, m->data.n);
    return *text ? CS_OK : CS_NOMEM;
}

static void quiet(void *ctx, const char *fmt, va_list ap)
{
    (void)ctx;
    (void)fmt;
    (void)ap;
}

static enum cs_status start(struct web *w, const struct sockaddr_storage *at, char *cert, char *key)
{
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ERROR_LOG | (cert ? MHD_USE_TLS : 0) |
                     (at->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    struct MHD_OptionItem more[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, cert }, { MHD_OPTION_HTTPS_MEM_KEY, 0, key }, { MHD_OPTION_END, 0, NULL },
    };
    const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

    w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, handle, w, MHD_OPTION_EXTERNAL_LOGGER, quiet, NULL, MHD_OPTION_SOCK_ADDR, at,
                                 MHD_OPTION_URI_LOG_CALLBACK, begin_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, end_request, NULL,
                                 MHD_OPTION_CONNECTION_LIMIT, WEB_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, WEB_IDLE,
                                 MHD_OPTION_PER_IP_CONNECTION_LIMIT, w->conf.behind_proxy ? 0 : WEB_PER_ADDRESS,
                                 MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEB_HEADER, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
                                 MHD_OPTION_ARRAY, cert ? more : none, MHD_OPTION_END);
    if (!w->daemon)
        diag_warn("%s: cannot be served: %s", w->conf.listen, errno ? cs_status_text(cs_status_errno(errno)) : "certificate or key is not good");
    return w->daemon ? CS_OK : CS_IO;
}

enum cs_status web_start(struct web **out, struct app *a, const struct web_conf *c)
{
    struct web *w = calloc(1, sizeof *w);
    struct sockaddr_storage at;
    char *cert = NULL, *key = NULL;
    enum cs_status st = CS_OK;

    *out = NULL;
    if (!w)
        return CS_NOMEM;
    w->app = a;
    w->conf = *c;
    if (!read_address(c->listen, &at)) {
        diag_warn("%s: ADDRESS:PORT expected, as 127.0.0.1:8025 or [::1]:8025", c->listen);
        st = CS_INVALID;
    }
    if (st == CS_OK && !c->cert && !is_loopback(&at))
        diag_warn("%s: without TLS, passwords can be read on the way: --cert and --key, or a loopback address and a proxy", c->listen);
    if (st == CS_OK && c->cert)
        st = read_pem(c->cert, &w->cert, &cert);
    if (st == CS_OK && c->cert)
        st = read_pem(c->key, &w->key, &key);
    errno = 0;
    if (st == CS_OK)
        st = start(w, &at, cert, key);
    free(cert);
    if (key)
        explicit_bzero(key, strlen(key));
    free(key);
    if (st == CS_OK)
        *out = w;
    else
        web_stop(w);
    return st;
}

unsigned web_port(const struct web *w)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

void web_stop(struct web *w)
{
    if (w->daemon)
        MHD_stop_daemon(w->daemon);
    mapfile_close(&w->cert);
    mapfile_close(&w->key);
    free(w);
}
