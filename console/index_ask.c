/* index_ask.c - what is asked of the index: pages, one row, numbers. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/safe.h"
#include "db.h"
#include "index.h"
#include "users.h"

static struct sqlite3 *take_reader(struct index *ix, size_t *at)
{
    pthread_mutex_lock(&ix->read_lock);
    for (;;) {
        for (*at = 0; *at < INDEX_READERS; ++*at)
            if (!ix->is_busy[*at]) {
                ix->is_busy[*at] = true;
                pthread_mutex_unlock(&ix->read_lock);
                return ix->reader[*at];
            }
        pthread_cond_wait(&ix->read_free, &ix->read_lock);
    }
}

static void give_back(struct index *ix, size_t at)
{
    pthread_mutex_lock(&ix->read_lock);
    ix->is_busy[at] = false;
    pthread_cond_signal(&ix->read_free);
    pthread_mutex_unlock(&ix->read_lock);
}

/* ---- a statement under way ---- */

enum { SQL_ROOM = 16384, BOUND = 64 };

struct asking {
    struct buf sql, match;              /* match: for the full text table */
    struct db_value bound[BOUND];
    size_t n;
    bool is_cut;
    char like[INDEX_TEXTS][INDEX_PATTERN * 2 + 3];
};

static struct asking *asking_new(const char *sql)
{
    struct asking *q = calloc(1, sizeof *q);

    if (q) {
        q->sql = buf_init(SQL_ROOM);
        q->match = buf_init(SQL_ROOM);
        q->is_cut = buf_puts(&q->sql, sql) != CS_OK;
    }
    return q;
}

static void asking_free(struct asking *q)
{
    buf_release(&q->sql);
    buf_release(&q->match);
    free(q);
}

static void add(struct asking *q, const char *sql, struct db_value v)
{
    q->is_cut |= buf_puts(&q->sql, sql) != CS_OK || q->n == BOUND;
    if (q->n < BOUND)
        q->bound[q->n++] = v;
}

static struct sqlite3_stmt *ask(struct sqlite3 *db, struct asking *q)
{
    q->is_cut |= buf_putc(&q->sql, 0) != CS_OK;
    return q->is_cut ? NULL : db_ask(db, (const char *)q->sql.p, q->bound, q->n);
}

/* ---- a filter as SQL ---- */

/* Three characters: what is shorter has no entry in the full text table. */
static bool is_long(const char *text)
{
    struct slice left = slice_str(text);
    size_t chars = 0;

    while (left.n && chars < 3) {
        uint32_t code;
        size_t n = utf8_next(left, &code);

        left = slice_drop(left, n ? n : 1);
        chars++;
    }
    return chars == 3;
}

static bool is_everything(const struct filter *f)
{
    return strcmp(f->domains, "*") == 0;
}

/*
 * The full text table is asked for texts, and for a page of several domains' mail. One domain's stands in the right order in dest. A
 * short text makes all of it be read, which is quickest along the items themselves.
 */
enum way { BY_TEXT, BY_DOMAIN, BY_ITEM };

static enum way way_of(const struct filter *f)
{
    bool has_short = false;

    for (size_t i = 0; i < INDEX_TEXTS; i++) {
        if (is_long(f->text[i]))
            return BY_TEXT;
        has_short = has_short || *f->text[i];
    }
    if (has_short && (is_everything(f) || strchr(f->domains, ',')))
        return BY_ITEM;
    return strchr(f->domains, ',') ? BY_TEXT : BY_DOMAIN;
}

/* column : "before text after", a phrase; quotes in it doubled. */
static void match(struct asking *q, const char *joint, const char *column, const char *before, struct slice text, const char *after)
{
    q->is_cut |= buf_printf(&q->match, "%s%s : \"%s", q->match.n ? joint : "", column, before) != CS_OK;
    for (size_t i = 0; i < text.n; i++)
        q->is_cut |= buf_puts(&q->match, text.p[i] == '"' ? "\"" : "") != CS_OK || buf_putc(&q->match, text.p[i]) != CS_OK;
    q->is_cut |= buf_printf(&q->match, "%s\"", after) != CS_OK;
}

static const struct { const char *column, *like; } texts[INDEX_TEXTS] = {
    { "sender", " AND i.sender LIKE ? ESCAPE '\\'" },   { "rcpt", " AND i.rcpt LIKE ? ESCAPE '\\'" },
    { "subject", " AND i.subject LIKE ? ESCAPE '\\'" }, { "sig", " AND i.sig LIKE ? ESCAPE '\\'" },
    { "file", " AND i.file LIKE ? ESCAPE '\\'" },
};

/* One of the domains, and all else of the filter that the full text table can tell. */
static void add_match(struct asking *q, const struct filter *f)
{
    struct slice left = slice_str(f->domains), word;
    char state = f->state;

    if (!is_everything(f)) {
        const char *joint = "";

        q->is_cut |= buf_putc(&q->match, '(') != CS_OK;
        for (; (word = list_next(&left)).n; joint = " OR ")
            match(q, joint, "scope", "|", word, "|");
        q->is_cut |= buf_putc(&q->match, ')') != CS_OK;
    }
    if (state)
        match(q, " AND ", "scope", "=", slice_of(&state, 1), "=");
    if (*f->class)
        match(q, " AND ", "scope", "/", slice_str(f->class), "/");
    for (size_t i = 0; i < INDEX_TEXTS; i++)
        if (is_long(f->text[i]))
            match(q, " AND ", texts[i].column, "", slice_str(f->text[i]), "");
}

