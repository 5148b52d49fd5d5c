#include "letgo.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "base/newfile.h"
#include "base/safe.h"
#include "base/spawn.h"
#include "digest.h"
#include "envelope.h"
#include "mime/mime.h"
#include "queuedir.h"

enum { RECIPIENTS = 100, SAFE = 512 };

extern char **environ;

/* ---- what was done: one line to syslog, and to acts.log in a quarantine ---- */

static void note(const struct store *s, const struct item *it, const char *act, const char *where)
{
    char id[SAFE], sig[SAFE], sender[SAFE], file[SAFE], path[PATH_MAX], line[4 * SAFE + 128];
    const char *who = s->by ? s->by : getenv("SUDO_USER");
    int n, fd;

    safe_text(id, sizeof id, slice_str(it->r.text[REC_ID]));
    safe_text(sig, sizeof sig, slice_str(it->r.text[REC_NAME]));
    safe_text(sender, sizeof sender, slice_str(it->r.text[REC_SENDER]));
    safe_text(file, sizeof file, slice_str(it->r.text[REC_FILE]));
    n = snprintf(line, sizeof line, "time=%lld act=%s id=\"%s\" sig=\"%s\" sender=\"%s\" name=\"%s\" to=\"%.200s\" uid=%u by=\"%.32s\"\n",
                 (long long)time(NULL), act, id, sig, sender, file, where, (unsigned)getuid(), who ? who : "-");
    if (n < 0 || (size_t)n >= sizeof line)
        return;
    syslog(LOG_MAIL | LOG_NOTICE, "%.*s", n - 1, line);
    if (s->kind != STORE_QUARANTINE || snprintf(path, sizeof path, "%s/acts.log", s->folder) >= (int)sizeof path)
        return;
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        if (fd_write_all(fd, slice_of(line, (size_t)n)) != CS_OK)
            syslog(LOG_MAIL | LOG_ERR, "%s: cannot be written", path);
        close(fd);
    }
}

/* ---- a quarantined part as a message of its own ---- */

struct sink {
    FILE *f;
};

static enum cs_status put_file(void *ctx, struct slice out)
{
    const struct sink *k = ctx;

    return fwrite(out.p, 1, out.n, k->f) == out.n ? CS_OK : CS_IO;
}

/* For a quoted string in a header: printable ASCII, no quote and no backslash. */
static void safe_quoted(char *out, size_t room, const char *text)
{
    safe_ascii(out, room, slice_str(text));
    for (char *c = out; *c; c++)
        if (*c == '\\')
            *c = '_';
}

static enum cs_status compose(const struct item *it, const struct letgo *how, const char *to, FILE *f)
{
    char subject[SAFE], name[SAFE], sig[SAFE], sender[SAFE], date[SAFE];
    struct sink k = { f };
    static const char line[] = "convscan-released-part";
    enum cs_status st;

    safe_ascii(subject, sizeof subject, slice_str(it->r.text[REC_SUBJECT]));
    safe_quoted(name, sizeof name, *it->r.text[REC_FILE] ? it->r.text[REC_FILE] : "part.bin");
    safe_ascii(sig, sizeof sig, slice_str(it->r.text[REC_NAME]));
    safe_ascii(sender, sizeof sender, slice_str(it->r.text[REC_SENDER]));
    safe_ascii(date, sizeof date, slice_str(it->r.text[REC_DATE]));
    fprintf(f,
            "From: %s\nTo: %s\nSubject: Released attachment: %s\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
            "X-Convscan-Released: %s\nContent-Type: multipart/mixed; boundary=\"%s\"\n\n"
            "--%s\nContent-Type: text/plain; charset=us-ascii\n\n"
            "The mail server had kept back the attached file. Your postmaster has released it.\n\n"
            "    File:    %s\n    Found:   %s\n    Sender:  %s\n    Subject: %s\n    Date:    %s\n\n"
            "--%s\nContent-Type: application/octet-stream; name=\"%s\"\nContent-Disposition: attachment; filename=\"%s\"\n"
            "Content-Transfer-Encoding: base64\n\n",
            how->from, to, subject, it->r.text[REC_ID], line, line, name, sig, sender, subject, date, line, name, name);
    st = mime_encode(MIME_ENC_BASE64, it->body, "\n", put_file, &k);
    fprintf(f, "\n--%s--\n", line);
    return st == CS_OK && fflush(f) == 0 && !ferror(f) ? CS_OK : st == CS_OK ? CS_IO : st;
}

