/*
 * query.h - what a browser sends: a=b&c=d in an address or a form, and cookies.
 *
 *   Borrows   the input during the call; slices of query_cookie() point into it.
 *   Owns      the decoded texts, until query_release().
 *   Fails     query_read(): false for a bad %XX, a NUL, bytes that are no UTF-8, too many fields or too many bytes; nothing is kept.
 *   Bounded   QUERY_BYTES, QUERY_FIELDS.
 *   Source    WHATWG URL, application/x-www-form-urlencoded; RFC 6265, section 4.2.1.
 */
#ifndef CONSOLE_QUERY_H
#define CONSOLE_QUERY_H

#include "base/slice.h"

enum { QUERY_BYTES = 64 << 10, QUERY_FIELDS = 512 };

struct query {
    struct {
        const char *name, *value;
    } field[QUERY_FIELDS];
    size_t n;
    char *text;
};

bool query_read(struct query *q, struct slice in);
void query_release(struct query *q);
/* The first value of that name, trimmed of nothing; "" when there is none. */
const char *query_get(const struct query *q, const char *name);
/* A whole number without sign; otherwise when absent or none. */
long long query_number(const struct query *q, const char *name, long long otherwise);

/* The value of a cookie; n == 0 when there is none. */
struct slice query_cookie(struct slice header, const char *name);

#endif