/* Too short for the full text table. */
static void add_like(struct asking *q, const struct filter *f, size_t i)
{
    char *out = q->like[i];

    *out++ = '%';
    for (const char *c = f->text[i]; *c && out < q->like[i] + (size_t)2 * INDEX_PATTERN; c++) {
        if (strchr("%_\\", *c))
            *out++ = '\\';
        *out++ = *c;
    }
    memcpy(out, "%", 2);
    add(q, texts[i].like, db_str(q->like[i]));
}

static const struct { const char *since, *until, *order; } keys[] = {
    [BY_TEXT] = { " AND f.rowid >= ?", " AND f.rowid < ?", "f.rowid" },
    [BY_DOMAIN] = { " AND d.key >= ?", " AND d.key < ?", "d.key" },
    [BY_ITEM] = { " AND i.key >= ?", " AND i.key < ?", "i.key" },
};

static void add_times(struct asking *q, const struct filter *f, enum way way)
{
    int64_t since = f->since >= 0 ? (int64_t)f->since << KEY_BITS : 0, until = f->until >= 0 ? (int64_t)f->until << KEY_BITS : INT64_MAX;

    add(q, keys[way].since, db_int(f->after && f->after >= since ? f->after + 1 : since));
    add(q, keys[way].until, db_int(f->before && f->before < until ? f->before : until));
}

static void add_domains(struct asking *q, const char *domains)
{
    struct slice left = slice_str(domains), word;

    while ((word = list_next(&left)).n)
        add(q, ", ?", db_text(word));
}

static void add_class(struct asking *q, const struct filter *f, const char *state, const char *class)
{
    if (f->state)
        add(q, state, db_int(f->state));
    if (*f->class)
        add(q, class, db_str(f->class));
}

/* Any of the domains: a set of keys. */
static void add_keys(struct asking *q, const struct filter *f)
{
    q->is_cut |= buf_puts(&q->sql, " AND i.key IN (SELECT d.key FROM dest d WHERE d.domain IN ('-'") != CS_OK;
    add_domains(q, f->domains);
    q->is_cut |= buf_putc(&q->sql, ')') != CS_OK;
    add_class(q, f, " AND d.state = ?", " AND d.class = ?");
    q->is_cut |= buf_putc(&q->sql, ')') != CS_OK;
}

static void add_filter(struct asking *q, const struct filter *f)
{
    enum way way = way_of(f);

    if (way == BY_TEXT) {
        add_match(q, f);
        add(q, " FROM fts f JOIN item i ON i.key = f.rowid WHERE f.fts MATCH ?", db_text(buf_slice(&q->match)));
    } else if (way == BY_DOMAIN) {
        add(q, " FROM dest d JOIN item i ON i.key = d.key WHERE d.domain = ?", db_str(f->domains));
        add_class(q, f, " AND d.state = ?", " AND d.class = ?");
    } else {
        q->is_cut |= buf_puts(&q->sql, " FROM item i WHERE true") != CS_OK;
        add_class(q, f, " AND i.state = ?", " AND i.class = ?");
        if (!is_everything(f))
            add_keys(q, f);
    }
    for (size_t i = 0; i < INDEX_TEXTS; i++)
        if (*f->text[i] && !is_long(f->text[i]))
            add_like(q, f, i);
    if (f->place >= 0)
        add(q, " AND i.place = ?", db_int(f->place));
    if (f->least >= 0)
        add(q, " AND i.size >= ?", db_int(f->least));
    if (f->most >= 0)
        add(q, " AND i.size <= ?", db_int(f->most));
    add_times(q, f, way);
    q->is_cut |= buf_printf(&q->sql, " ORDER BY %s %s", keys[way].order, f->after ? "ASC" : "DESC") != CS_OK;
}

/* ---- answers ---- */

static const char columns[] = "SELECT i.key, i.place, i.state, i.size, i.time, i.id, i.name, i.class, i.sig, i.sender, i.rcpt, i.subject, i.file";

static bool keep_row(struct sqlite3_stmt *s, struct arena *a, struct row *r)
{
    const char **const to[] = { &r->id, &r->name, &r->class, &r->sig, &r->sender, &r->to, &r->subject, &r->file };
    bool is_good = true;

    *r = (struct row){ .key = db_int_at(s, 0), .place = (int)db_int_at(s, 1), .state = (char)db_int_at(s, 2),
                       .size = (double)db_int_at(s, 3), .time = (time_t)db_int_at(s, 4) };
    for (int i = 0; i < 8; i++) {
        *to[i] = (const char *)arena_copy(a, db_text_at(s, 5 + i)).p;
        is_good &= *to[i] != NULL;
    }
    return is_good;
}

