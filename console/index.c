#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/safe.h"
#include "db.h"
#include "users.h"

static const char schema[] =
    "CREATE TABLE item(key INTEGER PRIMARY KEY, place INT, name TEXT, id TEXT, state INT, class TEXT, size INT, time INT,"
    " scope TEXT, sender TEXT, rcpt TEXT, subject TEXT, sig TEXT, file TEXT);"
    "CREATE UNIQUE INDEX item_name ON item(place, name);"
    "CREATE INDEX item_id ON item(place, id);"
    "CREATE TABLE dest(domain TEXT, key INT, state INT, class TEXT, PRIMARY KEY(domain, key)) WITHOUT ROWID;"
    "CREATE INDEX dest_state ON dest(domain, state, key, class);"
    "CREATE INDEX dest_key ON dest(key);"
    "CREATE VIRTUAL TABLE fts USING fts5(scope, sender, rcpt, subject, sig, file, content='item', content_rowid='key',"
    " tokenize='trigram');"
    "CREATE TRIGGER item_in AFTER INSERT ON item BEGIN INSERT INTO fts(rowid, scope, sender, rcpt, subject, sig, file)"
    " VALUES(new.key, new.scope, new.sender, new.rcpt, new.subject, new.sig, new.file); END;"
    "CREATE TRIGGER item_out AFTER DELETE ON item BEGIN INSERT INTO fts(fts, rowid, scope, sender, rcpt, subject, sig, file)"
    " VALUES('delete', old.key, old.scope, old.sender, old.rcpt, old.subject, old.sig, old.file);"
    " DELETE FROM dest WHERE key = old.key; END;"
    "CREATE TABLE tally(domain TEXT, state INT, class TEXT, n INT, PRIMARY KEY(domain, state, class)) WITHOUT ROWID;"
    "CREATE TRIGGER dest_in AFTER INSERT ON dest BEGIN INSERT INTO tally VALUES(new.domain, new.state, new.class, 1)"
    " ON CONFLICT(domain, state, class) DO UPDATE SET n = n + 1; END;"
    "CREATE TRIGGER dest_out AFTER DELETE ON dest BEGIN UPDATE tally SET n = n - 1"
    " WHERE domain = old.domain AND state = old.state AND class = old.class; END;"
    "PRAGMA user_version = 2;";

enum { VERSION = 2, BATCH = 1000 };

static enum cs_status good(bool is_good)
{
    return is_good ? CS_OK : CS_CORRUPT;
}

/* ---- opening ---- */

static bool is_usable(struct sqlite3 *db)
{
    return db_number(db, "PRAGMA user_version", NULL, 0, -1) == VERSION &&
           db_number(db, "SELECT count(*) FROM item WHERE key = 0", NULL, 0, -1) >= 0;
}

static void remove_files(const char *path)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
    char name[PATH_MAX];

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (snprintf(name, sizeof name, "%s%s", path, ends[i]) < (int)sizeof name)
            unlink(name);
}

static enum cs_status open_writer(struct index *ix, const char *path)
{
    ix->writer = db_open(path, true);
    if (ix->writer && is_usable(ix->writer))
        return CS_OK;
    db_close(ix->writer);
    remove_files(path);
    ix->writer = db_open(path, true);
    return good(ix->writer && db_run(ix->writer, schema));
}

enum cs_status index_open(struct index *ix, const char *path, const struct place *places, size_t n_places)
{
    mode_t mask = umask(0077);
    enum cs_status st;

    *ix = (struct index){ .places = places, .n_places = n_places };
    pthread_mutex_init(&ix->write_lock, NULL);
    pthread_mutex_init(&ix->read_lock, NULL);
    pthread_cond_init(&ix->read_free, NULL);
    st = open_writer(ix, path);
    for (size_t i = 0; i < INDEX_READERS && st == CS_OK; i++) {
        ix->reader[i] = db_open(path, false);
        st = good(ix->reader[i] != NULL);
    }
    umask(mask);
    if (st != CS_OK)
        index_close(ix);
    return st;
}

void index_close(struct index *ix)
{
    for (size_t i = 0; i < INDEX_READERS; i++)
        db_close(ix->reader[i]);
    db_close(ix->writer);
    *ix = (struct index){ .n_places = 0 };
}

/* ---- putting in ---- */

