#include "notify.h"

#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/newfile.h"
#include "base/safe.h"
#include "child.h"
#include "imta/envelope.h"
#include "page.h"
#include "users.h"

enum { FILE_BYTES = 256 << 10, MAIL_BYTES = 1 << 20, SEND_SECONDS = 120 };

/* ---- the file ---- */

static const char *const figures[] = { "queue", "held", "flood", "database", "disk" };

static bool take_word(struct slice *left, char *out, size_t room)
{
    struct slice word = list_next(left);

    if (word.n == 0 || word.n >= room || memchr(word.p, 0, word.n))
        return false;
    memcpy(out, word.p, word.n);
    out[word.n] = '\0';
    return true;
}

bool notify_parse(struct slice line, struct notify_rule *r, bool *is_empty)
{
    char kind[16], number[32], *end;
    bool is_known = false;

    line = slice_trim(line);
    *r = (struct notify_rule){ .bound = 0 };
    *is_empty = line.n == 0 || line.p[0] == '#';
    if (*is_empty || !take_word(&line, kind, sizeof kind))
        return false;
    if (strcmp(kind, "digest") == 0) {
        memcpy(r->what, "digest", sizeof "digest");
        is_known = take_word(&line, r->of, sizeof r->of);
    } else if (strcmp(kind, "alert") == 0 && take_word(&line, r->what, sizeof r->what) && take_word(&line, number, sizeof number)) {
        r->bound = strtod(number, &end);
        for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
            is_known |= strcmp(figures[i], r->what) == 0;
        is_known = is_known && !*end && r->bound >= 0 && r->bound < 1e12;
    }
    return is_known && take_word(&line, r->to, sizeof r->to) && slice_trim(line).n == 0 && r->to[0] != '-' && envelope_is_address(slice_str(r->to)) &&
           slice_chr(slice_str(r->to), '@') < strlen(r->to);
}

static enum cs_status read_rules(const char *path, struct notify_rule *rules, size_t *n)
{
    struct mapfile m;
    enum cs_status st = mapfile_open(&m, path, MAPFILE_OURS, FILE_BYTES);
    struct slice left;
    size_t line = 0;

    *n = 0;
    if (st != CS_OK) {
        diag_warn("%s: %s", path, cs_status_text(st));
        return st;
    }
    left = m.data;
    while (left.n && st == CS_OK) {
        struct slice row = slice_take(left, slice_chr(left, '\n'));
        bool is_empty;

        left = slice_drop(left, row.n + 1);
        line++;
        if (*n == NOTIFY_RULES)
            st = CS_TOOBIG;
        else if (notify_parse(row, &rules[*n], &is_empty))
            ++*n;
        else if (!is_empty)
            st = CS_INVALID;
    }
    if (st != CS_OK)
        diag_warn("%s: line %zu: digest DOMAIN ADDRESS, or alert queue|held|flood|database|disk N ADDRESS expected", path, line);
    mapfile_close(&m);
    return st;
}

/* ---- what was said before: lines WHAT OF BOUND TO TIME ---- */

static void read_state(const char *path, struct notify_rule *rules, size_t n)
{
    struct mapfile m;
    struct slice left;

    if (mapfile_open(&m, path, MAPFILE_COPY, FILE_BYTES) != CS_OK)
        return;
    for (left = m.data; left.n;) {
        struct slice row = slice_take(left, slice_chr(left, '\n'));
        char line[1024], what[16], of[256], to[256];
        double bound, told;

        left = slice_drop(left, row.n + 1);
        safe_text(line, sizeof line, row);
        if (sscanf(line, "%15s %255s %lf %255s %lf", what, of, &bound, to, &told) != 5)
            continue;
        for (size_t i = 0; i < n; i++)
            if (strcmp(rules[i].what, what) == 0 && strcmp(*rules[i].of ? rules[i].of : "-", of) == 0 && strcmp(rules[i].to, to) == 0)
                rules[i].told = told;
    }
    mapfile_close(&m);
}

