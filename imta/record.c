#include "record.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/safe.h"

const char *const record_names[REC_FIELDS] = { "id",      "class", "name", "member", "file", "type",  "sender", "recipients",
                                               "subject", "date",  "in",   "out",    "action" };

static char nothing[] = "";

static void set_empty(struct record *r)
{
    for (size_t i = 0; i < REC_FIELDS; i++)
        r->text[i] = nothing;
}

void record_release(struct record *r)
{
    for (size_t i = 0; i < REC_FIELDS; i++)
        if (r->text[i] && r->text[i] != nothing)
            free(r->text[i]);
    set_empty(r);
}

bool record_set(struct record *r, enum record_field f, struct slice value)
{
    char *copy = strndup(value.n ? (const char *)value.p : "", value.n);

    if (!copy)
        return false;
    if (r->text[f] && r->text[f] != nothing)
        free(r->text[f]);
    r->text[f] = copy;
    return true;
}

bool record_read(struct slice json, struct record *out)
{
    json_t *object;
    bool is_good;

    set_empty(out);
    if (json.n > RECORD_BYTES)
        return false;
    object = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    is_good = json_is_object(object);
    for (size_t i = 0; is_good && i < REC_FIELDS; i++) {
        const json_t *value = json_object_get(object, record_names[i]);

        if (json_is_string(value))
            is_good = record_set(out, (enum record_field)i, slice_of(json_string_value(value), json_string_length(value)));
    }
    json_decref(object);
    if (!is_good)
        record_release(out);
    return is_good;
}

/* Bytes that are no UTF-8 come out as '?': a held message's header may hold any. */
static json_t *text_value(const char *text)
{
    size_t room = strlen(text) + 1;
    char *safe = malloc(room);
    json_t *value = NULL;

    if (safe) {
        safe_text(safe, room, slice_str(text));
        value = json_string(safe);
    }
    free(safe);
    return value;
}

char *record_json(const struct record *r, uint64_t size)
{
    json_t *object = json_object();
    char *line = NULL;
    bool is_good = object != NULL;

    for (size_t i = 0; is_good && i < REC_FIELDS; i++)
        is_good = json_object_set_new(object, record_names[i], text_value(r->text[i])) == 0;
    if (is_good && json_object_set_new(object, "size", json_integer((json_int_t)size)) == 0)
        line = json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(object);
    return line;
}
