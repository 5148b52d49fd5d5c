#include "act.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mapfile.h"
#include "base/newfile.h"
#include "watchdog.h"

enum { OPTIONS_MAX = 4096, MODE = 0660 };

static const unsigned statuses[ACT_N] = {
    [ACT_DELETE] = STATUS_DELETE,   [ACT_HOLD] = STATUS_HOLD,             [ACT_RETURN] = STATUS_RETURN,
    [ACT_DISCARD] = STATUS_DISCARD, [ACT_POSTMASTER] = STATUS_POSTMASTER, [ACT_RETRY] = STATUS_RETRY,
};

unsigned act_status(enum action a)
{
    return a < ACT_N ? statuses[a] : STATUS_RETRY;
}

bool act_needs_status(enum action a)
{
    return act_status(a) != 0;
}

bool act_can_write(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;

    if (n >= sizeof dir)
        return false;
    memcpy(dir, path, n);
    dir[n] = '\0';
    return access(n ? dir : ".", W_OK | X_OK) == 0;
}

/* Not durable: the server has the message in its queue until all parts are done, and starts again after a crash. */
static enum cs_status store(const char *path, struct slice s)
{
    struct newfile f;
    enum cs_status st = newfile_open(&f, path, MODE);

    if (st == CS_OK) {
        watchdog_litter(0, f.temp);
        st = newfile_write(&f, s);
    }
    if (st == CS_OK)
        st = newfile_publish(&f, false);
    if (st != CS_OK)
        newfile_drop(&f);
    watchdog_litter(0, NULL);
    return st;
}

/*
 * A second name for a file costs a tenth of a new one. Only for a file that nobody but our own user could have changed since it was
 * read, that has no other name, and that is what it was; whatever came under the new name otherwise is replaced by a copy.
 */
static bool link_instead(const struct stat *then, const char *from, const char *to)
{
    struct stat now;

    if (then->st_nlink != 1 || then->st_uid != getauxval(AT_EUID) || stat_is_unsafe(then) || linkat(AT_FDCWD, from, AT_FDCWD, to, 0) != 0)
        return false;
    return fstatat(AT_FDCWD, to, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == then->st_dev && now.st_ino == then->st_ino && now.st_nlink == 2 &&
           now.st_size == then->st_size && now.st_mtim.tv_sec == then->st_mtim.tv_sec && now.st_mtim.tv_nsec == then->st_mtim.tv_nsec;
}

/* What came, as it came. */
static enum cs_status hand_over(const struct act *a, const struct stat *then, const char *from, const char *to, struct slice s)
{
    return a->may_link && then && link_instead(then, from, to) ? CS_OK : store(to, s);
}

static enum cs_status put_part(const struct act *a)
{
    if (!a->has_input || !a->ch->output)
        return CS_IO;
    if (strcmp(a->ch->input, a->ch->output) == 0)
        return CS_OK;
    return hand_over(a, a->input_file, a->ch->input, a->ch->output, a->input);
}

static enum cs_status put_headers(const struct act *a, const char *tags)
{
    struct buf b = buf_init(CHANNEL_HEADERS + OPTIONS_MAX);
    struct slice h = a->headers;
    enum cs_status st;

    if (!a->ch->out_headers || !a->has_headers)
        return CS_OK;
    if (!tags)
        return hand_over(a, a->headers_file, a->ch->in_headers, a->ch->out_headers, h);
    while (h.n && (h.p[h.n - 1] == '\n' || h.p[h.n - 1] == '\r'))
        h.n--;
    st = buf_put(&b, h);
    if (st == CS_OK && h.n)
        st = buf_putc(&b, '\n');
    if (st == CS_OK)
        st = buf_puts(&b, tags);
    if (st == CS_OK)
        st = store(a->ch->out_headers, buf_slice(&b));
    buf_release(&b);
    return st;
}

static enum cs_status put_options(const struct act *a, const char *lines)
{
    return a->ch->options ? store(a->ch->options, slice_str(lines)) : CS_NOENT;
}

/* A multipart needs its boundary in the header lines and its encoding in the options: without either it is the text. */
static enum cs_status replace(const struct act *a)
{
    const bool is_both = a->both.n && a->can_answer && a->ch->out_headers;
    char lines[OPTIONS_MAX];
    enum cs_status st = a->ch->output ? store(a->ch->output, is_both ? a->both : a->notice) : CS_INVALID;

    if (st == CS_OK && a->ch->out_headers)
        st = store(a->ch->out_headers, is_both ? a->both_headers : a->notice_headers);
    if (st != CS_OK || !a->can_answer)
        return st;
    text_print(lines, sizeof lines,
               "OUTPUT_TYPE=%s\nOUTPUT_SUBTYPE=%s\nOUTPUT_MODE=TEXT\nOUTPUT_ENCODING=%s\nOUTPUT_DESCRIPTION=\"removed part\"\n",
               is_both ? "MULTIPART" : "TEXT", is_both ? "ALTERNATIVE" : "PLAIN",
               is_both || a->notice_is_ascii ? "7BIT" : "QUOTED-PRINTABLE");
    return put_options(a, lines);
}

static enum cs_status answer(const struct act *a, enum action action)
{
    char lines[OPTIONS_MAX];

    if (action == ACT_RETURN)
        text_print(lines, sizeof lines, "OUTPUT_DIAGNOSTIC=\"%s\"\nSTATUS=%u\n", a->diagnostic, act_status(action));
    else
        text_print(lines, sizeof lines, "STATUS=%u\n", act_status(action));
    return put_options(a, lines);
}

enum cs_status act_carry_out(const struct act *a, enum action action)
{
    enum cs_status st;

    switch (action) {
    case ACT_PASS:
    case ACT_TAG:
        st = put_part(a);
        return st == CS_OK ? put_headers(a, action == ACT_TAG ? a->tags : NULL) : st;
    case ACT_CLEAN:
        st = a->ch->output ? store(a->ch->output, a->cleaned) : CS_INVALID;
        return st == CS_OK ? put_headers(a, a->tags) : st;
    case ACT_REPLACE:
        return replace(a);
    default:
        return answer(a, action);
    }
}
