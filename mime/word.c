#include "word.h"

#include "b64.h"
#include "charset.h"

enum { CHARSET_MAX = 64 };

struct word {
    struct slice charset, text;
    bool is_base64;
    size_t len;                 /* of the whole word in the input */
};

/* A word at the start of s? Its text ends at "?=" or, in a value that was cut, at the end. */
static bool word_at(struct slice s, struct word *w)
{
    struct slice left = slice_drop(s, 2);
    size_t n;

    if (!slice_starts(s, SLICE("=?")))
        return false;
    n = slice_chr(slice_take(left, CHARSET_MAX), '?');
    if (n == 0 || n == CHARSET_MAX || n + 3 > left.n || left.p[n] != '?' || left.p[n + 2] != '?')
        return false;
    w->charset = slice_take(left, n);
    w->charset = slice_take(w->charset, slice_chr(w->charset, '*'));
    switch (ascii_lower(left.p[n + 1])) {
    case 'b':
        w->is_base64 = true;
        break;
    case 'q':
        w->is_base64 = false;
        break;
    default:
        return false;
    }
    left = slice_drop(left, n + 3);
    n = slice_find(left, SLICE("?="));
    w->text = slice_take(left, n);
    w->len = (size_t)(left.p - s.p) + (n < left.n ? n + 2 : n);
    return true;
}

static size_t q_decode(struct slice in, uint8_t *out)
{
    size_t n = 0;

    for (size_t i = 0; i < in.n; i++) {
        uint8_t c = in.p[i];
        if (c == '=' && in.n - i > 2 && ascii_hex(in.p[i + 1]) >= 0 && ascii_hex(in.p[i + 2]) >= 0) {
            c = (uint8_t)(ascii_hex(in.p[i + 1]) << 4 | ascii_hex(in.p[i + 2]));
            i += 2;
        } else if (c == '_') {
            c = ' ';
        } else if (c == '\r' || c == '\n') {
            continue;
        }
        out[n++] = c;
    }
    return n;
}

static size_t blanks(struct slice s)
{
    size_t n = 0;

    while (n < s.n && ascii_is_space(s.p[n]))
        n++;
    return n;
}

/* A run of words with one charset; a character may be cut between them. Gives the length read, 0 when out of room. */
static size_t words(struct slice s, const struct word *first, uint8_t *temp, struct arena *a)
{
    struct word w = *first, next;
    size_t at = 0, n = 0, gap;

    for (;;) {
        n += w.is_base64 ? b64_decode_small(w.text, temp + n) : q_decode(w.text, temp + n);
        at += w.len;
        gap = blanks(slice_drop(s, at));
        if (!word_at(slice_drop(s, at + gap), &next))
            break;
        at += gap;
        if (!slice_ieq(next.charset, w.charset))
            break;
        w = next;
    }
    return charset_to_arena(w.charset, slice_of(temp, n), a).p ? at : 0;
}

/* Text between words: line ends go, bytes that are not UTF-8 are taken for windows-1252. */
static bool plain(struct slice s, uint8_t *temp, struct arena *a)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '\r' && s.p[i] != '\n')
            temp[n++] = s.p[i];
    return charset_to_arena(SLICE(""), slice_of(temp, n), a).p != NULL;
}

bool word_is_there(struct slice s)
{
    return slice_find(s, SLICE("=?")) < s.n;
}

/* The bytes between the encodings wait at the far end of the arena; the text grows at its start. */
struct slice word_decode(struct slice s, struct arena *a)
{
    struct arena front = *a;
    uint8_t *temp;
    struct word w;
    size_t at = 0;

    if ((size_t)(a->end - a->at) < s.n)
        return (struct slice){ NULL, 0 };
    temp = front.end -= s.n;
    while (at < s.n) {
        struct slice left = slice_drop(s, at);
        size_t n = 0;
        while (n < left.n && !word_at(slice_drop(left, n), &w)) {
            n++;
            n += slice_chr(slice_drop(left, n), '=');
        }
        if (n > left.n)
            n = left.n;
        if (n && !plain(slice_take(left, n), temp, &front))
            return (struct slice){ NULL, 0 };
        at += n;
        if (n == left.n)
            break;
        n = words(slice_drop(s, at), &w, temp, &front);
        if (n == 0)
            return (struct slice){ NULL, 0 };
        at += n;
    }
    s = (struct slice){ a->at, (size_t)(front.at - a->at) };
    a->at = front.at;
    return s;
}

struct slice mime_words_decode(struct slice value, struct arena *a)
{
    return word_decode(slice_trim(value), a);
}
