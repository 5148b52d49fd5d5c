#include "item.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "envelope.h"
#include "fields.h"
#include "mime/mime.h"

static bool has_folder(const char *top, const char *name)
{
    char path[PATH_MAX];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", top, name);

    return n > 0 && (size_t)n < sizeof path && lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static enum cs_status add_path(struct store *s, const char *folder, const char *name)
{
    char *path;

    if (s->n == ITEM_LIST)
        return CS_TOOBIG;
    if (s->n == s->room) {
        size_t room = s->room ? s->room * 2 : 64;
        char **more = reallocarray(s->paths, room, sizeof *more);

        if (!more)
            return CS_NOMEM;
        s->paths = more;
        s->room = room;
    }
    if (asprintf(&path, "%s/%s", folder, name) < 0)
        return CS_NOMEM;
    s->paths[s->n++] = path;
    return CS_OK;
}

static bool is_wanted(const struct store *s, const char *name)
{
    return s->kind == STORE_QUARANTINE || slice_ends(slice_str(name), SLICE(".HELD"));
}

/* A name of a folder, opened where links are not followed. */
static enum cs_status walk(struct store *s, const char *folder, unsigned depth)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    enum cs_status st = CS_OK;

    if (!d) {
        st = cs_status_errno(errno);
        if (fd >= 0)
            close(fd);
        return st;
    }
    for (struct dirent *e; st == CS_OK && (e = readdir(d)) != NULL;) {
        struct stat info;

        if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(info.st_mode) && is_wanted(s, e->d_name)) {
            st = add_path(s, folder, e->d_name);
        } else if (S_ISDIR(info.st_mode) && depth > 0) {
            char below[PATH_MAX];
            int n = snprintf(below, sizeof below, "%s/%s", folder, e->d_name);

            if (n > 0 && (size_t)n < sizeof below)
                st = walk(s, below, depth - 1);
        }
    }
    closedir(d);
    return st;
}

static int by_name(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcmp(strrchr(x, '/'), strrchr(y, '/'));

    return order ? order : strcmp(x, y);
}

static enum cs_status walk_quarantine(struct store *s, bool wants_done)
{
    static const char *const waiting[] = { "new", "cur" }, *const done[] = { "released", "deleted" };
    const char *const *names = wants_done ? done : waiting;
    char below[PATH_MAX];
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < 2 && st == CS_OK; i++) {
        snprintf(below, sizeof below, "%s/%s", s->folder, names[i]);
        st = walk(s, below, 0);
        if (st == CS_NOENT && wants_done)
            st = CS_OK;
    }
    return st;
}

enum cs_status store_open(struct store *s, const char *folder, bool wants_done)
{
    char below[PATH_MAX];
    enum cs_status st = CS_OK;

    *s = (struct store){ .folder = folder };
    if (strlen(folder) > sizeof below - 16)
        return CS_TOOBIG;
    s->kind = has_folder(folder, "new") && has_folder(folder, "cur") ? STORE_QUARANTINE
              : has_folder(folder, "queue") && has_folder(folder, "work") ? STORE_SPOOL
                                                                         : STORE_SERVER;
    if (s->kind == STORE_QUARANTINE) {
        st = walk_quarantine(s, wants_done);
    } else if (s->kind == STORE_SPOOL) {
        snprintf(below, sizeof below, "%s/queue", folder);
        st = walk(s, below, 0);
    } else {
        st = walk(s, folder, ITEM_DEPTH);
    }
    if (st != CS_OK)
        store_close(s);
    else if (s->n)
        qsort(s->paths, s->n, sizeof *s->paths, by_name);
    return st;
}

void store_close(struct store *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->paths[i]);
    free(s->paths);
    s->paths = NULL;
    s->n = s->room = 0;
}

/* Header and body of a text that begins with header lines. */
static void split(struct slice all, struct item *it)
{
    struct slice left = all;
    struct header_field f;

    while (header_field_next(&left, &f))
        continue;
    it->header = slice_take(all, all.n - left.n);
    it->body = left;
    if (slice_starts(it->body, SLICE("\r\n")))
        it->body = slice_drop(it->body, 2);
    else if (slice_starts(it->body, SLICE("\n")))
        it->body = slice_drop(it->body, 1);
}

