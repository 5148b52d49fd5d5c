#include "json.h"

#include <inttypes.h>

#include "base/safe.h"

static void put(struct json *j, struct slice s)
{
    if (buf_put(j->out, s) != CS_OK)
        j->is_cut = true;
}

static void put_escaped(struct json *j, struct slice s)
{
    while (s.n) {
        uint32_t code = 0;
        size_t n = utf8_next(s, &code);
        char esc[8];

        if (n == 0)
            put(j, SLICE("\xef\xbf\xbd"));
        else if (code == '"' || code == '\\')
            put(j, slice_of(esc, (size_t)snprintf(esc, sizeof esc, "\\%c", (char)code)));
        else if (code < 0x10000 && is_tricky_code(code))
            put(j, slice_of(esc, (size_t)snprintf(esc, sizeof esc, "\\u%04x", code)));
        else
            put(j, slice_take(s, n));
        s = slice_drop(s, n ? n : 1);
    }
}

static void put_key(struct json *j, const char *key)
{
    if (j->needs_comma)
        put(j, SLICE(","));
    j->needs_comma = true;
    if (!key)
        return;
    put(j, SLICE("\""));
    put(j, slice_str(key));
    put(j, SLICE("\":"));
}

void json_open(struct json *j, const char *key, char bracket)
{
    put_key(j, key);
    put(j, slice_of(&bracket, 1));
    j->needs_comma = false;
}

void json_close(struct json *j, char bracket)
{
    put(j, slice_of(&bracket, 1));
    j->needs_comma = true;
}

void json_text(struct json *j, const char *key, struct slice value)
{
    put_key(j, key);
    put(j, SLICE("\""));
    put_escaped(j, value);
    put(j, SLICE("\""));
}

void json_number(struct json *j, const char *key, uint64_t value)
{
    char digits[24];

    put_key(j, key);
    put(j, slice_of(digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, value)));
}

void json_bool(struct json *j, const char *key, bool value)
{
    put_key(j, key);
    put(j, value ? SLICE("true") : SLICE("false"));
}