static char state_of(const struct place *p, const char *name, const char *class)
{
    if (p->store.kind != STORE_QUARANTINE)
        return p->is_archive ? STATE_DELETED : STATE_HELD;
    return strncmp(name, "released/", 9) == 0  ? STATE_RELEASED
           : strncmp(name, "deleted/", 8) == 0 ? STATE_DELETED
           : strcmp(class, "error") == 0       ? STATE_ERROR
                                               : STATE_WAITING;
}

/* The domains of a list of addresses, each once, lower case, as "|a||b|". */
static enum cs_status list_domains(const char *recipients, struct buf *out)
{
    struct slice left = slice_str(recipients), word;
    enum cs_status st = CS_OK;

    while (st == CS_OK && (word = list_next(&left)).n) {
        struct slice domain = address_domain(word);
        char text[260];
        int n = 0;

        if (domain.n == 0 || domain.n > 253)
            continue;
        text[n++] = '|';
        for (size_t i = 0; i < domain.n; i++)
            text[n++] = (char)ascii_lower(domain.p[i]);
        text[n++] = '|';
        if (slice_find(buf_slice(out), slice_of(text, (size_t)n)) == out->n)
            st = buf_put(out, slice_of(text, (size_t)n));
    }
    return st;
}

/* For those who see all, and for each domain. */
static bool put_dests(struct sqlite3 *db, struct slice domains, int64_t key, char state, const char *class)
{
    static const char sql[] = "INSERT OR IGNORE INTO dest VALUES(?, ?, ?, ?)";
    bool is_good = db_do(db, sql, DB_VALUES(db_str("*"), db_int(key), db_int(state), db_str(class)));

    while (is_good && domains.n > 1) {
        struct slice domain = slice_take(slice_drop(domains, 1), slice_chr(slice_drop(domains, 1), '|'));

        domains = slice_drop(domains, domain.n + 2);
        is_good = db_do(db, sql, DB_VALUES(db_text(domain), db_int(key), db_int(state), db_str(class)));
    }
    return is_good;
}

static int64_t free_key(struct sqlite3 *db, time_t t)
{
    int64_t second = t < 0 ? 0 : t > (time_t)1 << 40 ? (int64_t)1 << 40 : (int64_t)t, low = second << KEY_BITS;

    return db_number(db, "SELECT max(key) + 1 FROM item WHERE key >= ? AND key < ?", DB_VALUES(db_int(low), db_int(low + (1 << KEY_BITS))), low);
}

/* Cut at a character, so that what is kept is still UTF-8. */
static const char *cut(const char *text, size_t room, char *out)
{
    safe_text(out, room, slice_str(text));
    return out;
}

static enum cs_status insert(struct index *ix, int place, const char *name, const struct item *it)
{
    const struct place *p = &ix->places[place];
    const char *class = *it->r.text[REC_CLASS] ? it->r.text[REC_CLASS] : "error";
    char id[INDEX_TEXT], sender[INDEX_TEXT], subject[INDEX_TEXT], sig[INDEX_TEXT], file[INDEX_TEXT], to[INDEX_TO], short_class[32];
    char state = state_of(p, name, class);
    struct buf domains = buf_init(1 << 20), scope = buf_init(2 << 20);
    int64_t key = free_key(ix->writer, it->time);
    enum cs_status st = CS_OK;

    class = cut(class, sizeof short_class, short_class);
    /* A server's queue files do not tell their recipients for certain: nobody's but those who see all. */
    if (p->store.kind != STORE_SERVER)
        st = list_domains(it->r.text[REC_RECIPIENTS], &domains);
    if (st == CS_OK)
        st = buf_printf(&scope, "=%c= /%s/ %.*s", state, class, (int)domains.n, domains.n ? (const char *)domains.p : "");
    if (st == CS_OK)
        st = good(db_do(ix->writer, "INSERT INTO item VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        DB_VALUES(db_int(key), db_int(place), db_str(name), db_str(cut(it->r.text[REC_ID], sizeof id, id)), db_int(state),
                                  db_str(class), db_int((int64_t)it->body.n), db_int(it->time), db_text(buf_slice(&scope)),
                                  db_str(cut(it->r.text[REC_SENDER], sizeof sender, sender)),
                                  db_str(cut(it->r.text[REC_RECIPIENTS], sizeof to, to)),
                                  db_str(cut(it->r.text[REC_SUBJECT], sizeof subject, subject)),
                                  db_str(cut(it->r.text[REC_NAME], sizeof sig, sig)), db_str(cut(it->r.text[REC_FILE], sizeof file, file)))) &&
                  put_dests(ix->writer, buf_slice(&domains), key, state, class));
    buf_release(&scope);
    buf_release(&domains);
    return st;
}

