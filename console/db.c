#include "db.h"

#include <sqlite3.h>

struct sqlite3 *db_open(const char *path, bool writes)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    bool is_good = sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK && sqlite3_busy_timeout(db, 10000) == SQLITE_OK &&
                   db_run(db, "PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY") &&
                   (!writes || db_run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA journal_size_limit = 16777216"));

    if (!is_good) {
        sqlite3_close(db);
        return NULL;
    }
    return db;
}

void db_close(struct sqlite3 *db)
{
    sqlite3_close(db);
}

const char *db_error(struct sqlite3 *db)
{
    return sqlite3_errmsg(db);
}

bool db_run(struct sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

struct sqlite3_stmt *db_ask(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n)
{
    sqlite3_stmt *s = NULL;
    bool is_good = sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK;

    for (size_t i = 0; i < n && is_good; i++)
        is_good = (v[i].text.p ? sqlite3_bind_text(s, (int)i + 1, (const char *)v[i].text.p, (int)v[i].text.n, SQLITE_TRANSIENT)
                               : sqlite3_bind_int64(s, (int)i + 1, v[i].number)) == SQLITE_OK;
    if (is_good)
        return s;
    sqlite3_finalize(s);
    return NULL;
}

enum db_row db_next(struct sqlite3_stmt *s)
{
    int code = s ? sqlite3_step(s) : SQLITE_ERROR;

    return code == SQLITE_ROW ? DB_ROW : code == SQLITE_DONE ? DB_END : DB_FAILED;
}

int64_t db_int_at(struct sqlite3_stmt *s, int column)
{
    return sqlite3_column_int64(s, column);
}

struct slice db_text_at(struct sqlite3_stmt *s, int column)
{
    const void *text = sqlite3_column_text(s, column);

    return slice_of(text, (size_t)sqlite3_column_bytes(s, column));
}

void db_done(struct sqlite3_stmt *s)
{
    sqlite3_finalize(s);
}

bool db_do(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n)
{
    struct sqlite3_stmt *s = db_ask(db, sql, v, n);
    bool is_good = db_next(s) == DB_END;

    db_done(s);
    return is_good;
}

int64_t db_number(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n, int64_t otherwise)
{
    struct sqlite3_stmt *s = db_ask(db, sql, v, n);
    int64_t out = db_next(s) == DB_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0) : otherwise;

    db_done(s);
    return out;
}
