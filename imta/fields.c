#include "fields.h"

static size_t line_length(struct slice s)
{
    size_t n = slice_chr(s, '\n');

    return n < s.n ? n + 1 : n;
}

bool header_field_next(struct slice *left, struct header_field *out)
{
    size_t n = line_length(*left), colon;
    struct slice rest = slice_drop(*left, n);

    if (slice_trim(slice_take(*left, n)).n == 0)
        return false;
    while (rest.n && (rest.p[0] == ' ' || rest.p[0] == '\t')) {
        size_t more = line_length(rest);

        if (slice_trim(slice_take(rest, more)).n == 0)
            break;
        rest = slice_drop(rest, more);
        n += more;
    }
    out->raw = slice_take(*left, n);
    colon = slice_chr(out->raw, ':');
    out->name = slice_trim(slice_take(out->raw, colon));
    if (colon == out->raw.n)
        out->name = slice_of(NULL, 0);
    out->value = slice_trim(slice_drop(out->raw, colon + 1));
    *left = rest;
    return true;
}

struct slice header_field_find(struct slice header, const char *name)
{
    struct header_field f;

    while (header_field_next(&header, &f))
        if (slice_ieq(f.name, slice_str(name)))
            return f.value;
    return slice_of(NULL, 0);
}

bool header_field_is_mime(const struct header_field *f)
{
    return slice_istarts(f->name, SLICE("content-"));
}

const char *line_end_of(struct slice text)
{
    size_t n = slice_chr(text, '\n');

    return n < text.n && n > 0 && text.p[n - 1] == '\r' ? "\r\n" : "\n";
}