static enum cs_status write_state(const char *path, const struct notify_rule *rules, size_t n)
{
    struct buf out = buf_init(FILE_BYTES);
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < n && st == CS_OK; i++)
        st = buf_printf(&out, "%s %s %.0f %s %.0f\n", rules[i].what, *rules[i].of ? rules[i].of : "-", rules[i].bound, rules[i].to, rules[i].told);
    if (st == CS_OK)
        st = newfile_store(path, 0600, buf_slice(&out), true);
    if (st != CS_OK)
        diag_warn("%s: %s", path, cs_status_text(st));
    buf_release(&out);
    return st;
}

/* ---- mail ---- */

static enum cs_status begin_mail(const struct notify *n, const char *to, const char *subject, struct buf *mail)
{
    return buf_printf(mail, "From: %s\nTo: %s\nSubject: %s\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
                      "Content-Transfer-Encoding: 8bit\n\n", n->from, to, subject);
}

static enum cs_status send(const struct notify *n, const char *to, const struct buf *mail)
{
    char *argv[] = { (char *)(uintptr_t)n->mta, (char *)(uintptr_t) "-i", (char *)(uintptr_t) "-f", (char *)(uintptr_t) "", (char *)(uintptr_t) "--",
                     (char *)(uintptr_t)to, NULL };
    struct buf out = buf_init(4096);
    int code;
    enum cs_status st = child_run(argv, buf_slice(mail), SEND_SECONDS, &out, &code);

    if (st == CS_OK && code != 0)
        st = CS_IO;
    if (st != CS_OK)
        diag_warn("%s: no mail to %s: %s", n->mta, to, cs_status_text(st));
    buf_release(&out);
    return st;
}

/* ---- digests ---- */

static bool concerns(const struct notify_rule *r, const char *recipients)
{
    struct user u = { .can_write = false };
    struct slice left = slice_str(recipients), word;

    snprintf(u.domains, sizeof u.domains, "%s", r->of);
    if (user_has_all(&u))
        return true;
    while ((word = list_next(&left)).n)
        if (user_owns(&u, word))
            return true;
    return false;
}

static enum cs_status add_item(const struct notify_rule *r, const struct item *it, struct buf *body)
{
    char sig[128], sender[200], subject[200], to[200] = "";
    struct user u = { .can_write = false };
    struct slice left = slice_str(it->r.text[REC_RECIPIENTS]), word;

    snprintf(u.domains, sizeof u.domains, "%s", r->of);
    while (!*to && (word = list_next(&left)).n)
        if (user_owns(&u, word))
            safe_text(to, sizeof to, word);
    safe_text(sig, sizeof sig, slice_str(*it->r.text[REC_NAME] ? it->r.text[REC_NAME] : it->r.text[REC_CLASS]));
    safe_text(sender, sizeof sender, slice_str(it->r.text[REC_SENDER]));
    safe_text(subject, sizeof subject, slice_str(*it->r.text[REC_SUBJECT] ? it->r.text[REC_SUBJECT] : it->r.text[REC_FILE]));
    return buf_printf(body, "%s  %s\n    from    %s\n    to      %s\n    subject %s\n\n", TIME(it->time), sig, *sender ? sender : "-", *to ? to : "-", subject);
}

static enum cs_status digest(const struct notify *n, const struct store *s, struct notify_rule *r, double now)
{
    struct buf body = buf_init(MAIL_BYTES), mail = buf_init((size_t)2 * MAIL_BYTES);
    double count = 0;
    char subject[400];
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s->n && st == CS_OK; i++) {
        struct stat info;
        struct item it;

        /* Files are never changed in place: those of an earlier run need no look. */
        if (stat(s->paths[i], &info) != 0 || (double)info.st_mtime < r->told || (double)info.st_mtime >= now || item_load(s, s->paths[i], &it) != CS_OK)
            continue;
        if (concerns(r, it.r.text[REC_RECIPIENTS]) && ++count <= NOTIFY_ITEMS)
            st = add_item(r, &it, &body);
        item_release(&it);
    }
    if (st == CS_OK && count > 0) {
        snprintf(subject, sizeof subject, "convscan: %.0f kept back%s%s", count, strcmp(r->of, "*") == 0 ? "" : " for ", strcmp(r->of, "*") == 0 ? "" : r->of);
        st = begin_mail(n, r->to, subject, &mail);
        if (st == CS_OK && r->told > 0)
            st = buf_printf(&mail, "Kept back since %s, oldest first:\n\n", TIME((time_t)r->told));
        if (st == CS_OK)
            st = buf_put(&mail, buf_slice(&body));
        if (st == CS_OK && count > NOTIFY_ITEMS)
            st = buf_printf(&mail, "and %.0f more.\n", count - NOTIFY_ITEMS);
        if (st == CS_OK)
            st = send(n, r->to, &mail);
    }
    if (st == CS_OK)
        r->told = now;
    buf_release(&mail);
    buf_release(&body);
    return st;
}

