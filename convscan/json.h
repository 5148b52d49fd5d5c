/*
 * json.h - one JSON object on one line, built in a buf.
 *
 *   Borrows   keys and values during the call.
 *   Fails     silently into is_cut when the buf is full: ask at the end.
 */
#ifndef CONVSCAN_JSON_H
#define CONVSCAN_JSON_H

#include "base/buf.h"

struct json {
    struct buf *out;
    bool needs_comma, is_cut;
};

/* open and close with '{', '}', '[' or ']'; key NULL inside an array. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
/* Bytes that are no UTF-8 come out as U+FFFD, control characters as \u00XX. */
void json_text(struct json *j, const char *key, struct slice value);
void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

#endif
