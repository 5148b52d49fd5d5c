/*
 * db.h - SQL statements with values bound in their order. The only user of sqlite3.
 *
 *   Borrows   statements and values; texts of a row last until the next db_next().
 *   Owns      connections and answers, until they are closed.
 *   Fails     NULL, false, or DB_FAILED; db_error() has SQLite's words.
 *   Threads   one connection, one thread at a time.
 */
#ifndef CONSOLE_DB_H
#define CONSOLE_DB_H

#include "base/slice.h"

struct sqlite3;
struct sqlite3_stmt;

struct db_value {
    struct slice text;                  /* p NULL: the number */
    int64_t number;
};

enum db_row { DB_FAILED = -1, DB_END, DB_ROW };

static inline struct db_value db_text(struct slice s)
{
    return (struct db_value){ .text = slice_of(s.p, s.n) };
}

static inline struct db_value db_str(const char *s)
{
    return (struct db_value){ .text = slice_str(s) };
}

static inline struct db_value db_int(int64_t v)
{
    return (struct db_value){ .number = v };
}

struct sqlite3 *db_open(const char *path, bool writes);
void db_close(struct sqlite3 *db);
const char *db_error(struct sqlite3 *db);
/* Statements without values or answers. */
bool db_run(struct sqlite3 *db, const char *sql);

struct sqlite3_stmt *db_ask(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n);
enum db_row db_next(struct sqlite3_stmt *s);
int64_t db_int_at(struct sqlite3_stmt *s, int column);
struct slice db_text_at(struct sqlite3_stmt *s, int column);
void db_done(struct sqlite3_stmt *s);

#define DB_VALUES(...) (const struct db_value[]){ __VA_ARGS__ }, sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)
/* One statement that answers nothing. */
bool db_do(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n);
/* The first number of the answer; otherwise when there is none. */
int64_t db_number(struct sqlite3 *db, const char *sql, const struct db_value *v, size_t n, int64_t otherwise);

#endif