/* ---- what came and went ---- */

static bool is_known(struct index *ix, int place, const char *name)
{
    return db_number(ix->writer, "SELECT 1 FROM item WHERE place = ? AND name = ?", DB_VALUES(db_int(place), db_str(name)), 0) == 1;
}

/* What has no record of ours is shown too, to those who see all. */
static enum cs_status take_file(struct index *ix, int place, const char *path, const char *name)
{
    struct item it;
    enum cs_status st = item_load(&ix->places[place].store, path, &it);

    if (st == CS_NOENT)
        return CS_OK;
    if (st != CS_OK) {
        struct stat info;
        const char *base = strrchr(path, '/') + 1;

        it = (struct item){ .time = stat(path, &info) == 0 ? info.st_mtime : 0 };
        if (!record_read(SLICE("{}"), &it.r) || !record_set(&it.r, REC_ID, slice_take(slice_str(base), slice_chr(slice_str(base), ':'))) ||
            !record_set(&it.r, REC_CLASS, SLICE("error")) || !record_set(&it.r, REC_SUBJECT, slice_str(cs_status_text(st))))
            st = CS_NOMEM;
        else
            st = CS_OK;
    }
    if (st == CS_OK)
        st = insert(ix, place, name, &it);
    item_release(&it);
    return st;
}

static enum cs_status end_batch(struct index *ix, enum cs_status st)
{
    bool is_good;

    if (st == CS_CORRUPT)
        diag_warn("index: %s", db_error(ix->writer));
    is_good = db_run(ix->writer, st == CS_OK ? "COMMIT" : "ROLLBACK");

    return st != CS_OK ? st : good(is_good);
}

static enum cs_status take_store(struct index *ix, int place, const struct store *s, size_t *n_new)
{
    size_t skip = strlen(s->folder) + 1;
    enum cs_status st = CS_OK;

    for (size_t i = 0; i < s->n && st == CS_OK;) {
        size_t end = i + BATCH < s->n ? i + BATCH : s->n;
        bool is_open = false;

        pthread_mutex_lock(&ix->write_lock);
        for (; i < end && st == CS_OK; i++) {
            if (is_known(ix, place, s->paths[i] + skip))
                continue;
            if (!is_open)
                st = good(is_open = db_run(ix->writer, "BEGIN IMMEDIATE"));
            if (st == CS_OK)
                st = take_file(ix, place, s->paths[i], s->paths[i] + skip);
            ++*n_new;
        }
        if (is_open)
            st = end_batch(ix, st);
        pthread_mutex_unlock(&ix->write_lock);
    }
    return st;
}

static bool drop(struct index *ix, int64_t key)
{
    return db_do(ix->writer, "DELETE FROM item WHERE key = ?", DB_VALUES(db_int(key)));
}

static bool path_of(const struct place *p, const char *name, char out[PATH_MAX])
{
    return snprintf(out, PATH_MAX, "%s/%s", p->store.folder, name) < PATH_MAX;
}

enum { SWEEP = 500 };

/* The keys of the next rows whose file is gone; *last: where to go on, -1 at the end. */
static size_t find_gone(struct index *ix, int place, int64_t *last, int64_t gone[SWEEP])
{
    struct sqlite3_stmt *s = db_ask(ix->writer, "SELECT key, name FROM item WHERE place = ? AND key > ? ORDER BY key LIMIT ?",
                                    DB_VALUES(db_int(place), db_int(*last), db_int(SWEEP)));
    size_t n = 0, n_seen = 0;

    for (; db_next(s) == DB_ROW; n_seen++) {
        char path[PATH_MAX];
        struct stat info;

        *last = db_int_at(s, 0);
        if (!path_of(&ix->places[place], (const char *)db_text_at(s, 1).p, path) || lstat(path, &info) != 0)
            gone[n++] = *last;
    }
    db_done(s);
    if (n_seen < SWEEP)
        *last = -1;
    return n;
}

