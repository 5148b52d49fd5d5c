#include "query.h"

#include <stdlib.h>

#include "base/safe.h"

static bool decode(struct slice in, char **at)
{
    struct slice made = slice_of(*at, 0);

    for (size_t i = 0; i < in.n; i++) {
        char c = in.p[i] == '+' ? ' ' : (char)in.p[i];

        if (in.p[i] == '%') {
            int high = i + 2 < in.n ? ascii_hex(in.p[i + 1]) : -1, low = i + 2 < in.n ? ascii_hex(in.p[i + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        *(*at)++ = c;
        made.n++;
    }
    *(*at)++ = '\0';
    while (made.n) {
        uint32_t code;
        size_t n = utf8_next(made, &code);

        if (n == 0)
            return false;
        made = slice_drop(made, n);
    }
    return true;
}

bool query_read(struct query *q, struct slice in)
{
    char *at;
    bool is_good = true;

    q->n = 0;
    q->text = in.n <= QUERY_BYTES ? malloc(2 * in.n + 4) : NULL;
    at = q->text;
    if (!at)
        return false;
    while (in.n && is_good) {
        struct slice pair = slice_take(in, slice_chr(in, '&'));
        size_t eq = slice_chr(pair, '=');

        in = slice_drop(in, pair.n + 1);
        if (pair.n == 0)
            continue;
        is_good = q->n < QUERY_FIELDS;
        if (is_good) {
            q->field[q->n].name = at;
            is_good = decode(slice_take(pair, eq), &at);
        }
        if (is_good) {
            q->field[q->n++].value = at;
            is_good = decode(slice_drop(pair, eq + 1), &at);
        }
    }
    if (!is_good)
        query_release(q);
    return is_good;
}

void query_release(struct query *q)
{
    free(q->text);
    q->text = NULL;
    q->n = 0;
}

const char *query_get(const struct query *q, const char *name)
{
    for (size_t i = 0; i < q->n; i++)
        if (strcmp(q->field[i].name, name) == 0)
            return q->field[i].value;
    return "";
}

long long query_number(const struct query *q, const char *name, long long otherwise)
{
    const char *text = query_get(q, name);
    long long v = 0;

    if (!*text || strlen(text) > 18)
        return otherwise;
    for (; *text; text++) {
        if (!ascii_is_digit((uint8_t)*text))
            return otherwise;
        v = v * 10 + (*text - '0');
    }
    return v;
}

struct slice query_cookie(struct slice header, const char *name)
{
    while (header.n) {
        struct slice pair = slice_take(header, slice_chr(header, ';')), word = slice_trim(pair);
        size_t eq = slice_chr(word, '=');

        header = slice_drop(header, pair.n + 1);
        if (eq < word.n && slice_eq(slice_take(word, eq), slice_str(name)))
            return slice_drop(word, eq + 1);
    }
    return slice_of(NULL, 0);
}
