#include "yenc.h"

enum { MODE_SEEK, MODE_DATA, MODE_SEEK_WORD, MODE_DATA_WORD, CHUNK = 2048 };

bool yenc_is_begin(struct slice line, struct slice *name)
{
    size_t at;

    if (!slice_starts(line, SLICE("=ybegin ")))
        return false;
    at = slice_find(line, SLICE(" name="));
    *name = slice_trim(slice_drop(line, at + 6));
    return slice_find(line, SLICE(" size=")) < line.n || at < line.n;
}

struct yenc yenc_init(mime_put *put, void *ctx)
{
    return (struct yenc){ .put = put, .ctx = ctx, .is_line_start = true };
}

/* The end of a line that begins with "=": a keyword, or in a text anything else. */
static void take_word(struct yenc *y)
{
    struct slice word = slice_of(y->word, y->n_word);

    y->mode -= MODE_SEEK_WORD;
    if (slice_starts(word, SLICE("=ybegin")))
        y->mode = MODE_DATA;
    else if (slice_starts(word, SLICE("=yend")))
        y->mode = MODE_SEEK;
    y->n_word = 0;
}

/* One byte; true when *out is one of the file's. */
static bool take(struct yenc *y, uint8_t c, uint8_t *out)
{
    bool is_first = y->is_line_start;

    y->is_line_start = c == '\n';
    if (y->mode >= MODE_SEEK_WORD) {
        if (c == '\n')
            take_word(y);
        else if (y->n_word < YENC_WORD)
            y->word[y->n_word++] = c;
        return false;
    }
    if (y->mode == MODE_SEEK) {
        if (is_first && c == '=') {
            y->mode = MODE_SEEK_WORD;
            y->word[0] = c;
            y->n_word = 1;
        }
        return false;
    }
    if (y->is_escaped) {
        y->is_escaped = false;
        /* "=y" is no escape: yEnc never makes it, so it begins a keyword wherever it stands. */
        if (c == 'y') {
            y->mode = MODE_DATA_WORD;
            memcpy(y->word, "=y", 2);
            y->n_word = 2;
            return false;
        }
        *out = (uint8_t)(c - 64 - 42);
        return c != '\n' && c != '\r';
    }
    y->is_escaped = c == '=';
    *out = (uint8_t)(c - 42);
    return c != '\n' && c != '\r' && c != '=';
}

enum cs_status yenc_feed(struct yenc *y, struct slice in)
{
    uint8_t out[CHUNK];

    while (in.n) {
        size_t n = 0, i = 0;
        enum cs_status st;
        while (i < in.n && n < CHUNK)
            n += take(y, in.p[i++], out + n);
        st = n ? y->put(y->ctx, slice_of(out, n)) : CS_OK;
        if (st != CS_OK)
            return st;
        in = slice_drop(in, i);
    }
    return CS_OK;
}

enum cs_status yenc_end(struct yenc *y)
{
    if (y->mode >= MODE_SEEK_WORD)
        take_word(y);
    y->is_damaged = y->mode != MODE_SEEK;
    return CS_OK;
}