static enum cs_status sweep(struct index *ix, int place, size_t *n)
{
    int64_t last = -1, gone[SWEEP];
    enum cs_status st = CS_OK;

    do {
        size_t n_gone;

        pthread_mutex_lock(&ix->write_lock);
        n_gone = find_gone(ix, place, &last, gone);
        if (n_gone)
            st = good(db_run(ix->writer, "BEGIN IMMEDIATE"));
        for (size_t i = 0; i < n_gone && st == CS_OK; i++)
            st = good(drop(ix, gone[i]));
        if (n_gone)
            st = end_batch(ix, st);
        pthread_mutex_unlock(&ix->write_lock);
        *n += n_gone;
    } while (st == CS_OK && last >= 0);
    return st;
}

/* Did a folder change since it was read? What changed in the last two seconds may change again within the same tick of its clock. */
static bool is_changed(struct index *ix, int place)
{
    static const char *const folders[] = { "new", "cur", "released", "deleted" };
    const struct store *s = &ix->places[place].store;
    bool changed = s->kind == STORE_SERVER;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    for (size_t i = 0; i < 4; i++) {
        char path[PATH_MAX];
        struct stat st;
        struct timespec *seen = &ix->seen[place][i];

        snprintf(path, sizeof path, "%s/%s", s->folder, s->kind == STORE_QUARANTINE ? folders[i] : "queue");
        if (stat(path, &st) != 0)
            continue;
        changed |= seen->tv_sec != st.st_mtim.tv_sec || seen->tv_nsec != st.st_mtim.tv_nsec;
        *seen = now.tv_sec - st.st_mtim.tv_sec > 2 ? st.st_mtim : (struct timespec){ .tv_sec = 0 };
    }
    return changed;
}

static enum cs_status refresh_place(struct index *ix, int place, size_t *n)
{
    size_t n_files = 0, n_new = 0, n_rows;
    enum cs_status st = CS_OK;

    for (int done = 0; done < (ix->places[place].store.kind == STORE_QUARANTINE ? 2 : 1) && st == CS_OK; done++) {
        struct store s;

        st = store_open(&s, ix->places[place].store.folder, done != 0);
        if (st != CS_OK)
            break;
        n_files += s.n;
        st = take_store(ix, place, &s, &n_new);
        store_close(&s);
    }
    pthread_mutex_lock(&ix->write_lock);
    n_rows = (size_t)db_number(ix->writer, "SELECT count(*) FROM item WHERE place = ?", DB_VALUES(db_int(place)), 0);
    pthread_mutex_unlock(&ix->write_lock);
    *n += n_new;
    return st == CS_OK && n_rows != n_files ? sweep(ix, place, n) : st;
}

enum cs_status index_refresh(struct index *ix, size_t *n)
{
    enum cs_status st = CS_OK;

    *n = 0;
    for (size_t i = 0; i < ix->n_places; i++)
        if (is_changed(ix, (int)i)) {
            enum cs_status one = refresh_place(ix, (int)i, n);

            if (one != CS_OK)
                ix->seen[i][0] = (struct timespec){ .tv_sec = 0 };
            st = st == CS_OK ? one : st;
        }
    return st;
}

/* A quarantined file may be in another folder of its place. */
enum cs_status index_recheck(struct index *ix, const struct row *r)
{
    static const char *const folders[] = { "new", "cur", "released", "deleted" };
    const struct place *p = &ix->places[r->place];
    const char *base = strrchr(r->name, '/') ? strrchr(r->name, '/') + 1 : r->name;
    char path[PATH_MAX], name[PATH_MAX];
    enum cs_status st;

    if (path_of(p, r->name, path) && access(path, F_OK) == 0)
        return CS_OK;
    pthread_mutex_lock(&ix->write_lock);
    st = good(drop(ix, r->key));
    for (size_t i = 0; p->store.kind == STORE_QUARANTINE && i < 4 && st == CS_OK; i++)
        if (snprintf(name, sizeof name, "%s/%s", folders[i], base) < (int)sizeof name && path_of(p, name, path) && access(path, F_OK) == 0 &&
            !is_known(ix, r->place, name))
            st = take_file(ix, r->place, path, name);
    pthread_mutex_unlock(&ix->write_lock);
    return st;
}
