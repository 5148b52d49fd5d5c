/* The one file that knows libmilter: its callbacks, and how a generation begins and ends. */
#include "milter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libmilter/mfapi.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/safe.h"
#include "edits.h"
#include "milmessage.h"
#include "standby.h"

enum { BODY_PIECE = 65535, LOOK_MS = 100 };

struct session {
    struct mil_facts facts;
    unsigned long steps;                /* what was agreed upon with the server */
    unsigned long actions;
    bool is_over;                       /* more connections than are allowed: nothing but "later" */
    struct milmessage message;
};

/* The library has no place for this. */
static const struct mil_setup *setup;
static struct gate gate;
static struct milstatus status;
static atomic_uint n_sessions, n_messages;

static const unsigned long needed = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY;
static const unsigned long useful = SMFIF_QUARANTINE | SMFIF_ADDRCPT | SMFIF_DELRCPT | SMFIF_SETSYMLIST;
static const unsigned long steps = SMFIP_NOHELO | SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_NR_MAIL | SMFIP_NR_RCPT |
                                   SMFIP_NR_HDR | SMFIP_NR_EOH | SMFIP_NR_BODY | SMFIP_HDR_LEADSPC;

static struct session *session_of(SMFICTX *ctx)
{
    return smfi_getpriv(ctx);
}

static sfsistat go_on(const struct session *s, unsigned long no_reply)
{
    return s->steps & no_reply ? SMFIS_NOREPLY : SMFIS_CONTINUE;
}

static void drop_message(struct session *s)
{
    if (s->message.is_begun) {
        milstatus_end(&status, &s->message.item);
        atomic_fetch_sub(&n_messages, 1);
    }
    milmessage_end(&s->message);
}

/* ---- a connection ---- */

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1, unsigned long f2, unsigned long f3,
                             unsigned long *pf0, unsigned long *pf1, unsigned long *pf2, unsigned long *pf3)
{
    static char envelope_macros[] = "i {auth_authen}", end_macros[] = "i";
    struct session *s = session_of(ctx);

    (void)f2, (void)f3;
    if ((f0 & needed) != needed) {
        diag_warn("the mail server does not let filters change messages: not served");
        return SMFIS_REJECT;
    }
    if (!s) {
        s = calloc(1, sizeof *s);
        if (!s || smfi_setpriv(ctx, s) != MI_SUCCESS) {
            free(s);
            return SMFIS_REJECT;
        }
        s->is_over = atomic_fetch_add(&n_sessions, 1) >= setup->max_connections;
    }
    *pf0 = s->actions = f0 & (needed | useful);
    *pf1 = s->steps = f1 & steps;
    *pf2 = *pf3 = 0;
    if (f0 & SMFIF_SETSYMLIST) {
        smfi_setsymlist(ctx, SMFIM_ENVFROM, envelope_macros);
        smfi_setsymlist(ctx, SMFIM_EOM, end_macros);
    }
    return SMFIS_CONTINUE;
}

static void print_address(char *out, size_t room, const struct sockaddr *a)
{
    if (a && a->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)a)->sin_addr, out, (socklen_t)room);
    else if (a && a->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, out, (socklen_t)room);
    else
        snprintf(out, room, "%s", a && a->sa_family == AF_UNIX ? "local" : "");
}

static sfsistat later(SMFICTX *ctx, const char *why)
{
    static char code[] = "451", dsn[] = "4.7.1";
    char text[200];

    smfi_setreply(ctx, code, dsn, (char *)(uintptr_t)mil_reply(text, sizeof text, why));
    return SMFIS_TEMPFAIL;
}