/* An address that a mail command can take for nothing else. */
static bool is_sendable(struct slice s)
{
    return s.n && s.n < ENVELOPE_ADDRESS && s.p[0] != '-' && slice_chr(s, '@') < s.n && envelope_is_address(s);
}

/* The good addresses of a list, cut in place; the last element is NULL. */
static size_t split_recipients(char *list, char *out[RECIPIENTS + 1])
{
    char *save = NULL;
    size_t n = 0;

    for (char *word = strtok_r(list, ", <>\t", &save); word && n < RECIPIENTS; word = strtok_r(NULL, ", <>\t", &save))
        if (is_sendable(slice_str(word)))
            out[n++] = word;
    out[n] = NULL;
    return n;
}

static enum cs_status run_mta(const struct letgo *how, int fd, char *const to[], size_t n)
{
    char *argv[RECIPIENTS + 8] = { (char *)(uintptr_t)how->mta, (char *)(uintptr_t) "-i", (char *)(uintptr_t) "-f",
                                   (char *)(uintptr_t) "", (char *)(uintptr_t) "--" };
    posix_spawn_file_actions_t files;
    int err, status;
    pid_t pid;

    for (size_t i = 0; i <= n; i++)
        argv[5 + i] = to[i];
    if (posix_spawn_file_actions_init(&files) != 0)
        return CS_NOMEM;
    err = posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
    if (!err)
        err = posix_spawn(&pid, how->mta, &files, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (err)
        return cs_status_errno(err);
    status = spawn_wait(pid, NULL);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CS_OK : CS_IO;
}

static enum cs_status send(const struct item *it, const struct letgo *how)
{
    char *list = strdup(how->only_to ? how->only_to : it->r.text[REC_RECIPIENTS]), *to[RECIPIENTS + 1];
    FILE *f = tmpfile();
    enum cs_status st = list && f ? CS_OK : CS_NOMEM;
    size_t n = list ? split_recipients(list, to) : 0;

    if (st == CS_OK && n == 0)
        st = CS_INVALID;
    if (st == CS_OK)
        st = compose(it, how, n == 1 ? to[0] : "undisclosed-recipients:;", f);
    if (st == CS_OK && fseek(f, 0, SEEK_SET) != 0)
        st = CS_IO;
    if (st == CS_OK)
        st = run_mta(how, fileno(f), to, n);
    if (f)
        fclose(f);
    free(list);
    return st;
}

/* Into a folder, under a name that no shell and no file manager misreads. */
static enum cs_status put_in_folder(const struct item *it, const char *folder)
{
    char name[SAFE], path[PATH_MAX];

    safe_ascii(name, 128, slice_str(*it->r.text[REC_FILE] ? it->r.text[REC_FILE] : "part"));
    for (char *c = name; *c; c++)
        if (!ascii_is_alpha((uint8_t)*c) && !ascii_is_digit((uint8_t)*c) && !strchr("._-", *c))
            *c = '_';
    if (snprintf(path, sizeof path, "%s/%s-%s", folder, it->r.text[REC_ID], name) >= (int)sizeof path)
        return CS_TOOBIG;
    return newfile_store(path, 0600, it->body, true);
}

static enum cs_status allow(const struct item *it, const char *path)
{
    char hex[DIGEST_HEX], rule[SAFE + 256];
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644), n;
    enum cs_status st;