/* ---- alerts ---- */

static double figure(const struct snapshot *s, const struct notify_rule *r)
{
    double waiting = 0, held = 0, bytes = 0;

    for (size_t i = 0; i < s->n_queues; i++) {
        const struct snap_queue *q = &s->queue[i];
        bool is_held = slice_ends(slice_str(q->name), SLICE("held"));

        if (strcmp(q->name, "quarantine") == 0)
            bytes += q->bytes;
        else if (is_held)
            held += q->n;
        else
            waiting += q->n;
    }
    return strcmp(r->what, "queue") == 0      ? waiting
           : strcmp(r->what, "held") == 0     ? held
           : strcmp(r->what, "disk") == 0     ? bytes / 1e6
           : strcmp(r->what, "database") == 0 ? (s->db_age < 0 ? 1e12 : s->db_age / 3600)
           : s->flood_age < 0                 ? -1
                                              : s->flood_age / 60;
}

/* Flood counts the minutes since the counters moved: fewer is worse. */
static bool is_beyond(const struct notify_rule *r, double value)
{
    return strcmp(r->what, "flood") == 0 ? value >= 0 && value <= r->bound : value > r->bound;
}

static enum cs_status alert(const struct notify *n, const struct snapshot *s, struct notify_rule *r, double now)
{
    static const struct { const char *what, *says, *unit; } rows[] = {
        { "queue", "messages wait in the queue", "" }, { "held", "messages are held", "" }, { "flood", "flood control drops mail; its counters moved minutes ago:", "" },
        { "database", "the signatures are old (or there are none); hours:", "" }, { "disk", "the quarantine is large; megabytes:", "" },
    };
    double value = figure(s, r);
    struct buf mail = buf_init(MAIL_BYTES);
    enum cs_status st = CS_OK;

    if (!is_beyond(r, value)) {
        r->told = 0;
        return CS_OK;
    }
    if (r->told > 0 && now - r->told < NOTIFY_AGAIN)
        return CS_OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].what, r->what) == 0) {
            char subject[200];

            snprintf(subject, sizeof subject, "convscan on %s: %s", s->host, r->what);
            st = begin_mail(n, r->to, subject, &mail);
            if (st == CS_OK)
                st = buf_printf(&mail, "%s %.0f. The bound is %.0f.\n\nYou hear of this once a day as long as it lasts.\n", rows[i].says, value > 1e11 ? -1 : value, r->bound);
        }
    if (st == CS_OK)
        st = send(n, r->to, &mail);
    if (st == CS_OK)
        r->told = now;
    buf_release(&mail);
    return st;
}

enum cs_status notify_run(const struct notify *n)
{
    struct notify_rule *rules = calloc(NOTIFY_RULES, sizeof *rules);
    struct snapshot *s = calloc(1, sizeof *s);
    struct store store;
    size_t count = 0;
    double now = (double)time(NULL);
    enum cs_status st = rules && s ? read_rules(n->file, rules, &count) : CS_NOMEM, kept;

    if (st == CS_OK) {
        st = store_open(&store, n->quarantine, false);
        if (st != CS_OK)
            diag_warn("%s: %s", n->quarantine, cs_status_text(st));
    }
    if (st == CS_OK) {
        read_state(n->state, rules, count);
        snapshot_take(s, &n->sources);
        for (size_t i = 0; i < count; i++) {
            enum cs_status one = strcmp(rules[i].what, "digest") == 0 ? digest(n, &store, &rules[i], now) : alert(n, s, &rules[i], now);

            st = st == CS_OK ? one : st;
        }
        store_close(&store);
        kept = write_state(n->state, rules, count);
        st = st == CS_OK ? kept : st;
    }
    free(s);
    free(rules);
    return st;
}