static sfsistat on_connect(SMFICTX *ctx, char *name, _SOCK_ADDR *address)
{
    struct session *s = session_of(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    safe_ascii(s->facts.client_name, sizeof s->facts.client_name, slice_str(name ? name : ""));
    print_address(s->facts.client_address, sizeof s->facts.client_address, address);
    if (!s->is_over)
        return SMFIS_CONTINUE;
    diag_warn("more than %u connections: the server is told to come later", setup->max_connections);
    return later(ctx, "the mail scanner is busy");
}

static sfsistat on_close(SMFICTX *ctx)
{
    struct session *s = session_of(ctx);

    if (!s)
        return SMFIS_CONTINUE;
    smfi_setpriv(ctx, NULL);
    drop_message(s);
    free(s);
    atomic_fetch_sub(&n_sessions, 1);
    return SMFIS_CONTINUE;
}

/* ---- a message ---- */

static void take_macro(SMFICTX *ctx, const char *name, char *out, size_t room)
{
    const char *value = smfi_getsymval(ctx, (char *)(uintptr_t)name);

    if (value)
        safe_ascii(out, room, slice_str(value));
}

static sfsistat on_sender(SMFICTX *ctx, char **argv)
{
    struct session *s = session_of(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    drop_message(s);
    milmessage_begin(&s->message, setup, argv[0] ? argv[0] : "");
    milstatus_begin(&status, &s->message.item);
    atomic_fetch_add(&n_messages, 1);
    s->facts.queue_id[0] = s->facts.user[0] = '\0';
    take_macro(ctx, "{auth_authen}", s->facts.user, sizeof s->facts.user);
    return go_on(s, SMFIP_NR_MAIL);
}

/* Pieces that belong to no message come from a server that is none: there is nothing to do with them. */
static struct session *begun(SMFICTX *ctx)
{
    struct session *s = session_of(ctx);

    return s && s->message.is_begun ? s : NULL;
}

static sfsistat on_recipient(SMFICTX *ctx, char **argv)
{
    struct session *s = begun(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    if (argv[0])
        milmessage_recipient(&s->message, argv[0]);
    return go_on(s, SMFIP_NR_RCPT);
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    struct session *s = begun(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    milmessage_field(&s->message, name, value, s->steps & SMFIP_HDR_LEADSPC);
    return go_on(s, SMFIP_NR_HDR);
}

static sfsistat on_end_of_header(SMFICTX *ctx)
{
    struct session *s = begun(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    milmessage_end_of_header(&s->message);
    return go_on(s, SMFIP_NR_EOH);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t n)
{
    struct session *s = begun(ctx);

    if (!s)
        return SMFIS_TEMPFAIL;
    milmessage_body(&s->message, slice_of(data, n));
    return go_on(s, SMFIP_NR_BODY);
}

/* ---- the answer ---- */

struct editing {
    SMFICTX *ctx;
    bool keeps_blank;                   /* the server writes what stands behind the colon as it gets it */
};

/* Memory of the caller's; NULL when there is none, or for a text that the server would not get whole. */
static char *text_of(struct slice s)
{
    char *out = slice_chr(s, '\0') < s.n ? NULL : malloc(s.n + 1);
    size_t n = 0;

    for (size_t i = 0; out && i < s.n; i++)
        if (!(s.p[i] == '\r' && i + 1 < s.n && s.p[i + 1] == '\n'))
            out[n++] = (char)s.p[i];
    if (out)
        out[n] = '\0';
    return out;
}

static enum cs_status edit_field(void *ctx, const struct edit *e)
{
    static char nothing[] = "";
    const struct editing *d = ctx;
    struct slice v = !d->keeps_blank && e->value.n && e->value.p[0] == ' ' ? slice_drop(e->value, 1) : e->value;
    char *name = text_of(e->name), *value = text_of(v);
    int done = MI_FAILURE;

    if (name && value && e->kind == EDIT_ADD)
        done = smfi_addheader(d->ctx, name, value[0] ? value : nothing);
    else if (name && value)
        done = smfi_chgheader(d->ctx, name, (int)e->number, e->kind == EDIT_REMOVE ? NULL : value);
    free(name);
    free(value);
    return done == MI_SUCCESS ? CS_OK : CS_IO;
}

static enum cs_status replace_body(SMFICTX *ctx, struct slice body)
{
    if (body.n == 0)
        body = SLICE("\r\n");           /* a server takes nothing for no answer */
    for (; body.n; body = slice_drop(body, BODY_PIECE)) {
        struct slice piece = slice_take(body, BODY_PIECE);

        if (smfi_replacebody(ctx, (unsigned char *)(uintptr_t)piece.p, (int)piece.n) != MI_SUCCESS)
            return CS_IO;
    }
    return CS_OK;
}

/* Only what is different is handed back. */
static enum cs_status change(SMFICTX *ctx, const struct session *s)
{
    struct editing d = { .ctx = ctx, .keeps_blank = s->steps & SMFIP_HDR_LEADSPC };
    struct slice header[2], body[2];
    enum cs_status st = CS_OK;

    milmessage_split(s->message.before, &header[0], &body[0]);
    milmessage_split(s->message.after, &header[1], &body[1]);
    if (!slice_eq(header[0], header[1]))
        st = milmessage_is_editable(&s->message) ? edits_make(header[0], header[1], edit_field, &d) : CS_INVALID;
    if (st == CS_OK && !slice_eq(body[0], body[1]))
        st = replace_body(ctx, body[1]);
    return st;
}

/* To our spool when there is one and it can be done, else to the server's. */
static sfsistat hold(SMFICTX *ctx, struct session *s)
{
    char id[QUEUE_NAME], reason[200];

    if (setup->hold) {
        enum cs_status st = milmessage_hold(&s->message, id);

        if (st == CS_OK) {
            diag_warn("%s: held as %s", s->facts.queue_id, id);
            return SMFIS_DISCARD;
        }
        diag_warn("%s: %s: %s: held by the server", s->facts.queue_id, setup->hold, cs_status_text(st));
    }
    mil_reply(reason, sizeof reason, s->message.result.diagnostic[0] ? s->message.result.diagnostic : "held by convmilter");
    if (!(s->actions & SMFIF_QUARANTINE) || smfi_quarantine(ctx, reason) != MI_SUCCESS)
        return later(ctx, "this message cannot be held");
    return SMFIS_ACCEPT;
}

static sfsistat redirect(SMFICTX *ctx, struct session *s)
{
    struct slice left = buf_slice(&s->message.recipients);
    char *to = (char *)(uintptr_t)setup->postmaster;

    if (!(s->actions & SMFIF_ADDRCPT) || !(s->actions & SMFIF_DELRCPT))
        return hold(ctx, s);
    for (; left.n; left = slice_drop(left, slice_chr(left, '\0') + 1))
        if (smfi_delrcpt(ctx, (char *)(uintptr_t)left.p) != MI_SUCCESS)
            return later(ctx, "this message cannot be redirected");
    return smfi_addrcpt(ctx, to) == MI_SUCCESS ? SMFIS_ACCEPT : later(ctx, "this message cannot be redirected");
}

static sfsistat reject(SMFICTX *ctx, const struct session *s)
{
    static char too_large[][6] = { "552", "5.3.4" }, refused[][6] = { "550", "5.7.1" };
    char (*code)[6] = s->message.is_too_large ? too_large : refused;
    char text[400];

    mil_reply(text, sizeof text, s->message.result.diagnostic);
    smfi_setreply(ctx, code[0], code[1], text);
    return SMFIS_REJECT;
}

static sfsistat carry_out(SMFICTX *ctx, struct session *s, enum mil_answer *a)
{
    enum cs_status st;

    switch (*a) {
    case MIL_ACCEPT:
        return SMFIS_ACCEPT;
    case MIL_CHANGE:
        st = change(ctx, s);
        if (st == CS_OK)
            return SMFIS_ACCEPT;
        if (st != CS_INVALID && st != CS_TOOBIG)
            break;
        *a = MIL_HOLD;                  /* the server counts this header in another way than we */
        return hold(ctx, s);
    case MIL_HOLD:
        return hold(ctx, s);
    case MIL_REDIRECT:
        return redirect(ctx, s);
    case MIL_REJECT:
        return reject(ctx, s);
    case MIL_DISCARD:
        return SMFIS_DISCARD;
    case MIL_TEMPFAIL:
        break;
    }
    *a = MIL_TEMPFAIL;
    return later(ctx, "this message cannot be scanned now");
}

static sfsistat on_end(SMFICTX *ctx)
{
    struct session *s = begun(ctx);
    enum mil_answer a = MIL_TEMPFAIL;
    sfsistat answer;

    if (!s || s->is_over)
        return later(ctx, "the mail scanner is busy");
    take_macro(ctx, "i", s->facts.queue_id, sizeof s->facts.queue_id);
    a = milmessage_convert(&s->message, &gate, &status, &s->facts);
    answer = carry_out(ctx, s, &a);
    if (answer == SMFIS_TEMPFAIL)
        a = MIL_TEMPFAIL;
    milmessage_log(&s->message, a, &s->facts);
    milstatus_answer(&status, a, s->message.us);
    drop_message(s);
    return answer;
}

static sfsistat on_abort(SMFICTX *ctx)
{
    struct session *s = session_of(ctx);

    if (s)
        drop_message(s);
    return SMFIS_CONTINUE;
}

/* ---- what it is doing ---- */

static atomic_bool is_ending;

/* Each second, until another generation takes over. One complaint is enough. */
static void *report(void *ctx)
{
    const struct timespec second = { .tv_sec = 1 };
    bool is_said = false;

    (void)ctx;
    pthread_detach(pthread_self());
    while (!atomic_load(&is_ending)) {
        enum cs_status st = milstatus_write(&status, setup->status, atomic_load(&n_sessions), standby_count(setup->job.standby));

        if (st != CS_OK && !is_said)
            diag_warn("status %s: %s", setup->status, cs_status_text(st));
        is_said = st != CS_OK;
        nanosleep(&second, NULL);
    }
    return NULL;
}

/* ---- a generation ---- */

/* What the library listens at: under one number, our socket, and in the end one that nobody knows. */
struct ear {
    int number, deaf;
};

static void wait_for_end(bool is_hurried)
{
    uint64_t left = setup->stop_time * 1000 / LOOK_MS;
    const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };

    while (is_hurried ? atomic_load(&n_messages) && left-- : atomic_load(&n_sessions)) {
        sigset_t hurry;

        sigemptyset(&hurry);
        sigaddset(&hurry, SIGUSR2);
        is_hurried |= sigtimedwait(&hurry, NULL, &look) == SIGUSR2;
    }
}

static void *control(void *ctx)
{
    const struct ear *ear = ctx;
    sigset_t set;
    int sig = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    while (sigwait(&set, &sig) != 0)
        continue;
    atomic_store(&is_ending, true);
    dup3(ear->deaf, ear->number, O_CLOEXEC);
    wait_for_end(sig == SIGUSR2);
    _exit(0);
}

static enum cs_status own_socket(int family, char *out, size_t room)
{
    int got = family == AF_UNIX ? snprintf(out, room, "unix:%s/own", setup->work_dir)
                                : snprintf(out, room, "%s", family == AF_INET6 ? "inet6:0@[::1]" : "inet:0@[127.0.0.1]");

    return got > 0 && (size_t)got < room ? CS_OK : CS_TOOBIG;
}

/*
 * The library insists on a socket that it has opened itself. It gets one that leads nowhere, of the family it has to know, and then
 * ours in its place, under the same number.
 */
static enum cs_status give_listener(int listener, struct ear *ear)
{
    struct sockaddr_storage a = { 0 };
    socklen_t n = sizeof a;
    char own[sizeof(struct sockaddr_un)];
    int is_listening = 0;
    enum cs_status st;

    if (getsockname(listener, (struct sockaddr *)&a, &n) != 0)
        return cs_status_errno(errno);
    st = own_socket(a.ss_family, own, sizeof own);
    if (st != CS_OK)
        return st;
    ear->number = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(ear->number);                 /* the lowest number that is free: the next one to be given */
    if (smfi_setconn(own) != MI_SUCCESS || smfi_opensocket(true) != MI_SUCCESS)
        return CS_IO;
    n = sizeof is_listening;
    if (getsockopt(ear->number, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &n) != 0 || !is_listening)
        return CS_FOREIGN;
    ear->deaf = fcntl(ear->number, F_DUPFD_CLOEXEC, 3);
    if (ear->deaf < 0 || fcntl(ear->deaf, F_SETFL, O_NONBLOCK) < 0 || dup3(listener, ear->number, O_CLOEXEC) < 0)
        return cs_status_errno(errno);
    close(listener);
    return CS_OK;
}

enum cs_status milter_serve(struct mil_setup *with, int listener)
{
    static char name[] = "convmilter";
    static struct ear ear;
    struct smfiDesc filter = {
        .xxfi_name = name, .xxfi_version = SMFI_VERSION, .xxfi_flags = needed | useful, .xxfi_connect = on_connect,
        .xxfi_envfrom = on_sender, .xxfi_envrcpt = on_recipient, .xxfi_header = on_field, .xxfi_eoh = on_end_of_header,
        .xxfi_body = on_body, .xxfi_eom = on_end, .xxfi_abort = on_abort, .xxfi_close = on_close,
        .xxfi_negotiate = on_negotiate,
    };
    pthread_t thread;
    enum cs_status st;

    setup = with;
    gate_open(&gate, with->places, &with->sizes);
    milstatus_open(&status);
    if (smfi_register(filter) != MI_SUCCESS || smfi_settimeout((int)with->idle) != MI_SUCCESS)
        return CS_FOREIGN;
    st = give_listener(listener, &ear);
    if (st != CS_OK)
        return st;
    if (with->standby && standby_open(&with->job.standby, with->standby, with->work_dir, with->n_standby) != CS_OK)
        return CS_NOMEM;
    if (pthread_create(&thread, NULL, control, &ear) != 0 || (with->status && pthread_create(&thread, NULL, report, NULL) != 0))
        return CS_NOMEM;
    st = smfi_main() == MI_SUCCESS ? CS_OK : CS_IO;
    while (atomic_load(&is_ending))     /* the thread above says when */
        pause();
    return st;
}