    if (fd < 0)
        return cs_status_errno(errno);
    digest_sha256(it->body, hex);
    n = snprintf(rule, sizeof rule, "<\"class=allow\",\"info=released %lld\">\n:Allow.%.16s, SHA256(\"%s\") SIZE %zu #\n",
                 (long long)time(NULL), hex, hex, it->body.n);
    st = n > 0 && (size_t)n < sizeof rule ? fd_write_all(fd, slice_of(rule, (size_t)n)) : CS_TOOBIG;
    if (close(fd) != 0 && st == CS_OK)
        st = cs_status_errno(errno);
    return st;
}

/* ---- where things go ---- */

static enum cs_status move_to(const struct store *s, const struct item *it, const char *folder)
{
    char path[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/%s", s->folder, folder) >= (int)sizeof path)
        return CS_TOOBIG;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return cs_status_errno(errno);
    if (snprintf(path, sizeof path, "%s/%s%s", s->folder, folder, strrchr(it->path, '/')) >= (int)sizeof path)
        return CS_TOOBIG;
    return rename(it->path, path) == 0 ? CS_OK : cs_status_errno(errno);
}

static enum cs_status release_spooled(const struct store *s, const struct item *it)
{
    struct queuedir q;
    enum cs_status st = queuedir_open(&q, s->folder);

    if (st == CS_OK) {
        st = queuedir_release(&q, it->r.text[REC_ID]);
        queuedir_close(&q);
    }
    return st;
}

/* Two digits that are not 00 (System Administration Guide, "Diagnosing and Cleaning up .HELD Messages"). */
static enum cs_status release_served(const struct item *it)
{
    char path[PATH_MAX];
    int stem = (int)(strlen(it->path) - (sizeof ".HELD" - 1));

    for (int i = 1; i < 100; i++) {
        if (snprintf(path, sizeof path, "%.*s.%02d", stem, it->path, i) >= (int)sizeof path)
            return CS_TOOBIG;
        if (link(it->path, path) == 0)
            return unlink(it->path) == 0 ? CS_OK : cs_status_errno(errno);
        if (errno != EEXIST)
            return cs_status_errno(errno);
    }
    return CS_LIMIT;
}

enum cs_status letgo_release(const struct store *s, const struct item *it, const struct letgo *how)
{
    enum cs_status st = CS_OK;

    if (how->stays && s->kind != STORE_QUARANTINE)
        return CS_UNSUPPORTED;
    if (how->allow)
        st = s->kind == STORE_QUARANTINE ? allow(it, how->allow) : CS_UNSUPPORTED;
    if (st == CS_OK && how->folder)
        st = put_in_folder(it, how->folder);
    else if (st == CS_OK && s->kind == STORE_QUARANTINE)
        st = send(it, how);
    if (st == CS_OK)
        st = how->stays                    ? CS_OK
             : s->kind == STORE_QUARANTINE ? move_to(s, it, "released")
             : how->folder               ? CS_OK
             : s->kind == STORE_SPOOL    ? release_spooled(s, it)
                                         : release_served(it);
    if (st == CS_OK)
        note(s, it, "release", how->folder ? how->folder : how->only_to ? how->only_to : "recipients");
    return st;
}

enum cs_status letgo_delete(const struct store *s, const struct item *it)
{
    enum cs_status st = s->kind == STORE_QUARANTINE ? move_to(s, it, "deleted")
                        : unlink(it->path) == 0     ? CS_OK
                                                    : cs_status_errno(errno);

    if (st == CS_OK)
        note(s, it, "delete", "-");
    return st;
}

enum cs_status letgo_expire(const struct store *s, const struct item *it)
{
    enum cs_status st = unlink(it->path) == 0 ? CS_OK : cs_status_errno(errno);

    if (st == CS_OK)
        note(s, it, "expire", "-");
    return st;
}