/* Takes q. */
static enum cs_status fetch(struct index *ix, struct asking *q, struct listing *out, bool *has_more)
{
    size_t at;
    struct sqlite3 *db = take_reader(ix, &at);
    struct sqlite3_stmt *s = ask(db, q);
    enum db_row got = DB_FAILED;
    bool is_good = true;

    while (is_good && (got = db_next(s)) == DB_ROW && out->n < LISTING)
        is_good = keep_row(s, &out->room, &out->row[out->n++]);
    *has_more = got == DB_ROW;
    if (got == DB_FAILED)
        diag_warn("index: %s", db_error(db));
    db_done(s);
    give_back(ix, at);
    asking_free(q);
    return !is_good ? CS_NOMEM : got == DB_FAILED ? CS_CORRUPT : CS_OK;
}

static enum cs_status listing_init(struct listing *l)
{
    l->n = 0;
    l->has_newer = l->has_older = false;
    return arena_init(&l->room, LISTING * (INDEX_TO + (size_t)8 * INDEX_TEXT));
}

void listing_release(struct listing *l)
{
    arena_release(&l->room);
    l->n = 0;
}

static void reverse(struct listing *l)
{
    for (size_t i = 0; i < l->n / 2; i++) {
        struct row r = l->row[i];

        l->row[i] = l->row[l->n - 1 - i];
        l->row[l->n - 1 - i] = r;
    }
}

enum cs_status index_list(struct index *ix, const struct filter *f, struct listing *out)
{
    struct asking *q = asking_new(columns);
    bool has_more = false;
    enum cs_status st = listing_init(out);

    if (!q)
        return CS_NOMEM;
    add_filter(q, f);
    add(q, " LIMIT ?", db_int(LISTING + 1));
    if (st == CS_OK)
        st = fetch(ix, q, out, &has_more);
    else
        asking_free(q);
    if (f->after)
        reverse(out);
    out->has_newer = f->after ? has_more : f->before != 0;
    out->has_older = f->after || has_more;
    return st;
}

enum cs_status index_find(struct index *ix, int place, const char *id, struct listing *out)
{
    struct asking *q = asking_new(columns);
    bool has_more;
    enum cs_status st = listing_init(out);

    if (!q)
        return CS_NOMEM;
    add(q, " FROM item i WHERE i.place = ?", db_int(place));
    add(q, " AND i.id = ? LIMIT 1", db_str(id));
    if (st == CS_OK)
        st = fetch(ix, q, out, &has_more);
    else
        asking_free(q);
    return st == CS_OK && out->n == 0 ? CS_NOENT : st;
}

enum cs_status index_count(struct index *ix, const struct filter *f, double *n)
{
    struct asking *q = asking_new("SELECT count(*) FROM (SELECT i.key");
    struct sqlite3_stmt *s;
    struct sqlite3 *db;
    size_t at;
    bool is_good;

    if (!q)
        return CS_NOMEM;
    add_filter(q, f);
    add(q, " LIMIT ?)", db_int(INDEX_COUNT_MAX + 1));
    db = take_reader(ix, &at);
    s = ask(db, q);
    is_good = db_next(s) == DB_ROW;
    *n = is_good ? (double)db_int_at(s, 0) : 0;
    db_done(s);
    give_back(ix, at);
    asking_free(q);
    return is_good ? CS_OK : CS_CORRUPT;
}

enum cs_status index_counts(struct index *ix, const char *domains, struct counts *out)
{
    /* A row of tally is exact for one domain. With several, an item that goes to two of them counts once. */
    bool is_one = !strchr(domains, ',');
    struct asking *q = asking_new(is_one ? "SELECT state, class, n FROM tally WHERE n > 0 AND domain IN ('-'"
                                         : "SELECT state, class, count(DISTINCT key) FROM dest WHERE domain IN ('-'");
    struct sqlite3_stmt *s;
    struct sqlite3 *db;
    enum db_row got = DB_FAILED;
    size_t at;

    out->n = 0;
    if (!q)
        return CS_NOMEM;
    add_domains(q, domains);
    q->is_cut |= buf_puts(&q->sql, is_one ? ") ORDER BY state, class" : ") GROUP BY state, class") != CS_OK;
    db = take_reader(ix, &at);
    s = ask(db, q);
    while (out->n < INDEX_COUNTS && (got = db_next(s)) == DB_ROW) {
        struct index_count *c = &out->of[out->n++];

        *c = (struct index_count){ .state = (char)db_int_at(s, 0), .n = (double)db_int_at(s, 2) };
        safe_text(c->class, sizeof c->class, db_text_at(s, 1));
    }
    db_done(s);
    give_back(ix, at);
    asking_free(q);
    return got == DB_FAILED ? CS_CORRUPT : CS_OK;
}

double counts_of(const struct counts *c, char state, const char *class)
{
    double n = 0;

    for (size_t i = 0; i < c->n; i++)
        if (c->of[i].state == state && (!*class || strcmp(c->of[i].class, class) == 0))
            n += c->of[i].n;
    return n;
}
