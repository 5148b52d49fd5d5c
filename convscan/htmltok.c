#include "htmltok.h"

bool html_is_tag(struct slice rest)
{
    size_t at = rest.n > 1 && rest.p[1] == '/' ? 2 : 1;

    return rest.n > at && ascii_is_alpha(rest.p[at]);
}

struct slice html_tag_name(struct slice in, size_t *at)
{
    size_t from = *at;

    while (*at < in.n && !ascii_is_space(in.p[*at]) && in.p[*at] != '>' && (in.p[*at] != '/' || *at == from))
        ++*at;
    return slice_sub(in, from, *at - from);
}

static void skip_blanks(struct slice in, size_t *at, bool is_slash_blank)
{
    while (*at < in.n && (ascii_is_space(in.p[*at]) || in.p[*at] == 0 || (is_slash_blank && in.p[*at] == '/')))
        ++*at;
}

static struct slice read_value(struct slice in, size_t *at)
{
    struct slice rest, v;

    skip_blanks(in, at, false);
    rest = slice_drop(in, *at);
    if (rest.n && (rest.p[0] == '"' || rest.p[0] == '\'')) {
        v = slice_drop(rest, 1);
        v = slice_take(v, slice_chr(v, rest.p[0]));
        *at += v.n + 2 < rest.n ? v.n + 2 : rest.n;
    } else {
        size_t n = 0;
        while (n < rest.n && !ascii_is_space(rest.p[n]) && rest.p[n] != '>')
            n++;
        v = slice_take(rest, n);
        *at += n;
    }
    return v;
}

bool html_attribute_next(struct slice in, size_t *at, struct html_attribute *a)
{
    size_t from, end;

    skip_blanks(in, at, true);
    if (*at >= in.n || in.p[*at] == '>') {
        *at += *at < in.n;
        return false;
    }
    from = (*at)++;
    while (*at < in.n && !ascii_is_space(in.p[*at]) && !memchr("=>/", in.p[*at], 3))
        ++*at;
    *a = (struct html_attribute){ .name = slice_sub(in, from, *at - from), .value = slice_take(in, 0), .from = from, .end = *at };
    end = *at;
    skip_blanks(in, &end, false);
    a->has_value = end < in.n && in.p[end] == '=';
    if (a->has_value) {
        *at = end + 1;
        a->value = read_value(in, at);
        a->end = *at;
    }
    return true;
}

/* Behind "-->", or "--!>", which ends it as well. */
static size_t comment_end(struct slice body)
{
    size_t at = slice_find(body, SLICE("--"));

    while (at < body.n) {
        struct slice rest = slice_drop(body, at + 2);

        if (slice_starts(rest, SLICE(">")) || slice_starts(rest, SLICE("!>")))
            return at + 3 + (rest.p[0] == '!');
        at += 1 + slice_find(slice_drop(body, at + 1), SLICE("--"));
    }
    return body.n + 3;
}

/* Mail programs read what stands between "[if" and "[endif]", so that is no comment. */
static size_t comment_length(struct slice body)
{
    if (slice_starts(body, SLICE(">")))
        return 1;
    if (slice_starts(body, SLICE("->")))
        return 2;
    if (slice_istarts(body, SLICE("[if")))
        return slice_chr(body, '>') + 1;
    return comment_end(body);
}

size_t html_mark_length(struct slice rest)
{
    size_t n;

    if (rest.n < 2 || !memchr("!?/", rest.p[1], 3) || html_is_tag(rest))
        return 0;
    n = slice_starts(rest, SLICE("<!--")) ? 4 + comment_length(slice_drop(rest, 4)) : slice_chr(rest, '>') + 1;
    return n < rest.n ? n : rest.n;
}

size_t html_find_end(struct slice in, struct slice name)
{
    for (size_t at = slice_chr(in, '<'); at < in.n; at += 1 + slice_chr(slice_drop(in, at + 1), '<')) {
        struct slice rest = slice_drop(in, at + 1);
        if (rest.n > name.n && rest.p[0] == '/' && slice_istarts(slice_drop(rest, 1), name))
            return at;
    }
    return in.n;
}

bool html_has_scheme(struct slice value, const char *scheme)
{
    size_t at = 0;

    while (at < value.n && value.p[at] <= ' ')
        at++;
    for (; at < value.n && *scheme; at++) {
        if (value.p[at] == '\t' || value.p[at] == '\n' || value.p[at] == '\r')
            continue;
        if (ascii_lower(value.p[at]) != (uint8_t)*scheme++)
            return false;
    }
    return *scheme == 0;
}