static enum cs_status read_quarantined(struct item *it)
{
    static const char mark[] = "X-Convscan-Record: ";
    struct slice all = it->file.data, line = slice_take(all, slice_chr(slice_take(all, ITEM_HEAD + RECORD_BYTES), '\n'));

    if (!slice_starts(line, SLICE(mark)) || !record_read(slice_drop(line, sizeof mark - 1), &it->r))
        return CS_INVALID;
    split(slice_drop(all, line.n + 1), it);
    return CS_OK;
}

static bool set_decoded(struct item *it, enum record_field f, struct slice value)
{
    struct arena a;
    struct slice text;
    bool is_good;

    value = slice_take(value, 2048);
    if (arena_init(&a, 16 << 10) != CS_OK)
        return false;
    text = mime_words_decode(value, &a);
    is_good = record_set(&it->r, f, text.p ? text : value);
    arena_release(&a);
    return is_good;
}

static bool set_recipients(struct item *it, const struct envelope *e)
{
    struct buf list = buf_init(ENVELOPE_BYTES);
    enum cs_status st = CS_OK;
    bool is_good;

    for (size_t i = 0; i < e->n_to && st == CS_OK; i++)
        st = buf_printf(&list, "%s%.*s", i ? ", " : "", (int)e->to[i].n, (const char *)e->to[i].p);
    is_good = st == CS_OK && record_set(&it->r, REC_RECIPIENTS, buf_slice(&list));
    buf_release(&list);
    return is_good;
}

/*
 * A message as a queue keeps it: envelope lines first, which only convchan's own are read for certain; of a server's file all
 * that counts is where the header fields stand.
 */
static enum cs_status read_held(const struct store *s, struct item *it)
{
    static _Thread_local struct envelope e;
    struct slice message = it->file.data;
    bool has_envelope = s->kind == STORE_SPOOL && envelope_read(it->file.data, &e, &message);
    bool is_good = true;

    if (!has_envelope)
        e = (struct envelope){ .n_to = 0 };
    if (!record_read(SLICE("{}"), &it->r))
        return CS_NOMEM;
    split(message, it);
    is_good &= record_set(&it->r, REC_CLASS, SLICE("held"));
    is_good &= record_set(&it->r, REC_SENDER, has_envelope ? e.from : header_field_find(it->header, "From"));
    /* A spool's recipients are the envelope's or nobody: the header's are whoever the sender likes. */
    is_good &= s->kind == STORE_SPOOL ? set_recipients(it, &e) : record_set(&it->r, REC_RECIPIENTS, header_field_find(it->header, "To"));
    is_good &= record_set(&it->r, REC_TYPE, SLICE("message/rfc822"));
    is_good &= set_decoded(it, REC_SUBJECT, header_field_find(it->header, "Subject"));
    is_good &= record_set(&it->r, REC_DATE, header_field_find(it->header, "Date"));
    is_good &= record_set(&it->r, REC_IN, has_envelope ? e.in_chan : (struct slice){ 0 });
    is_good &= record_set(&it->r, REC_OUT, has_envelope ? e.out_chan : (struct slice){ 0 });
    return is_good ? CS_OK : CS_NOMEM;
}

static bool set_id(const struct store *s, struct item *it)
{
    struct slice name = slice_str(strrchr(it->path, '/') + 1);

    if (slice_ends(name, SLICE(".HELD")) && s->kind != STORE_QUARANTINE)
        name.n -= sizeof ".HELD" - 1;
    return record_set(&it->r, REC_ID, slice_take(name, slice_chr(name, ':')));
}

enum cs_status item_load(const struct store *s, const char *path, struct item *it)
{
    enum cs_status st;

    *it = (struct item){ .time = 0 };
    snprintf(it->path, sizeof it->path, "%s", path);
    st = mapfile_open(&it->file, path, MAPFILE_MAP, ITEM_BYTES);
    if (st != CS_OK)
        return st;
    it->time = it->file.st.st_mtime;
    st = s->kind == STORE_QUARANTINE ? read_quarantined(it) : read_held(s, it);
    if (st == CS_OK && !set_id(s, it))
        st = CS_NOMEM;
    if (st != CS_OK)
        item_release(it);
    return st;
}

void item_release(struct item *it)
{
    record_release(&it->r);
    mapfile_close(&it->file);
}
